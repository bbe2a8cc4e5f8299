// Files in the shape of the ECOSTRESS and USGS libraries; none of the libraries' data.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SpectralLibrary } from '@egunet/raster';
import { readSpectralLibraries } from '@egunet/raster/node';
import { temporaryFolder } from '../support/index.js';

export const floats = (...values: number[]): Float32Array => Float32Array.from(values);

/** A new folder with these files, texts by their paths in it. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** The units, the number of values as stated, and the lines of values. */
export interface Ecostress {
  readonly x?: string;
  readonly y?: string;
  readonly count?: string;
  readonly rows?: readonly string[];
}

/** As the files of both libraries are: the older ones describe over several lines, the order of wavelengths falls. */
export const ecostress = ({
  x = 'Wavelength (micrometers)',
  y = 'Reflectance (percent)',
  count,
  rows = ['2.5\t20', '0.4\t10'],
}: Ecostress = {}): string =>
  // biome-ignore format: one line says more
  `Name: Grey  sample\nType: Rock\nClass: Igneous\nSubclass: Felsic\nOrigin: \nWavelength range: All\nDescription: of three lines,\nGenus,\nClass: not this one\n\nX Units: ${x}\nY Units:${y}\nFirst X Value: 2.5\nLast X Value: 0.4\nNumber of X Values: ${count ?? rows.length}\nAdditional Information: none\n\n${rows.join('\n')}\n\t\n`;

/** What the header of `ecostress` tells besides. */
export const ECOSTRESS_ATTRIBUTES = { Type: 'Rock', Class: 'Igneous', Subclass: 'Felsic', 'Wavelength Range': 'All' };

/** A title, then a number a line, as Fortran writes it. */
export const column = (title: string, values: readonly number[]): string =>
  [` ${title}`, ...values.map((value) => ` ${value.toExponential(7)}`), ''].join('\r\n');

/** A spectrum. */
export const usgs = (values: readonly number[], tail = 'ASDFRa AREF', library = 'splib07a'): string =>
  column(`${library} Record=99: Green slime   GDS1    ${tail}`, values);

/** The name of a file of wavelengths, its text, and the name of a spectrum that they belong to. */
export const WAVELENGTHS = 'splib07a_Wavelengths_ASD_0.35-2.5_microns_2151_ch.txt';
export const wavelengths = column('splib07a Record=23: Wavelengths ASD', [0.35, 0.36, 0.37]);
export const SLIME = 'splib07a_Green_slime_GDS1_ASDFRa_AREF.txt';

/** The library of a folder that holds one. */
export async function onlyLibrary(folder: string): Promise<SpectralLibrary> {
  const { libraries } = await readSpectralLibraries(folder);
  assert.equal(libraries.length, 1);
  return libraries[0]!;
}
