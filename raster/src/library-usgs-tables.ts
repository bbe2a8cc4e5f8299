// Which file holds the wavelengths of a USGS spectrum. Legend: B channels.
import { join } from 'node:path';
import type { Spectrum } from './library-spectrum.js';
import { mayBelong, type UsgsSpectrum, type UsgsTable, wavelengthsName } from './library-usgs.js';
import { refuse } from './refuse.js';
import { toNanometres } from './wavelength.js';

/** The tables of folders, each folder listed and each file read once. */
export interface UsgsTables {
  in(folder: string): Promise<readonly UsgsTable[]>;
  /** The numbers of the file at `path`. */
  read(path: string): Promise<readonly number[]>;
}

/** A table and its numbers, in microns. */
interface Column {
  readonly path: string;
  readonly values: readonly number[];
}

async function columnsIn(
  folder: string,
  widths: boolean,
  spectrum: UsgsSpectrum,
  tables: UsgsTables,
): Promise<Column[]> {
  const found = (await tables.in(folder)).filter((table) => table.widths === widths && mayBelong(table, spectrum));
  const columns: Column[] = [];
  for (const { file } of found) {
    const path = join(folder, file);
    columns.push({ path, values: await tables.read(path) });
  }
  return columns;
}

/** The spectrum's widths [B], nm, where one file beside its wavelengths has them for all its channels. */
async function widthsOf(folder: string, spectrum: UsgsSpectrum, tables: UsgsTables): Promise<number[] | undefined> {
  const B = spectrum.values.length;
  const columns = await columnsIn(folder, true, spectrum, tables);
  const fitting = columns.filter(({ values }) => values.length === B && values.every((value) => value > 0));
  return fitting.length === 1 ? toNanometres(fitting[0]!.values, 1e3) : undefined;
}

/**
 * A spectrum with its wavelengths (and widths), from the files of its library in its folder or the one above: those named after its instrument, with as many channels.
 * Rejects with RasterError where there is none, more than one, or none with as many channels.
 */
export async function withWavelengths(
  spectrum: UsgsSpectrum,
  at: { readonly folder: string; readonly path: string },
  tables: UsgsTables,
): Promise<Spectrum> {
  const B = spectrum.values.length;
  const misfits: string[] = [];
  for (const folder of [at.folder, join(at.folder, '..')]) {
    const columns = await columnsIn(folder, false, spectrum, tables);
    const fitting = columns.filter(({ values }) => values.length === B);
    if (fitting.length > 1)
      refuse(at.path, `its wavelengths may be those of ${fitting.map(({ path }) => path).join(' or ')}; leave one of them there`); // biome-ignore format: one line says more
    if (fitting.length === 1) {
      const fwhm = await widthsOf(folder, spectrum, tables);
      return { ...spectrum, wavelengths: toNanometres(fitting[0]!.values, 1e3), ...(fwhm && { fwhm }) };
    }
    misfits.push(...columns.map(({ path, values }) => `${values.length} in ${path}`));
  }
  if (misfits.length > 0)
    refuse(at.path, `${B} channels, but the wavelengths are ${misfits.join(', ')}; one of the files is cut short or of another library, get them again`); // biome-ignore format: one line says more
  refuse(at.path, `no wavelengths for its ${B} channels; put the library's file ${wavelengthsName(spectrum)} beside it or into the folder above`); // biome-ignore format: one line says more
}
