// Non-negative least squares: x = argmin ||y - M^T x||, x >= 0, for many right-hand sides that share M.
// Legend: C unknowns (endmembers), B bands, N pixels; G = M M^T [C, C]; h = M y [C]. Works on unit-length endmembers, float64.
import { dotRows, invertPositive, rowGram } from './linear-algebra.js';

/** Up to this many endmembers all 2^C supports are tried, which is exact; above, the active-set method. */
const MOST_ENUMERATED = 8;
/** Added to the unit diagonal of G, so that equal endmembers leave the solution defined. */
const RIDGE = 1e-12;
/** Tolerance of the optimality conditions, relative to the largest |h|. */
const TOLERANCE = 1e-10;

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

type UnitSolver = (h: Float64Array, x: Float64Array, tolerance: number) => void;

interface Support {
  readonly members: readonly number[];
  /** G^-1 of the members [k, k]. */
  readonly inverse: Float64Array;
}

function submatrix(gram: Float64Array, count: number, members: readonly number[]): Float64Array {
  const k = members.length;
  return Float64Array.from({ length: k * k }, (_, i) => gram[members[Math.floor(i / k)]! * count + members[i % k]!]!);
}

function listSupports(gram: Float64Array, count: number): Support[] {
  const supports: Support[] = [];
  for (let mask = 0; mask < 2 ** count; mask++) {
    const members = Array.from({ length: count }, (_, c) => c).filter((c) => (mask >> c) & 1);
    const inverse = invertPositive(submatrix(gram, count, members), members.length);
    if (inverse) supports.push({ members, inverse });
  }
  return supports;
}

/** Writes the least squares solution on a support into x (0 elsewhere) and returns its least member. */
function solveSupport({ members, inverse }: Support, h: Float64Array, x: Float64Array): number {
  const k = members.length;
  let least = 0;
  x.fill(0);
  for (let i = 0; i < k; i++) {
    let value = 0;
    for (let j = 0; j < k; j++) value += inverse[i * k + j]! * h[members[j]!]!;
    x[members[i]!] = value;
    if (value < least) least = value;
  }
  return least;
}

/** The largest (h - G x)_c over the c outside the support: positive where adding c would lower the residual. */
function steepest(gram: Float64Array, h: Float64Array, x: Float64Array): { index: number; gradient: number } {
  const count = h.length;
  let [index, gradient] = [-1, 0];
  for (let c = 0; c < count; c++) {
    if (x[c] !== 0) continue;
    let slope = h[c]!;
    for (let j = 0; j < count; j++) slope -= gram[c * count + j]! * x[j]!;
    if (slope > gradient) [index, gradient] = [c, slope];
  }
  return { index, gradient };
}

/**
 * Exact: G is positive definite, so the problem is convex and the one support that meets the Karush-Kuhn-Tucker conditions is the
 * optimum. Should rounding let none meet them, the feasible support that explains most energy (h^T x) is.
 */
function bySupports(gram: Float64Array, count: number): UnitSolver {
  const supports = listSupports(gram, count);
  return (h, x, tolerance) => {
    let best: Support | undefined;
    let bestEnergy = -1;
    for (const support of supports) {
      if (solveSupport(support, h, x) < -tolerance) continue;
      if (steepest(gram, h, x).gradient <= tolerance) {
        best = support;
        break;
      }
      const energy = support.members.reduce((sum, c) => sum + x[c]! * h[c]!, 0);
      if (energy > bestEnergy) [best, bestEnergy] = [support, energy];
    }
    solveSupport(best!, h, x);
    clampNegative(x);
  };
}

function clampNegative(x: Float64Array): void {
  for (let c = 0; c < x.length; c++) if (x[c]! < 0) x[c] = 0;
}

/** The active-set method of Lawson & Hanson (1974, ch. 23) on the normal equations (Bro & de Jong 1997). */
function byActiveSet(gram: Float64Array, count: number): UnitSolver {
  const trial = new Float64Array(count);
  return (h, x, tolerance) => {
    x.fill(0);
    let members: number[] = [];
    // Each round lowers the residual, so supports do not repeat; the bound only stops rounding from going in circles.
    for (let round = 0; round < 10 * count; round++) {
      const { index, gradient } = steepest(gram, h, x);
      if (gradient <= tolerance) break;
      members = [...members, index].sort((a, b) => a - b);
      members = descend({ gram, h, x, trial, members });
    }
    clampNegative(x);
  };
}

/** Moves x towards the solution on `members`, dropping those that reach zero on the way; returns the members that stay. */
function descend(state: {
  gram: Float64Array;
  h: Float64Array;
  x: Float64Array;
  trial: Float64Array;
  members: readonly number[];
}): number[] {
  const { gram, h, x, trial } = state;
  let members = [...state.members];
  while (members.length > 0) {
    const inverse = invertPositive(submatrix(gram, h.length, members), members.length);
    if (!inverse) return members;
    if (solveSupport({ members, inverse }, h, trial) >= 0) {
      x.set(trial);
      return members;
    }
    const ratios = members.map((c) => (trial[c]! < 0 ? x[c]! / (x[c]! - trial[c]!) : 1));
    const step = Math.min(...ratios);
    const blocking = members.filter((_, i) => ratios[i] === step && trial[members[i]!]! < 0);
    for (const c of members) x[c]! += step * (trial[c]! - x[c]!);
    for (const c of blocking) x[c] = 0;
    members = members.filter((c) => !blocking.includes(c));
  }
  return members;
}
