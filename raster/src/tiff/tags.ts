// The tags of TIFF 6.0, its technical notes, GeoTIFF 1.1 and GDAL that this package reads or writes.
import type { SampleType } from '../scene.js';

export const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  planarConfiguration: 284,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  pixelScale: 33550,
  tiepoint: 33922,
  transformation: 34264,
  geoKeys: 34735,
  geoDoubles: 34736,
  geoAscii: 34737,
  gdalMetadata: 42112,
  gdalNoData: 42113,
} as const;

/** TIFF field types. */
export const FIELD = { ascii: 2, short: 3, long: 4, double: 12, long8: 16 } as const;

/** Bytes of one value of each field type; index = type. IFD8 (18) and SLONG8 (17) are BigTIFF's. */
export const FIELD_BYTES: readonly number[] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

export const GEO_KEY = { modelType: 1024, rasterType: 1025, geographicType: 2048, projectedType: 3072 } as const;

/** GeoTIFF's keys that hold words for people: GTCitation, GeodeticCitation and ProjectedCitation. */
export const CITATION_KEYS: readonly number[] = [1026, 2049, 3073];

/** The SampleFormat tag's codes. */
export const SAMPLE_FORMAT = { uint: 1, int: 2, float: 3, undefined: 4 } as const;

/** Each sample type's SampleFormat code. */
export const FORMAT_OF: Readonly<Record<SampleType, number>> = {
  uint8: SAMPLE_FORMAT.uint,
  int8: SAMPLE_FORMAT.int,
  uint16: SAMPLE_FORMAT.uint,
  int16: SAMPLE_FORMAT.int,
  uint32: SAMPLE_FORMAT.uint,
  int32: SAMPLE_FORMAT.int,
  float32: SAMPLE_FORMAT.float,
  float64: SAMPLE_FORMAT.float,
};

/** Stored values as words of their width: moving and differencing bits needs no more of their type. */
export type Words = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** The words of `bytes` of memory; `offset` and `length` must be multiples of `width`. */
export function toWords(buffer: ArrayBufferLike, offset: number, length: number, width: number): Words {
  if (width === 1) return new Uint8Array(buffer, offset, length);
  if (width === 2) return new Uint16Array(buffer, offset, length / 2);
  if (width === 4) return new Int32Array(buffer, offset, length / 4);
  return new Float64Array(buffer, offset, length / 8);
}
