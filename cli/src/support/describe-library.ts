import type { SpectralLibrary } from '@egunet/raster';
import { nanometreRange } from './bands.js';

/** What is known of a spectral library, for `--json`. */
export interface LibraryDescription {
  readonly kind: 'library';
  readonly path: string;
  readonly names: readonly string[];
  readonly bands: number;
  /** nm [bands] */
  readonly wavelengths: readonly number[] | null;
  /** nm [bands] */
  readonly fwhm: readonly number[] | null;
  /** Least and largest reflectance, and how many values are missing. */
  readonly least: number;
  readonly most: number;
  readonly missing: number;
}

/** Names shown to a person; libraries hold thousands. */
const SHOWN = 12;

/** Everything that reading a library tells, but for its spectra; `path` is as the user gave it. */
export function describeLibrary(path: string, library: SpectralLibrary): LibraryDescription {
  const { names, wavelengths = null, fwhm = null, spectra } = library;
  let [least, most, missing] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of spectra) {
    if (Number.isNaN(value)) missing++;
    else [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  const bands = spectra.length / names.length;
  return { kind: 'library', path, names, bands, wavelengths, fwhm, least, most, missing };
}

/** The lines that `egunet info` prints of a library. */
export function libraryFacts(library: LibraryDescription): [string, string | undefined][] {
  const { path, names, bands, wavelengths, fwhm, least, most, missing } = library;
  const more = names.length > SHOWN ? `, and ${names.length - SHOWN} more` : '';
  return [
    ['library', path],
    ['spectra', `${names.length}: ${names.slice(0, SHOWN).join(', ')}${more}`],
    ['bands', `${bands}, ${nanometreRange(wavelengths ?? []) ?? 'without wavelengths'}`],
    ['FWHM', nanometreRange(fwhm ?? [])],
    ['reflectance', `${least.toPrecision(3)} to ${most.toPrecision(3)} (1 = 100 %)`],
    ['missing', missing > 0 ? `${missing} of ${names.length * bands} values` : undefined],
  ];
}
