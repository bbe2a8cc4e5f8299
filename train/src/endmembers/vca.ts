// Vertex component analysis. Legend: n pixels, B bands, p endmembers, d dimensions of the subspace (d <= p).
// J. Nascimento & J. Bioucas-Dias, "Vertex component analysis", IEEE TGRS 43(4), 2005.
import type { Random } from '../random.js';
import { findSubspace } from './subspace.js';

export interface VcaOptions {
  /** Endmembers to look for, p. */
  readonly count: number;
  readonly bands: number;
  readonly random: Pick<Random, 'normal'>;
  /** Signal-to-noise ratio in dB; estimated from the pixels (the paper's eq. 13) when absent. */
  readonly snr?: number;
}

export interface VcaResult {
  /** The chosen pixels projected onto the signal subspace, reflectance [found, B]; found < p where the pixels span less. */
  readonly spectra: Float32Array;
  /** Which pixels they are [found]. */
  readonly indices: Int32Array;
}

/** A direction whose largest projection is this small beside the pixels themselves has no vertex left. */
const NOTHING_LEFT = 1e-9;

/**
 * The vertices of the simplex that `pixels` [n, B] fill: each the pixel farthest along a random direction orthogonal to those found.
 * Above 15 + 10 log10 p dB the pixels are projected on p directions and then on the plane through their mean; below, on p - 1
 * directions about the mean.
 */
export function vca(pixels: Float32Array, options: VcaOptions): VcaResult {
  const { count, bands, random } = options;
  const snr = options.snr ?? estimateSnr(pixels, bands, count);
  const view = snr > 15 + 10 * Math.log10(count) ? onPlane(pixels, bands, count) : aboutMean(pixels, bands, count);
  const indices = findVertices(view.points, view.dimensions, random);
  const spectra = new Float32Array(indices.length * bands);
  indices.forEach((index, i) => {
    spectra.set(view.spectrum(index), i * bands);
  });
  return { spectra, indices };
}

/** Pixels as points in which the simplex has its vertices. */
interface View {
  readonly dimensions: number;
  /** [d, n] */
  readonly points: Float64Array;
  spectrum(index: number): Float64Array;
}

/** Projective projection: x / (x . mean of x), so that brightness does not matter. */
function onPlane(pixels: Float32Array, bands: number, count: number): View {
  const n = pixels.length / bands;
  const { dimensions, coordinates, project } = findSubspace(pixels, bands, count);
  const mean = Float64Array.from({ length: dimensions }, (_, i) => meanOf(coordinates, i * n, n));
  const meanPower = mean.reduce((sum, value) => sum + value * value, 0);
  const points = new Float64Array(dimensions * n);
  for (let k = 0; k < n; k++) {
    let along = 0;
    for (let i = 0; i < dimensions; i++) along += coordinates[i * n + k]! * mean[i]!;
    // A pixel without any brightness along the mean (a zero spectrum) has no place on the plane: it stays at 0, never a vertex.
    if (along > NOTHING_LEFT * meanPower)
      for (let i = 0; i < dimensions; i++) points[i * n + k] = coordinates[i * n + k]! / along;
  }
  return { dimensions, points, spectrum: project };
}

/** Principal components about the mean, with a constant last coordinate of the length of the longest. */
function aboutMean(pixels: Float32Array, bands: number, count: number): View {
  const n = pixels.length / bands;
  const { centred, mean } = centre(pixels, bands);
  const { dimensions, coordinates, project } = findSubspace(centred, bands, count - 1);
  let longest = 0;
  for (let k = 0; k < n; k++) {
    let length = 0;
    for (let i = 0; i < dimensions; i++) length += coordinates[i * n + k]! ** 2;
    longest = Math.max(longest, Math.sqrt(length));
  }
  const points = new Float64Array((dimensions + 1) * n).fill(longest || 1);
  points.set(coordinates);
  return {
    dimensions: dimensions + 1,
    points,
    spectrum: (index) => project(index).map((value, b) => value + mean[b]!),
  };
}

function meanOf(values: Float64Array, from: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += values[from + k]!;
  return sum / length;
}

function centre(pixels: Float32Array, bands: number): { centred: Float64Array; mean: Float64Array } {
  const n = pixels.length / bands;
  const mean = new Float64Array(bands);
  pixels.forEach((value, i) => {
    mean[i % bands]! += value / n;
  });
  return { centred: Float64Array.from(pixels, (value, i) => value - mean[i % bands]!), mean };
}

/** Signal-to-noise ratio in dB: power inside the p leading directions (about the mean) against the power outside. */
function estimateSnr(pixels: Float32Array, bands: number, count: number): number {
  const n = pixels.length / bands;
  const power = pixels.reduce((sum, value) => sum + value * value, 0) / n;
  const { centred, mean } = centre(pixels, bands);
  const { coordinates } = findSubspace(centred, bands, count);
  const inside =
    coordinates.reduce((sum, value) => sum + value * value, 0) / n +
    mean.reduce((sum, value) => sum + value * value, 0);
  const noise = power - inside;
  const signal = inside - (count / bands) * power;
  if (noise <= Number.EPSILON * power) return Number.POSITIVE_INFINITY;
  return signal > 0 ? 10 * Math.log10(signal / noise) : Number.NEGATIVE_INFINITY;
}

/** The vertices' indices: at most d, fewer where the points span less. */
function findVertices(points: Float64Array, dimensions: number, random: Pick<Random, 'normal'>): Int32Array {
  const n = points.length / dimensions;
  const found: number[] = [];
  // Orthonormal basis of the vertices found; the first search is orthogonal to the last axis, as in the paper.
  let basis: Float64Array[] = [Float64Array.from({ length: dimensions }, (_, i) => (i === dimensions - 1 ? 1 : 0))];
  if (dimensions === 1) basis = [];
  const size = points.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  while (found.length < dimensions) {
    const direction = orthogonal(Float64Array.from({ length: dimensions }, random.normal), basis);
    if (!direction) break;
    const { index, extent } = farthest(points, n, direction);
    if (extent <= NOTHING_LEFT * size) break;
    if (found.length === 0) basis = [];
    found.push(index);
    const vertex = orthogonal(
      Float64Array.from({ length: dimensions }, (_, i) => points[i * n + index]!),
      basis,
    );
    if (vertex) basis.push(vertex);
  }
  return Int32Array.from(found);
}

/** The unit vector of `vector` less its part in the orthonormal `basis`; undefined where nothing is left. */
function orthogonal(vector: Float64Array, basis: readonly Float64Array[]): Float64Array | undefined {
  const start = Math.hypot(...vector);
  // Twice: once leaves rounding errors of the size of what was taken away.
  for (const axis of [...basis, ...basis]) {
    const along = vector.reduce((sum, value, i) => sum + value * axis[i]!, 0);
    axis.forEach((value, i) => {
      vector[i]! -= along * value;
    });
  }
  const length = Math.hypot(...vector);
  return length > NOTHING_LEFT * start ? vector.map((value) => value / length) : undefined;
}

function farthest(points: Float64Array, n: number, direction: Float64Array): { index: number; extent: number } {
  let [index, extent] = [0, -1];
  for (let k = 0; k < n; k++) {
    let along = 0;
    for (let i = 0; i < direction.length; i++) along += direction[i]! * points[i * n + k]!;
    if (Math.abs(along) > extent) [index, extent] = [k, Math.abs(along)];
  }
  return { index, extent };
}
