// The one unmixing loop. Legend: N pixels of a tile, B model bands, R scene bands read, C endmembers.
import type { ModelCard } from '@egunet/models/card';
import { type BandPlan, planBands } from './bands.js';
import type { Session, SpectraReader, Window } from './contract.js';
import { assertCount } from './count.js';
import { assertPlausible, type Seen, sumSeen } from './seen.js';
import { sceneTiles, type TileShape } from './tiles.js';
import { unmixWindow } from './unmix-window.js';

export interface UnmixOptions {
  readonly card: ModelCard;
  /** The part of the scene to unmix; all of it when absent. */
  readonly window?: Window;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** Give the spread, too, where the model is an ensemble. */
  readonly spread?: boolean;
  /** The largest tile in pixels; when absent, of `TILE_PIXELS` or one block of the scene. */
  readonly tile?: TileShape;
  /** Pixels a run of the model; a run that has fewer is filled up. */
  readonly batch?: number;
  /** Stops between two runs; the loop then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The abundances of one tile. */
export interface AbundanceTile {
  readonly window: Window;
  /** [N, C]: >= 0, sum 1; NaN where the scene has no data. With the spread of an ensemble [N, 2 C]. The receiver may keep it. */
  readonly abundances: Float32Array;
  readonly validPixels: number;
}

/** Pixels a run: enough to reach the processor's peak, few enough to stay in its caches. */
export const BATCH_PIXELS = 512;

/** Pixels a run on a GPU at most: a run's costs besides its arithmetic are then small, and its spectra a few megabytes. */
const GPU_BATCH_PIXELS = 8192;

/** Pixels a run on a GPU where there are so many: many, but not far more than there are. */
export const gpuBatch = (pixels: number): number =>
  Math.min(GPU_BATCH_PIXELS, Math.ceil(pixels / BATCH_PIXELS) * BATCH_PIXELS);

/** How a scene is unmixed. */
export interface UnmixPlan {
  readonly tiles: readonly Window[];
  readonly plan: BandPlan;
  readonly batch: number;
}

/** The windows to unmix and how to read their bands. Throws InferError where bands do not match or a size makes no sense. */
export function planUnmixing(reader: SpectraReader, options: UnmixOptions): UnmixPlan {
  const { card, window, resample, batch = BATCH_PIXELS, tile } = options;
  assertBatch(batch);
  const plan = planBands(reader, card, { resample });
  return { tiles: sceneTiles(reader, { window, tile }), plan, batch };
}

/** Throws InferError unless a run can have so many pixels. */
export function assertBatch(batch: number): void {
  assertCount('pixels a run', batch);
}

/**
 * Unmixes a scene tile by tile, in the order of the plan. See `unmixWindow` for what is exact about it.
 * Throws InferError where bands do not match, where the model's output is not abundances, and, after the last tile, where
 * no pixel was valid, or the values are plainly in other units than the model's: treat what was yielded as void then.
 */
export async function* unmix(
  session: Session,
  reader: SpectraReader,
  options: UnmixOptions,
): AsyncGenerator<AbundanceTile, void, undefined> {
  const { card, spread, signal } = options;
  signal?.throwIfAborted();
  const { tiles, ...work } = planUnmixing(reader, options);
  const all: Seen[] = [];
  for (const window of tiles) {
    const { abundances, seen } = await unmixWindow(session, { reader, window }, { ...work, card, spread, signal });
    all.push(seen);
    yield { window, abundances, validPixels: seen.validPixels };
  }
  assertPlausible(sumSeen(all), reader.name, card);
}
