// Scenes for GDAL and for the readers, and maps as GDAL reads them. Legend: B bands.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/index.js';

export interface EnviScene {
  rows: number;
  cols: number;
  /** nm, [B] */
  wavelengths: readonly number[];
  /** nm */
  fwhm: number;
  noData: number;
  /** Pixels from the usual upper left corner. */
  corner?: { row: number; col: number };
  /** [rows * cols, B] */
  data: Float32Array;
}

const floatBytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** Writes `header` and, beside it, the `.img`: pixel-interleaved float32 in UTM zone 32 N, 30 m pixels. */
export function writeEnvi(header: string, scene: EnviScene): void {
  const { rows, cols, wavelengths, fwhm, noData, data, corner = { row: 0, col: 0 } } = scene;
  const lines = [
    'ENVI',
    `samples = ${cols}`,
    `lines = ${rows}`,
    `bands = ${wavelengths.length}`,
    'header offset = 0',
    'data type = 4',
    'interleave = bip',
    'byte order = 0',
    `map info = {UTM, 1, 1, ${500000 + 30 * corner.col}, ${4100000 - 30 * corner.row}, 30, 30, 32, North, WGS-84, units=Meters}`,
    `data ignore value = ${noData}`,
    'wavelength units = Nanometers',
    `wavelength = {${wavelengths.join(', ')}}`,
    `fwhm = {${wavelengths.map(() => fwhm).join(', ')}}`,
  ];
  writeFileSync(header, `${lines.join('\n')}\n`);
  writeFileSync(header.replace(/hdr$/, 'img'), floatBytes(data));
}

/** The values of a map as GDAL reads them: [rows * cols, bands] float32. */
export function readRaw(map: string, folder: string): Float32Array {
  const raw = join(folder, 'read-back.bip');
  run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', map, raw]);
  const bytes = readFileSync(raw);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
