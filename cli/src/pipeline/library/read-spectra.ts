// Libraries with a class for each spectrum, at a sensor's bands. Legend: S spectra, B bands, C classes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { resampleLibrary, type SensorBand, type SpectralLibrary } from '@egunet/raster';
import {
  type ClassRow,
  decodeText,
  readClassTable,
  readSpectralLibraries,
  rowsOfSpectra,
  takenByPlace,
  uncoveredBands,
} from '@egunet/raster/node';
import { systemReason } from '@egunet/raster/system-reason';
import { CommandError } from '../../support/errors.js';
import { note } from '../../support/output.js';
import type { LibraryRequest } from './request.js';

/** A library, and where it is from. */
export interface PlacedSpectra {
  readonly path: string;
  readonly spectra: SpectralLibrary;
}

/** A library and what is known of its spectra. */
export interface ReadLibrary extends PlacedSpectra {
  readonly sha256: string;
  /** [S]; undefined where a spectrum is of no class. */
  readonly rows: readonly (Pick<ClassRow, 'class' | 'source'> | undefined)[];
}

/** Libraries with the class of each spectrum, and the tables that say it. */
export interface ReadLibraries {
  readonly libraries: readonly ReadLibrary[];
  readonly tables: readonly { readonly name: string; readonly sha256: string }[];
}

/** Reads the libraries of a request, with the class of each spectrum. Throws RasterError or CommandError where classes and spectra do not fit. */
export async function readLibraries(request: LibraryRequest): Promise<ReadLibraries> {
  const { libraries, libraryScale, classes } = request;
  if (classes.length !== 1 && classes.length !== libraries.length)
    throw new CommandError(
      `--classes: ${classes.length} are given for ${libraries.length} libraries; give one for all, or one for each`,
    );
  const { tables, digests } = await readTables(request);
  const found: ReadLibrary[] = [];
  for (const [i, path] of libraries.entries()) {
    const { libraries: read, passedOver } = await readSpectralLibraries(path, { reflectanceScale: libraryScale });
    if (passedOver.length > 0)
      note(
        `${basename(path)}: ${passedOver.length} files are no spectra and are passed over: ${shorten(passedOver, ({ file }) => quoted(file))}`,
      );
    const by = classes[i] ?? classes[0]!;
    const table = tables.get(by);
    for (const spectra of read) {
      const rows = table
        ? rowsOfSpectra(spectra.names, table, by)
        : rowsByColumn(spectra, { path, column: by, request });
      const byPlace = takenByPlace(spectra.names, table ? (rows as readonly (ClassRow | undefined)[]) : []);
      if (byPlace.length > 0)
        note(
          `${basename(by)}: taken by their place, as their names are spelt otherwise: ${shorten(byPlace, ({ spectrum, row }) => `${quoted(row)} for ${quoted(spectrum)}`)}`,
        );
      found.push({ path, spectra, rows, sha256: digestOf(spectra) });
    }
  }
  assertAllUsed(found, tables);
  return { libraries: found, tables: digests };
}

/** The class tables among what says the classes, by their paths: the others are headings of columns. */
async function readTables(request: LibraryRequest) {
  const digests: { name: string; sha256: string }[] = [];
  const tables = new Map<string, ClassRow[]>();
  for (const table of new Set(request.classes.filter(isAbsolute))) {
    const bytes = await readFile(table).catch((cause: Error) => {
      throw new CommandError(`${table}: cannot be read: ${systemReason(cause) ?? cause.message}`, { cause });
    });
    digests.push({ name: basename(table), sha256: createHash('sha256').update(bytes).digest('hex') });
    tables.set(table, withSources(readClassTable(decodeText(bytes), table, request), table));
  }
  return { tables, digests };
}

/** The rows, if each of a class says its source, or none does. Throws CommandError: an empty cell would be a source of its own, which counts as much as any other. */
function withSources(rows: ClassRow[], table: string): ClassRow[] {
  const missing = rows.filter((row) => row.class !== '' && row.source === '');
  const [first] = missing;
  if (first && missing.length < rows.filter((row) => row.class !== '').length)
    throw new CommandError(
      `${basename(table)}: ${missing.length} of ${rows.length} rows have no source, the first in line ${first.line}; fill them in, or leave the column out`,
    );
  return rows;
}

