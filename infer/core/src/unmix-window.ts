// From a window of a scene to its abundances, in runs of one size. Legend: N pixels of a window, n pixels of a run,
// B model bands, R scene bands read, C endmembers, D bands of the map: C, or C + 2 with quality.
import type { ModelCard } from '@egunet/models/card';
import type { BandPlan } from './bands.js';
import type { Session, SpectraPack, SpectraReader, Stop, Window } from './contract.js';
import { InferError } from './error.js';
import { makeQualityMeter, QUALITY_BANDS } from './quality.js';
import { resampleSpectrum } from './resample.js';
import { lookAt, type Seen, sumSeen } from './seen.js';

/** Abundances must sum to 1 within this. */
const SUM_TOLERANCE = 1e-5;

export interface WindowAbundances {
  /** [N, D], NaN where not valid; with quality, `QUALITY_BANDS` behind the C abundances of each pixel. */
  readonly abundances: Float32Array;
  readonly seen: Seen;
}

export interface UnmixWindowOptions {
  readonly card: ModelCard;
  readonly plan: BandPlan;
  /** Pixels a run. */
  readonly batch: number;
  /** Measure how well the abundances explain each spectrum. */
  readonly quality?: boolean;
  /** Where the window's abundances may lie, if it is large enough: it is the result's then. */
  readonly memory?: ArrayBuffer | undefined;
  /** Asked between two runs, and by the reader. */
  readonly signal?: Stop;
}

/** Where to unmix. */
export interface WindowToUnmix {
  readonly reader: SpectraReader;
  readonly window: Window;
  /** [N], 1 = leave the pixel out, as if it had no data. */
  readonly leaveOut?: Uint8Array | undefined;
}

/** Throws InferError unless the first `pixels` rows of a run's `output` [batch, C] are abundances: >= 0, their sum 1. */
export function assertAbundances(output: Float32Array, size: { pixels: number; batch: number; C: number }): void {
  const { pixels, batch, C } = size;
  if (output.length !== batch * C)
    throw new InferError(
      `the model gave ${output.length} values for ${batch} pixels, expected ${batch * C}: it is damaged; export it again`,
    );
  for (let i = 0; i < pixels; i++) {
    let sum = 0;
    let least = 0;
    for (let at = i * C, end = at + C; at < end; at++) {
      const abundance = output[at]!;
      sum += abundance;
      if (abundance < least) least = abundance;
    }
    // Written so that NaN, which makes the sum NaN, fails too.
    if (!(least >= 0 && Math.abs(sum - 1) <= SUM_TOLERANCE))
      throw new InferError(
        `the model's output is not abundances: smallest ${least}, sum ${sum}, expected >= 0 and 1; it is damaged: export it again`,
      );
  }
}

/** Interpolates the spectra of a pack [n, R] into `input` [n, B]. */
function resampleInto(input: Float32Array, { count, spectra }: SpectraPack, plan: Required<BandPlan>): Float32Array {
  const [R, B] = [plan.bands.length, plan.interpolation.weight.length];
  for (let slot = 0; slot < count; slot++)
    resampleSpectrum(plan.interpolation, { spectra, from: slot * R }, { spectra: input, to: slot * B });
  return input.fill(0, count * B);
}

/** So many floats in `memory`, or in memory of their own where it is too small. */
const floatsIn = (memory: ArrayBuffer | undefined, size: number): Float32Array =>
  memory && memory.byteLength >= 4 * size ? new Float32Array(memory, 0, size) : new Float32Array(size);

/** Puts a run's abundances [n, C] where their pixels lie in the window [N, D]. */
function spread(
  output: Float32Array,
  { pixels, C, into, D }: { pixels: Uint32Array; C: number; into: Float32Array; D: number },
): void {
  for (let slot = 0, from = 0; slot < pixels.length; slot++)
    for (let to = pixels[slot]! * D, end = to + C; to < end; to++) into[to] = output[from++]!;
}

/**
 * The abundances of a window's pixels, of those that `leaveOut` [N] is not 1 for. Every run of the model has exactly `batch` pixels (the last one is filled up with zeros), so that a
 * pixel's bits do not depend on the window, whatever kernels the runtime picks for other sizes. Pixels without data are never run.
 * Throws InferError where the model's output is not abundances, and the signal's reason when aborted.
 */
export async function unmixWindow(
  session: Session,
  { reader, window, leaveOut }: WindowToUnmix,
  { card, plan, batch, quality = false, memory, signal }: UnmixWindowOptions,
): Promise<WindowAbundances> {
  const C = card.endmembers.length;
  const { interpolation } = plan;
  const input = interpolation && new Float32Array(batch * card.bands.length); // [n, B]
  const meter = quality ? makeQualityMeter(card) : undefined;
  const D = C + (meter ? QUALITY_BANDS.length : 0);
  const abundances = floatsIn(memory, window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  const seen: Seen[] = [];
  signal?.throwIfAborted();
  const how = { ...(leaveOut && { leaveOut }), ...(signal && { signal }) };
  for await (const pack of reader.streamSpectra(window, plan.bands, batch, how)) {
    signal?.throwIfAborted();
    const { count, pixels } = pack;
    const spectra = interpolation ? resampleInto(input!, pack, { ...plan, interpolation }) : pack.spectra;
    seen.push(lookAt(spectra, { card, count, width: card.bands.length }));
    const output = await session.run(spectra, batch); // [n, C]
    assertAbundances(output, { pixels: count, batch, C });
    spread(output, { pixels: pixels.subarray(0, count), C, into: abundances, D });
    if (meter)
      for (let slot = 0; slot < count; slot++)
        meter.measure(slot, { spectra, abundances: output }, { into: abundances, to: pixels[slot]! * D + C });
  }
  return { abundances, seen: sumSeen(seen) };
}
