// Many small clusters of candidates, so that mixed spectra do not pull the corners of the simplex inwards.
// Legend: m candidates, B bands, d directions, K clusters, C endmembers.
import type { Random } from '../random.js';
import { clusterSizes, clusterSums, nearestCentroids, seedCentroids, tooFewDirections } from './directions.js';

const MOST_ITERATIONS = 60;
/** Centroids whose coordinates move by no more than this have settled. */
const SETTLED = 1e-5;

/**
 * K-means on `points` [m, d] of unit length with means of any length as centroids; returns the cluster of each point [m]. Seeds are drawn in
 * proportion to the distance, not its square, which would seed on outliers. Clusters may be empty, and are fewer than `clusters` where the
 * points have fewer distinct directions.
 */
export function overCluster(
  points: Float64Array,
  width: number,
  { clusters, random }: { clusters: number; random: Pick<Random, 'uniform'> },
): Int32Array {
  // sqrt(1 - cosine) is the length of the chord / sqrt(2).
  let centroids = seedCentroids(points, width, { clusters, random, weigh: Math.sqrt });
  for (let i = 0; ; i++) {
    const { assignment } = nearestCentroids(points, centroids, width);
    const next = meanPoints(points, assignment, { width, centroids });
    const settled = next.every((value, k) => Math.abs(value - centroids[k]!) <= SETTLED);
    if (settled || i + 1 === MOST_ITERATIONS) return assignment;
    centroids = next;
  }
}

/** The mean of each cluster's points [K, d]; that of an empty one stays where it was. */
function meanPoints(
  points: Float64Array,
  assignment: Int32Array,
  { width, centroids }: { width: number; centroids: Float64Array },
): Float64Array {
  const clusters = centroids.length / width;
  const sizes = clusterSizes(assignment, clusters);
  return clusterSums(points, assignment, { width, clusters }).map((sum, k) => {
    const size = sizes[Math.floor(k / width)]!;
    return size > 0 ? sum / size : centroids[k]!;
  });
}

/**
 * The mean spectrum, magnitudes as they are, of each cluster of `least` or more of the `spectra` [m, B]: [k, B]. Where fewer than `count`
 * clusters are that large, the `count` largest (and their equals) are taken. Throws TrainError where there are fewer clusters than `count`.
 */
export function clusterSpectra(
  spectra: Float32Array,
  assignment: Int32Array,
  { bands, least, count }: { bands: number; least: number; count: number },
): Float32Array {
  const sizes = clusterSizes(assignment, assignment.reduce((most, c) => Math.max(most, c), 0) + 1);
  const found = sizes.filter((size) => size > 0).length;
  if (found < count) throw tooFewDirections(found, count);
  const demanded = Math.min(least, Int32Array.from(sizes).sort()[sizes.length - count]!);
  const kept = [...sizes.keys()].filter((c) => sizes[c]! >= demanded);
  const rows = new Map(kept.map((c, i) => [c, i]));
  const sums = new Float64Array(kept.length * bands);
  assignment.forEach((c, n) => {
    const row = rows.get(c);
    if (row === undefined) return;
    for (let b = 0; b < bands; b++) sums[row * bands + b]! += spectra[n * bands + b]!;
  });
  return Float32Array.from(sums, (sum, k) => sum / sizes[kept[Math.floor(k / bands)]!]!);
}
