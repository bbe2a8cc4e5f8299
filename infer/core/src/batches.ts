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
  /** Every 16th valid pixel of a run is looked at: those whose mean reflectance lies above the model's input range. */
  readonly sampledPixels: number;
  readonly saturatedPixels: number;
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
  const brightest = 1 / card.inputScale;

  /** Fills the input with the spectra of `pixels` and zeros; returns how many of those sampled are too bright. */
  const gather = (spectra: Float32Array, pixels: Uint32Array): number => {
    let saturated = 0;
    for (let slot = 0; slot < pixels.length; slot++) {
      const from = pixels[slot]! * R;
      const to = slot * B;
      if (plan.interpolation) resampleSpectrum(plan.interpolation, { spectra, from }, { spectra: input, to });
      else input.set(spectra.subarray(from, from + R), to);
      if (slot % SAMPLING === 0 && mean(input, to, to + B) > brightest) saturated++;
    }
    input.fill(0, pixels.length * B);
    return saturated;
  };

  return {
    async unmixBlock(block: { spectra: Float32Array; valid: Uint8Array }): Promise<BlockAbundances> {
      const abundances = new Float32Array(block.valid.length * C).fill(Number.NaN); // [N, C]
      const valid = validIndices(block.valid);
      let sampledPixels = 0;
      let saturatedPixels = 0;
      for (let start = 0; start < valid.length; start += batch) {
        const pixels = valid.subarray(start, start + batch);
        saturatedPixels += gather(block.spectra, pixels);
        sampledPixels += Math.ceil(pixels.length / SAMPLING);
        signal?.throwIfAborted();
        const output = await session.run(input, batch); // [n, C]
        assertAbundances(output, { pixels: pixels.length, batch, C });
        for (let slot = 0; slot < pixels.length; slot++)
          abundances.set(output.subarray(slot * C, (slot + 1) * C), pixels[slot]! * C);
      }
      return { abundances, validPixels: valid.length, sampledPixels, saturatedPixels };
    },
  };
}
