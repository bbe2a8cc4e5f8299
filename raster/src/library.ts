// Legend: S spectra, B bands.
import { RasterError } from './error.js';
import { refuse } from './refuse.js';
import { cleanText } from './text.js';

/** Reflectance spectra with names, all on the same bands. */
export interface SpectralLibrary {
  /** [S], each different from the others. */
  readonly names: readonly string[];
  /** [B], nm, ascending; absent where the spectra belong to bands without wavelengths. */
  readonly wavelengths?: readonly number[];
  /** [B], nm. */
  readonly fwhm?: readonly number[];
  /** Reflectance (1 = 100 %), [S, B]; NaN where a spectrum has no value. */
  readonly spectra: Float32Array;
  /** [S], what else the file tells of each spectrum, by its own words (`Class`, `File` ...). */
  readonly attributes?: readonly Readonly<Record<string, string>>[];
}

export interface LibraryOptions {
  /** What to multiply the file's values by to get reflectance: 0.01 for percent, 0.0001 for the scale of most products. */
  readonly reflectanceScale?: number | undefined;
}

/** A spectrum whose largest value is above this is no reflectance: it is in percent or in another scale. */
export const HIGHEST_REFLECTANCE = 2;

/** Values of such size mark deleted channels (USGS writes -1.23e34). */
const DELETED = 1e30;

/** True for what marks a deleted channel, and for NaN. */
export const isDeleted = (value: number): boolean => !(Math.abs(value) < DELETED);

/** The first of equal names stays; those after it get ` (2)`, ` (3)` ..., whichever is free. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names);
  const next = new Map<string, number>(); // the number to try for a name's next namesake
  return names.map((name) => {
    let n = next.get(name);
    if (n === undefined) {
      next.set(name, 2);
      return name;
    }
    while (taken.has(`${name} (${n})`)) n++;
    next.set(name, n + 1);
    taken.add(`${name} (${n})`);
    return `${name} (${n})`;
  });
}

/** Bands in order of wavelength; throws where two are the same or one is not positive. */
function ascendingOrder(wavelengths: readonly number[], name: string): number[] {
  const order = [...wavelengths.keys()].sort((a, b) => wavelengths[a]! - wavelengths[b]!);
  for (const [i, band] of order.entries()) {
    const wavelength = wavelengths[band]!;
    if (!(wavelength > 0 && wavelength < Infinity))
      refuse(name, `${wavelength} is no wavelength; correct band ${band + 1}`);
    if (i > 0 && wavelength === wavelengths[order[i - 1]!])
      refuse(name, `two bands at ${wavelength} nm; leave one of them out`);
  }
  return order;
}

const cleanTexts = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [cleanText(key), cleanText(text)]));

/** True where more than half of the spectra exceed any reflectance. */
function looksScaled(spectra: Float32Array, bands: number): boolean {
  let high = 0;
  for (let start = 0; start < spectra.length; start += bands)
    if (spectra.subarray(start, start + bands).some((value) => value > HIGHEST_REFLECTANCE)) high++;
  return high * 2 * bands > spectra.length;
}

/**
 * A library from its parts as a file has them: bands are sorted by wavelength, names made unique, they and attributes freed of control characters, values scaled.
 * Throws RasterError where the parts don't fit together, or where the values are no reflectance and no scale is given.
 */
export function makeLibrary(parts: SpectralLibrary, name: string, options: LibraryOptions = {}): SpectralLibrary {
  const { names, wavelengths, fwhm, spectra, attributes } = parts;
  const bands = wavelengths?.length ?? spectra.length / Math.max(1, names.length);
  if (names.length === 0 || bands === 0) refuse(name, 'holds no spectra');
  if (spectra.length !== names.length * bands || (fwhm && fwhm.length !== bands))
    refuse(name, `${names.length} spectra of ${bands} bands do not make ${spectra.length} values`);
  if (attributes && attributes.length !== names.length)
    refuse(name, `attributes of ${attributes.length} spectra, but it holds ${names.length}`);
  const { reflectanceScale } = options;
  if (reflectanceScale !== undefined && !(reflectanceScale > 0 && reflectanceScale < Infinity))
    refuse(name, `the reflectance scale should be a positive number, got ${reflectanceScale}`);
  if (reflectanceScale === undefined && looksScaled(spectra, bands))
    throw new RasterError(
      `${name}: most of its ${names.length} spectra of ${bands} bands exceed ${HIGHEST_REFLECTANCE}, so the values are no reflectance; give their scale (0.01 for percent, 0.0001 ...), or exchange lines and columns where these are not the spectra`,
      { path: name, remedy: 'library-scale' },
    );
  const order = wavelengths ? ascendingOrder(wavelengths, name) : Array.from({ length: bands }, (_, i) => i);
  const scale = reflectanceScale ?? 1;
  const sorted = new Float32Array(spectra.length); // [S, B]
  for (let start = 0; start < sorted.length; start += bands)
    for (let b = 0; b < bands; b++) sorted[start + b] = spectra[start + order[b]!]! * scale;
  return {
    names: uniqueNames(names.map((given, s) => cleanText(given) || `spectrum ${s + 1}`)),
    ...(wavelengths && { wavelengths: order.map((band) => wavelengths[band]!) }),
    ...(fwhm && { fwhm: order.map((band) => fwhm[band]!) }),
    spectra: sorted,
    ...(attributes && { attributes: attributes.map(cleanTexts) }),
  };
}
