// Non-negative least squares: x = argmin ||y - M^T x||, x >= 0, for many right-hand sides that share M.
// Legend: C unknowns (endmembers), B bands, N pixels; G = M M^T [C, C]; h = M y [C].
import { createNnlsSolver } from '@egunet/models/least-squares';
import { dotRows, rowGram } from '../linear-algebra.js';

/**
 * Non-negative least squares of `pixels` [N, B] on `endmembers` [C, B]: coefficients [N, C], each >= 0, not normalised.
 * An all-zero endmember gets 0; a pixel that is not finite gets NaN.
 */
export function nnls(endmembers: Float32Array, pixels: Float32Array, bands: number): Float32Array {
  const count = endmembers.length / bands;
  const total = pixels.length / bands;
  const solve = createNnlsSolver(rowGram(endmembers, count), count);
  const x = new Float32Array(total * count); // [N, C]
  const h = new Float64Array(count);
  const solution = new Float64Array(count);
  for (let n = 0; n < total; n++) {
    for (let c = 0; c < count; c++) h[c] = dotRows(endmembers, pixels, { a: c * bands, b: n * bands, length: bands });
    solve(h, solution, 0);
    x.set(solution, n * count);
  }
  return x;
}

/**
 * The same from the products alone: G [C, C] and the rows h [N, C], giving x [N, C].
 * For problems whose long side is not the bands, such as endmembers from abundances.
 */
export function nnlsFromProducts(gram: Float64Array, products: Float64Array, count: number): Float64Array {
  const solve = createNnlsSolver(gram, count);
  const x = new Float64Array(products.length);
  for (let at = 0; at < products.length; at += count) solve(products, x, at);
  return x;
}

/** Abundances [N, C] by NNLS divided by its sum, as the soft labels and the baseline are made. */
export function nnlsAbundances(
  endmembers: Float32Array,
  pixels: Float32Array,
  bands: number,
): { abundances: Float32Array; zeroSums: Uint8Array } {
  const abundances = nnls(endmembers, pixels, bands);
  const count = endmembers.length / bands;
  const zeroSums = new Uint8Array(abundances.length / count); // 1 where no endmember explains anything of the pixel
  for (let n = 0; n < zeroSums.length; n++) {
    let sum = 0;
    for (let c = 0; c < count; c++) sum += abundances[n * count + c]!;
    // Such a pixel says nothing of any endmember: all of them alike.
    if (sum === 0) {
      zeroSums[n] = 1;
      abundances.fill(1 / count, n * count, (n + 1) * count);
    } else for (let c = 0; c < count; c++) abundances[n * count + c]! /= sum;
  }
  return { abundances, zeroSums };
}
