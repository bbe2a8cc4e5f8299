// Which of many spectra, as endmembers, explain pixels best. Legend: K spectra to choose from, C to choose, S chosen; n pixels, d coordinates;
// G [K, K] products of the spectra with each other, H [n, K] with the pixels; energy: |z|^2 less the squared residual, h^T x at the optimum.
import { type Extendable, extendable, RIDGE, TOLERANCE } from '@egunet/models/least-squares';
import { dotRows, rowGram } from '../linear-algebra.js';

/** A swap must lower the residual by this share, so that rounding does not go in circles. */
const LEAST_GAIN = 1e-6;

export interface Selection {
  /** Which spectra, in the order in which they were chosen [C]. */
  readonly members: readonly number[];
  /** Squared residual of all pixels, as a share of their energy. */
  readonly residual: number;
}

/**
 * The `count` of `spectra` [K, d] that leave the least of sum ||z - sum_s a_s spectrum_s||^2, a >= 0, over `pixels` z [n, d]: first one after
 * the other, then by single exchanges until none helps. Coefficients need not sum to one, so that shade does not matter. K >= count. The first
 * `fixed` spectra (none when absent, fewer than `count`) are taken whatever they explain.
 */
export function selectSubset(
  spectra: Float64Array,
  pixels: Float64Array,
  options: { width: number; count: number; fixed?: number },
): Selection {
  const { width, count, fixed = 0 } = options;
  const problem = createProblem(spectra, pixels, width);
  const total = dotRows(pixels, pixels, { a: 0, b: 0, length: pixels.length });
  let members = Array.from({ length: fixed }, (_, k) => k);
  let energy = 0;
  while (members.length < count) {
    const best = bestAddition(problem, members);
    members = [...members, best.index];
    energy = best.energy;
  }
  // How many members are known to be the best beside the others: the one that came last is.
  for (let [i, best] = [fixed, 1]; best < count - fixed; i = i + 1 < count ? i + 1 : fixed, best++) {
    const found = bestAddition(
      problem,
      members.filter((_, j) => j !== i),
    );
    if (!(total - found.energy < (total - energy) * (1 - LEAST_GAIN))) continue;
    members[i] = found.index;
    energy = found.energy;
    best = 0;
  }
  return { members, residual: total > 0 ? Math.max(0, total - energy) / total : 0 };
}

interface Problem {
  readonly size: number; // K
  readonly gram: Float64Array; // [K, K]
  readonly products: Float64Array; // [n, K]
}

function createProblem(spectra: Float64Array, pixels: Float64Array, width: number): Problem {
  const size = spectra.length / width;
  const gram = rowGram(spectra, size);
  for (let k = 0; k < size; k++) gram[k * size + k]! += RIDGE;
  const products = new Float64Array((pixels.length / width) * size);
  for (let i = 0; i < products.length; i++)
    products[i] = dotRows(spectra, pixels, { a: (i % size) * width, b: Math.floor(i / size) * width, length: width });
  return { size, gram, products };
}

/** The spectrum that explains most together with `members`, and what they explain; of equal ones the first. */
function bestAddition(problem: Problem, members: readonly number[]): { index: number; energy: number } {
  const base = solveBase(problem, members);
  let best = { index: -1, energy: Number.NEGATIVE_INFINITY };
  for (let index = 0; index < problem.size; index++) {
    if (members.includes(index)) continue;
    const energy = base.energy + gainOf(problem, base, index);
    if (energy > best.energy) best = { index, energy };
  }
  return best;
}

interface Base {
  readonly members: readonly number[];
  readonly solver: Extendable;
  /** [n, q] */
  readonly coefficients: Float64Array;
  /** Of each pixel [n]. */
  readonly energies: Float64Array;
  /** Of all. */
  readonly energy: number;
}

/** NNLS of all pixels on `members`. */
function solveBase({ size, gram, products }: Problem, members: readonly number[]): Base {
  const q = members.length;
  const solver = extendable(Float64Array.from(members.flatMap((i) => members.map((j) => gram[i * size + j]!))), q);
  const energies = new Float64Array(products.length / size);
  const coefficients = new Float64Array(energies.length * q);
  const h = new Float64Array(q);
  const x = new Float64Array(q);
  for (let n = 0; n < energies.length; n++) {
    for (let i = 0; i < q; i++) h[i] = products[n * size + members[i]!]!;
    solver.solve(h, x, TOLERANCE * largestOf(h));
    coefficients.set(x, n * q);
    energies[n] = dotRows(h, x, { a: 0, b: 0, length: q });
  }
  return { members, solver, coefficients, energies, energy: energies.reduce((sum, energy) => sum + energy, 0) };
}

/** What spectrum `index` explains beyond the base. Only pixels whose residual has a positive product with it need solving again. */
function gainOf({ size, gram, products }: Problem, base: Base, index: number): number {
  const { members, solver, coefficients, energies } = base;
  const q = members.length;
  const coupling = Float64Array.from(members, (s) => gram[index * size + s]!);
  const solve = solver.extend(coupling, gram[index * size + index]!);
  const h = new Float64Array(q + 1);
  const x = new Float64Array(q + 1);
  let gain = 0;
  for (let n = 0; n < energies.length; n++) {
    const own = products[n * size + index]!;
    const slope = own - dotRows(coupling, coefficients, { a: 0, b: n * q, length: q });
    if (!(slope > TOLERANCE * Math.abs(own))) continue;
    for (let i = 0; i < q; i++) {
      h[i] = products[n * size + members[i]!]!;
      x[i] = coefficients[n * q + i]!;
    }
    h[q] = own;
    x[q] = 0;
    solve(h, x, TOLERANCE * largestOf(h));
    gain += dotRows(h, x, { a: 0, b: 0, length: q + 1 }) - energies[n]!;
  }
  return gain;
}

function largestOf(h: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < h.length; i++) largest = Math.max(largest, Math.abs(h[i]!));
  return largest;
}
