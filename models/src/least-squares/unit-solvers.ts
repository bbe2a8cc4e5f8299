// Solvers of NNLS for one pixel, on unit-length endmembers. Legend: C unknowns (endmembers); G [C, C] their products, h [C] those with
// the pixel. Minimised is x^T G x / 2 - h^T x over x >= 0.
import { type Corner, type Corners, createCorners, listSupports, type Support, solveSupport } from './supports.js';

/** Added to the unit diagonal of G, so that equal endmembers leave the solution defined. */
export const RIDGE = 1e-12;
/** Tolerance of the optimality conditions, relative to the largest |h|. */
export const TOLERANCE = 1e-10;

/** Reads h [C], writes x [C]; `tolerance` is that of the optimality conditions. */
export type UnitSolver = (h: Float64Array, x: Float64Array, tolerance: number) => void;

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

/** The active-set method of Lawson & Hanson (1974, ch. 23) on the normal equations (Bro & de Jong 1997). */
export function byActiveSet(gram: Float64Array, count: number): UnitSolver {
  return extendable(gram, count).solve;
}

/** The active-set method on C endmembers, and on these and one more, which uses what is known of the C. */
export interface Extendable {
  readonly solve: UnitSolver;
  /**
   * The solver of C + 1 unknowns for a last endmember with the products `coupling` [C] with the others and `own` with itself. It starts from the
   * x that is there, which must solve the problem of the C, and takes only problems that the last one improves.
   */
  extend(coupling: Float64Array, own: number): UnitSolver;
}

/** Such a solver for the endmembers with the products `gram` [C, C]. */
export function extendable(gram: Float64Array, count: number): Extendable {
  const corners = createCorners(gram, count);
  const plain = activeSet(gram, count, { corners, onCorner: solveSupport });
  return {
    solve(h, x, tolerance) {
      x.fill(0);
      plain(corners.empty(), { h, x, tolerance });
    },
    extend(coupling, own) {
      const size = count + 1;
      const wider = new Float64Array(size * size);
      for (let i = 0; i < count; i++) {
        wider.set(gram.subarray(i * count, (i + 1) * count), i * size);
        wider[i * size + count] = coupling[i]!;
        wider[count * size + i] = coupling[i]!;
      }
      wider[size * size - 1] = own;
      const onCorner = bordered(coupling, own);
      const goOn = activeSet(wider, size, { corners, onCorner });
      return (h, x, tolerance) => {
        let corner = corners.empty();
        for (let c = 0; c < count; c++) if (x[c]! > 0) corner = corners.toggle(corner, c);
        goOn(corner, { h, x, tolerance, descendFirst: true });
      };
    },
  };
}

/**
 * The solution on a support and one endmember more, from the inverse on the support (bordering). The last one, without which the residual is
 * larger than at the start, stays above 0 on every way down.
 */
function bordered(coupling: Float64Array, own: number): OnCorner {
  const last = coupling.length;
  const weights = new Float64Array(last); // of the members in the last one's projection on them
  return (support, h, x) => {
    solveSupport(support, h, x);
    solveSupport(support, coupling, weights);
    let [slope, pivot] = [h[last]!, own];
    for (const c of support.members) {
      slope -= coupling[c]! * x[c]!;
      pivot -= coupling[c]! * weights[c]!;
    }
    const value = pivot > 0 ? Math.max(0, slope / pivot) : 0;
    let least = 0;
    for (const c of support.members) {
      x[c]! -= value * weights[c]!;
      least = Math.min(least, x[c]!);
    }
    x[last] = value;
    return least;
  };
}

/** Writes the solution on a support into x (0 elsewhere), returns its least value. */
type OnCorner = (support: Support, h: Float64Array, x: Float64Array) => number;

interface Walk {
  readonly corners: Corners;
  readonly onCorner: OnCorner;
}

interface Pixel {
  readonly h: Float64Array;
  readonly x: Float64Array;
  readonly tolerance: number;
  /** Whether x does not yet solve the problem on its corner. */
  readonly descendFirst?: boolean;
}

/** Goes on from x on `corner` until no endmember more lowers the residual. */
function activeSet(gram: Float64Array, count: number, walk: Walk): (corner: Corner, pixel: Pixel) => void {
  const trial = new Float64Array(count);
  return (corner, { h, x, tolerance, descendFirst }) => {
    if (descendFirst) corner = descend(walk, corner, { h, x, trial });
    // Each round lowers the residual, so supports do not repeat; the bound only stops rounding from going in circles.
    for (let round = 0; round < 10 * count; round++) {
      const { index, gradient } = steepest(gram, h, x);
      if (gradient <= tolerance || index >= corner.neighbours.length) break;
      corner = descend(walk, walk.corners.toggle(corner, index), { h, x, trial });
    }
    clampNegative(x);
  };
}

/** Moves x towards the solution on the members of `corner`, dropping those that reach zero on the way; returns the corner that it ends at. */
function descend(
  { corners, onCorner }: Walk,
  corner: Corner,
  { h, x, trial }: { h: Float64Array; x: Float64Array; trial: Float64Array },
): Corner {
  const ratio = (c: number) => (trial[c]! < 0 ? x[c]! / (x[c]! - trial[c]!) : 1);
  for (;;) {
    if (!corner.solvable) return corner;
    if (onCorner(corner, h, trial) >= 0) {
      x.set(trial);
      return corner;
    }
    let step = 1;
    for (const c of corner.members) step = Math.min(step, ratio(c));
    for (let c = 0; c < x.length; c++) {
      const blocking = trial[c]! < 0 && ratio(c) === step;
      if (blocking) corner = corners.toggle(corner, c);
      x[c] = blocking ? 0 : x[c]! + step * (trial[c]! - x[c]!);
    }
  }
}
