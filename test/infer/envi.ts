// Scenes for GDAL and for the readers, and maps as GDAL reads them. Legend: B bands.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeEnviImage } from '../support/envi.js';
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

/** Writes `header` and, beside it, the `.img`: pixel-interleaved float32 in UTM zone 32 N, 30 m pixels. */
export function writeEnvi(header: string, scene: EnviScene): void {
  const { fwhm, noData, corner = { row: 0, col: 0 }, ...image } = scene;
  writeEnviImage(header, {
    ...image,
    more: [
      `map info = {UTM, 1, 1, ${500000 + 30 * corner.col}, ${4100000 - 30 * corner.row}, 30, 30, 32, North, WGS-84, units=Meters}`,
      `data ignore value = ${noData}`,
      `fwhm = {${image.wavelengths.map(() => fwhm).join(', ')}}`,
    ],
  });
}

/** The values of a map as GDAL reads them: [rows * cols, bands] float32. */
export function readRaw(map: string, folder: string): Float32Array {
  const raw = join(folder, 'read-back.bip');
  run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', map, raw]);
  const bytes = readFileSync(raw);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}
