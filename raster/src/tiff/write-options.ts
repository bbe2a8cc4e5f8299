// What a GeoTIFF to be written is: options, their defaults and checks, and the tags that say them.
import { refuse } from '../refuse.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { Band, Georeference, SampleType } from '../scene.js';
import { formatGdalMetadata, type GdalItem } from './gdal-metadata.js';
import { toGeoTags } from './georeference.js';
import { FIELD, FORMAT_OF, SAMPLE_FORMAT, TAG } from './tags.js';
import type { Field } from './write-ifd.js';

/** What is written of one band: as much of it as is known, and any further GDAL metadata. */
export interface BandToWrite extends Partial<Omit<Band, 'noData'>> {
  /** Of the values, once gain and offset are applied. */
  readonly unit?: string;
  readonly items?: Readonly<Record<string, string>>;
}

export interface GeoTiffOptions {
  readonly rows: number;
  readonly cols: number;
  readonly sampleType: SampleType;
  readonly bands: readonly BandToWrite[];
  /** Its `geoKeys` are written unchanged; without them, keys are made from `epsg`. */
  readonly georeference?: Georeference;
  /** The stored value that means "no data"; may be NaN for floats. */
  readonly noData?: number;
  /** GDAL metadata of the data set. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Pixels a side of a tile, a multiple of 16. Default 256. */
  readonly tile?: number;
  /** `band` (default): each band is stored by itself, so that one map is read and shown alone and its like values compress together. */
  readonly interleave?: 'band' | 'pixel';
  /** 1 none, 2 differences, 3 floats. Default 3 for floats, 2 for integers. */
  readonly predictor?: 1 | 2 | 3;
  /** BigTIFF; by default when the samples might not fit 4 GiB. */
  readonly bigTiff?: boolean;
}

/** The options with every default and derived number in place. */
export interface Plan {
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly sampleType: SampleType;
  readonly planar: boolean;
  readonly predictor: 1 | 2 | 3;
  readonly blockRows: number;
  readonly blockCols: number;
  /** Tiles of one plane. */
  readonly tiles: number;
  readonly planes: number;
  readonly big: boolean;
  /** Every tag but the tiles' places. */
  readonly fields: readonly Field[];
}

const DEFAULT_TILE = 256;
const MOST_TILE_BYTES = 2 ** 30;
const MOST_BANDS = 65535;
/** The offsets of a classic TIFF reach so far. */
export const CLASSIC_BYTES = 2 ** 32 - 1;

/** Checks the options; throws RasterError naming the one that is wrong. */
export function planGeoTiff(options: GeoTiffOptions, name: string): Plan {
  const { rows, cols, sampleType, bands, tile = DEFAULT_TILE, interleave = 'band' } = options;
  const predictor = options.predictor ?? (isFloat(sampleType) ? 3 : 2);
  const tileBytes = tile * tile * bands.length * sampleSize(sampleType);
  assertSizes({ rows, cols, tile, tileBytes, bands: bands.length }, name);
  if (predictor === 3 && !isFloat(sampleType)) refuse(name, `predictor 3 is for floats, not for ${sampleType}; use 2`);
  if (predictor === 2 && sampleSize(sampleType) > 4) refuse(name, `predictor 2 is not for ${sampleType}; use 3`);
  assertNoData(options.noData, sampleType, name);
  const planar = interleave === 'band' && bands.length > 1;
  const planes = planar ? bands.length : 1;
  const tiles = Math.ceil(rows / tile) * Math.ceil(cols / tile);
  // DEFLATE may lengthen what it cannot shrink by some bytes in 16 KiB, and every tile has two table entries.
  const mostBytes = tiles * (tileBytes * 1.001 + planes * 64) + 2 ** 20;
  return {
    name,
    rows,
    cols,
    bands: bands.length,
    sampleType,
    planar,
    predictor,
    blockRows: tile,
    blockCols: tile,
    tiles,
    planes,
    big: options.bigTiff ?? mostBytes > CLASSIC_BYTES,
    fields: [...layoutFields({ ...options, tile, predictor }, planar), ...metadataFields(options, name)],
  };
}

export const isFloat = (type: SampleType): boolean => FORMAT_OF[type] === SAMPLE_FORMAT.float;

