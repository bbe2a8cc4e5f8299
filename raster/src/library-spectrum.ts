// Legend: B bands.
import { HIGHEST_REFLECTANCE, makeLibrary, type SpectralLibrary } from './library.js';
import { refuse } from './refuse.js';

/** One spectrum as a file of its own has it; wavelengths in nm, in any order. */
export interface Spectrum {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** [B] */
  readonly wavelengths: readonly number[];
  /** [B], nm */
  readonly fwhm?: readonly number[];
  /** Reflectance, [B]; NaN for none. */
  readonly values: readonly number[];
}

/** What is in a text: a spectrum in its file's form, or why it holds no spectrum of reflectance. */
export type Parsed<T> = { readonly spectrum: T } | { readonly reason: string };

/**
 * Throws RasterError where most values of a spectrum are no reflectance. A few may be: noise at the ends of an instrument's range reaches beyond 200 %.
 * `remedy` is what to do about it.
 */
export function assertReflectance(values: readonly number[], name: string, remedy: string): void {
  const beyond = values.filter((value) => Math.abs(value) > HIGHEST_REFLECTANCE).length;
  if (beyond * 2 <= values.length) return;
  refuse(
    name,
    `${beyond} of ${values.length} values are beyond -${HIGHEST_REFLECTANCE} to ${HIGHEST_REFLECTANCE}, so they are no reflectance; ${remedy}`,
  );
}

/** A library of one spectrum, its bands in order of wavelength; `file` is kept as the attribute `File`. */
export function oneSpectrum(spectrum: Spectrum, name: string, file: string): SpectralLibrary {
  const { wavelengths, fwhm, values, attributes } = spectrum;
  return makeLibrary(
    {
      names: [spectrum.name.replace(/\s+/g, ' ')],
      wavelengths,
      ...(fwhm && { fwhm }),
      spectra: Float32Array.from(values),
      attributes: [{ File: file, ...attributes }],
    },
    name,
    { reflectanceScale: 1 },
  );
}

/** The libraries of spectra on the same bands put together; `name` is what they are all from. */
export function joinLibraries(libraries: readonly SpectralLibrary[], name: string): SpectralLibrary {
  const { wavelengths, fwhm, spectra } = libraries[0]!;
  const B = spectra.length / libraries[0]!.names.length;
  const names = libraries.flatMap((library) => library.names);
  const joined = new Float32Array(names.length * B); // [S, B]
  let at = 0;
  for (const library of libraries) {
    joined.set(library.spectra, at);
    at += library.spectra.length;
  }
  return makeLibrary(
    {
      names,
      ...(wavelengths && { wavelengths }),
      ...(fwhm && { fwhm }),
      spectra: joined,
      attributes: libraries.flatMap((library) => library.attributes ?? library.names.map(() => ({}))),
    },
    name,
    { reflectanceScale: 1 },
  );
}
