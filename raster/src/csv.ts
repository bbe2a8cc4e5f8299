import { refuse } from './refuse.js';

/** One record of a CSV text and the line where it starts (1-based). */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

const DELIMITERS = [',', ';', '\t'] as const;

/** The delimiter that occurs most in a line; a comma where none does. */
function delimiterOf(line: string): string {
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

const isPassedOver = (line: string): boolean => /^\s*(#|$)/.test(line);

/** The cells of one line; a quoted cell may hold delimiters, and quotes written twice. */
function splitLine(text: string, delimiter: string, where: { readonly name: string; readonly line: number }): string[] {
  const cells: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const quoted = /^[^\S\t]*"((?:[^"]|"")*)"[^\S\t]*/.exec(text.slice(at));
    const end = quoted ? at + quoted[0].length : text.indexOf(delimiter, at);
    const stop = end < 0 ? text.length : end;
    if (quoted ? stop < text.length && text[stop] !== delimiter : /^[^\S\t]*"/.test(text.slice(at, stop)))
      refuse(where.name, `line ${where.line}: a quote does not close, or text follows it`);
    cells.push(quoted ? quoted[1]!.replaceAll('""', '"') : text.slice(at, stop).trim());
    at = stop + 1;
  }
  return cells;
}

/**
 * Records of a CSV text: comma, semicolon or tab, as the first record has it; quotes as RFC 4180 has them, though not over line ends;
 * empty lines and lines that start with `#` are passed over.
 */
export function parseCsv(text: string, name: string): CsvRecord[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const delimiter = delimiterOf(lines.find((line) => !isPassedOver(line)) ?? '');
  return lines.flatMap((content, i) => {
    if (isPassedOver(content)) return [];
    return [{ line: i + 1, cells: splitLine(content, delimiter, { name, line: i + 1 }) }];
  });
}

/** A cell as CSV wants it: quoted where it holds a delimiter, a quote, a leading `#` or a space at its ends. Line ends become spaces. */
export function csvCell(text: string): string {
  const flat = text.replace(/[\r\n]+/g, ' ');
  return /[",;\t]|^#|^\s|\s$/.test(flat) ? `"${flat.replaceAll('"', '""')}"` : flat;
}
