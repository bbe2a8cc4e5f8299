// Cosine K-means. Legend: m points, d coordinates, K clusters; points and centroids have unit length.
// I. Dhillon & D. Modha, "Concept decompositions for large sparse text data using clustering", Machine Learning 42, 2001;
// seeds by D. Arthur & S. Vassilvitskii, "k-means++", SODA 2007.
import type { Random } from '../random.js';
import {
  clusterSizes,
  clusterSums,
  leadingDirections,
  type Nearest,
  nearestCentroids,
  seedCentroids,
  tooFewDirections,
  unitRows,
} from './directions.js';

export interface Clustering {
  /** Cluster of each point [m]. */
  readonly assignment: Int32Array;
  /** Points in each cluster [K], none 0. */
  readonly sizes: Int32Array;
  /** Sum over the points of 1 - cosine to their centroid. */
  readonly inertia: number;
}

export interface ClusterOptions {
  readonly clusters: number;
  readonly restarts: number;
  readonly random: Random;
  readonly pause: (stage: string, done: number, total: number) => Promise<void>;
}

/** The angles of spectra lie in few directions: this many, or twice the clusters. */
const LEAST_DIRECTIONS = 20;
const MOST_ITERATIONS = 100;

/**
 * Clusters `spectra` [m, B] (none zero) by their direction, in the leading directions of the unit spectra. The best of `restarts`
 * by inertia. Throws TrainError where there are fewer distinct directions than clusters.
 */
export async function sphericalKmeans(
  spectra: Float32Array,
  bands: number,
  options: ClusterOptions,
): Promise<Clustering> {
  const { clusters, restarts, random, pause } = options;
  const dimensions = Math.min(bands, Math.max(LEAST_DIRECTIONS, 2 * clusters));
  const points = leadingDirections(spectra, bands, dimensions);
  let best: Clustering | undefined;
  for (let r = 0; r < restarts; r++) {
    await pause('clusters', r, restarts);
    const found = cluster(points, dimensions, { clusters, random: random.fork(`restart ${r}`) });
    if (!best || found.inertia < best.inertia) best = found;
  }
  await pause('clusters', restarts, restarts);
  return best!;
}

function cluster(points: Float64Array, width: number, start: { clusters: number; random: Random }): Clustering {
  let centroids = seeds(points, width, start);
  let nearest = nearestCentroids(points, centroids, width);
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    centroids = meanDirections(points, width, { ...nearest, clusters: start.clusters });
    const next = nearestCentroids(points, centroids, width);
    const settled = next.assignment.every((c, n) => c === nearest.assignment[n]);
    nearest = next;
    if (settled) break;
  }
  const { assignment, distances } = fillEmpty(nearest, start.clusters);
  const sizes = clusterSizes(assignment, start.clusters);
  return { assignment, sizes, inertia: distances.reduce((sum, distance) => sum + distance, 0) };
}

/** k-means++: each seed drawn with probability in proportion to 1 - cosine (half the squared chord) to the nearest seed before. */
function seeds(points: Float64Array, width: number, start: { clusters: number; random: Random }): Float64Array {
  const { clusters } = start;
  const centroids = seedCentroids(points, width, { ...start, weigh: (distance) => distance });
  const found = centroids.length / width;
  if (found < clusters) throw tooFewDirections(found, clusters);
  return centroids;
}

function meanDirections(points: Float64Array, width: number, nearest: Nearest & { clusters: number }): Float64Array {
  const { assignment } = fillEmpty(nearest, nearest.clusters);
  return unitRows(clusterSums(points, assignment, { width, clusters: nearest.clusters }), width);
}

/** Gives each empty cluster the point farthest from its own centroid. */
function fillEmpty({ assignment, distances }: Nearest, clusters: number): Nearest {
  const sizes = clusterSizes(assignment, clusters);
  if (!sizes.includes(0)) return { assignment, distances };
  const filled = Int32Array.from(assignment);
  const remaining = Float64Array.from(distances);
  sizes.forEach((size, c) => {
    if (size > 0) return;
    let farthest = -1;
    for (let n = 0; n < filled.length; n++)
      if (sizes[filled[n]!]! > 1 && (farthest < 0 || remaining[n]! > remaining[farthest]!)) farthest = n;
    sizes[filled[farthest]!]!--;
    sizes[c] = 1;
    filled[farthest] = c;
    remaining[farthest] = 0;
  });
  return { assignment: filled, distances: remaining };
}
