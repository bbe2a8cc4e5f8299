// The leading directions of a few or many pixels. Legend: n pixels, B bands, d directions; X [n, B].
import { columnGram, dotRows, rankOf, rowGram, symmetricEigen } from '../linear-algebra.js';

/** Pixels seen in the d directions of largest power. */
export interface Subspace {
  /** How many directions there are: as many as asked for, or the rank of the pixels. */
  readonly dimensions: number;
  /** Coordinates of each pixel, [d, n]. */
  readonly coordinates: Float64Array;
  /** Pixel `k` projected onto the directions [B]. */
  project(k: number): Float64Array;
}

/**
 * The subspace of `pixels` [n, B] in at most `most` directions, not centred. The eigenvectors of the smaller of X X^T [n, n] and
 * X^T X [B, B] are taken: for a block of 25 pixels that is a 25 x 25 problem.
 */
export function findSubspace(pixels: Float32Array | Float64Array, bands: number, most: number): Subspace {
  const n = pixels.length / bands;
  return n <= bands ? fromPixels(pixels, n, most) : fromBands(pixels, bands, most);
}

/** X = V^T S U: with V from X X^T the coordinates are S V, and the projected pixels are V^T V X. */
function fromPixels(pixels: Float32Array | Float64Array, n: number, most: number): Subspace {
  const bands = pixels.length / n;
  const { values, vectors } = symmetricEigen(rowGram(pixels, n), n);
  const dimensions = Math.min(most, rankOf(values));
  const coordinates = new Float64Array(dimensions * n);
  for (let i = 0; i < dimensions; i++)
    for (let k = 0; k < n; k++) coordinates[i * n + k] = Math.sqrt(values[i]!) * vectors[i * n + k]!;
  return {
    dimensions,
    coordinates,
    project(k) {
      const spectrum = new Float64Array(bands);
      for (let m = 0; m < n; m++) {
        let weight = 0;
        for (let i = 0; i < dimensions; i++) weight += vectors[i * n + k]! * vectors[i * n + m]!;
        for (let b = 0; b < bands; b++) spectrum[b]! += weight * pixels[m * bands + b]!;
      }
      return spectrum;
    },
  };
}

/** With U from X^T X the coordinates are U x. */
function fromBands(pixels: Float32Array | Float64Array, bands: number, most: number): Subspace {
  const n = pixels.length / bands;
  const { values, vectors } = symmetricEigen(columnGram(pixels, bands), bands);
  const dimensions = Math.min(most, rankOf(values));
  const coordinates = new Float64Array(dimensions * n);
  for (let i = 0; i < dimensions; i++)
    for (let k = 0; k < n; k++)
      coordinates[i * n + k] = dotRows(vectors, pixels, { a: i * bands, b: k * bands, length: bands });
  return {
    dimensions,
    coordinates,
    project(k) {
      const spectrum = new Float64Array(bands);
      for (let i = 0; i < dimensions; i++)
        for (let b = 0; b < bands; b++) spectrum[b]! += coordinates[i * n + k]! * vectors[i * bands + b]!;
      return spectrum;
    },
  };
}
