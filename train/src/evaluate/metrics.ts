// The figures of unmixing. Legend: N pixels, B bands, C materials; abundances and reference [N, C] in the same order of materials.
import { columnGram } from '../linear-algebra.js';
import { nnlsFromProducts } from '../nnls/nnls.js';

/** Angle between two spectra, radians; pi/2 where one is zero, the largest angle of non-negative spectra. */
export function spectralAngle(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [xy, xx, yy] = [0, 0, 0];
  for (let b = 0; b < x.length; b++) {
    xy += x[b]! * y[b]!;
    xx += x[b]! * x[b]!;
    yy += y[b]! * y[b]!;
  }
  return Math.acos(Math.min(1, Math.max(-1, xy / (Math.sqrt(xx * yy) || 1))));
}

export interface AbundanceErrors {
  /** Mean over pixels of the root of the mean over materials of the squared error (Hong et al. 2021, eq. 9). */
  readonly armse: number;
  /** Root of the mean over all pixels and materials of the squared error; never below `armse`. */
  readonly rmse: number;
  /** Root of the mean over pixels of the squared error, of each material [C]. */
  readonly perMaterial: Float64Array;
}

export function abundanceErrors(abundances: Float32Array, reference: Float32Array, count: number): AbundanceErrors {
  const total = reference.length / count;
  const squares = new Float64Array(count);
  let armse = 0;
  for (let n = 0; n < total; n++) {
    let pixel = 0;
    for (let c = 0; c < count; c++) {
      const square = (abundances[n * count + c]! - reference[n * count + c]!) ** 2;
      pixel += square;
      squares[c]! += square;
    }
    armse += Math.sqrt(pixel / count) / total;
  }
  const all = squares.reduce((sum, square) => sum + square, 0);
  return {
    armse,
    rmse: Math.sqrt(all / (total * count)),
    perMaterial: squares.map((square) => Math.sqrt(square / total)),
  };
}

/**
 * The endmembers [C, B] that explain the spectra best with these abundances: min ||X - A E||_F, E >= 0 (Hong et al. 2021, eq. 12).
 * A band at a time that is NNLS with A^T A [C, C] and A^T x [C].
 */
export function endmembersFromAbundances(spectra: Float32Array, abundances: Float32Array, count: number): Float32Array {
  const total = abundances.length / count;
  const bands = spectra.length / total;
  const products = new Float64Array(bands * count); // [B, C]
  for (let n = 0; n < total; n++)
    for (let c = 0; c < count; c++) {
      const weight = abundances[n * count + c]!;
      if (weight !== 0) for (let b = 0; b < bands; b++) products[b * count + c]! += weight * spectra[n * bands + b]!;
    }
  const solution = nnlsFromProducts(columnGram(abundances, count), products, count); // [B, C]
  return Float32Array.from({ length: count * bands }, (_, k) => solution[(k % bands) * count + Math.floor(k / bands)]!);
}

/** The mean spectrum of a material's purest pixels. */
export interface PureSpectrum {
  /** [B] */
  readonly spectrum: Float32Array;
  readonly pixels: number;
  /** The least abundance among them: at or below .95 where no pixel is near-pure. */
  readonly leastAbundance: number;
}

const NEAR_PURE = 0.95;
/** Where no pixel is near-pure, the spectrum of this many of the purest is taken. */
const FALLBACK_PIXELS = 20;

/** Of each material the mean spectrum of the pixels with abundance > .95, or of the 20 purest pixels where there is none. */
export function pureSpectra(spectra: Float32Array, abundances: Float32Array, count: number): PureSpectrum[] {
  const total = abundances.length / count;
  return Array.from({ length: count }, (_, c) => {
    const of = (n: number) => abundances[n * count + c]!;
    const all = [...Array(total).keys()];
    const pure = all.filter((n) => of(n) > NEAR_PURE);
    const members = pure.length > 0 ? pure : all.sort((a, b) => of(b) - of(a) || a - b).slice(0, FALLBACK_PIXELS);
    const leastAbundance = members.reduce((least, n) => Math.min(least, of(n)), 1);
    return { spectrum: meanSpectrum(spectra, spectra.length / total, members), pixels: members.length, leastAbundance };
  });
}

function meanSpectrum(spectra: Float32Array, bands: number, members: readonly number[]): Float32Array {
  const sum = new Float64Array(bands);
  for (const n of members) for (let b = 0; b < bands; b++) sum[b]! += spectra[n * bands + b]!;
  return Float32Array.from(sum, (value) => value / members.length);
}
