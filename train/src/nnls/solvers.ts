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

/** A support, and those that differ from it by one member as far as they were asked for. */
interface Corner {
  readonly members: readonly number[];
  /** G^-1 of the members [k, k]; undefined where there is none. */
  readonly inverse: Float64Array | undefined;
  /** [C] */
  readonly neighbours: (Corner | undefined)[];
}

/** With more supports than this kept, all are let go: with many endmembers few come twice. */
const MOST_KEPT = 4096;

interface Corners {
  /** The one without members. */
  empty(): Corner;
  /** `corner` with `c` among its members, or without it where it is one. */
  toggle(corner: Corner, c: number): Corner;
}

/** Supports, each made once, when it is first asked for. */
function createCorners(gram: Float64Array, count: number): Corners {
  const kept = new Map<string, Corner>();
  const cornerOf = (members: readonly number[]): Corner => {
    const key = members.join();
    const found = kept.get(key);
    if (found) return found;
    if (kept.size >= MOST_KEPT) kept.clear();
    const inverse = invertPositive(submatrix(gram, count, members), members.length);
    const made = { members, inverse, neighbours: new Array<Corner | undefined>(count).fill(undefined) };
    kept.set(key, made);
    return made;
  };
  const toggled = (members: readonly number[], c: number) =>
    members.includes(c) ? members.filter((other) => other !== c) : [...members, c].sort((a, b) => a - b);
  return {
    empty: () => cornerOf([]),
    toggle(corner, c) {
      let next = corner.neighbours[c];
      if (!next) {
        next = cornerOf(toggled(corner.members, c));
        corner.neighbours[c] = next;
      }
      return next;
    },
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
  const corners = createCorners(gram, count);
  return (h, x, tolerance) => {
    let corner = corners.empty();
    for (let c = 0; c < count; c++) if (x[c]! > 0) corner = corners.toggle(corner, c);
    // Each round lowers the residual, so supports do not repeat; the bound only stops rounding from going in circles.
    for (let round = 0; round < 10 * count; round++) {
      const { index, gradient } = steepest(gram, h, x);
      if (gradient <= tolerance) break;
      corner = descend(corners, corners.toggle(corner, index), { h, x, trial });
    }
    clampNegative(x);
  };
}

/** Moves x towards the solution on the members of `corner`, dropping those that reach zero on the way; returns the corner that it ends at. */
function descend(
  corners: Corners,
  corner: Corner,
  { h, x, trial }: { h: Float64Array; x: Float64Array; trial: Float64Array },
): Corner {
  const ratio = (c: number) => (trial[c]! < 0 ? x[c]! / (x[c]! - trial[c]!) : 1);
  while (corner.members.length > 0) {
    const { members, inverse } = corner;
    if (!inverse) return corner;
    if (solveSupport({ members, inverse }, h, trial) >= 0) {
      x.set(trial);
      return corner;
    }
    let step = 1;
    for (const c of members) step = Math.min(step, ratio(c));
    for (const c of members) {
      const blocking = trial[c]! < 0 && ratio(c) === step;
      if (blocking) corner = corners.toggle(corner, c);
      x[c] = blocking ? 0 : x[c]! + step * (trial[c]! - x[c]!);
    }
  }
  return corner;
}
