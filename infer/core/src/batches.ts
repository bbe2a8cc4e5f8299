// From a block of spectra to its abundances, in runs of one size. Legend: N pixels of a block, n pixels of a run,
// B model bands, R scene bands read, C endmembers.
import type { ModelCard } from '@egunet/models/card';
import type { BandPlan } from './bands.js';
import type { Session } from './contract.js';
import { InferError } from './error.js';
import { resampleSpectrum } from './resample.js';

/** Abundances must sum to 1 within this. */
const SUM_TOLERANCE = 1e-5;

/** One pixel in so many is looked at for brightness. */
const SAMPLING = 16;

export interface BlockAbundances {
  /** [N, C], NaN where not valid. */
  readonly abundances: Float32Array;
  readonly validPixels: number;
}

/** What went through the model so far. */
export interface Seen {
  validPixels: number;
  /** Pixels looked at for brightness: every 16th valid one of a run. */
  sampled: number;
  /** Those whose mean reflectance lies above the model's input range. */
  tooBright: number;
  /** Those whose mean reflectance is less than a thousandth of that range. */
  tooDark: number;
}

interface BatchOptions {
  readonly card: ModelCard;
  readonly plan: BandPlan;
  readonly batch: number;
  readonly signal?: AbortSignal;
}

/** Throws InferError unless the first `pixels` rows of `output` [n, C] are abundances. */
function assertAbundances(output: Float32Array, size: { pixels: number; batch: number; C: number }): void {
  const { pixels, batch, C } = size;
  if (output.length !== batch * C)
    throw new InferError(
      `the model gave ${output.length} values for ${batch} pixels, expected ${batch * C}: it is damaged; export it again`,
    );
  for (let i = 0; i < pixels; i++) {
    let sum = 0;
    let least = 0;
    for (let c = 0; c < C; c++) {
      sum += output[i * C + c]!;
      least = Math.min(least, output[i * C + c]!);
    }
    // Written so that NaN fails too.
    if (!(least >= 0 && Math.abs(sum - 1) <= SUM_TOLERANCE))
      throw new InferError(
        `the model's output is not abundances: smallest ${least}, sum ${sum}, expected >= 0 and 1; it is damaged: export it again`,
      );
  }
}

function mean(values: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return sum / (to - from);
}

/** The indices of the valid pixels of a block. */
function validIndices(valid: Uint8Array): Uint32Array {
  const indices = new Uint32Array(valid.length);
  let count = 0;
  for (let i = 0; i < valid.length; i++) if (valid[i] === 1) indices[count++] = i;
  return indices.subarray(0, count);
}

/** Unmixes blocks with one session through one input buffer; blocks must be given one after another. */
export function makeBatches(session: Session, { card, plan, batch, signal }: BatchOptions) {
  const B = card.bands.length;
  const C = card.endmembers.length;
  const R = plan.bands.length;
  const input = new Float32Array(batch * B); // [n, B]
  const largest = 1 / card.inputScale;
  const seen: Seen = { validPixels: 0, sampled: 0, tooBright: 0, tooDark: 0 };

  const look = (from: number): void => {
    const brightness = mean(input, from, from + B);
    seen.sampled++;
    if (brightness > largest) seen.tooBright++;
    if (brightness < largest / 1000) seen.tooDark++;
  };

  /** Fills the input with the spectra of `pixels`, then zeros. */
  const gather = (spectra: Float32Array, pixels: Uint32Array): void => {
    for (let slot = 0; slot < pixels.length; slot++) {
      const from = pixels[slot]! * R;
      const to = slot * B;
      if (plan.interpolation) resampleSpectrum(plan.interpolation, { spectra, from }, { spectra: input, to });
      else input.set(spectra.subarray(from, from + R), to);
      if (slot % SAMPLING === 0) look(to);
    }
    input.fill(0, pixels.length * B);
  };

  return {
    seen: seen as Readonly<Seen>,
    async unmixBlock(block: { spectra: Float32Array; valid: Uint8Array }): Promise<BlockAbundances> {
      const abundances = new Float32Array(block.valid.length * C).fill(Number.NaN); // [N, C]
      const valid = validIndices(block.valid);
      for (let start = 0; start < valid.length; start += batch) {
        const pixels = valid.subarray(start, start + batch);
        gather(block.spectra, pixels);
        signal?.throwIfAborted();
        const output = await session.run(input, batch); // [n, C]
        assertAbundances(output, { pixels: pixels.length, batch, C });
        for (let slot = 0; slot < pixels.length; slot++)
          abundances.set(output.subarray(slot * C, (slot + 1) * C), pixels[slot]! * C);
      }
      seen.validPixels += valid.length;
      return { abundances, validPixels: valid.length };
    },
  };
}
