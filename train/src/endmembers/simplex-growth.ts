// Endmembers of a scene without pure pixels: a simplex grows until what is left outside is no more than noise.
// Legend: n pixels, C endmembers; points of C coordinates in units of the noise (`SignalView`); M [C, C] endmembers, A [n, C] coefficients.
import { determinant, Matrix } from 'ml-matrix';
import { columnGram, dotRows, invertPositive, rowGram } from '../linear-algebra.js';
import { nnlsFromProducts } from '../nnls/nnls.js';

export interface GrowthOptions {
  /** Grow until the excess is no more than this. */
  readonly settledExcess: number;
  /** Rounds at most. */
  readonly rounds: number;
}

export interface Grown {
  /** [C, C] */
  readonly endmembers: Float64Array;
  /** Squared residual for each coefficient that is held at 0 (see `excessWith`). */
  readonly excess: number;
}

/**
 * Alternates A = NNLS of `pixels` [n, C] on M, and M = least squares of the pixels on A. Each round moves M outwards as far as pixels lie outside,
 * so it would go on into the noise: it ends where the excess says that noise alone is left.
 */
export function growSimplex(start: Float64Array, pixels: Float64Array, options: GrowthOptions): Grown {
  const { settledExcess, rounds } = options;
  const count = Math.sqrt(start.length);
  let endmembers = start;
  for (let round = 0; ; round++) {
    const coefficients = coefficientsOf(endmembers, pixels, count);
    const excess = excessWith(coefficients, endmembers, pixels);
    if (round === rounds || !(excess > settledExcess)) return { endmembers, excess };
    const next = leastSquares(coefficients, pixels, count);
    if (!next) return { endmembers, excess }; // an endmember that no pixel has is nowhere
    endmembers = next;
  }
}

/** The excess of `endmembers` [C, C] as they are. */
export const excessOf = (endmembers: Float64Array, pixels: Float64Array): number =>
  excessWith(coefficientsOf(endmembers, pixels, Math.sqrt(endmembers.length)), endmembers, pixels);

/** NNLS; a pixel inside the cone of the endmembers needs no search among supports. */
function coefficientsOf(endmembers: Float64Array, pixels: Float64Array, count: number): Float64Array {
  const gram = rowGram(endmembers, count);
  const products = new Float64Array(pixels.length);
  for (let i = 0; i < products.length; i++)
    products[i] = dotRows(endmembers, pixels, { a: (i % count) * count, b: i - (i % count), length: count });
  const inverse = invertPositive(gram, count);
  if (!inverse) return nnlsFromProducts(gram, products, count);
  const solution = multiply(products, inverse, count);
  const outside: number[] = [];
  for (let at = 0; at < solution.length; at += count)
    if (solution.subarray(at, at + count).some((value) => value < 0)) outside.push(at);
  const held = new Float64Array(outside.length * count);
  outside.forEach((at, i) => {
    held.set(products.subarray(at, at + count), i * count);
  });
  const solved = nnlsFromProducts(gram, held, count);
  outside.forEach((at, i) => {
    solution.set(solved.subarray(i * count, (i + 1) * count), at);
  });
  return solution;
}

/**
 * Squared residual of all pixels by the number of coefficients that are 0. Where a pixel lies on a face of the true simplex, noise takes it
 * outside half the time, by a variance of 1 on average for each coefficient then held at 0: about 1 at the truth, less where few pixels are on
 * the faces, several times that where the simplex is too small.
 */
function excessWith(coefficients: Float64Array, endmembers: Float64Array, pixels: Float64Array): number {
  const count = Math.sqrt(endmembers.length);
  const explained = multiply(coefficients, endmembers, count);
  let [residual, held] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    residual += (pixels[i]! - explained[i]!) ** 2;
    if (coefficients[i] === 0) held++;
  }
  return held > 0 ? residual / held : 0;
}

/** X Y of X [n, C] and Y [C, C]. */
function multiply(x: Float64Array, y: Float64Array, count: number): Float64Array {
  const product = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += count)
    for (let c = 0; c < count; c++) {
      const value = x[row + c]!;
      if (value !== 0) for (let k = 0; k < count; k++) product[row + k]! += value * y[c * count + k]!;
    }
  return product;
}

/** (A^T A)^-1 A^T Z; undefined where A^T A has no inverse. */
function leastSquares(coefficients: Float64Array, pixels: Float64Array, count: number): Float64Array | undefined {
  const inverse = invertPositive(columnGram(coefficients, count), count);
  if (!inverse) return undefined;
  const products = new Float64Array(count * count);
  for (let row = 0; row < pixels.length; row += count)
    for (let c = 0; c < count; c++) {
      const value = coefficients[row + c]!;
      if (value !== 0) for (let k = 0; k < count; k++) products[c * count + k]! += value * pixels[row + k]!;
    }
  return multiply(inverse, products, count);
}

/**
 * log det(I + S), with S the second moment of noise-free mixtures spread evenly over `endmembers` [C, C]: how much room a simplex takes. Extents
 * below the noise, which is 1, take none; a volume would go to nothing there.
 */
export function logSize(endmembers: Float64Array): number {
  const count = Math.sqrt(endmembers.length);
  const total = new Float64Array(count);
  endmembers.forEach((value, i) => {
    total[i % count]! += value;
  });
  // Abundances spread evenly over the simplex have the second moments (1 + [c = d]) / (C (C + 1)).
  const moment = columnGram(endmembers, count).map(
    (sum, k) => (sum + total[Math.floor(k / count)]! * total[k % count]!) / (count * (count + 1)),
  );
  return Math.log(determinant(Matrix.from1DArray(count, count, moment).add(Matrix.eye(count))));
}

/**
 * Gives each of `endmembers` [C, C] the length for which the coefficients of `pixels` [n, C] come nearest to a sum of 1, in the mean of squares:
 * a vertex has the brightness of a single pixel. One that no pixel has keeps its length.
 */
export function sumToOne(endmembers: Float64Array, pixels: Float64Array): Float64Array {
  const count = Math.sqrt(endmembers.length);
  const coefficients = coefficientsOf(endmembers, pixels, count);
  const sums = new Float64Array(count);
  coefficients.forEach((value, i) => {
    sums[i % count]! += value;
  });
  const factors = nnlsFromProducts(columnGram(coefficients, count), sums, count);
  return endmembers.map((value, i) => value / (factors[Math.floor(i / count)]! || 1));
}
