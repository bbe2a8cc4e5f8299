// How well endmembers explain pixels, whatever the brightness of either. Legend: N pixels, B bands, C endmembers.
import { dotRows } from '../linear-algebra.js';
import { nnls } from '../nnls/nnls.js';

/** A pixel below this share of the brightest one's length is too dark for its direction to say anything. */
const TOO_DARK = 1e-6;

/** The `pixels` [N, B] that are bright enough to have a direction, each of length 1 [n, B]. */
export function pixelDirections(pixels: Float32Array, bands: number): Float32Array {
  const lengths = Float64Array.from({ length: pixels.length / bands }, (_, n) =>
    Math.sqrt(dotRows(pixels, pixels, { a: n * bands, b: n * bands, length: bands })),
  );
  const least = TOO_DARK * lengths.reduce((most, length) => Math.max(most, length), 0);
  const kept = [...lengths.keys()].filter((n) => lengths[n]! > least);
  const directions = new Float32Array(kept.length * bands);
  kept.forEach((n, i) => {
    for (let b = 0; b < bands; b++) directions[i * bands + b] = pixels[n * bands + b]! / lengths[n]!;
  });
  return directions;
}

/**
 * Mean over `directions` [N, B] (unit pixels) of ||y - M a||^2 with a from NNLS on `endmembers` M [C, B]: the squared sine of the angle
 * between a pixel and its reconstruction. It depends on no magnitude, so that bright pixels do not decide alone.
 */
export function meanSquaredSine(endmembers: Float32Array, directions: Float32Array, bands: number): number {
  const coefficients = nnls(endmembers, directions, bands);
  const count = endmembers.length / bands;
  const total = directions.length / bands;
  const residual = new Float64Array(bands);
  let sum = 0;
  for (let n = 0; n < total; n++) {
    for (let b = 0; b < bands; b++) residual[b] = directions[n * bands + b]!;
    for (let c = 0; c < count; c++) {
      const share = coefficients[n * count + c]!;
      if (share !== 0) for (let b = 0; b < bands; b++) residual[b]! -= share * endmembers[c * bands + b]!;
    }
    sum += dotRows(residual, residual, { a: 0, b: 0, length: bands });
  }
  return sum / total;
}
