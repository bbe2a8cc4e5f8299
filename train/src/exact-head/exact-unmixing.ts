// What exact unmixing with given endmembers needs: the least squares solution on every support. Legend: C endmembers, B bands, d dimensions of their
// space, S supports, k members of one; R [C, d] the endmembers' coordinates.
import type { ExactUnmixing } from '@egunet/models';
import type { ExactMethod } from '@egunet/models/card';
import { Matrix, SVD } from 'ml-matrix';
import { TrainError } from '../error.js';

/** Supports double with each endmember: 2^8. */
export const MOST_EXACT_ENDMEMBERS = 8;

/** Singular values below this share of the largest are 0: endmembers depend on each other. */
const DEPENDENT = 1e-6;

/** What a support gives: abundances of its members = coordinates x `solve` [d, k] + `plus` [k]. */
interface Solution {
  readonly members: readonly number[];
  readonly solve: Matrix;
  readonly plus: readonly number[];
}

/** The rank, and the columns that span the rows of `rows` [C, B]: [B, rank], orthonormal. */
function spanOf(rows: Matrix): Matrix {
  const { rightSingularVectors, diagonal } = new SVD(rows, { autoTranspose: true });
  const rank = diagonal.filter((value) => value > DEPENDENT * diagonal[0]!).length;
  if (rank === 0) throw new TrainError('exact head: the endmembers are all alike; give different ones');
  return rightSingularVectors.subMatrix(0, rows.columns - 1, 0, rank - 1);
}

/** The pseudo-inverse of rows [k, d]: [d, k]; undefined where they depend on each other. */
function inverseOf(rows: Matrix): Matrix | undefined {
  const decomposition = new SVD(rows, { autoTranspose: true });
  const { diagonal } = decomposition;
  const independent = rows.rows <= rows.columns && diagonal[rows.rows - 1]! > DEPENDENT * diagonal[0]!;
  return independent ? decomposition.inverse() : undefined;
}

/** Non-negative least squares on a support; that without members leaves everything. */
function nnlsOn(members: readonly number[], coordinates: Matrix): Solution | undefined {
  if (members.length === 0) return { members, solve: new Matrix(coordinates.columns, 0), plus: [] };
  const solve = inverseOf(rowsOf(coordinates, members));
  return solve && { members, solve, plus: members.map(() => 0) };
}

/** The same with a sum of 1 (fully constrained: Heinz & Chang 2001, IEEE TGRS 39(3)): the first member has what the others leave of it. */
function fclsOn(members: readonly number[], coordinates: Matrix): Solution | undefined {
  const [first, ...others] = members;
  if (first === undefined) return undefined;
  const d = coordinates.columns;
  const start = rowsOf(coordinates, [first]); // [1, d]
  if (others.length === 0) return { members, solve: Matrix.zeros(d, 1), plus: [1] };
  const differences = Matrix.sub(rowsOf(coordinates, others), Matrix.ones(others.length, 1).mmul(start)); // [k - 1, d]
  const inverse = inverseOf(differences);
  if (!inverse) return undefined;
  const rest = inverse.sum('row').map((sum) => -sum); // of the first member [d]
  const solve = new Matrix(inverse.to2DArray().map((row, i) => [rest[i]!, ...row]));
  const plus = start.mmul(solve).mul(-1).to1DArray();
  plus[0]! += 1;
  return { members, solve, plus };
}

const rowsOf = (matrix: Matrix, rows: readonly number[]): Matrix => new Matrix(rows.map((row) => matrix.getRow(row)));