interface ByColumn {
  readonly path: string;
  readonly column: string;
  readonly request: Pick<LibraryRequest, 'sourceColumn'>;
}

/** Class and source of each spectrum as the library itself tells them. */
function rowsByColumn(
  { attributes = [], names }: SpectralLibrary,
  { path, column, request: { sourceColumn } }: ByColumn,
): ReadLibrary['rows'] {
  const headings = [...new Set(attributes.flatMap(Object.keys))];
  const headingOf = (wanted: string) => headings.find((heading) => heading.toLowerCase() === wanted.toLowerCase());
  const [classes, sources] = [headingOf(column), headingOf(sourceColumn ?? 'source')];
  const missing = classes === undefined ? column : sources === undefined ? sourceColumn : undefined;
  if (missing !== undefined)
    throw new CommandError(
      `'${missing}' is neither a class table nor told by ${basename(path)}, which tells ${headings.length > 0 ? shorten(headings, quoted) : 'nothing but the names of its spectra'}; name another column, or a CSV of classes`,
    );
  return names.map((_, s) => ({
    class: attributes[s]?.[classes!] ?? '',
    ...(sources !== undefined && attributes[s]?.[sources] !== undefined && { source: attributes[s][sources] }),
  }));
}

/** Names shown of many. */
const SHOWN = 5;

/** The first of them, as `words` has each. */
function shorten<T>(items: readonly T[], words: (item: T) => string): string {
  const more = items.length > SHOWN ? ` and ${items.length - SHOWN} more` : '';
  return `${items.slice(0, SHOWN).map(words).join(', ')}${more}`;
}

const quoted = (name: string): string => `'${name}'`;

/** Of names, wavelengths and values as they were read: a file of another format with the same is the same library. */
export function digestOf({ names, wavelengths = [], spectra }: SpectralLibrary): string {
  const hash = createHash('sha256').update(JSON.stringify([names, wavelengths]));
  return hash.update(new Uint8Array(spectra.buffer, spectra.byteOffset, spectra.byteLength)).digest('hex');
}

/** Throws CommandError where a table's row names no spectrum: a misspelt name would go unseen. */
function assertAllUsed(libraries: readonly ReadLibrary[], tables: ReadonlyMap<string, readonly ClassRow[]>): void {
  const used = new Set(libraries.flatMap(({ rows }) => rows));
  for (const [table, rows] of tables) {
    const names = new Set(rows.filter((row) => used.has(row)).map(({ name }) => name));
    const unused = rows.filter(({ name }) => !names.has(name));
    if (unused.length === 0) continue;
    const shown = shorten(unused, ({ name, line }) => `${quoted(name)} (line ${line})`);
    throw new CommandError(
      `${basename(table)}: ${unused.length} of ${rows.length} rows name no spectrum of ${libraries.map(({ path }) => basename(path)).join(', ')}: ${shown}; correct the names, or take the table of these libraries`,
    );
  }
}

/** A band as model cards have it, whose centre is known. */
interface KnownBand {
  readonly wavelength: number;
  readonly fwhm: number | null;
}

/** The same bands as libraries are resampled to. */
const sensorBands = (bands: readonly KnownBand[]): SensorBand[] =>
  bands.map(({ wavelength, fwhm }) => ({ wavelength, ...(fwhm === null ? {} : { fwhm }) }));

/** Bands by why a library does not know them. */
export function coverage<T extends PlacedSpectra>(libraries: readonly T[], bands: readonly KnownBand[]) {
  const sensed = sensorBands(bands);
  return libraries.map((library) => {
    const { path, spectra } = library;
    return { library, path, reasons: uncoveredBands(spectra, sensed, path) };
  });
}

/** A library's spectra at these bands [S, B]; a spectrum that lacks a value there is NaN throughout. */
export function spectraAt({ path, spectra }: PlacedSpectra, bands: readonly KnownBand[]): Float32Array {
  return resampleLibrary(spectra, sensorBands(bands), { name: path, missing: 'nan' });
}
