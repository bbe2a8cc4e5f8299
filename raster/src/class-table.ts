// Which class each spectrum of a library is of: a CSV beside the library. Legend: S spectra.
import { type CsvRecord, parseCsv } from './csv.js';
import { refuse } from './refuse.js';
import { cleanText } from './text.js';

/** A class table's row. */
export interface ClassRow {
  /** Of the spectrum. */
  readonly name: string;
  /** Empty where it is of none. */
  readonly class: string;
  /** Who measured it, or another group that is to count as one; absent where the table has no such column. */
  readonly source?: string;
  /** Line of the file, from 1. */
  readonly line: number;
}

export interface ClassColumns {
  /** Heading of the column that holds the class; `class` when absent. */
  readonly classColumn?: string | undefined;
  /** Heading of the column that holds the source; `source` when absent, if there is one. */
  readonly sourceColumn?: string | undefined;
}

const NAMES = ['name', 'spectrum', 'id'];

/** The column headed by the first of the `wanted` words that there is. */
function columnOf(header: CsvRecord, wanted: readonly string[], name: string): number {
  const headings = header.cells.map((cell) => cell.toLowerCase());
  const at = wanted.map((word) => headings.indexOf(word.toLowerCase())).find((column) => column >= 0);
  if (at === undefined)
    refuse(
      name,
      `line ${header.line}: no column '${wanted[0]}' among ${header.cells.map((cell) => `'${cell.slice(0, 20)}'`).join(', ')}; name the right one`,
    );
  return at;
}

/** The rows of a class table: a CSV with a column `name`, one with the class, perhaps one with the source. Throws RasterError with the line where it is none. */
export function readClassTable(text: string, name: string, columns: ClassColumns = {}): ClassRow[] {
  const [header, ...records] = parseCsv(text, name);
  if (!header || records.length === 0) refuse(name, 'holds no classes; expected a CSV with the columns name and class');
  const nameAt = columnOf(header, NAMES, name);
  const classAt = columnOf(header, [columns.classColumn ?? 'class'], name);
  const hasSource = header.cells.some((cell) => /^source$/i.test(cell));
  const sourceAt =
    columns.sourceColumn !== undefined || hasSource
      ? columnOf(header, [columns.sourceColumn ?? 'source'], name)
      : undefined;
  return records.map(({ line, cells }) => {
    if (cells.length !== header.cells.length)
      refuse(name, `line ${line}: ${cells.length} cells, but the headings are ${header.cells.length}`);
    return {
      ...{ name: cleanText(cells[nameAt]!), class: cleanText(cells[classAt]!), line },
      ...(sourceAt === undefined ? {} : { source: cleanText(cells[sourceAt]!) }),
    };
  });
}

/** A name without the ` (2)` that tells it from its namesakes. */
const plainName = (name: string): string => name.replace(/ \(\d+\)$/, '');

/** Whether a row's name is that of a spectrum, as far as namesakes can be told. */
const isNameOf = (spectrum: string, { name }: ClassRow): boolean => spectrum === name || plainName(spectrum) === name;

/** Tables in a library's order may spell so many names otherwise: public ones do. */
const SPELT_OTHERWISE = 0.05;

/** Whether a table has a row for each spectrum, in the same order; names that differ must be those of no other spectrum and no other row. */
function isInOrder(names: readonly string[], rows: readonly ClassRow[]): boolean {
  if (names.length !== rows.length) return false;
  const other = [...names.keys()].filter((s) => !isNameOf(names[s]!, rows[s]!));
  if (other.length > SPELT_OTHERWISE * names.length) return false;
  const spectra = new Set(names.flatMap((name) => [name, plainName(name)]));
  const listed = new Set(rows.map(({ name }) => name));
  return other.every((s) => !spectra.has(rows[s]!.name) && !listed.has(names[s]!) && !listed.has(plainName(names[s]!)));
}

/** Spectra whose row spells their name otherwise, so that it is theirs by its place alone. */
export const takenByPlace = (
  names: readonly string[],
  rows: readonly (ClassRow | undefined)[],
): { readonly spectrum: string; readonly row: string }[] =>
  names.flatMap((spectrum, s) => (rows[s] && !isNameOf(spectrum, rows[s]) ? [{ spectrum, row: rows[s].name }] : []));

/**
 * The row of each spectrum; undefined where the table has none. Tables with a row for each spectrum, in the same order, are taken row by row: names may repeat, and one in twenty be spelt otherwise, if the other spelling is no other spectrum's.
 * Else by name; throws RasterError where two rows of a name are of different classes.
 */
export function rowsOfSpectra(
  names: readonly string[],
  rows: readonly ClassRow[],
  table: string,
): (ClassRow | undefined)[] {
  if (isInOrder(names, rows)) return [...rows];
  const byName = new Map<string, ClassRow>();
  for (const row of rows) {
    const before = byName.get(row.name);
    if (before && (before.class !== row.class || before.source !== row.source))
      refuse(
        table,
        `lines ${before.line} and ${row.line} give '${row.name}' two classes or sources (${before.class}, ${row.class}); correct one, or give a row for each spectrum in the library's order`,
      );
    byName.set(row.name, row);
  }
  return names.map((name) => byName.get(name) ?? byName.get(plainName(name)));
}
