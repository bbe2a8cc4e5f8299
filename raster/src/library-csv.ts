// Legend: S spectra, B bands.
import { type CsvRecord, csvCell, parseCsv } from './csv.js';
import { type LibraryOptions, makeLibrary, type SpectralLibrary } from './library.js';
import { refuse } from './refuse.js';
import { nanometresPer, toNanometres } from './wavelength.js';

/** `wavelength`, `Wavelength (um)`, `wavelength_nm`, `wl [nm]`, `lambda`; the second group is the unit. */
const WAVELENGTH_HEADER = /^(wavelengths?|wl|lambda)[\s_]*[([]?\s*([a-zµμ]*)\s*[)\]]?$/i;
const FWHM_HEADER = /^(fwhm|bandwidth)([\s_([].*)?$/i;
const BAND_HEADER = /^bands?$/i;
const CLASS_HEADER = /^(class|type|category)$/i;
const NAME_HEADER = /^(spectrum|spectra|name|names|id)$/i;
/** `400`, `400.5 nm`, `0.4um`: a wavelength as a column's heading. */
const WAVELENGTH_CELL = /^([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-zµμ]*)$/i;

/** The largest wavelength of a library by its smallest: 0.2 to 20 micrometres is all that optical instruments see. */
const WIDEST_RANGE = 200;

const LAYOUTS =
  "the first line should be 'wavelength' and the names of the spectra (one band a line), or 'name' and the wavelengths (one spectrum a line)";

interface Table {
  readonly name: string;
  readonly header: CsvRecord;
  readonly records: readonly CsvRecord[];
}

/** The number in a cell; `NaN`, in any case, is no value. */
function numberIn(record: CsvRecord, column: number, name: string): number {
  const cell = record.cells[column]!;
  if (/^nan$/i.test(cell)) return Number.NaN;
  const value = Number(cell);
  if (cell === '' || !Number.isFinite(value))
    refuse(
      name,
      `line ${record.line}, column ${column + 1}: should be a number, got '${cell.slice(0, 40)}'${/^-?\d+,\d+$/.test(cell) ? '; write decimals with a point' : ''}`,
    );
  return value;
}

function unitFactor(unit: string, wavelengths: readonly number[], name: string): number {
  const factor = nanometresPer(unit, wavelengths);
  if (factor === undefined) refuse(name, `'${unit}' is no unit of wavelength; give wavelengths in nm or um`);
  return factor;
}

/** One band a line: a column of wavelengths (or of band numbers), perhaps one of widths, then a column a spectrum. */
function readColumns({ name, header, records }: Table): SpectralLibrary {
  const unit = WAVELENGTH_HEADER.exec(header.cells[0]!)?.[2];
  const widths = FWHM_HEADER.test(header.cells[1] ?? '');
  const first = widths ? 2 : 1;
  const names = header.cells.slice(first);
  const S = names.length;
  const B = records.length;
  const spectra = new Float32Array(S * B); // [S, B]
  for (const [b, record] of records.entries())
    for (let s = 0; s < S; s++) spectra[s * B + b] = numberIn(record, first + s, name);
  if (unit === undefined) return { names, spectra };
  const wavelengths = records.map((record) => numberIn(record, 0, name));
  const factor = unitFactor(unit, wavelengths, name);
  const fwhm = widths ? records.map((record) => numberIn(record, 1, name)) : undefined;
  return {
    names,
    wavelengths: toNanometres(wavelengths, factor),
    ...(fwhm && { fwhm: toNanometres(fwhm, factor) }),
    spectra,
  };
}

/** The wavelengths, in nm, that headings are. */
function readHeadings(headings: readonly RegExpExecArray[], { name, header }: Table): number[] {
  const values = headings.map(([, value]) => Number(value));
  const units = new Set(headings.map(([, , unit]) => unit!));
  const factors = new Map([...units].map((unit) => [unit, unitFactor(unit, values, name)]));
  const wavelengths = headings.map(([, , unit], i) => toNanometres([values[i]!], factors.get(unit!)!)[0]!);
  const low = wavelengths.reduce((least, value) => Math.min(least, value), Infinity);
  const high = wavelengths.reduce((most, value) => Math.max(most, value), 0);
  if (low > 0 && high > low * WIDEST_RANGE)
    refuse(
      name,
      `line ${header.line} is read as wavelengths, but ${low} to ${high} nm is no instrument's range; ${LAYOUTS}`,
    );
  return wavelengths;
}

/** One spectrum a line, wavelengths as headings (or numbers of bands, beside the heading `band`); of other columns, one headed `name` (or the first) names the spectrum, the rest are its attributes. */
function readRows(table: Table): SpectralLibrary {
  const { name, header, records } = table;
  const headings = header.cells.map((cell) => WAVELENGTH_CELL.exec(cell));
  const bandColumns = [...headings.keys()].filter((column) => headings[column]);
  const others = [...headings.keys()].filter((column) => !headings[column]);
  const named = others.find((column) => NAME_HEADER.test(header.cells[column]!)) ?? others[0];
  const widths = named === undefined ? undefined : records.find(({ cells }) => FWHM_HEADER.test(cells[named]!));
  if (widths)
    refuse(
      name,
      `line ${widths.line}: '${widths.cells[named!]}' is no spectrum; leave the line out, or turn the table around: widths are read from a column`,
    );
  const numbered = BAND_HEADER.test(header.cells[0]!);
  // A class that names the spectra, as no column is headed so, is told, too.
  const told = others.filter((column) => column !== named || CLASS_HEADER.test(header.cells[column]!));
  return {
    names: records.map((record, i) => (named === undefined ? '' : record.cells[named]!) || `spectrum ${i + 1}`),
    ...(numbered
      ? {}
      : {
          wavelengths: readHeadings(
            headings.filter((heading) => heading !== null),
            table,
          ),
        }),
    spectra: Float32Array.from(
      records.flatMap((record) => bandColumns.map((column) => numberIn(record, column, name))),
    ),
    ...(told.length > 0 && {
      attributes: records.map(({ cells }) =>
        Object.fromEntries(told.map((column) => [header.cells[column]!, cells[column]!])),
      ),
    }),
  };
}

function assertEven({ name, header, records }: Table): void {
  if (records.length === 0) refuse(name, 'no spectra below the line of headings');
  for (const { line, cells } of records)
    if (cells.length !== header.cells.length)
      refuse(
        name,
        `line ${line}: ${cells.length} cells, but the headings in line ${header.line} are ${header.cells.length}`,
      );
}

/** Throws where the headings and the column below `wavelength` could both be wavelengths, so that the table may be turned around. */
function assertOneWay({ name, header, records }: Table): void {
  const unit = WAVELENGTH_HEADER.exec(header.cells[0]!)?.[2];
  const headings = header.cells.slice(1).map(Number);
  const numbered = records.every(({ cells }, i) => Number(cells[0]) === Number(records[0]!.cells[0]) + i);
  if (unit !== '' || !numbered || !(Number(records[0]!.cells[0]) <= 1) || !headings.every((value) => value >= 100))
    return;
  refuse(
    name,
    `line ${header.line}: '${header.cells[0]}' stands over ${records[0]!.cells[0]}, ... and beside ${headings[0]}, ...; head the first column 'name' where it numbers ${records.length} spectra, or 'wavelength_um' where it holds the wavelengths of ${headings.length}`,
  );
}

/** True where `wavelength` stands over the names, because it speaks of the headings beside it: all wavelengths, and the first cell below is none. */
const isNameColumn = ({ header, records }: Table): boolean =>
  header.cells.slice(1).every((cell) => WAVELENGTH_CELL.test(cell)) &&
  records.length > 0 &&
  !Number.isFinite(Number(records[0]!.cells[0]));

/**
 * A spectral library from CSV, in either of two layouts, told apart by the headings:
 * a column headed `wavelength`, perhaps one headed `fwhm`, then a column a spectrum, headed by its name;
 * or one spectrum a line, with its name, below headings that are wavelengths (the cells of columns headed by other words are its attributes).
 * Units stand in the headings (`wavelength (um)`, `wavelength_nm`, `400 nm`), else values under 100 are micrometres.
 * `band` in place of the heading `wavelength`, over a column or beside headings that are numbers of bands, makes a library of bands without wavelengths.
 * Equal names are told apart by ` (2)`, ` (3)`. Throws RasterError with the line number where the text is no such table.
 */
export function readSpectralLibraryCsv(text: string, name: string, options: LibraryOptions = {}): SpectralLibrary {
  const [header, ...records] = parseCsv(text, name);
  if (!header) refuse(name, 'is empty; expected a CSV with a line of headings');
  const table = { name, header, records };
  const first = header.cells[0]!;
  const inColumns = (WAVELENGTH_HEADER.test(first) || BAND_HEADER.test(first)) && !isNameColumn(table);
  if (!inColumns && !header.cells.some((cell) => WAVELENGTH_CELL.test(cell)))
    refuse(
      name,
      `no wavelengths: the headings in line ${header.line} are ${header.cells
        .slice(0, 3)
        .map((cell) => `'${cell.slice(0, 20)}'`)
        .join(', ')}${header.cells.length > 3 ? ' ...' : ''}; ${LAYOUTS}`,
    );
  if (inColumns && header.cells.length < 2) refuse(name, `line ${header.line}: no column beside '${first}'`);
  assertEven(table);
  assertOneWay(table);
  return makeLibrary(inColumns ? readColumns(table) : readRows(table), name, options);
}

/** The shortest decimal text that reads back as the same float32. */
function float32Text(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** CSV of a library: `wavelength_nm` (`band` where it has no wavelengths), `fwhm_nm` where known, then a column a spectrum. Reads back as the same library. */
export function writeSpectralLibraryCsv(library: SpectralLibrary): string {
  const { names, wavelengths, fwhm, spectra } = library;
  const B = spectra.length / names.length;
  const widths = wavelengths && fwhm;
  const headings = [wavelengths ? 'wavelength_nm' : 'band', ...(widths ? ['fwhm_nm'] : []), ...names.map(csvCell)];
  const lines = Array.from({ length: B }, (_, b) => [
    String(wavelengths?.[b] ?? b + 1),
    ...(widths ? [String(widths[b])] : []),
    ...names.map((_, s) => float32Text(spectra[s * B + b]!)),
  ]);
  return [headings, ...lines].map((cells) => `${cells.join(',')}\n`).join('');
}
