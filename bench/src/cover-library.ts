// The library of land cover: earthlib and synthetic water, at a sensor's bands. Legend: S spectra, B bands.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resampleLibrary } from '@egunet/raster';
import { readClassTable, readSpectralLibrary, rowsOfSpectra, uncoveredBands } from '@egunet/raster/node';
import { type ClassLibrary, classMeans, filterLibrary, type RunFacts } from '@egunet/train';
import { dataFolder } from './scenes.js';

/** Their order is that of the fractions; the first two are vegetation. */
export const COVER_CLASSES = ['green vegetation', 'dry vegetation', 'soil', 'built', 'water'];
/** What earthlib calls them in its column LEVEL_2. */
export const LEVELS = ['vegetation', 'npv', 'bare', 'built'];
/** Of built, what lies on roofs; the rest lies on the ground. */
export const ROOFS = ['comp_shingle', 'concrete_tile', 'tile', 'wood_shingle', 'metal'];
/** Reflectance that a surface can have. */
const [LEAST, MOST] = [-0.02, 1.2];
/** nm */
const [FROM, TO] = [460, 2400];
/** Reflectance of clear to turbid water at 460 nm, the nm in which it falls to 1 / e, and what is left. */
export const WATER = [
  [0.03, 120, 0.003],
  [0.06, 100, 0.0045],
  [0.08, 80, 0.006],
] as const;

/** Its reflectance at a wavelength. */
export const water = (nm: number, [top, fall, rest]: (typeof WATER)[number]) =>
  rest + (top - rest) * Math.exp(-(nm - FROM) / fall);

/** The library, and which of the bands it is at: those of the recipe, or `all` that earthlib knows. */
export async function coverLibrary(
  wavelengths: readonly number[],
  { all = false } = {},
): Promise<{ library: ClassLibrary; used: readonly number[] }> {
  const folder = join(dataFolder, 'earthlib');
  const earthlib = await readSpectralLibrary(join(folder, 'spectra.sli'));
  const text = readFileSync(join(folder, 'spectra.csv'), 'utf8');
  const column = (classColumn: string, sourceColumn: string) =>
    rowsOfSpectra(earthlib.names, readClassTable(text, 'spectra.csv', { classColumn, sourceColumn }), 'spectra.csv');
  const rows = column('LEVEL_2', 'SOURCE');
  const finer = column('LEVEL_3', 'SOURCE');
  const unknown = uncoveredBands(
    earthlib,
    wavelengths.map((wavelength) => ({ wavelength })),
  );
  const used = [...wavelengths.keys()].filter(
    (b) => !unknown[b] && (all || (wavelengths[b]! >= FROM && wavelengths[b]! <= TO)),
  );
  const bands = used.map((b) => ({ wavelength: wavelengths[b]! }));
  const at = resampleLibrary(earthlib, bands);
  const B = used.length;
  const spectra = new Float32Array(at.length + WATER.length * B);
  spectra.set(at);
  for (const [w, curve] of WATER.entries())
    for (const [b, { wavelength }] of bands.entries()) spectra[at.length + w * B + b] = water(wavelength, curve);
  const sourceOf = rows.map((row, s) => {
    if (row!.class !== 'built') return row!.source!;
    return ROOFS.includes(finer[s]!.class) ? 'roofs' : 'ground';
  });
  const whole: ClassLibrary = {
    bands: B,
    classes: COVER_CLASSES,
    spectra,
    classOf: [...rows.map((row) => LEVELS.indexOf(row!.class)), ...WATER.map(() => LEVELS.length)],
    sourceOf: [...sourceOf, ...WATER.map(() => 'synthetic')],
  };
  const inRange = (spectrum: Float32Array) => spectrum.every((value) => value >= LEAST && value <= MOST);
  return { library: filterLibrary(whole, (spectrum, s) => whole.classOf[s]! >= 0 && inRange(spectrum)), used };
}

/** What a training on the library at these bands of EnMAP is told of it. */
export function coverFacts(library: ClassLibrary, wavelengths: readonly number[]): RunFacts {
  const means = classMeans(library);
  const B = library.bands;
  return {
    sensor: 'EnMAP',
    bands: wavelengths.map((wavelength) => ({ wavelength, fwhm: null })),
    endmembers: COVER_CLASSES.map((name, c) => ({ name, spectrum: [...means.subarray(c * B, (c + 1) * B)] })),
    endmemberMethod: 'classes of earthlib and synthetic water',
    scene: { name: 'EnMAP', rows: 0, cols: 0, pixelSize: null },
    ...{ pixels: 0, candidates: library.classOf.length },
  };
}
