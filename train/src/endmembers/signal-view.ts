// Pixels in the directions of their signal, in units of their noise: where C endmembers mix linearly, nothing but noise is left out.
// Legend: n pixels, B bands, C directions, as many as endmembers.
import { dotRows, symmetricEigen } from '../linear-algebra.js';
import { bandNoise, NOISE_FLOOR } from './hysime.js';

/** Spectra as points of C coordinates, in which white noise has a variance of 1. */
export interface SignalView {
  /** Mean power of the pixels along a direction outside: about 1 where these directions explain the scene to its noise. */
  readonly remainder: number;
  /** Spectra [k, B] as points [k, C]. */
  project(spectra: Float32Array): Float64Array;
  /** The spectra of points [k, C], negative values as 0 [k, B]. */
  spectra(points: Float64Array): Float32Array;
}

/**
 * The `count` leading directions of `pixels` [n, B], not centred, after each band was divided by the standard deviation of its noise (HySime's
 * regression, and at least 50 dB below the mean power). Throws TrainError where n <= B, which leaves no noise to be estimated.
 */
export function createSignalView(pixels: Float32Array, bands: number, count: number): SignalView {
  const { noise, correlation } = bandNoise(pixels, bands);
  const floor = (NOISE_FLOOR * correlation.trace()) / bands;
  const weights = noise.map((variance) => 1 / Math.sqrt(Math.max(0, variance) + floor)); // [B]
  const whitened = Float64Array.from(
    { length: bands * bands },
    (_, k) => correlation.get(Math.floor(k / bands), k % bands) * weights[Math.floor(k / bands)]! * weights[k % bands]!,
  );
  const { values, vectors } = symmetricEigen(whitened, bands);
  const outside = values.subarray(count).reduce((sum, value) => sum + value, 0);
  return {
    remainder: count < bands ? outside / (bands - count) : 0,
    project(spectra) {
      const points = new Float64Array((spectra.length / bands) * count);
      const weighted = Float64Array.from(spectra, (value, i) => value * weights[i % bands]!);
      for (let i = 0; i < points.length; i++)
        points[i] = dotRows(weighted, vectors, {
          a: Math.floor(i / count) * bands,
          b: (i % count) * bands,
          length: bands,
        });
      return points;
    },
    spectra(points) {
      const spectra = new Float32Array((points.length / count) * bands);
      for (let i = 0; i < spectra.length; i++) {
        const [row, b] = [Math.floor(i / bands) * count, i % bands];
        let value = 0;
        for (let k = 0; k < count; k++) value += points[row + k]! * vectors[k * bands + b]!;
        spectra[i] = Math.max(0, value / weights[b]!);
      }
      return spectra;
    },
  };
}
