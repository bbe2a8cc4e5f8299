// Non-negative least squares: x = argmin ||y - M^T x||, x >= 0, for many right-hand sides that share M.
// Legend: C unknowns (endmembers), B bands, N pixels; G = M M^T [C, C]; h = M y [C]. Works on unit-length endmembers, float64.
import { dotRows, rowGram } from '../linear-algebra.js';
import { byActiveSet, bySupports, RIDGE, TOLERANCE } from './solvers.js';

/** Up to this many endmembers all 2^C supports are tried, which is exact; above, the active-set method. */
const MOST_ENUMERATED = 8;

/** Solves one pixel: reads h [C] at `at`, writes x [C] there. */
type Solver = (h: Float64Array, x: Float64Array, at: number) => void;

/**
 * Non-negative least squares of `pixels` [N, B] on `endmembers` [C, B]: coefficients [N, C], each >= 0, not normalised.
 * An all-zero endmember gets 0; a pixel that is not finite gets NaN.
 */
export function nnls(endmembers: Float32Array, pixels: Float32Array, bands: number): Float32Array {
  const count = endmembers.length / bands;
  const total = pixels.length / bands;
  const solve = createSolver(rowGram(endmembers, count), count);
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
  const solve = createSolver(gram, count);
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

function createSolver(gram: Float64Array, count: number): Solver {
  // Unit-length endmembers: dark ones count like bright ones in the ridge and the tolerances.
  const scale = Float64Array.from({ length: count }, (_, c) => 1 / Math.sqrt(gram[c * count + c]! || 1));
  const unit = Float64Array.from(gram, (g, k) => g * scale[Math.floor(k / count)]! * scale[k % count]!);
  for (let c = 0; c < count; c++) unit[c * count + c]! += gram[c * count + c] === 0 ? 1 : RIDGE;
  const h = new Float64Array(count);
  const x = new Float64Array(count);
  const solve = count <= MOST_ENUMERATED ? bySupports(unit, count) : byActiveSet(unit, count);
  return (products, solution, at) => {
    let largest = 0;
    for (let c = 0; c < count; c++) {
      h[c] = products[at + c]! * scale[c]!;
      largest = Math.max(largest, Math.abs(h[c]!));
    }
    if (!Number.isFinite(largest)) x.fill(Number.NaN);
    else solve(h, x, TOLERANCE * largest);
    for (let c = 0; c < count; c++) solution[at + c] = x[c]! * scale[c]!;
  };
}
