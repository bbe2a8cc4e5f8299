// What unmixing a window takes and gives, and what its ways, pixel-wise and spatial, share. Legend: N pixels of a window, n pixels of a run,
// B model bands, R scene bands read, C endmembers, D bands of the map: C abundances, C of an ensemble's spread where wanted, 2 of quality where wanted.
import { hasSpread, type ModelCard } from '@egunet/models/card';
import type { BandPlan } from './bands.js';
import type { SpectraPack, SpectraReader, Stop, Window } from './contract.js';
import { InferError } from './error.js';
import type { QualityMeter } from './quality.js';
import { resampleSpectrum } from './resample.js';
import type { CompareRun, Seen } from './seen.js';
import type { Marks } from './windows.js';

/** Abundances must sum to 1 within this. */
const SUM_TOLERANCE = 1e-5;

export interface WindowAbundances {
  /** [N, D], NaN where not valid: of each pixel its abundances, with `spread` their spread, with `quality` QUALITY_BANDS behind these. */
  readonly abundances: Float32Array;
  readonly seen: Seen;
}

export interface UnmixWindowOptions {
  readonly card: ModelCard;
  readonly plan: BandPlan;
  /** Pixels a run. */
  readonly batch: number;
  /** Give the spread, too, where the model is an ensemble. */
  readonly spread?: boolean | undefined;
  /** Measures how well the abundances explain each spectrum. */
  readonly quality?: QualityMeter | undefined;
  /** Compares some of what goes through the model with its training. */
  readonly compare?: CompareRun | undefined;
  /** Where the window's abundances may lie, if it is large enough: it is the result's then. */
  readonly memory?: ArrayBuffer | undefined;
  /** Asked between two runs, and by the reader. */
  readonly signal?: Stop;
}

/** Where to unmix. */
export interface WindowToUnmix {
  readonly reader: SpectraReader;
  readonly window: Window;
  /** [N], 1 = leave the pixel out of the result; its neighbours are as they are without that. */
  readonly leaveOut?: Uint8Array | undefined;
  /** Pixels, in the scene, that count as if they had no data: of the window and of what a spatial model sees around it. */
  readonly masked?: Marks | undefined;
}

/** Values of a pixel: those before its quality, and D, all of them. */
export function widthsOf({
  card,
  spread,
  quality,
}: Pick<UnmixWindowOptions, 'card' | 'spread' | 'quality'>): [withoutQuality: number, D: number] {
  const width = card.endmembers.length * (spread && hasSpread(card) ? 2 : 1);
  return [width, width + (quality?.bands ?? 0)];
}

/** Throws InferError unless a run's output is as many values as there are in [batch, C]. */
export function assertLength(output: Float32Array, batch: number, C: number): void {
  if (output.length !== batch * C)
    throw new InferError(
      `the model gave ${output.length} values for ${batch} pixels, expected ${batch * C}: it is damaged; export it again`,
    );
}

/** Throws InferError unless the first `pixels` rows of a run's `output` [batch, C] are abundances: >= 0, their sum 1. */
export function assertAbundances(output: Float32Array, size: { pixels: number; batch: number; C: number }): void {
  const { pixels, batch, C } = size;
  assertLength(output, batch, C);
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
export function resampleInto(
  input: Float32Array,
  { count, spectra }: SpectraPack,
  plan: Required<BandPlan>,
): Float32Array {
  const [R, B] = [plan.bands.length, plan.interpolation.weight.length];
  for (let slot = 0; slot < count; slot++)
    resampleSpectrum(plan.interpolation, { spectra, from: slot * R }, { spectra: input, to: slot * B });
  return input.fill(0, count * B);
}

/** So many floats in `memory`, or in memory of their own where it is too small. */
export const floatsIn = (memory: ArrayBuffer | undefined, size: number): Float32Array =>
  memory && memory.byteLength >= 4 * size ? new Float32Array(memory, 0, size) : new Float32Array(size);

/** Throws InferError unless values are deviations. */
export function assertSpread(spread: Float32Array): void {
  const wrong = spread.find((value) => !(value >= 0));
  if (wrong !== undefined)
    throw new InferError(`the model's spread is ${wrong}, expected >= 0; it is damaged: export it again`);
}

/** Puts a run's values [n, C] where their pixels lie in the window [N, D], from the value `at` of each on. */
export function place(
  output: Float32Array,
  { pixels, C, into, D, at = 0 }: { pixels: Uint32Array; C: number; into: Float32Array; D: number; at?: number },
): void {
  for (let slot = 0, from = 0; slot < pixels.length; slot++)
    for (let to = pixels[slot]! * D + at, end = to + C; to < end; to++) into[to] = output[from++]!;
}
