// Solvers of NNLS for one pixel, on unit-length endmembers. Legend: C unknowns (endmembers); G [C, C] their products, h [C] those with
// the pixel. Minimised is x^T G x / 2 - h^T x over x >= 0.
import { invertPositive } from '../linear-algebra.js';

/** Added to the unit diagonal of G, so that equal endmembers leave the solution defined. */
export const RIDGE = 1e-12;
/** Tolerance of the optimality conditions, relative to the largest |h|. */
export const TOLERANCE = 1e-10;

/** Reads h [C], writes x [C]; `tolerance` is that of the optimality conditions. */
export type UnitSolver = (h: Float64Array, x: Float64Array, tolerance: number) => void;

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
export function bySupports(gram: Float64Array, count: number): UnitSolver {
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

/** From this many endmembers on supports are not kept: so many differ that few come twice. */
const LEAST_UNKEPT = 31;

/** Supports by their members, made when they are first asked for; undefined where G has no inverse on them. */
function createSupports(gram: Float64Array, count: number): (members: readonly number[]) => Support | undefined {
  const make = (members: readonly number[]) => {
    const inverse = invertPositive(submatrix(gram, count, members), members.length);
    return inverse && { members, inverse };
  };
  if (count >= LEAST_UNKEPT) return make;
  const kept = new Map<number, Support | undefined>();
  return (members) => {
    let mask = 0;
    for (const c of members) mask |= 1 << c;
    if (!kept.has(mask)) kept.set(mask, make(members));
    return kept.get(mask);
  };
}

/** The active-set method of Lawson & Hanson (1974, ch. 23) on the normal equations (Bro & de Jong 1997). */
export function byActiveSet(gram: Float64Array, count: number): UnitSolver {
  const goOn = continueActiveSet(gram, count);
  return (h, x, tolerance) => {
    x.fill(0);
    goOn(h, x, tolerance);
  };
}

/**
 * The same from the x that is there, which must solve the problem on its own support: of a problem with one endmember less, few steps
 * are left.
 */
export function continueActiveSet(gram: Float64Array, count: number): UnitSolver {
  const trial = new Float64Array(count);
  const supportOf = createSupports(gram, count);
  return (h, x, tolerance) => {
    let members: number[] = [];
    for (let c = 0; c < count; c++) if (x[c]! > 0) members.push(c);
    // Each round lowers the residual, so supports do not repeat; the bound only stops rounding from going in circles.
    for (let round = 0; round < 10 * count; round++) {
      const { index, gradient } = steepest(gram, h, x);
      if (gradient <= tolerance) break;
      members = descend({ supportOf, h, x, trial, members: withMember(members, index) });
    }
    clampNegative(x);
  };
}

/** Rising members with `index` among them. */
function withMember(members: readonly number[], index: number): number[] {
  const at = members.findIndex((c) => c > index);
  return at < 0 ? [...members, index] : [...members.slice(0, at), index, ...members.slice(at)];
}

/** Moves x towards the solution on `members`, dropping those that reach zero on the way; returns the members that stay. */
function descend(state: {
  supportOf: (members: readonly number[]) => Support | undefined;
  h: Float64Array;
  x: Float64Array;
  trial: Float64Array;
  members: number[];
}): number[] {
  const { supportOf, h, x, trial } = state;
  let { members } = state;
  while (members.length > 0) {
    const support = supportOf(members);
    if (!support) return members;
    if (solveSupport(support, h, trial) >= 0) {
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
