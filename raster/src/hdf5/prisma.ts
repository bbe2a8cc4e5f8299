// PRISMA L2D. Source: PRISMA Products Specification Document (ASI), level 2D; that the map coordinates are those of pixel centres, see `originOf`.
import { makeScene } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import { sampleArrays } from '../samples.js';
import type { Band, Georeference, Scene, Window } from '../scene.js';
import { gatherPixels, type Hdf5Cube, openCube, pixelsOf } from './cube.js';
import { factsOf, type Hdf5File, numbersAttribute } from './file.js';
import { streamCells } from './stream.js';

const SWATHS = '/HDFEOS/SWATHS';
const FIELDS = `${SWATHS}/PRS_L2D_HCO/Data Fields`;
const DETECTORS = ['VNIR', 'SWIR'] as const;
type Detector = (typeof DETECTORS)[number];

/** Granules of each cube that are kept; more where one of every band takes more. */
const KEPT_BYTES = 8 * 2 ** 20;

/** Metres. */
const PIXEL = 30;
/** The stored value of the largest reflectance. */
const FULL_SCALE = 65535;

/** The level that a PRISMA file is of (`L1`, `L2B`, `L2C` or `L2D`); undefined for any other file. */
export function prismaLevel(file: Hdf5File): string | undefined {
  const found = file.members(SWATHS).map((name) => /^PRS_(L\d[A-D]?)_HCO$/.exec(name)?.[1]);
  return found.find((level) => level !== undefined);
}

/** The bands of a detector that the product has, and where in its cube they stand. */
interface DetectorBands {
  readonly cube: Hdf5Cube;
  readonly bands: readonly Band[];
  /** Number of each in the cube. */
  readonly places: readonly number[];
}

function scaleOf(file: Hdf5File, detector: Detector): { gain: number; offset: number } {
  const name = `${detector[0]}${detector.slice(1).toLowerCase()}`;
  const [least] = numbersAttribute(file, `L2Scale${name}Min`, 1) as [number];
  const [most] = numbersAttribute(file, `L2Scale${name}Max`, 1) as [number];
  if (!(most > least))
    refuse(file.name, `L2Scale${name}Max should be above L2Scale${name}Min, got ${most} and ${least}; fetch it again`);
  return { gain: (most - least) / FULL_SCALE, offset: least };
}

function openDetector(file: Hdf5File, detector: Detector): DetectorBands {
  const cube = openCube(file, `${FIELDS}/${detector}_Cube`, { order: ['rows', 'bands', 'cols'], kept: KEPT_BYTES });
  if (cube.sampleType !== 'uint16')
    refuse(file.name, `${detector}_Cube should hold uint16, got ${cube.sampleType}; fetch it again`);
  const name = `${detector[0]}${detector.slice(1).toLowerCase()}`;
  const wavelengths = numbersAttribute(file, `List_Cw_${name}`, cube.bands);
  const fwhm = numbersAttribute(file, `List_Fwhm_${name}`, cube.bands);
  const flags =
    file.attribute('/', `List_Cw_${name}_Flags`) && numbersAttribute(file, `List_Cw_${name}_Flags`, cube.bands);
  const scale = scaleOf(file, detector);
  const bands = wavelengths.flatMap((wavelength, i): (Band & { place: number })[] => {
    if (wavelength === 0) return [];
    if (wavelength < 0) refuse(file.name, `List_Cw_${name} should hold wavelengths in nm, got ${wavelength}`);
    const width = fwhm[i]! > 0 ? { fwhm: fwhm[i]! } : {};
    return [
      { name: `${detector} ${i + 1}`, wavelength, ...width, bad: flags?.[i] === 0, ...scale, noData: 0, place: i },
    ];
  });
  return { cube, bands: bands.map(({ place: _, ...band }) => band), places: bands.map(({ place }) => place) };
}

/**
 * The upper left corner of the map. The product gives the corners' coordinates; whether of the outer edges or of the corner pixels' centres is
 * told from their distance, which is as many pixels as the image has, or one less (as in the products seen).
 */
