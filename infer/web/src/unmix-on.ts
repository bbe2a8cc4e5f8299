// A window of a scene on whatever device a model was opened. Legend: N pixels of the window, R bands read, C endmembers, V valid pixels.
import {
  assertAbundances,
  type BandPlan,
  lookAt,
  placePart,
  planUnmixing,
  SAMPLING,
  type Seen,
  sumSeen,
  unmixWindow,
  type WindowAbundances,
} from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { Block, Scene, Window } from '@egunet/raster';
import { hasWords, toSpectra } from '@egunet/raster/web';
import { NO_DATA_BITS } from './gpu-spectra.js';
import { batchFor, type StoredWindow } from './gpu-unmix.js';
import type { WebModel } from './model.js';

/** Pixels a run on WebAssembly: a run costs milliseconds besides its arithmetic there. */
const WASM_BATCH_PIXELS = 1024;

/** Samples of a tile that are read at once for the GPU: 128 MiB. Larger ones are streamed. */
const MOST_SAMPLES = 2 ** 26;

export interface UnmixOnOptions {
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean | undefined;
  /** Give the spread, too, where the model is an ensemble. */
  readonly spread?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Rows of `width` values by their numbers. */
function rowsOf<T extends Block['data']>(values: T, rows: readonly number[], width: number): T {
  const made = values.slice(0, rows.length * width) as T;
  for (const [to, from] of rows.entries())
    made.set(values.subarray(from * width, (from + 1) * width) as never, to * width);
  return made;
}

/** Checks what the GPU made of stored samples [N, R], abundances [N, C] that it gives the usual NaN, and looks at the samples. */
function judge(abundances: Float32Array, { block, read }: StoredWindow, card: ModelCard): Seen {
  const C = card.endmembers.length;
  const bits = new Uint32Array(abundances.buffer);
  const valid: number[] = []; // [V]
  for (let i = 0; i < bits.length / C; i++)
    if (bits[i * C] !== NO_DATA_BITS) valid.push(i);
    else abundances.fill(Number.NaN, i * C, (i + 1) * C); // as everywhere
  const [V, R] = [valid.length, read.length];
  assertAbundances(rowsOf(abundances, valid, C), { pixels: V, batch: V, C });
  const sampled = valid.filter((_, i) => i % SAMPLING === 0);
  const data = rowsOf(block.data, sampled, R);
  const { spectra } = toSpectra({ rows: 1, cols: sampled.length, bands: R, data }, read);
  return { ...lookAt(spectra, { card, count: sampled.length, width: R, every: 1 }), validPixels: V };
}

interface Task {
  readonly scene: Scene;
  readonly window: Window;
  readonly tiles: readonly Window[];
  readonly plan: BandPlan;
  readonly signal: AbortSignal | undefined;
}

/** From stored samples, on the GPU, a tile after the other. */
async function unmixStored({ card, gpu }: WebModel & { gpu: object }, task: Task): Promise<WindowAbundances> {
  const { scene, window, tiles, plan, signal } = task;
  const C = card.endmembers.length;
  const whole = new Float32Array(window.rows * window.cols * C); // [N, C]
  const numbers = [...new Set(plan.bands)].sort((a, b) => a - b);
  const read = numbers.map((index) => ({ ...scene.bands[index]!, index }));
  const seen: Seen[] = [];
  for (const tile of tiles) {
    const stored = { block: await scene.readWindow(tile, numbers, { signal }), read, plan };
    signal?.throwIfAborted();
    const kept = await gpu.unmix(stored, { signal });
    try {
      const abundances = await kept.read();
      seen.push(judge(abundances, stored, card));
      placePart(whole, window, { part: tile, of: abundances, D: C });
    } finally {
      kept.destroy();
    }
  }
  return { abundances: whole, seen: sumSeen(seen) };
}

/**
 * The abundances of a window [N, C], with the spread [N, 2 C], with `infer/core`'s loop, or on the GPU from stored samples on where the model and the scene allow that.
 * Rejects with InferError where the scene's bands do not match the model's or its output is not abundances, RasterError where the
 * scene cannot be read, and the signal's reason when aborted.
 */
export async function unmixOn(
  model: WebModel,
  { scene, window }: { readonly scene: Scene; readonly window: Window },
  { resample, spread, signal }: UnmixOnOptions = {},
): Promise<WindowAbundances> {
  const { card, session, place, gpu } = model;
  const { tiles, plan } = planUnmixing(scene, { card, window, ...(resample && { resample }) });
  const used = plan.bands.map((band) => scene.bands[band]!);
  const fits = tiles.every(({ rows, cols }) => rows * cols * used.length <= MOST_SAMPLES);
  if (gpu && fits && hasWords(used, scene.sampleType))
    return unmixStored({ ...model, gpu }, { scene, window, tiles, plan, signal });
  const batch = place.device === 'webgpu' ? batchFor(window.rows * window.cols) : WASM_BATCH_PIXELS;
  return unmixWindow(session, { reader: scene, window }, { card, plan, batch, spread, ...(signal && { signal }) });
}
