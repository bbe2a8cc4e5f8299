// Strata of like spectra, and how many of each are drawn: what is rare in many scenes must not drown in what is common.
// Legend: n spectra, B bands, d directions, K strata.
import { clusterSizes, clusterSums, createDirections, nearestCentroids } from '../endmembers/directions.js';
import { overCluster } from '../endmembers/over-clustering.js';
import type { Random } from '../random.js';
import { createPriority } from './reservoir.js';

/** Strata, and the directions that spectra are told apart by. */
const STRATA = { count: 48, directions: 8 } as const;

/** What a share that should be whole may lack by its arithmetic. */
const ROUNDING = 1e-9;

/** Tells the stratum, 0..K-1, of each of some spectra [n, B]: [n]. */
export type StratumOf = (spectra: Float32Array) => Int32Array;

/** Strata by spectral shape, whatever the brightness: clusters of `spectra` [n, B]. */
export function createStrata(spectra: Float32Array, bands: number, random: Random): StratumOf {
  const width = Math.min(bands, STRATA.directions);
  const project = createDirections(spectra, bands, width);
  const points = project(spectra);
  const assignment = overCluster(points, width, { clusters: STRATA.count, random });
  const clusters = assignment.reduce((most, k) => Math.max(most, k), 0) + 1;
  const sizes = clusterSizes(assignment, clusters);
  const sums = clusterSums(points, assignment, { width, clusters });
  const centroids = sums.map((sum, i) => sum / Math.max(1, sizes[Math.floor(i / width)]!));
  return (others) => nearestCentroids(project(others), centroids, width).assignment;
}

/**
 * How many of the `sizes` [K] members of each stratum are taken, `total` in all: as many as are in proportion to the root of its size, at most all of them
 * (power allocation: M. D. Bankier, "Power allocations: determining sample sizes for subnational areas", The American Statistician 42(3), 1988).
 */
export function allocate(sizes: ArrayLike<number>, total: number): Int32Array {
  const order = Array.from(sizes, (_, k) => k).sort((a, b) => sizes[a]! - sizes[b]! || a - b);
  const shares = new Float64Array(order.length);
  let left = Math.min(
    total,
    order.reduce((sum, k) => sum + sizes[k]!, 0),
  );
  const taken = left;
  let roots = order.reduce((sum, k) => sum + Math.sqrt(sizes[k]!), 0);
  // From the smallest: what a stratum cannot give falls to the larger ones.
  for (const k of order) {
    const root = Math.sqrt(sizes[k]!);
    shares[k] = roots > 0 ? Math.min(sizes[k]!, (left * root) / roots) : 0;
    left -= shares[k]!;
    roots -= root;
  }
  return wholeNumbers(shares, taken);
}

/** Each of `shares` rounded down, those of the largest remainders up, so that they sum to `total`. */
function wholeNumbers(shares: Float64Array, total: number): Int32Array {
  const numbers = Int32Array.from(shares, (share) => Math.floor(share + ROUNDING));
  const remainder = (k: number) => shares[k]! - numbers[k]!;
  const order = [...shares.keys()].sort((a, b) => remainder(b) - remainder(a) || a - b);
  const missing = total - numbers.reduce((sum, number) => sum + number, 0);
  for (const k of order.slice(0, missing)) numbers[k]!++;
  return numbers;
}

/** The numbers, rising, of `total` items that lie in these strata [n], drawn as `allocate` says; all where they are no more. */
export function drawFromStrata(strata: Int32Array, total: number, random: Random): Uint32Array {
  if (strata.length <= total) return Uint32Array.from(strata.keys());
  const sizes = clusterSizes(strata, strata.reduce((most, k) => Math.max(most, k), 0) + 1);
  const quotas = allocate(sizes, total);
  const priority = createPriority(random);
  const priorities = Float64Array.from(strata.keys(), priority);
  const members = Array.from(sizes, () => [] as number[]);
  strata.forEach((k, i) => {
    members[k]!.push(i);
  });
  const drawn = members.flatMap((items, k) =>
    items.sort((a, b) => priorities[a]! - priorities[b]!).slice(0, quotas[k]),
  );
  return Uint32Array.from(drawn).sort();
}
