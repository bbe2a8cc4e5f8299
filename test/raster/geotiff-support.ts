// Files for the GeoTIFF tests: made by GDAL from raw values that the test knows, or held in memory.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGeoTiff, type SampleArray, type SampleType, type Scene } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import { run } from '../support/index.js';

export const arrays = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export const sampleTypes = Object.keys(arrays) as SampleType[];

/** ENVI's codes; it has none for int8. */
export const ENVI_CODES = { uint8: 1, int16: 2, int32: 3, float32: 4, float64: 5, uint16: 12, uint32: 13 } as const;

/** Of the types that GDAL reads from ENVI: int8 as uint8, which it makes int8 on request. */
const ENVI_TYPE: Record<SampleType, number> = { ...ENVI_CODES, int8: ENVI_CODES.uint8 };

/** A signal that stops the work when it is asked for the `count`th time. */
export function stopAt(count: number): { readonly stopped: Error; throwIfAborted(): void } {
  const stopped = new Error('stopped by hand');
  let asked = 0;
  return {
    stopped,
    throwIfAborted() {
      if (++asked === count) throw stopped;
    },
  };
}

export interface Size {
  rows: number;
  cols: number;
  bands: number;
}

/** Pixel-major values: a smooth surface, noise on half of it, and the type's extremes. The same for the same size and type. */
export function sampleValues(type: SampleType, { rows, cols, bands }: Size): SampleArray {
  const data = new arrays[type](rows * cols * bands);
  let state = 12345;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const noise = i % (cols * bands) < (cols * bands) / 2 ? 0 : state / 2 ** 20;
    data[i] = Math.floor(i / bands / 7) + (i % bands) * 3 + noise;
  }
  const special = type.startsWith('float')
    ? [Number.NaN, Infinity, -Infinity, -0, 1e-30, -3.25]
    : [-1, 2 ** 31, 2 ** 31 - 1, 255, 2 ** 15, 0];
  for (const [i, value] of special.entries()) data[Math.min(data.length - 1, i * 3)] = value;
  return data;
}

/** Values that DEFLATE cannot shrink. */
export function noise(length: number): Int16Array {
  let state = 1;
  return Int16Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 16;
  });
}

export const bytesOf = (data: SampleArray): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** Throws unless both hold the same bits. */
export function assertSameBits(got: SampleArray, expected: SampleArray): void {
  assert.equal(got.constructor, expected.constructor);
  assert.equal(got.length, expected.length);
  if (bytesOf(got).equals(bytesOf(expected))) return;
  const first = expected.findIndex((value, i) => !Object.is(value, got[i]));
  assert.fail(`value ${first} is ${got[first]}, expected ${expected[first]}`);
}

/** Writes values as a raw, pixel-interleaved ENVI image and returns its path. */
export function writeEnvi(path: string, data: SampleArray, { type, size }: { type: SampleType; size: Size }): string {
  writeFileSync(path, bytesOf(data));
  writeFileSync(
    `${path}.hdr`,
    `ENVI\nsamples = ${size.cols}\nlines = ${size.rows}\nbands = ${size.bands}\nheader offset = 0\nfile type = ENVI Standard\ndata type = ${ENVI_TYPE[type]}\ninterleave = bip\nbyte order = 0\n`,
  );
  return path;
}

/** `gdal_translate` with options given as one string. */
export function translate(from: string, to: string, options: string): string {
  run('gdal_translate', ['-q', ...options.split(' ').filter(Boolean), from, to]);
  return to;
}

/** What GDAL reads from a file, pixel-major. */
export function readWithGdal(folder: string, path: string, type: SampleType): SampleArray {
  const raw = join(folder, 'as-gdal-reads-it');
  translate(path, raw, '-of ENVI -co INTERLEAVE=BIP');
  const bytes = readFileSync(raw);
  return new arrays[type](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer);
}

export interface GdalBand {
  description?: string;
  noDataValue?: number | string;
  scale?: number;
  offset?: number;
  block: [number, number];
  type: string;
  metadata?: Record<string, Record<string, string>>;
}

export interface GdalInfo {
  size: [number, number];
  geoTransform?: number[];
  coordinateSystem?: { wkt: string };
  metadata: Record<string, Record<string, string>>;
  bands: GdalBand[];
}

export const gdalInfo = (path: string): GdalInfo => JSON.parse(run('gdalinfo', ['-json', path])) as GdalInfo;

/** Opens a file; it is closed where that fails. */
export async function openPath(path: string): Promise<Scene> {
  const source = await openFile(path);
  return openGeoTiff(source, nodeCodecs).catch(async (error) => {
    await source.close();
    throw error;
  });
}

/** All stored values of a file, pixel-major. */
export async function readAll(scene: Scene): Promise<SampleArray> {
  const { data } = await scene.readWindow({ row: 0, col: 0, rows: scene.rows, cols: scene.cols });
  await scene.close();
  return data;
}

/** Overwrites the value field of a tag in a little-endian classic TIFF whose first directory holds it. */
export function patchTag(bytes: Buffer, tag: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  const directory = changed.readUInt32LE(4);
  for (let at = directory + 2; at < directory + 2 + changed.readUInt16LE(directory) * 12; at += 12)
    if (changed.readUInt16LE(at) === tag) {
      changed.writeUInt16LE(4, at + 2); // a LONG
      changed.writeUInt32LE(1, at + 4);
      changed.writeUInt32LE(value, at + 8);
      return changed;
    }
  throw new Error(`no tag ${tag}`);
}

/** The windows of `step` pixels a side, row by row. */
export function windowsOf({ rows, cols }: Pick<Size, 'rows' | 'cols'>, step: number) {
  const windows = [];
  for (let row = 0; row < rows; row += step)
    for (let col = 0; col < cols; col += step)
      windows.push({ row, col, rows: Math.min(step, rows - row), cols: Math.min(step, cols - col) });
  return windows;
}

/** The values of a window, pixel-major. */
export function cut(
  values: SampleArray,
  { cols, bands }: Size,
  window: { row: number; col: number; rows: number; cols: number },
) {
  const data = values.slice(0, window.rows * window.cols * bands);
  for (let r = 0; r < window.rows; r++) {
    const from = ((window.row + r) * cols + window.col) * bands;
    data.set(values.subarray(from, from + window.cols * bands), r * window.cols * bands);
  }
  return data;
}
