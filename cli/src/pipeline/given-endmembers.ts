// Endmembers of a file, as exact least squares take them. Legend: C endmembers, B bands.
import { basename } from 'node:path';
import type { CardBand } from '@egunet/models/card';
import type { SpectralLibrary } from '@egunet/raster';
import { readSpectralLibrary } from '@egunet/raster/node';
import { type GivenEndmembers, MOST_EXACT_ENDMEMBERS } from '@egunet/train';
import { bandRanges } from '../support/bands.js';
import { CommandError } from '../support/errors.js';
import type { Interval } from '../support/options.js';
import { note } from '../support/output.js';
import { noteGaps } from './library/notes.js';
import { coverage, digestOf, spectraAt } from './library/read-spectra.js';
import { readSensorTarget } from './library/target.js';

/** Which spectra are taken, and at which bands. */
export interface EndmemberRequest {
  /** A spectral library. */
  readonly endmembers: string;
  /** Of its spectra these, in this order; all when absent. */
  readonly names?: readonly string[];
  readonly libraryScale?: number;
  /** A sensor's id, or a file that defines it; the library's own bands when absent. */
  readonly sensor?: string;
  /** Intervals in nm whose bands are left out. */
  readonly exclude: readonly Interval[];
}

/** Bands of a model, each with its number in the sensor or the library, and the spectra there. */
interface AtBands {
  readonly bands: readonly (CardBand & { readonly index: number })[];
  /** Of the sensor, or of the library. */
  readonly total: number;
  readonly sensor: string | null;
  /** Reflectance [C, B]; NaN where a spectrum has no value. */
  readonly spectra: Float32Array;
}

/** Reads endmembers, telling on standard error which bands are left out. Throws RasterError or CommandError where they are too few, too many or of no band. */
export async function readEndmembers(request: EndmemberRequest): Promise<GivenEndmembers> {
  const { endmembers: path, libraryScale, sensor, exclude } = request;
  const whole = await readSpectralLibrary(path, { reflectanceScale: libraryScale });
  const library = choose(whole, request);
  const at = sensor === undefined ? atOwnBands(library, request) : await atSensor(library, { path, sensor, exclude });
  const { bands, spectra } = withValues(at, path);
  const [C, B] = [library.names.length, bands.length];
  const name = basename(path);
  return {
    dataDigest: digestOf(library),
    facts: {
      sensor: at.sensor,
      bands,
      endmembers: library.names.map((own, c) => ({ name: own, spectrum: [...spectra.subarray(c * B, (c + 1) * B)] })),
      endmemberMethod: `given by ${name}`,
      scene: { name, rows: 0, cols: 0, pixelSize: null, bands: at.total },
      pixels: 0,
      candidates: C,
    },
  };
}

/** The spectra that are asked for. */
function choose(library: SpectralLibrary, { endmembers: path, names = library.names }: EndmemberRequest) {
  const found = names.map((name) => library.names.indexOf(name));
  const missing = names.filter((_, i) => found[i]! < 0);
  if (missing.length > 0)
    throw new CommandError(
      `${path}: no spectrum is called ${missing.map((name) => `'${name}'`).join(', ')}; egunet info --json lists their names`,
    );
  if (names.length < 2 || names.length > MOST_EXACT_ENDMEMBERS)
    throw new CommandError(
      `${path}: least squares are solved exactly with 2 to ${MOST_EXACT_ENDMEMBERS} endmembers, got ${names.length}; choose spectra by --names`,
    );
  const L = library.spectra.length / library.names.length;
  const spectra = new Float32Array(names.length * L);
  for (const [c, s] of found.entries()) spectra.set(library.spectra.subarray(s * L, (s + 1) * L), c * L);
  const { wavelengths, fwhm } = library;
  return { names, spectra, ...(wavelengths && { wavelengths }), ...(fwhm && { fwhm }) };
}

const within = (nm: number, intervals: readonly Interval[]): boolean =>
  intervals.some(([from, to]) => nm >= from && nm <= to);

/** The library as it is, without what is excluded. */
function atOwnBands(library: SpectralLibrary, { endmembers: path, exclude }: EndmemberRequest): AtBands {
  const { wavelengths, fwhm, spectra, names } = library;
  const total = spectra.length / names.length;
  if (!wavelengths && exclude.length > 0)
    throw new CommandError(`${path}: has no wavelengths, by which bands are left out; add them, in nm`);
  const all = Array.from({ length: total }, (_, index) => index);
  const kept = wavelengths ? all.filter((b) => !within(wavelengths[b]!, exclude)) : all;
  const bands = kept.map((b) => ({ wavelength: wavelengths?.[b] ?? null, fwhm: fwhm?.[b] ?? null, index: b }));
  return { bands, total, sensor: null, spectra: pick(spectra, { from: total, bands: kept }) };
}

interface OfSensor {
  readonly path: string;
  readonly sensor: string;
  readonly exclude: readonly Interval[];
}

/** The library as a sensor sees it, at the bands that it covers. */
async function atSensor(library: SpectralLibrary, { path, sensor, exclude }: OfSensor): Promise<AtBands> {
  const target = await readSensorTarget(sensor, { exclude });
  const placed = { path, spectra: library };
  const found = coverage([placed], target.bands);
  noteGaps(target, found);
  const bands = target.bands.filter((_, b) => found[0]!.reasons[b] === undefined);
  const spectra = spectraAt(placed, bands);
  return { bands, total: target.scene.bands!, sensor: target.sensor, spectra };
}

/** Bands in which every endmember has a value. Throws CommandError where there is none. */
function withValues({ bands, spectra }: AtBands, path: string): Pick<AtBands, 'bands' | 'spectra'> {
  const B = bands.length;
  const kept = [...bands.keys()].filter((b) => {
    for (let at = b; at < spectra.length; at += B) if (!Number.isFinite(spectra[at]!)) return false;
    return true;
  });
  if (kept.length === 0)
    throw new CommandError(
      `${path}: no band is left in which every endmember has a value; take other spectra, another sensor, or exclude less`,
    );
  const lost = bands.filter((_, b) => !kept.includes(b)).map(({ index }) => index);
  if (lost.length > 0)
    note(`left out, without a value of every endmember: ${lost.length} of ${B} bands, ${bandRanges(lost)}`);
  return { bands: kept.map((b) => bands[b]!), spectra: pick(spectra, { from: B, bands: kept }) };
}

/** Some of the `from` bands of each spectrum. */
function pick(
  spectra: Float32Array,
  { from, bands }: { readonly from: number; readonly bands: readonly number[] },
): Float32Array {
  const C = spectra.length / from;
  const picked = new Float32Array(C * bands.length);
  for (let c = 0; c < C; c++)
    for (const [i, b] of bands.entries()) picked[c * bands.length + i] = spectra[c * from + b]!;
  return picked;
}
