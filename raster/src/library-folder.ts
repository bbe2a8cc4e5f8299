// Spectral libraries of text files, a spectrum each, on disk.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { decodeText } from './decode-text.js';
import { makeGate } from './gate.js';
import type { LibraryOptions, SpectralLibrary } from './library.js';
import { isEcostress, parseEcostress } from './library-ecostress.js';
import { joinLibraries, oneSpectrum, type Parsed, type Spectrum } from './library-spectrum.js';
import { isUsgs, parseUsgs, parseUsgsColumn, type UsgsSpectrum, usgsTables } from './library-usgs.js';
import { type UsgsTables, withWavelengths } from './library-usgs-tables.js';
import { openFile, toRasterError } from './node-files.js';
import { refuse } from './refuse.js';

/** The libraries of a folder, one for each set of wavelengths (and widths), in the order of their first files. */
export interface SpectralLibraries {
  readonly libraries: readonly SpectralLibrary[];
  /** The text files that hold no spectrum of reflectance, relative to the folder, and why. */
  readonly passedOver: readonly { readonly file: string; readonly reason: string }[];
}

/** A spectrum is some 10 to 100 KB of text. */
const MOST_BYTES = 64 * 2 ** 20;
/** Longer than any header. */
const HEAD_BYTES = 2 ** 16;
/** Files open at a time. */
const MOST_OPEN = 8;

const NEITHER = 'is neither an ECOSTRESS nor a USGS spectrum';
/** What both libraries call their spectra; `errorbars_for_splib07a_..._AREF.txt` is none. */
const SPECTRUM_FILE = /^(?!errorbars_).*(\.spectrum|_(AREF|RREF|RTGC))\.txt$/i;

/** The text of a file, undefined where it is of neither library. */
async function readLibraryText(path: string): Promise<string | undefined> {
  const source = await openFile(path);
  try {
    const head = decodeText(await source.read(0, Math.min(source.size, HEAD_BYTES)));
    if (!isUsgs(head) && !isEcostress(head)) return undefined;
    if (source.size > MOST_BYTES)
      refuse(path, `${Math.ceil(source.size / 2 ** 20)} MB, but no spectrum is larger than ${MOST_BYTES / 2 ** 20}; the file is damaged, get it again`); // biome-ignore format: one line says more
    return decodeText(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

async function parseFile(path: string, options: LibraryOptions): Promise<Parsed<Spectrum | UsgsSpectrum>> {
  const text = await readLibraryText(path);
  if (text === undefined) return { reason: NEITHER };
  return isUsgs(text) ? parseUsgs(text, path, options) : parseEcostress(text, path, options);
}

/** Each value made once. */
function remember<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

async function listText(folder: string, recursive: boolean): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive });
    return entries
      .filter((entry) => !entry.isDirectory() && /^[^.].*\.txt$/i.test(entry.name))
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .sort((a, b) => (a < b ? -1 : 1));
  } catch (cause) {
    throw toRasterError('list it', folder, cause);
  }
}

const tablesOnDisk = (): UsgsTables => ({
  in: remember(async (folder) => usgsTables(await listText(folder, false))),
  read: remember(async (path) => parseUsgsColumn((await readLibraryText(path)) ?? '', path)),
});

async function libraryOf(
  spectrum: Spectrum | UsgsSpectrum,
  { path, file }: { readonly path: string; readonly file: string },
  tables: UsgsTables,
): Promise<SpectralLibrary> {
  const placed = 'library' in spectrum ? await withWavelengths(spectrum, { folder: dirname(path), path }, tables) : spectrum; // biome-ignore format: one line says more
  return oneSpectrum(placed, path, file);
}

/** The library of one spectrum that a text file is; undefined where it is of neither kind. Rejects with RasterError where it is damaged or holds no reflectance. */
export async function readSpectrumFile(path: string, options: LibraryOptions): Promise<SpectralLibrary | undefined> {
  const parsed = await parseFile(path, options);
  if ('spectrum' in parsed) return libraryOf(parsed.spectrum, { path, file: basename(path) }, tablesOnDisk());
  if (parsed.reason === NEITHER) return undefined;
  return refuse(path, `${parsed.reason}; name a spectrum of reflectance`);
}

/** Parses all files, a few at a time; the first that fails, in their order, is what this rejects with, once none is open any more. */
async function parseAll(
  folder: string,
  files: readonly string[],
  options: LibraryOptions,
): Promise<Parsed<Spectrum | UsgsSpectrum>[]> {
  const gate = makeGate(MOST_OPEN);
  const settled = await Promise.allSettled(files.map((file) => gate(() => parseFile(join(folder, file), options))));
  return settled.map((result, i) => {
    if (result.status === 'rejected') throw result.reason;
    if ('reason' in result.value && result.value.reason === NEITHER && SPECTRUM_FILE.test(basename(files[i]!)))
      refuse(
        join(folder, files[i]!),
        `is named like a spectrum, but ${NEITHER}; it is cut short or damaged, get it again`,
      );
    return result.value;
  });
}

/** Reads the text files of a folder and of those in it, in order of their names. Rejects with RasterError where one is damaged, or none is a spectrum of reflectance. */
export async function readSpectrumFolder(folder: string, options: LibraryOptions): Promise<SpectralLibraries> {
  const files = (await listText(folder, true)).filter((file) => usgsTables([basename(file)]).length === 0);
  const tables = tablesOnDisk();
  const groups = new Map<string, SpectralLibrary[]>(); // by wavelengths and widths
  const passedOver: { file: string; reason: string }[] = [];
  for (const [i, parsed] of (await parseAll(folder, files, options)).entries()) {
    const file = files[i]!;
    if ('reason' in parsed) passedOver.push({ file, reason: parsed.reason });
    else {
      const library = await libraryOf(parsed.spectrum, { path: join(folder, file), file }, tables);
      const key = `${library.wavelengths};${library.fwhm}`;
      const group = groups.get(key);
      if (group) group.push(library);
      else groups.set(key, [library]);
    }
  }
  if (groups.size === 0)
    refuse(folder, `none of its ${files.length} text files is a spectrum of reflectance${passedOver.length > 0 ? ` (${passedOver[0]!.file} ${passedOver[0]!.reason})` : ''}; name a folder with ECOSTRESS (*.spectrum.txt) or USGS files (splib07a_*.txt), or a library (.csv, .sli)`); // biome-ignore format: one line says more
  return { libraries: [...groups.values()].map((group) => joinLibraries(group, folder)), passedOver };
}
