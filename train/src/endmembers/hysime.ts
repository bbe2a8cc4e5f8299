// How many endmembers a scene carries: HySime. Legend: N pixels, B bands; R = X^T X / N [B, B]; P = R^-1.
// J. Bioucas-Dias & J. Nascimento, "Hyperspectral subspace identification", IEEE TGRS 46(8), 2008.
import { inverse, Matrix } from 'ml-matrix';
import { TrainError } from '../error.js';
import { columnGram, evenlySpacedRows, symmetricEigen } from '../linear-algebra.js';

/** What HySime found. */
export interface HySime {
  /** Dimension of the signal subspace: the number of endmembers. */
  readonly count: number;
  /** Noise variance of each band, reflectance squared [B]. */
  readonly noise: Float64Array;
}

/** At most this many pixels, evenly spaced, are used: the error of a second moment falls no further in any way that matters. */
const MOST_PIXELS = 20_000;
/** Keeps R invertible where bands are exact combinations of others; relative to the mean power of a band. */
const RIDGE = 1e-10;
/** Noise is taken to be at least 50 dB below the mean power of the signal, so that noise-free data have a subspace too. */
export const NOISE_FLOOR = 1e-5;

/** The noise of each band, and what it was estimated from. */
export interface BandNoise {
  /** Variance, reflectance squared [B]. */
  readonly noise: Float64Array;
  /** R */
  readonly correlation: Matrix;
  /** The matrix that takes a pixel to its noise [B, B]. */
  readonly residual: Matrix;
}

/**
 * Noise by regressing each band on all others (section II), on at most 20,000 evenly spaced ones of `pixels` [N, B]. Throws TrainError where
 * N <= B: the regression is then exact.
 */
export function bandNoise(pixels: Float32Array, bands: number): BandNoise {
  const total = pixels.length / bands;
  if (total <= bands)
    throw new TrainError(
      `number of endmembers: HySime needs more pixels than bands, got ${total} pixels of ${bands} bands; give the number of endmembers`,
    );
  const correlation = meanCorrelation(pixels, bands);
  const power = correlation.trace() / bands;
  if (!(power > 0))
    throw new TrainError('number of endmembers: every pixel is zero in every band; choose another part of the scene');
  const residual = regressionResidual(correlation, RIDGE * power);
  const noise = residual.mmul(correlation).mmul(residual.transpose()).diagonal();
  return { noise: Float64Array.from(noise), correlation, residual };
}

/**
 * HySime on `pixels` [N, B]: noise as `bandNoise` has it, then the directions of the signal's correlation whose power exceeds twice that of
 * the noise (eq. 25). Throws TrainError where N <= B.
 */
export function hysime(pixels: Float32Array, bands: number): HySime {
  const { noise, correlation, residual } = bandNoise(pixels, bands);
  const signalOf = Matrix.eye(bands).sub(residual);
  const signal = signalOf.mmul(correlation).mmul(signalOf.transpose());
  const floor = (NOISE_FLOOR * signal.trace()) / bands;
  const { vectors } = symmetricEigen(Float64Array.from(signal.to1DArray()), bands);
  let count = 0;
  for (let i = 0; i < bands; i++) {
    const direction = Matrix.columnVector(vectors.subarray(i * bands, (i + 1) * bands));
    const observed = direction.transpose().mmul(correlation).mmul(direction).get(0, 0);
    const noisePower = noise.reduce((sum, variance, b) => sum + (variance + floor) * direction.get(b, 0) ** 2, 0);
    if (observed > 2 * noisePower) count++;
  }
  return { count, noise };
}

/** R over at most MOST_PIXELS evenly spaced pixels. */
function meanCorrelation(pixels: Float32Array, bands: number): Matrix {
  const used = evenlySpacedRows(pixels, bands, MOST_PIXELS);
  const gram = columnGram(used, bands);
  return Matrix.from1DArray(bands, bands, gram).mul(bands / used.length);
}

/** The matrix that takes a pixel to its noise: row b is y_b minus its regression on the other bands, (P y)_b / P_bb. */
function regressionResidual(correlation: Matrix, ridge: number): Matrix {
  const bands = correlation.rows;
  const precision = inverse(correlation.clone().add(Matrix.eye(bands, bands, ridge)));
  for (let b = 0; b < bands; b++) precision.mulRow(b, 1 / precision.get(b, b));
  return precision;
}
