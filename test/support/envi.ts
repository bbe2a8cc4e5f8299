// Small images for the readers. Legend: B bands.
import { writeFileSync } from 'node:fs';

export interface EnviImage {
  readonly rows: number;
  readonly cols: number;
  /** nm [B] */
  readonly wavelengths: readonly number[];
  /** [rows * cols, B] */
  readonly data: Float32Array;
  /** Further lines of the header. */
  readonly more?: readonly string[];
}

/** Writes `header`, `NAME.hdr`, and beside it `NAME.img`: pixel-interleaved float32. */
export function writeEnviImage(header: string, { rows, cols, wavelengths, data, more = [] }: EnviImage): void {
  const lines = [
    'ENVI',
    `samples = ${cols}`,
    `lines = ${rows}`,
    `bands = ${wavelengths.length}`,
    'header offset = 0',
    'data type = 4',
    'interleave = bip',
    'byte order = 0',
    'wavelength units = Nanometers',
    `wavelength = {${wavelengths.join(', ')}}`,
    ...more,
  ];
  writeFileSync(header, `${lines.join('\n')}\n`);
  writeFileSync(header.replace(/hdr$/, 'img'), data);
}
