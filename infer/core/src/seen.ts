// What went through a model, and whether it can have been reflectance.
import type { ModelCard } from '@egunet/models/card';
import { InferError } from './error.js';

/** One pixel in so many is looked at for brightness. */
export const SAMPLING = 16;

/** What went through the model. */
export interface Seen {
  validPixels: number;
  /** Pixels looked at for brightness: every 16th valid one of a run. */
  sampled: number;
  /** Those whose mean reflectance lies above the model's input range. */
  tooBright: number;
  /** Those whose mean reflectance is less than a thousandth of that range. */
  tooDark: number;
  /** Pixels that were compared with those of the training; 0 where nothing compares. */
  compared: number;
  /** Those unlike them: in shape, or brighter. */
  unlike: number;
  /** Those darker than all but a few of them, as deep water is, and night: their shape says nothing. */
  dark: number;
}

const nothingSeen = (): Seen => ({
  ...{ validPixels: 0, sampled: 0, tooBright: 0, tooDark: 0 },
  ...{ compared: 0, unlike: 0, dark: 0 },
});

/** Compares some of a run's spectra with what the model was trained on: of `count` spectra that lie behind each other, or at `slots`. */
export type CompareRun = (
  spectra: Float32Array,
  count: number,
  slots?: readonly number[],
) => Pick<Seen, 'compared' | 'unlike' | 'dark'>;

function mean(values: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += values[i]!;
  return sum / (to - from);
}

/** Counts the spectra [count, width] of a run, and of every 16th, or of every so many, how bright it is on average. */
export function lookAt(
  spectra: Float32Array,
  options: { readonly card: ModelCard; readonly count: number; readonly width: number; readonly every?: number },
): Seen {
  const { card, count, width, every = SAMPLING } = options;
  const largest = 1 / card.inputScale;
  const seen = { ...nothingSeen(), validPixels: count };
  for (let slot = 0; slot < count; slot += every) {
    const brightness = mean(spectra, slot * width, (slot + 1) * width);
    seen.sampled++;
    if (brightness > largest) seen.tooBright++;
    if (brightness < largest / 1000) seen.tooDark++;
  }
  return seen;
}

/** What went through the model: the sum of `all`. */
export function sumSeen(all: Iterable<Seen>): Seen {
  const sum = nothingSeen();
  for (const seen of all) for (const key of Object.keys(sum) as (keyof Seen)[]) sum[key] += seen[key];
  return sum;
}

/** Throws InferError unless the whole scene showed pixels with data, and values that are reflectance. */
export function assertPlausible(
  { validPixels, sampled, tooBright, tooDark }: Seen,
  name: string,
  card: ModelCard,
): void {
  if (validPixels === 0)
    throw new InferError(
      `${name}: no valid pixel: every one lacks data in at least one of the model's ${card.bands.length} bands; check the scene's NoData value and its bands`,
    );
  if (2 * tooBright <= sampled && tooDark < sampled) return;
  const [count, how] = tooDark === sampled ? [tooDark, 'darker than a thousandth of'] : [tooBright, 'brighter than'];
  throw new InferError(
    `${name}: ${count} of ${sampled} sampled pixels are on average ${how} the model's largest input, a reflectance of ${Number((1 / card.inputScale).toPrecision(3))}; give the scene in the units that the model was trained on, or state its reflectance scale`,
  );
}