function originOf(file: Hdf5File, rows: number, cols: number): [easting: number, northing: number] {
  const at = (corner: 'UL' | 'LR', axis: 'easting' | 'northing'): number =>
    numbersAttribute(file, `Product_${corner}corner_${axis}`, 1)[0]!;
  const [left, right] = [at('UL', 'easting'), at('LR', 'easting')];
  const [top, bottom] = [at('UL', 'northing'), at('LR', 'northing')];
  const [across, down] = [(right - left) / PIXEL, (top - bottom) / PIXEL];
  const fits = (less: number) => Math.abs(across - cols + less) < 0.01 && Math.abs(down - rows + less) < 0.01;
  if (fits(1)) return [left - PIXEL / 2, top + PIXEL / 2];
  if (fits(0)) return [left, top];
  return refuse(
    file.name,
    `its corners lie ${across} x ${down} pixels of ${PIXEL} m apart, which an image of ${cols} x ${rows} does not fit; fetch it again`,
  );
}

function georeferenceOf(file: Hdf5File, { rows, cols }: Hdf5Cube): Georeference {
  const [easting, northing] = originOf(file, rows, cols);
  const [epsg] = numbersAttribute(file, 'Epsg_Code', 1) as [number];
  const known = Number.isInteger(epsg) && epsg > 0;
  return { affine: [PIXEL, 0, easting, 0, -PIXEL, northing], ...(known && { epsg }) };
}

const FACTS: Readonly<Record<string, string>> = {
  Product_Name: 'product',
  Product_ID: 'product type',
  Processor_Version: 'processing version',
  Product_StartTime: 'acquired',
};

async function readPrismaWindow(detectors: readonly DetectorBands[], window: Window, wanted: readonly number[]) {
  const width = wanted.length;
  const out = new sampleArrays.uint16(window.rows * window.cols * width); // [N, width]
  const pixels = pixelsOf(window);
  let first = 0; // band of the scene
  for (const { cube, places } of detectors) {
    const here = wanted.flatMap((band, i) => (band >= first && band < first + places.length ? [i] : []));
    const bands = here.map((i) => places[wanted[i]! - first]!);
    await gatherPixels(cube, pixels, { bands, places: here, width }, out);
    first += places.length;
  }
  return { rows: window.rows, cols: window.cols, bands: width, data: out };
}

/**
 * Opens a PRISMA L2D product: the bands of VNIR_Cube, then those of SWIR_Cube, in the file's own order (descending wavelengths, 920-980 nm in both),
 * without those that the product has no wavelength for. The scene owns `file`.
 * Throws RasterError where a dataset or attribute is missing, not of the form described, or the level is another.
 */
export function openPrisma(file: Hdf5File): Scene {
  const level = prismaLevel(file);
  if (level !== 'L2D')
    refuse(file.name, `a PRISMA product of level ${level}; order the L2D one (surface reflectance on a map)`);
  const detectors = DETECTORS.map((detector) => openDetector(file, detector)) as [DetectorBands, DetectorBands];
  const [vnir, swir] = detectors.map(({ cube }) => cube) as [Hdf5Cube, Hdf5Cube];
  if (vnir.rows !== swir.rows || vnir.cols !== swir.cols)
    refuse(
      file.name,
      `VNIR_Cube has ${vnir.rows} x ${vnir.cols} pixels, but SWIR_Cube ${swir.rows} x ${swir.cols}; fetch it again`,
    );
  const bands = detectors.flatMap((detector) => detector.bands);
  if (bands.length === 0) refuse(file.name, 'no band has a wavelength; fetch it again');
  const leftOut = vnir.bands + swir.bands - bands.length;
  const { rows, cols } = vnir;
  const readWindow = (window: Window, wanted: readonly number[] = bands.map((_, i) => i)) =>
    readPrismaWindow(detectors, window, wanted);
  return makeScene({
    name: file.name,
    format: 'PRISMA L2D',
    sensor: 'PRISMA',
    rows,
    cols,
    sampleType: 'uint16',
    bands,
    georeference: georeferenceOf(file, vnir),
    block: vnir.block,
    facts: {
      ...factsOf(file, FACTS),
      ...(leftOut > 0 && { 'left out': `${leftOut} bands without a wavelength` }),
    },
    readWindow,
    streamRows: streamCells({ readWindow, sampleType: 'uint16' }, vnir.granule),
    async close() {
      file.close();
    },
  });
}
