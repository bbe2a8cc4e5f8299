// Cosine K-means. Legend: m points, d coordinates, K clusters; points and centroids have unit length.
// I. Dhillon & D. Modha, "Concept decompositions for large sparse text data using clustering", Machine Learning 42, 2001;
// seeds by D. Arthur & S. Vassilvitskii, "k-means++", SODA 2007.
import { TrainError } from '../error.js';
import { columnGram, dotRows, evenlySpacedRows, symmetricEigen } from '../linear-algebra.js';
import type { Random } from '../random.js';

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
/** Spectra, evenly spaced, that the directions are taken from. */
const MOST_SPECTRA = 5000;
const MOST_ITERATIONS = 100;
/** 1 - cosine below this is the same direction, in float32. */
const SAME_DIRECTION = 1e-9;

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

/** Unit spectra in their `dimensions` leading directions, unit length again [m, d]. */
function leadingDirections(spectra: Float32Array, bands: number, dimensions: number): Float64Array {
  const unit = unitRows(Float64Array.from(spectra), bands);
  const some = unitRows(Float64Array.from(evenlySpacedRows(spectra, bands, MOST_SPECTRA)), bands);
  const { vectors } = symmetricEigen(columnGram(some, bands), bands);
  const count = spectra.length / bands;
  const points = new Float64Array(count * dimensions);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < dimensions; i++)
      points[n * dimensions + i] = dotRows(unit, vectors, { a: n * bands, b: i * bands, length: bands });
  return unitRows(points, dimensions);
}

/** Scales each row to unit length, in place; rows of zeros stay. */
function unitRows(x: Float64Array, width: number): Float64Array {
  for (let at = 0; at < x.length; at += width) {
    const length = Math.sqrt(dotRows(x, x, { a: at, b: at, length: width })) || 1;
    for (let i = 0; i < width; i++) x[at + i]! /= length;
  }
  return x;
}

function cluster(points: Float64Array, width: number, start: { clusters: number; random: Random }): Clustering {
  let centroids = seedCentroids(points, width, start);
  let nearest = assign(points, centroids, width);
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    centroids = meanDirections(points, width, { ...nearest, clusters: start.clusters });
    const next = assign(points, centroids, width);
    const settled = next.assignment.every((c, n) => c === nearest.assignment[n]);
    nearest = next;
    if (settled) break;
  }
  const { assignment, distances } = fillEmpty(nearest, start.clusters);
  const sizes = new Int32Array(start.clusters);
  for (const c of assignment) sizes[c]!++;
  return { assignment, sizes, inertia: distances.reduce((sum, distance) => sum + distance, 0) };
}

/** k-means++: each seed drawn with probability in proportion to 1 - cosine (half the squared chord) to the nearest seed before. */
function seedCentroids(
  points: Float64Array,
  width: number,
  { clusters, random }: { clusters: number; random: Random },
): Float64Array {
  const count = points.length / width;
  const centroids = new Float64Array(clusters * width);
  const distances = new Float64Array(count).fill(1);
  for (let c = 0; c < clusters; c++) {
    const total = distances.reduce((sum, distance) => sum + distance, 0);
    if (total === 0)
      throw new TrainError(
        `clusters: the candidate spectra have ${c} distinct directions, ${clusters} endmembers are asked for; ask for at most ${c}`,
      );
    const seed = drawFrom(distances, random.uniform() * total);
    centroids.set(points.subarray(seed * width, (seed + 1) * width), c * width);
    for (let n = 0; n < count; n++) {
      const distance = 1 - dotRows(points, centroids, { a: n * width, b: c * width, length: width });
      distances[n] = distance < SAME_DIRECTION ? 0 : Math.min(c === 0 ? distance : distances[n]!, distance);
    }
  }
  return centroids;
}

/** The first index whose running sum of weights exceeds `level`, never one of weight 0. */
function drawFrom(weights: Float64Array, level: number): number {
  let last = 0;
  for (let n = 0; n < weights.length; n++) {
    if (weights[n] === 0) continue;
    last = n;
    level -= weights[n]!;
    if (level < 0) break;
  }
  return last;
}

interface Nearest {
  readonly assignment: Int32Array;
  /** 1 - cosine to the nearest centroid [m]. */
  readonly distances: Float64Array;
}

function assign(points: Float64Array, centroids: Float64Array, width: number): Nearest {
  const count = points.length / width;
  const assignment = new Int32Array(count);
  const distances = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    let [nearest, cosine] = [0, -2];
    for (let at = 0; at < centroids.length; at += width) {
      const dot = dotRows(points, centroids, { a: n * width, b: at, length: width });
      if (dot > cosine) [nearest, cosine] = [at / width, dot];
    }
    assignment[n] = nearest;
    distances[n] = 1 - cosine;
  }
  return { assignment, distances };
}

function meanDirections(points: Float64Array, width: number, nearest: Nearest & { clusters: number }): Float64Array {
  const { assignment } = fillEmpty(nearest, nearest.clusters);
  const sums = new Float64Array(nearest.clusters * width);
  assignment.forEach((c, n) => {
    for (let i = 0; i < width; i++) sums[c * width + i]! += points[n * width + i]!;
  });
  return unitRows(sums, width);
}

/** Gives each empty cluster the point farthest from its own centroid. */
function fillEmpty({ assignment, distances }: Nearest, clusters: number): Nearest {
  const sizes = new Int32Array(clusters);
  for (const c of assignment) sizes[c]!++;
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
