import { refuse } from './refuse.js';
import type { SampleType } from './scene.js';

// Source of the keys: "ENVI Header Files" in the ENVI user manual.

/** The raw keys of an ENVI header, lower case, each with its text. */
export interface EnviFields {
  /** The file the keys come from, for messages. */
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/** How the samples lie in the data file. */
export interface EnviLayout {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly headerOffset: number;
  readonly sampleType: SampleType;
  readonly bigEndian: boolean;
  readonly interleave: 'bsq' | 'bil' | 'bip';
}

/** The sample types that ENVI has, by its codes. */
export const DATA_TYPES: Readonly<Record<string, SampleType>> = {
  1: 'uint8',
  2: 'int16',
  3: 'int32',
  4: 'float32',
  5: 'float64',
  12: 'uint16',
  13: 'uint32',
};

/** True for text that starts as every ENVI header does. */
export const isEnviHeader = (text: string): boolean => /^\uFEFF?ENVI\s*(\r|\n|$)/.test(text);

/** Splits an ENVI header into its keys: case-insensitive, values in braces over several lines, lines starting with `;` are comments; of a repeated key the last counts. */
export function parseEnviFields(text: string, name: string): EnviFields {
  if (!isEnviHeader(text)) refuse(name, 'not an ENVI header: its first line should be ENVI');
  const lines = text.split(/\r\n|\n|\r/).map((line) => (line.trimStart().startsWith(';') ? '' : line));
  const values = new Map<string, string>();
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const equals = line.indexOf('=');
    if (equals < 0) continue;
    const key = line.slice(0, equals).trim().toLowerCase().replace(/\s+/g, ' ');
    const value = [line.slice(equals + 1).trim()];
    if (value[0]!.startsWith('{')) {
      const opened = i + 1;
      while (!lines[i]!.includes('}'))
        if (++i < lines.length) value.push(lines[i]!);
        else refuse(name, `the brace of '${key}' in line ${opened} never closes; the header is cut short`);
    }
    values.set(key, value.join('\n').trim());
  }
  return { name, values };
}

/** The text of a key, without braces; undefined where the header has no such key. */
export function textField(fields: EnviFields, key: string): string | undefined {
  const value = fields.values.get(key);
  if (!value?.startsWith('{')) return value;
  return value.slice(1, value.indexOf('}')).trim();
}

/** The items of a list in braces; undefined where the header has no such key. */
export function listField(fields: EnviFields, key: string): string[] | undefined {
  const text = textField(fields, key);
  if (text === undefined) return undefined;
  return text === '' ? [] : text.split(',').map((item) => item.trim());
}

/** A number; undefined where the header has no such key. */
export function numberField(fields: EnviFields, key: string): number | undefined {
  const text = textField(fields, key);
  if (text === undefined) return undefined;
  const value = /^[+-]?nan$/i.test(text) ? Number.NaN : Number(text);
  if (text === '' || (Number.isNaN(value) && !/nan/i.test(text)))
    refuse(fields.name, `'${key}' should be a number, got '${text.slice(0, 40)}'; correct the header`);
  return value;
}

/** A list of exactly `count` numbers; undefined where the header has no such key. */
export function numbersField(fields: EnviFields, key: string, count: number): number[] | undefined {
  const items = listField(fields, key);
  if (items === undefined) return undefined;
  if (items.length !== count)
    refuse(fields.name, `'${key}' should list ${count} numbers, got ${items.length}; correct the header`);
  return items.map((item, i) => {
    const value = Number(item);
    if (item === '' || !Number.isFinite(value))
      refuse(fields.name, `item ${i + 1} of '${key}' should be a number, got '${item.slice(0, 40)}'`);
    return value;
  });
}

/** A whole number of at least `least`. */
function wholeField(fields: EnviFields, key: string, least: number): number {
  const value = numberField(fields, key);
  if (value === undefined) refuse(fields.name, `no '${key}'; the header is cut short or not that of an image`);
  if (!Number.isSafeInteger(value) || value < least)
    refuse(fields.name, `'${key}' should be a whole number of at least ${least}, got ${value}`);
  return value;
}

function interleaveOf(fields: EnviFields): EnviLayout['interleave'] {
  const text = textField(fields, 'interleave')?.toLowerCase();
  if (text === 'bsq' || text === 'bil' || text === 'bip') return text;
  refuse(fields.name, `'interleave' should be bsq, bil or bip, got ${text === undefined ? 'nothing' : `'${text}'`}`);
}

function sampleTypeOf(fields: EnviFields): SampleType {
  const code = textField(fields, 'data type') ?? 'nothing';
  if (Object.hasOwn(DATA_TYPES, code)) return DATA_TYPES[code]!;
  const readable = Object.entries(DATA_TYPES).map(([number, name]) => `${number} (${name})`);
  refuse(fields.name, `'data type' ${code} cannot be read; readable are ${readable.join(', ')}`);
}

function isBigEndian(fields: EnviFields, sampleType: SampleType): boolean {
  const order = textField(fields, 'byte order');
  if (order === '0' || order === '1') return order === '1';
  if (order === undefined && sampleType === 'uint8') return false;
  const got = order === undefined ? 'nothing' : `'${order}'`;
  refuse(fields.name, `'byte order' should be 0 (little-endian) or 1 (big-endian), got ${got}; add it to the header`);
}

/** What the header says of the data file's layout; throws RasterError where a key is missing or impossible. */
export function enviLayout(fields: EnviFields): EnviLayout {
  if (textField(fields, 'file compression') === '1')
    refuse(fields.name, 'the data file is compressed (file compression = 1); write it uncompressed');
  const sampleType = sampleTypeOf(fields);
  return {
    rows: wholeField(fields, 'lines', 1),
    cols: wholeField(fields, 'samples', 1),
    bands: wholeField(fields, 'bands', 1),
    headerOffset: fields.values.has('header offset') ? wholeField(fields, 'header offset', 0) : 0,
    sampleType,
    bigEndian: isBigEndian(fields, sampleType),
    interleave: interleaveOf(fields),
  };
}