/** What is fixed for `endmembers` [C, B]. Throws TrainError for more than 8, or such as are all alike. Supports whose members depend on each other are left out: others explain as much. */
export function exactUnmixing(endmembers: Float32Array, count: number, method: ExactMethod): ExactUnmixing {
  if (count > MOST_EXACT_ENDMEMBERS)
    throw new TrainError(
      `exact head: every set of endmembers is tried, of at most ${MOST_EXACT_ENDMEMBERS} endmembers, got ${count}; export the network, or take fewer`,
    );
  const B = endmembers.length / count;
  const spectra = new Matrix(Array.from({ length: count }, (_, c) => [...endmembers.subarray(c * B, (c + 1) * B)]));
  const middle = method === 'fcls' ? spectra.mean('column') : new Array<number>(B).fill(0);
  const centred = spectra.clone().subRowVector(middle);
  const basis = spanOf(centred); // [B, d]
  const coordinates = centred.mmul(basis); // R
  const all = Array.from({ length: 2 ** count }, (_, mask) => membersOf(mask, count));
  const solutions = all.flatMap((members) => (method === 'fcls' ? fclsOn : nnlsOn)(members, coordinates) ?? []);
  return {
    endmembers: count,
    supports: solutions.length,
    ...project(basis, middle, method),
    ...layOut(solutions, coordinates, method),
  };
}

/** What makes coordinates of spectra. With a sum of 1 solutions are affine, and the last coordinate is 1. */
function project(
  basis: Matrix,
  middle: readonly number[],
  method: ExactMethod,
): Pick<ExactUnmixing, 'dimensions' | 'basis' | 'origin'> {
  const rows = basis.transpose().to1DArray(); // [d, B]
  if (method !== 'fcls') return { dimensions: basis.columns, basis: Float32Array.from(rows) };
  const origin = Matrix.rowVector([...middle])
    .mmul(basis)
    .mul(-1)
    .to1DArray();
  return {
    dimensions: basis.columns + 1,
    basis: Float32Array.from([...rows, ...middle.map(() => 0)]),
    origin: Float32Array.from([...origin, 1]),
  };
}

const membersOf = (mask: number, count: number): number[] =>
  Array.from({ length: count }, (_, c) => c).filter((c) => (mask >> c) & 1);

/** Conditions, a support after the other, and solutions side by side. */
function layOut(
  solutions: readonly Solution[],
  coordinates: Matrix,
  method: ExactMethod,
): Pick<ExactUnmixing, 'conditions' | 'solutions'> {
  const [C, S] = [coordinates.rows, solutions.length];
  const d = coordinates.columns + (method === 'fcls' ? 1 : 0);
  const conditions = new Float32Array(S * C * d);
  const maps = new Float32Array(C * d * S);
  for (const [s, solution] of solutions.entries())
    for (let c = 0; c < C; c++) {
      const at = solution.members.indexOf(c);
      const { by, plus } =
        at >= 0
          ? { by: solution.solve.getColumn(at), plus: solution.plus[at]! }
          : ifAdded(c, { solution, coordinates, method });
      const row = method === 'fcls' ? [...by, plus] : by;
      conditions.set(row, (s * C + c) * d);
      if (at >= 0) for (const [j, value] of row.entries()) maps[(c * d + j) * S + s] = value;
    }
  return { conditions, solutions: maps };
}

/** The abundance of an endmember if it were added to a support, negated, as coordinates x `by` [d] + `plus`; 0 where it adds nothing. */
function ifAdded(
  c: number,
  { solution, coordinates, method }: { solution: Solution; coordinates: Matrix; method: ExactMethod },
): { by: number[]; plus: number } {
  const { members, solve, plus } = solution;
  const own = members.map((member) => coordinates.getRow(member)); // [k, d]
  const start = method === 'fcls' ? own[0]! : undefined; // with a sum of 1 it takes the place of others
  const added = coordinates.getRow(c).map((x, j) => x - (start?.[j] ?? 0)); // [d]
  // The part of it that the support does not reach: the residual's projection is symmetric.
  const reached = (j: number) => members.reduce((sum, _, i) => sum + solve.get(j, i) * dot(own[i]!, added), 0);
  const beyond = added.map((x, j) => x - reached(j));
  const power = dot(beyond, beyond);
  if (power <= DEPENDENT ** 2 * dot(added, added)) return { by: new Array<number>(added.length).fill(0), plus: 0 };
  const left = members.reduce((sum, _, i) => sum - plus[i]! * dot(own[i]!, added), 0); // of coordinates 0
  return { by: beyond.map((x) => -x / power), plus: -left / power };
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
