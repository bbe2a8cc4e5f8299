// EMIT L2A reflectance. Source: EMIT L2A user guide (JPL D-107866), and the layout of EMIT's own converter to NetCDF-4.
import { makeScene } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import { sampleArrays } from '../samples.js';
import type { Band, Georeference, Scene, Window } from '../scene.js';
import { gatherPixels, type Hdf5Cube, openCube, type Pixels, pixelsOf } from './cube.js';
import { openLookup } from './emit-lookup.js';
import { factsOf, type Hdf5File, numbersAttribute, readList, textAttribute } from './file.js';
import { streamCells } from './stream.js';

export interface EmitOptions {
  /** EMIT: false leaves the pixels as the sensor saw them; on a map grid otherwise. */
  readonly orthorectify?: boolean;
}

const REFLECTANCE = '/reflectance';
const PARAMETERS = '/sensor_band_parameters';

/** What EMIT's files hold where there is no value, should they not say. */
const FILL = -9999;

/** True for an EMIT file of reflectance. */
export const isEmitReflectance = (file: Hdf5File): boolean =>
  [REFLECTANCE, PARAMETERS].every((path) => file.members('/').includes(path.slice(1)));

async function bandsOf(file: Hdf5File, count: number): Promise<Band[]> {
  const [wavelengths, fwhm] = [
    await readList(file, `${PARAMETERS}/wavelengths`, count),
    await readList(file, `${PARAMETERS}/fwhm`, count),
  ];
  const wrong = wavelengths.findIndex((nm) => !(nm > 0 && nm < Infinity));
  if (wrong >= 0)
    refuse(
      file.name,
      `${PARAMETERS}/wavelengths: value ${wrong + 1} should be positive, in nm, got ${wavelengths[wrong]}; fetch it again`,
    );
  const GOOD = `${PARAMETERS}/good_wavelengths`;
  const good = file.dataset(GOOD) && (await readList(file, GOOD, count));
  const [fill = FILL] = file.attribute(REFLECTANCE, '_FillValue') ?? [];
  return wavelengths.map((wavelength, i) => ({
    name: `band ${i + 1}`,
    wavelength,
    ...(fwhm[i]! > 0 && fwhm[i]! < Infinity && { fwhm: fwhm[i]! }),
    bad: good?.[i] === 0,
    gain: 1,
    offset: 0,
    noData: Number(fill),
  }));
}

/** Attributes of the file that a person may want to see. */
const FACTS: Readonly<Record<string, string>> = {
  granule_id: 'product',
  flight_line: 'flight line',
  product_version: 'product version',
  software_build_version: 'software build',
  time_coverage_start: 'acquired',
};

/** The code of the last AUTHORITY in a WKT, which is that of the whole; undefined where it names none. */
const epsgOf = (wkt: string | undefined): number | undefined => {
  const code = [...(wkt ?? '').matchAll(/(?:AUTHORITY|ID)\["EPSG",\s*"?(\d+)"?\]/g)].at(-1)?.[1];
  return code === undefined ? undefined : Number(code);
};

/** GDAL's order: [x, width, rotation, y, rotation, -height], of the upper left corner. */
function georeferenceOf(file: Hdf5File): Georeference {
  const [c, a, b, f, d, e] = numbersAttribute(file, 'geotransform', 6) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (a * e - b * d === 0)
    refuse(file.name, `attribute 'geotransform' gives pixels without an area (${a} x ${e}); fetch it again`);
  const epsg = epsgOf(textAttribute(file, 'spatial_ref'));
  return { affine: [a, b, c, d, e, f], ...(epsg !== undefined && { epsg }) };
}

/** What a window of the scene is made from. */
interface Source {
  readonly cube: Hdf5Cube;
  readonly bands: readonly Band[];
  readonly pixels: (window: Window) => Promise<Pixels> | Pixels;
}

async function readEmitWindow({ cube, bands, pixels }: Source, window: Window, wanted: readonly number[]) {
  const width = wanted.length;
  const out = new sampleArrays[cube.sampleType](window.rows * window.cols * width); // [N, width]
  const places = wanted.map((_, i) => i);
  const found = await pixels(window);
  if (found.rows.includes(-1)) out.fill(bands[0]!.noData!);
  await gatherPixels(cube, found, { bands: wanted, places, width }, out);
  return { rows: window.rows, cols: window.cols, bands: width, data: out };
}

/** Side of the windows of a map that read well, and of their parts: the pixels lie in a piece of the swath not much larger. */
const MAP_BLOCK = 128;
const MAP_PART = 64;
/** Granules of the swath kept: for the parts of a map that follow many where a granule must be decompressed, of the swath itself few. */
const KEPT_BYTES = { swath: 8 * 2 ** 20, map: 32 * 2 ** 20, chunkedMap: 384 * 2 ** 20 };

/**
 * Opens an EMIT L2A reflectance file: on the map grid of its lookup table (each pixel the nearest of the swath, as the table has it), or with
 * `orthorectify: false` as the sensor saw it, without georeference. The scene owns `file`.
 * Rejects with RasterError where a dataset or attribute is missing, or not of the form described.
 */
export async function openEmit(file: Hdf5File, { orthorectify = true }: EmitOptions): Promise<Scene> {
  const cube = openCube(file, REFLECTANCE, {
    order: ['rows', 'cols', 'bands'],
    kept: KEPT_BYTES[!orthorectify ? 'swath' : file.dataset(REFLECTANCE)?.chunks ? 'chunkedMap' : 'map'],
  });
  if (!cube.sampleType.startsWith('float'))
    refuse(file.name, `${REFLECTANCE} should hold floats, got ${cube.sampleType}; fetch it again`);
  const bands = await bandsOf(file, cube.bands);
  const lookup = orthorectify ? openLookup(file, cube) : undefined;
  const source = { cube, bands, pixels: lookup?.pixels ?? pixelsOf };
  const { rows, cols } = lookup ?? cube;
  const side = (kind: 'rows' | 'cols') => Math.min({ rows, cols }[kind], Math.max(MAP_BLOCK, cube.granule[kind]));
  const readWindow = (window: Window, wanted: readonly number[] = bands.map((_, i) => i)) =>
    readEmitWindow(source, window, wanted);
  const part = lookup ? { rows: MAP_PART, cols: MAP_PART } : cube.granule;
  return makeScene({
    name: file.name,
    format: 'EMIT L2A',
    sensor: 'EMIT',
    rows,
    cols,
    sampleType: cube.sampleType,
    bands,
    ...(lookup && { georeference: georeferenceOf(file) }),
    block: lookup ? { rows: side('rows'), cols: side('cols') } : cube.block,
    facts: {
      ...factsOf(file, FACTS),
      swath: `${cube.rows} rows x ${cube.cols} columns`,
      geometry: lookup ? "map grid, by the product's lookup table (nearest pixel)" : 'as the sensor saw it',
    },
    readWindow,
    streamRows: streamCells({ readWindow, sampleType: cube.sampleType }, part),
    async close() {
      file.close();
    },
  });
}
