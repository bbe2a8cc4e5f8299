// Spectra by their direction: points of unit length in a few leading directions, and what clustering does with them.
// Legend: m points, B bands, d coordinates, K centroids; points have unit length.
import { TrainError } from '../error.js';
import { columnGram, dotRows, evenlySpacedRows, symmetricEigen } from '../linear-algebra.js';
import type { Random } from '../random.js';

/** Spectra, evenly spaced, that the directions are taken from. */
const MOST_SPECTRA = 5000;
/** 1 - cosine below this is the same direction, in float32. */
const SAME_DIRECTION = 1e-9;

/** Unit spectra in their `dimensions` leading directions, unit length again [m, d]. */
export function leadingDirections(spectra: Float32Array, bands: number, dimensions: number): Float64Array {
  return createDirections(spectra, bands, dimensions)(spectra);
}

/** The leading directions of `spectra` [m, B]: what it returns gives unit spectra in them, unit length again, [n, d] of any [n, B]. */
export function createDirections(
  spectra: Float32Array,
  bands: number,
  dimensions: number,
): (others: Float32Array) => Float64Array {
  const some = unitRows(Float64Array.from(evenlySpacedRows(spectra, bands, MOST_SPECTRA)), bands);
  const { vectors } = symmetricEigen(columnGram(some, bands), bands);
  return (others) => {
    const unit = unitRows(Float64Array.from(others), bands);
    const count = others.length / bands;
    const points = new Float64Array(count * dimensions);
    for (let n = 0; n < count; n++)
      for (let i = 0; i < dimensions; i++)
        points[n * dimensions + i] = dotRows(unit, vectors, { a: n * bands, b: i * bands, length: bands });
    return unitRows(points, dimensions);
  };
}

/** Scales each row to unit length, in place; rows of zeros stay. */
export function unitRows(x: Float64Array, width: number): Float64Array {
  for (let at = 0; at < x.length; at += width) {
    const length = Math.sqrt(dotRows(x, x, { a: at, b: at, length: width })) || 1;
    for (let i = 0; i < width; i++) x[at + i]! /= length;
  }
  return x;
}

/**
 * Seeds of a clustering [k, d]: points drawn one after the other with probability in proportion to `weigh(1 - cosine)` to the nearest one
 * before (k-means++ where that is the identity). k < `clusters` where the points have no more distinct directions.
 */
export function seedCentroids(
  points: Float64Array,
  width: number,
  options: { clusters: number; random: Pick<Random, 'uniform'>; weigh: (distance: number) => number },
): Float64Array {
  const { clusters, random, weigh } = options;
  const count = points.length / width;
  const centroids = new Float64Array(clusters * width);
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const weights = new Float64Array(count).fill(1);
  for (let c = 0; c < clusters; c++) {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) return centroids.subarray(0, c * width);
    const seed = drawFrom(weights, random.uniform() * total);
    centroids.set(points.subarray(seed * width, (seed + 1) * width), c * width);
    for (let n = 0; n < count; n++) {
      const distance = 1 - dotRows(points, centroids, { a: n * width, b: c * width, length: width });
      if (distance >= distances[n]!) continue;
      distances[n] = distance;
      weights[n] = distance < SAME_DIRECTION ? 0 : weigh(distance);
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

/** Which centroid each point is nearest to. */
export interface Nearest {
  /** [m] */
  readonly assignment: Int32Array;
  /** Half the squared distance to the nearest centroid [m]: 1 - cosine where that has unit length. */
  readonly distances: Float64Array;
}

/** The nearest of `centroids` [K, d], of any length, to each of `points` [m, d]; of equally near ones the first. */
export function nearestCentroids(points: Float64Array, centroids: Float64Array, width: number): Nearest {
  const count = points.length / width;
  const clusters = centroids.length / width;
  const assignment = new Int32Array(count);
  const distances = new Float64Array(count);
  // Four centroids a pass: the products' latency is the cost. What fills up the last pass is infinitely far.
  const padded = new Float64Array(4 * Math.ceil(clusters / 4) * width);
  padded.set(centroids);
  const half = new Float64Array(padded.length / width).fill(Number.POSITIVE_INFINITY);
  for (let c = 0; c < clusters; c++)
    half[c] = dotRows(centroids, centroids, { a: c * width, b: c * width, length: width }) / 2;
  const squared = new Float64Array(4);
  for (let n = 0; n < count; n++) {
    let [nearest, distance] = [0, Number.POSITIVE_INFINITY];
    for (let c = 0; c < half.length; c += 4) {
      fourDistances(points, n * width, { centroids: padded, half, c, width, squared });
      for (let k = 0; k < 4; k++) if (squared[k]! < distance) [nearest, distance] = [c + k, squared[k]!];
    }
    assignment[n] = nearest;
    distances[n] = distance;
  }
  return { assignment, distances };
}

/** Half the squared distances of the unit point at `at` to centroids c to c + 3. */
function fourDistances(
  points: Float64Array,
  at: number,
  to: { centroids: Float64Array; half: Float64Array; c: number; width: number; squared: Float64Array },
): void {
  const { centroids, half, c, width, squared } = to;
  const from = c * width;
  let [p, q, r, s] = [0, 0, 0, 0];
  for (let i = 0; i < width; i++) {
    const value = points[at + i]!;
    p += value * centroids[from + i]!;
    q += value * centroids[from + width + i]!;
    r += value * centroids[from + 2 * width + i]!;
    s += value * centroids[from + 3 * width + i]!;
  }
  squared[0] = 0.5 - p + half[c]!;
  squared[1] = 0.5 - q + half[c + 1]!;
  squared[2] = 0.5 - r + half[c + 2]!;
  squared[3] = 0.5 - s + half[c + 3]!;
}

/** How many points each of `clusters` clusters has [K]. */
export function clusterSizes(assignment: Int32Array, clusters: number): Int32Array {
  const sizes = new Int32Array(clusters);
  for (const c of assignment) sizes[c]!++;
  return sizes;
}

/** The sum of each cluster's points [K, d]. */
export function clusterSums(
  points: Float64Array,
  assignment: Int32Array,
  { width, clusters }: { width: number; clusters: number },
): Float64Array {
  const sums = new Float64Array(clusters * width);
  assignment.forEach((c, n) => {
    for (let i = 0; i < width; i++) sums[c * width + i]! += points[n * width + i]!;
  });
  return sums;
}

/** What to say where there are fewer distinct directions than endmembers are asked for. */
export function tooFewDirections(found: number, wanted: number): TrainError {
  return new TrainError(
    `clusters: the candidate spectra have ${found} distinct directions, ${wanted} endmembers are asked for; ask for at most ${found}`,
  );
}