function assertSizes(
  sizes: { rows: number; cols: number; bands: number; tile: number; tileBytes: number },
  name: string,
): void {
  const { rows, cols, bands, tile, tileBytes } = sizes;
  for (const [what, value, most] of [
    ['rows', rows, 2 ** 31],
    ['columns', cols, 2 ** 31],
    ['bands', bands, MOST_BANDS],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > most)
      refuse(name, `cannot write ${value} ${what}, expected 1..${most}; correct the size`);
  if (!Number.isInteger(tile) || tile < 16 || tile % 16 !== 0)
    refuse(name, `a tile of ${tile} pixels a side is not allowed; give a multiple of 16`);
  if (tileBytes > MOST_TILE_BYTES)
    refuse(
      name,
      `a tile of ${tile} x ${tile} pixels and ${bands} bands takes ${tileBytes} bytes, more than ${MOST_TILE_BYTES}; give a smaller tile`,
    );
}

function assertNoData(noData: number | undefined, sampleType: SampleType, name: string): void {
  if (noData === undefined) return;
  const held = new sampleArrays[sampleType]([noData])[0]!;
  const wanted = sampleType === 'float32' ? Math.fround(noData) : noData;
  const same = held === wanted || (Number.isNaN(held) && Number.isNaN(wanted));
  if (!same || Number.isFinite(held) !== Number.isFinite(noData))
    refuse(name, `NoData ${noData} is not a value of ${sampleType}; give one that is`);
}

const short = (tag: number, ...values: number[]): Field => ({ tag, type: FIELD.short, values });
const long = (tag: number, value: number): Field => ({ tag, type: FIELD.long, values: [value] });
const doubles = (tag: number, values: readonly number[] | undefined): Field[] =>
  values && values.length > 0 ? [{ tag, type: FIELD.double, values }] : [];
const ascii = (tag: number, values: string): Field => ({ tag, type: FIELD.ascii, values });

function layoutFields(
  { rows, cols, sampleType, bands, tile, predictor }: GeoTiffOptions & { tile: number; predictor: number },
  planar: boolean,
): Field[] {
  const B = bands.length;
  const each = (value: number): number[] => new Array<number>(B).fill(value);
  return [
    long(TAG.width, cols),
    long(TAG.height, rows),
    short(TAG.bitsPerSample, ...each(sampleSize(sampleType) * 8)),
    short(TAG.compression, 8),
    short(TAG.photometric, 1), // black is zero
    short(TAG.samplesPerPixel, B),
    short(TAG.planarConfiguration, planar ? 2 : 1),
    ...(predictor === 1 ? [] : [short(TAG.predictor, predictor)]),
    long(TAG.tileWidth, tile),
    long(TAG.tileHeight, tile),
    ...(B === 1 ? [] : [short(TAG.extraSamples, ...each(0).slice(1))]),
    short(TAG.sampleFormat, ...each(FORMAT_OF[sampleType])),
  ];
}

function metadataFields({ bands, georeference, noData, metadata = {} }: GeoTiffOptions, name: string): Field[] {
  const items: GdalItem[] = [
    ...Object.entries(metadata).map(([key, value]) => ({ name: key, value })),
    ...bands.flatMap(bandItems),
  ];
  const geo = georeference ? toGeoTags(georeference, name) : {};
  const keys = geo.geoKeys;
  return [
    ...doubles(TAG.pixelScale, geo.pixelScale),
    ...doubles(TAG.tiepoint, geo.tiepoint),
    ...doubles(TAG.transformation, geo.transformation),
    ...(keys ? [short(TAG.geoKeys, ...keys.directory)] : []),
    ...doubles(TAG.geoDoubles, keys?.doubles),
    ...(keys?.ascii ? [ascii(TAG.geoAscii, keys.ascii)] : []),
    ...(items.length > 0 ? [ascii(TAG.gdalMetadata, formatGdalMetadata(items, name))] : []),
    ...(noData === undefined ? [] : [ascii(TAG.gdalNoData, Number.isNaN(noData) ? 'nan' : String(noData))]),
  ];
}

/** A band's metadata in the words of GDAL's ENVI driver, which EnMAP-Box shares. */
function bandItems(
  { name, wavelength, fwhm, bad, gain, offset, unit, items = {} }: BandToWrite,
  sample: number,
): GdalItem[] {
  const plain = {
    ...(bad !== undefined && { bbl: bad ? '0' : '1' }),
    ...(fwhm !== undefined && { fwhm: String(fwhm) }),
    ...(wavelength !== undefined && { wavelength: String(wavelength), wavelength_units: 'Nanometers' }),
    ...items,
  };
  const role = (key: string, value: string | number | undefined): GdalItem[] =>
    value === undefined ? [] : [{ name: key, value: String(value), sample, role: key.toLowerCase() }];
  return [
    ...Object.entries(plain).map(([key, value]) => ({ name: key, value, sample })),
    ...role('OFFSET', offset),
    ...role('SCALE', gain),
    ...role('UNITTYPE', unit),
    ...role('DESCRIPTION', name),
  ];
}
