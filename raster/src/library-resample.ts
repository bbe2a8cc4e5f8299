// Legend: S spectra, L bands of the library, B bands of the sensor. Wavelengths and widths in nm.
import type { SpectralLibrary } from './library.js';
import { refuse } from './refuse.js';

/** A band to resample to. */
export interface SensorBand {
  readonly wavelength?: number;
  readonly fwhm?: number;
}

/** The library's samples that make up one band: `weights[i]` of sample `first + i`; they sum to 1. */
interface Response {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Gaussians are cut at this many FWHM from their centre, where they have fallen to 0.2 %. */
const REACH = 1.5;
/** Nodes of the numerical integral over a Gaussian, on either side of its centre. */
const NODES = 64;

/** Index i of the interval [w[i], w[i + 1]] that holds `wavelength`, which lies inside the library. */
function intervalOf(wavelengths: readonly number[], wavelength: number): number {
  let low = 0;
  let high = wavelengths.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (wavelengths[middle]! <= wavelength) low = middle;
    else high = middle;
  }
  return low;
}

/** Adds `weight` of the library's linear interpolation at `wavelength` to `dense` [L]. */
function addInterpolated(
  dense: Float64Array,
  wavelengths: readonly number[],
  at: { wavelength: number; weight: number },
): void {
  const i = intervalOf(wavelengths, at.wavelength);
  const [left, right] = [wavelengths[i]!, wavelengths[i + 1] ?? wavelengths[i]!];
  const share = right > left ? (at.wavelength - left) / (right - left) : 0;
  dense[i]! += at.weight * (1 - share);
  if (share > 0) dense[i + 1]! += at.weight * share;
}

/** What is left for a Gaussian to smooth: the band's width less the library's own, in quadrature; 0 where the library is no finer. */
function remainingFwhm(library: SpectralLibrary, interval: number, fwhm: number): number {
  const { wavelengths, fwhm: own } = library;
  const spacing = (wavelengths![interval + 1] ?? Infinity) - wavelengths![interval]!;
  const ownFwhm = own?.[interval] ?? 0;
  const remaining = ownFwhm < fwhm ? Math.sqrt(fwhm * fwhm - ownFwhm * ownFwhm) : 0;
  return spacing < remaining ? remaining : 0;
}

/**
 * The response of one band over the library's samples. Where the library is finer than the band: the band's Gaussian, integrated over the linear interpolation of the library,
 * symmetric about the centre (also near the library's ends), so that a straight spectrum comes out unchanged. Else: linear interpolation at the centre.
 */
function responseOf(library: SpectralLibrary, centre: number, fwhm: number | undefined): Response {
  const wavelengths = library.wavelengths!;
  const dense = new Float64Array(wavelengths.length); // [L]
  const smoothing = fwhm ? remainingFwhm(library, intervalOf(wavelengths, centre), fwhm) : 0;
  const reach = Math.min(REACH * smoothing, centre - wavelengths[0]!, wavelengths.at(-1)! - centre);
  const nodes = smoothing > 0 && reach >= smoothing / 2 ? NODES : 0;
  let total = 0;
  for (let n = -nodes; n <= nodes; n++) {
    const distance = nodes === 0 ? 0 : (n / nodes) * reach;
    const weight = nodes === 0 ? 1 : 2 ** (-4 * (distance / smoothing) ** 2); // 1/2 at half the FWHM
    addInterpolated(dense, wavelengths, { wavelength: centre + distance, weight });
    total += weight;
  }
  const first = dense.findIndex((weight) => weight > 0);
  let end = dense.length;
  while (dense[end - 1] === 0) end--;
  return { first, weights: dense.slice(first, end).map((weight) => weight / total) };
}

/** Why a library and bands, of which one has no wavelengths, do not fit. */
function misfit({ names, spectra, wavelengths }: SpectralLibrary, bands: readonly SensorBand[]): string {
  const [S, B] = [names.length, bands.length];
  const found = `holds ${S} spectra of ${spectra.length / S} bands`;
  if (wavelengths)
    return `${found} with wavelengths, but the scene's ${B} bands have none; add them to the scene, or take a library of these ${B} bands without wavelengths`;
  if (bands.some(({ wavelength }) => wavelength !== undefined))
    return `${found} without wavelengths, but the scene's ${B} bands have them; add them to the library`;
  const turn = S === B ? 'exchange its lines and columns, which seem to be swapped' : 'take a library of these bands, or exchange its lines and columns where they are swapped'; // biome-ignore format: one line says more
  return `${found}, but the scene has ${B} bands to match, one by one, without wavelengths; ${turn}`;
}

function responsesOf(library: SpectralLibrary, bands: readonly SensorBand[], name: string): Response[] {
  const { wavelengths } = library;
  if (!wavelengths || bands.every(({ wavelength }) => wavelength === undefined)) refuse(name, misfit(library, bands));
  const [low, high] = [wavelengths[0]!, wavelengths.at(-1)!];
  const outside = bands.flatMap(({ wavelength }, b) =>
    wavelength !== undefined && wavelength >= low && wavelength <= high ? [] : [`${b + 1} (${wavelength ?? '?'} nm)`],
  );
  if (outside.length > 0)
    refuse(
      name,
      `covers ${low}..${high} nm (${library.names.length} spectra of ${wavelengths.length} bands), not band${outside.length > 1 ? 's' : ''} ${outside.slice(0, 12).join(', ')}${outside.length > 12 ? ` and ${outside.length - 12} more` : ''}; leave these bands out, take another library, or correct its wavelengths`,
    );
  return bands.map(({ wavelength, fwhm }) => responseOf(library, wavelength!, fwhm));
}

export interface ResampleOptions {
  /** The library's, for messages. */
  readonly name?: string;
  /** What becomes of a value that a spectrum does not have: an error, or NaN. */
  readonly missing?: 'refuse' | 'nan';
}

/**
 * The library's spectra as a sensor with these bands would see them, [S, B] in the order of `bands`.
 * A library finer than a band is weighted with the Gaussian of the band's FWHM (less the library's own width, where known); a coarser one, or a band without FWHM, is interpolated linearly.
 * A library without wavelengths fits bands without wavelengths, one by one.
 * Throws RasterError listing the bands that the library doesn't cover, or the spectra that have no value there.
 */
export function resampleLibrary(
  library: SpectralLibrary,
  bands: readonly SensorBand[],
  { name = 'spectral library', missing = 'refuse' }: ResampleOptions = {},
): Float32Array {
  const { names, spectra } = library;
  const S = names.length;
  const L = spectra.length / S;
  const B = bands.length;
  if (!library.wavelengths && B === L && bands.every(({ wavelength }) => wavelength === undefined))
    return spectra.slice();
  const responses = responsesOf(library, bands, name); // [B]
  const resampled = new Float32Array(S * B); // [S, B]
  for (let s = 0; s < S; s++)
    for (const [b, { first, weights }] of responses.entries()) {
      const start = s * L + first;
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i]! * spectra[start + i]!;
      if (!Number.isFinite(sum) && missing === 'refuse')
        refuse(
          name,
          `spectrum '${names[s]}' has no value for band ${b + 1} (${bands[b]!.wavelength} nm); leave one of them out`,
        );
      resampled[s * B + b] = sum;
    }
  return resampled;
}
