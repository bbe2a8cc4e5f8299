// Windows of a scene that several tiles take parts of. Legend: N pixels of a window, C endmembers, D values a pixel.
import { mapBands } from '@egunet/infer';
import type { Window } from '@egunet/raster';
import { shareWork } from './shared-work.js';
import { windowSize } from './tile-pixels.js';
import type { RemoteModel, RemoteScene } from './unmixer.js';

/** Abundances that are kept, bytes. */
const KEPT_BYTES = 2 ** 27;

export interface Unmixed {
  readonly window: Window;
  /** [N, D], NaN where there is no data: C abundances, perhaps C of spread. */
  readonly abundances: Float32Array;
}

/** The windows of a level. */
export interface LevelWindows {
  /** The number of the one that a pixel lies in. */
  numberOf(row: number, col: number): number;
  unmix(number: number, signal: AbortSignal): Promise<Unmixed>;
}

/** The windows of each level, as they are read fastest: each is unmixed once for all who ask, and kept for a while. */
export function shareWindows(
  scene: RemoteScene,
  model: RemoteModel,
  { resample, spread }: { readonly resample: boolean; readonly spread: boolean },
): (level: number) => LevelWindows {
  const whole = windowSize(scene, 0);
  const bytes = 4 * mapBands(model.card, { spread }).length * whole.rows * whole.cols;
  const ask = shareWork<Float32Array>(Math.max(1, Math.floor(KEPT_BYTES / bytes)));
  return (level) => {
    const { rows, cols } = scene.levels[level]!;
    const size = windowSize(scene, level);
    const across = Math.ceil(cols / size.cols);
    return {
      numberOf: (row, col) => Math.floor(row / size.rows) * across + Math.floor(col / size.cols),
      async unmix(number, signal) {
        const [row, col] = [Math.floor(number / across) * size.rows, (number % across) * size.cols];
        const window = { row, col, rows: Math.min(size.rows, rows - row), cols: Math.min(size.cols, cols - col) };
        const work = async (signal: AbortSignal) =>
          (await scene.unmix(model, window, { level, resample, spread, signal })).abundances;
        return { window, abundances: await ask(`${level}/${number}`, work, signal) };
      },
    };
  };
}
