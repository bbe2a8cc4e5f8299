import { availableParallelism } from 'node:os';
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { flag, type OptionOf } from './outline.js';

/** Options that every command has. */
export interface CommonOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** Adds `--json` and `--verbose`. */
export const withCommon = <T>(yargs: Argv<T>) =>
  yargs
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'Print the result as JSON on standard output',
      recorded: 'never',
    } satisfies OptionOf)
    .option('verbose', {
      type: 'boolean',
      default: false,
      describe: 'Print every step of progress, and the stack of an error',
      recorded: 'never',
    } satisfies OptionOf)
    .group(['json', 'verbose'], 'General:');

interface Range {
  readonly describe: string;
  readonly alias?: string;
  /** Smallest value allowed; `above` instead excludes it. */
  readonly least?: number;
  readonly above?: number;
  readonly most?: number;
  readonly below?: number;
  /** What to know of it, for who gives another. */
  readonly hint?: string;
}

/** The number that `given` spells. Throws UsageError where it spells none, or one out of range. */
function readNumber(name: string, given: string, whole: boolean, range: Omit<Range, 'describe'>): number {
  const { least = Number.NEGATIVE_INFINITY, above, most = Number.POSITIVE_INFINITY, below } = range;
  const value = given.trim() === '' ? Number.NaN : Number(given);
  const fits =
    Number.isFinite(value) &&
    (!whole || Number.isSafeInteger(value)) &&
    value >= least &&
    value <= most &&
    (above === undefined || value > above) &&
    (below === undefined || value < below);
  if (fits) return value;
  const limits = [
    range.least !== undefined && `>= ${range.least}`,
    above !== undefined && `> ${above}`,
    range.most !== undefined && `<= ${most}`,
    below !== undefined && `< ${below}`,
  ].filter(Boolean);
  const got = Number.isNaN(value) ? `'${given}'` : given;
  const hint = range.hint ? `; ${range.hint}` : '';
  throw new UsageError(
    `${flag(name)}: expected a ${whole ? 'whole ' : ''}number ${limits.join(' and ')}, got ${got}${hint}`,
  );
}

/** The parser would make NaN of a word and 0 of nothing: it hands over text, and the number is read here. */
function numeric(name: string, whole: boolean, range: Range) {
  return {
    type: 'string',
    requiresArg: true,
    takes: whole ? 'N' : 'X',
    describe: range.describe,
    ...(range.alias ? { alias: range.alias } : {}),
    coerce: (given: string | undefined) => (given === undefined ? undefined : readNumber(name, given, whole, range)),
  } as const satisfies OptionOf;
}

/** The whole number that `given` spells, of an option that takes several. Throws as `wholeNumber` does. */
export const readWholeNumber = (name: string, given: string, range: Omit<Range, 'describe'>): number =>
  readNumber(name, given, true, range);

/** An option that takes a whole number in a range. */
export const wholeNumber = (name: string, range: Range) => numeric(name, true, range);

/** Threads that each read and unmix tiles. */
export const workers = {
  ...wholeNumber('workers', { describe: 'Threads that read and unmix tiles [default: all cores]', least: 1 }),
  recorded: 'never',
} as const satisfies OptionOf;

/** How abundances are stored. */
export const dtype = {
  choices: ['float32', 'uint16', 'uint8'] as const,
  default: 'float32' as const,
  describe: 'Stored values: abundances, or integers with a scale of 1e-4 or 0.005 in the metadata',
};

/** Processor threads: more than there are only stand in each other's way. */
export const threads = wholeNumber('threads', {
  describe: 'Processor threads [default: all cores]',
  least: 1,
  most: availableParallelism(),
});

/** An option that takes a number in a range. */
export const realNumber = (name: string, range: Range) => numeric(name, false, range);

/** An option that takes text. */
export const text = (name: string, describe: string, alias?: string) =>
  ({
    type: 'string',
    requiresArg: true,
    describe,
    coerce: (value: string | undefined) => {
      if (value === '') throw new UsageError(`${flag(name)}: expected a name, got nothing`);
      return value;
    },
    ...(alias ? { alias } : {}),
  }) as const satisfies OptionOf;

/** `tree,water`: an option that takes names apart by commas, each once. */
export const nameList = (name: string, describe: string) =>
  ({
    ...text(name, describe),
    takes: 'NAME,...',
    coerce: (given: string | undefined) => {
      const names = given?.split(',').map((one) => one.trim());
      if (names && (names.includes('') || new Set(names).size < names.length))
        throw new UsageError(`${flag(name)}: expected different names with commas between them, got '${given}'`);
      return names;
    },
  }) as const satisfies OptionOf;

/** The same for an option that names a file or a folder. */
export const named = <T extends OptionOf>(option: T) => ({ ...option, recorded: 'name' }) as const satisfies OptionOf;

/** An option that takes one of a few words. */
export const oneOf = <T extends string>(name: string, choices: readonly T[], describe: string) =>
  ({
    choices,
    requiresArg: true,
    describe,
    coerce: (value: T | undefined) => {
      if (value === undefined || choices.includes(value)) return value;
      throw new UsageError(`${flag(name)}: expected ${choices.join(' or ')}, got '${value}'`);
    },
  }) as const satisfies OptionOf;

/** An option that takes text and must be given. */
export const requiredText = (name: string, describe: string, alias?: string) => {
  const { coerce, ...option } = text(name, describe, alias);
  return { ...option, demandOption: true, coerce: (value: string) => coerce(value)! } as const satisfies OptionOf;
};

export const overwrite = {
  type: 'boolean',
  default: false,
  describe: 'Replace what is there already',
  recorded: 'never',
} as const satisfies OptionOf;

/** A closed interval of wavelengths in nm. */
export type Interval = readonly [from: number, to: number];

/** Reads `1340-1460,1790-1960`. */
export function parseIntervals(name: string, value: string): Interval[] {
  return value.split(',').map((part) => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*$/.exec(part);
    const [from, to] = [Number(match?.[1]), Number(match?.[2])];
    if (!match || from > to)
      throw new UsageError(`--${name}: expected intervals in nm such as 1340-1460,1790-1960, got '${value}'`);
    return [from, to];
  });
}

/** An option that takes intervals of wavelengths in nm. */
export const intervals = (name: string, describe: string) =>
  ({
    ...text(name, describe),
    takes: 'NM-NM,...',
    coerce: (value: string | undefined) => (value === undefined ? undefined : parseIntervals(name, value)),
  }) as const satisfies OptionOf;
