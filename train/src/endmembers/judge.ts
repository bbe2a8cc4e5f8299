// How well endmembers explain pixels: their directions, and how bright they are. Legend: N pixels, n bright ones, B bands, C endmembers.
import { dotRows } from '../linear-algebra.js';
import { nnls } from '../nnls/nnls.js';
import { lengthenings } from './magnitudes.js';

/** A pixel below this share of the brightest one's length is too dark for its direction to say anything. */
const TOO_DARK = 1e-6;

/** Pixels that are bright enough to have a direction. */
export interface JudgedPixels {
  /** Each of length 1 [n, B]. */
  readonly directions: Float32Array;
  /** [n] */
  readonly lengths: Float64Array;
}

/** What `endmembers` leave unexplained of pixels. */
export interface Unexplained {
  /** The mean squared sine of the angle between a pixel and its reconstruction: no magnitude has a say. */
  readonly direction: number;
  /** The standard deviation of the sums of the pixels' abundances, as a share of their mean. */
  readonly brightness: number;
}

/** Those of `pixels` [N, B] that have a direction. */
export function judgedPixels(pixels: Float32Array, bands: number): JudgedPixels {
  const lengths = Float64Array.from({ length: pixels.length / bands }, (_, n) =>
    Math.sqrt(dotRows(pixels, pixels, { a: n * bands, b: n * bands, length: bands })),
  );
  const least = TOO_DARK * lengths.reduce((most, length) => Math.max(most, length), 0);
  const kept = [...lengths.keys()].filter((n) => lengths[n]! > least);
  const directions = new Float32Array(kept.length * bands);
  kept.forEach((n, i) => {
    for (let b = 0; b < bands; b++) directions[i * bands + b] = pixels[n * bands + b]! / lengths[n]!;
  });
  return { directions, lengths: Float64Array.from(kept, (n) => lengths[n]!) };
}

/**
 * What `endmembers` M [C, B] leave unexplained, coefficients from NNLS. Directions alone cannot tell a material that varies from two; but endmembers in
 * the middle of their materials need about the same sum everywhere, those at the dark end of one need more of it where it is bright. `floor` is the
 * magnitude floor under which abundances are found (see `BRIGHTNESS`).
 */
export function unexplained(
  endmembers: Float32Array,
  pixels: JudgedPixels,
  { bands, floor }: { bands: number; floor: number },
): Unexplained {
  const { directions, lengths } = pixels;
  const coefficients = nnls(endmembers, directions, bands);
  const count = endmembers.length / bands;
  const factors = lengthenings(endmembers, bands, floor);
  const residual = new Float64Array(bands);
  let [squaredSines, sums, squaredSums] = [0, 0, 0];
  for (let n = 0; n < lengths.length; n++) {
    for (let b = 0; b < bands; b++) residual[b] = directions[n * bands + b]!;
    let sum = 0;
    for (let c = 0; c < count; c++) {
      const share = coefficients[n * count + c]!;
      if (share === 0) continue;
      for (let b = 0; b < bands; b++) residual[b]! -= share * endmembers[c * bands + b]!;
      sum += share / factors[c]!;
    }
    squaredSines += dotRows(residual, residual, { a: 0, b: 0, length: bands });
    sums += sum * lengths[n]!;
    squaredSums += (sum * lengths[n]!) ** 2;
  }
  const total = lengths.length;
  const variation = sums > 0 ? (total * squaredSums) / sums ** 2 - 1 : 0;
  return { direction: squaredSines / total, brightness: Math.sqrt(Math.max(0, variation)) };
}
