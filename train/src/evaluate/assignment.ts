// Which endmember is which reference material. Legend: C materials, B bands, N pixels.
import { TrainError } from '../error.js';
import { spectralAngle } from './metrics.js';

/**
 * The assignment of least total cost: `assignment[row]` is the column of row `row`, each column once. `cost` is [n, n].
 * The Hungarian method with potentials (R. Jonker & A. Volgenant, Computing 38, 1987), O(n^3).
 */
export function assignLeastCost(cost: Float64Array, n: number): Int32Array {
  // Columns 1..n; column 0 stands for the row being placed. owner[j] is the row (1-based) that holds column j.
  const owner = new Int32Array(n + 1);
  const rowPotential = new Float64Array(n + 1);
  const columnPotential = new Float64Array(n + 1);
  for (let row = 1; row <= n; row++) {
    owner[0] = row;
    const previous = shortestPath(cost, n, { owner, rowPotential, columnPotential });
    // Hand the columns on along the path, from its free end back to the new row.
    for (let j = previous.end; j !== 0; j = previous.of[j]!) owner[j] = owner[previous.of[j]!]!;
  }
  const assignment = new Int32Array(n);
  for (let j = 1; j <= n; j++) assignment[owner[j]! - 1] = j - 1;
  return assignment;
}

/** The cheapest alternating path from the row in owner[0] to a free column, by reduced costs; updates the potentials. */
function shortestPath(
  cost: Float64Array,
  n: number,
  duals: { owner: Int32Array; rowPotential: Float64Array; columnPotential: Float64Array },
): { end: number; of: Int32Array } {
  const { owner, rowPotential, columnPotential } = duals;
  const distance = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
  const of = new Int32Array(n + 1);
  const visited = new Uint8Array(n + 1);
  let column = 0;
  while (owner[column] !== 0) {
    visited[column] = 1;
    const row = owner[column]!;
    let [next, step] = [0, Number.POSITIVE_INFINITY];
    for (let j = 1; j <= n; j++) {
      if (visited[j]) continue;
      const reduced = cost[(row - 1) * n + j - 1]! - rowPotential[row]! - columnPotential[j]!;
      if (reduced < distance[j]!) {
        distance[j] = reduced;
        of[j] = column;
      }
      if (distance[j]! < step) [next, step] = [j, distance[j]!];
    }
    for (let j = 0; j <= n; j++)
      if (visited[j]) {
        rowPotential[owner[j]!]! += step;
        columnPotential[j]! -= step;
      } else distance[j]! -= step;
    column = next;
  }
  return { end: column, of };
}

/** For each reference spectrum [C, B] the index of its endmember [C, B], by the least sum of spectral angles. */
export function assignByAngle(endmembers: Float32Array, reference: Float32Array, bands: number): Int32Array {
  const count = equalCounts(endmembers.length / bands, reference.length / bands);
  const row = (x: Float32Array, i: number) => x.subarray(i * bands, (i + 1) * bands);
  const cost = Float64Array.from({ length: count * count }, (_, k) =>
    spectralAngle(row(reference, Math.floor(k / count)), row(endmembers, k % count)),
  );
  assertFinite(cost, 'a spectrum is not finite');
  return assignLeastCost(cost, count);
}

/** For each reference map the index of its abundance map, by the least sum of squared differences; both [N, C]. */
export function assignByAbundance(abundances: Float32Array, reference: Float32Array, count: number): Int32Array {
  const cost = new Float64Array(count * count);
  for (let at = 0; at < reference.length; at += count)
    for (let r = 0; r < count; r++)
      for (let c = 0; c < count; c++) cost[r * count + c]! += (abundances[at + c]! - reference[at + r]!) ** 2;
  assertFinite(cost, 'an abundance is not finite');
  return assignLeastCost(cost, count);
}

/** The common count; TrainError where they differ: a surplus endmember has no reference to be compared with. */
export function equalCounts(found: number, expected: number): number {
  if (found !== expected)
    throw new TrainError(
      `evaluation: ${found} endmembers against ${expected} reference materials; train with ${expected} endmembers to compare`,
    );
  return found;
}

function assertFinite(cost: Float64Array, reason: string): void {
  if (!cost.every(Number.isFinite))
    throw new TrainError(`evaluation: endmembers cannot be matched, ${reason}; repair or leave out such values`);
}
