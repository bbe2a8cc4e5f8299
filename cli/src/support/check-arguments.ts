import { UsageError } from './errors.js';
import { type Declared, flag, type Outline } from './outline.js';

/** Negative numbers, and lists that begin with one, are values, not options. */
const isOption = (word: string): boolean => word.startsWith('-') && !/^-\d*\.?\d+(e[+-]?\d+)?(,.*)?$/i.test(word);

/** Letters to insert, delete or exchange, with each other or another, until `from` is `to` (F. Damerau 1964). */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const exchange = rows[i - 1]![j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swap = swapped ? rows[i - 2]![j - 2]! + 1 : exchange;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, exchange, swap));
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}

/** The name that was most likely meant: one that begins like this, else one with at most two letters wrong. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const begins = names.find((name) => given.length > 2 && name.startsWith(given));
  if (begins) return begins;
  const distances = names.map((name) => ({ name, distance: editDistance(given.toLowerCase(), name) }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= 2 && 2 * best.distance <= given.length ? best.name : undefined;
}

/** `--seed=5`, `-n=5`, `-n5`: the parts of a word that is an option. */
function split(word: string, options: readonly Declared[]): { name: string; value?: string | undefined } {
  const [, name, value] = /^-+([^=]*)(?:=(.*))?$/s.exec(word)!;
  const letter = word.slice(1, 2);
  const glued =
    options.some(({ names, takes }) => takes && names.includes(letter)) &&
    !options.some(({ names }) => names.includes(name!));
  return glued ? { name: letter, value: word.slice(2) } : { name: name!, value };
}

function unknownOption(word: string, name: string, { name: command, options }: Outline): UsageError {
  const names = options.flatMap((option) => option.names);
  const letter = /^-[a-z]/i.test(word) ? names.find((known) => known === name[0]) : undefined;
  const meant = nearest(name, [...names, 'help']) ?? letter;
  const file = word.startsWith('--') ? '' : `; for a file of that name write ./${word}`;
  return new UsageError(
    `${word.replace(/=.*/s, '')} is not an option of ${command}${meant ? `; did you mean ${flag(meant)}?` : file}`,
  );
}

/** What a command line holds: the words that are no options, and which options are given. */
interface Given {
  readonly words: readonly string[];
  /** Each with its values; a switch has `true` or `false`. */
  readonly options: ReadonlyMap<Declared, readonly string[]>;
}

function sort(args: readonly string[], outline: Outline): Given {
  const words: string[] = [];
  const options = new Map<Declared, string[]>();
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!isOption(word)) {
      words.push(word);
      continue;
    }
    const { name, value } = split(word, outline.options);
    const option = outline.options.find(({ names }) => names.includes(name));
    if (!option || !(word.startsWith(flag(name)) || word.startsWith(`--${name}`)))
      throw unknownOption(word, name, outline);
    const given = option.takes === undefined ? switchValue(name, value) : textValue(name, value ?? args[++i], option);
    options.set(option, [...(options.get(option) ?? []), given]);
  }
  return { words, options };
}

function switchValue(name: string, value = 'true'): string {
  if (value === 'true' || value === 'false') return value;
  throw new UsageError(`${flag(name)} takes no value, got '${value}'; write ${flag(name)} or leave it out`);
}

function textValue(name: string, value: string | undefined, { takes, describe }: Declared): string {
  if (value === undefined || isOption(value))
    throw new UsageError(`${flag(name)} needs ${takes}${value === undefined ? '' : `, got ${value}`} (${describe})`);
  return value;
}

/**
 * The same arguments in a spelling that no parser can mistake: every option as `--name=value`, a path that begins with a hyphen from `./`.
 * Throws UsageError, which says what to write, for the first thing in `args` (without the command's name) that the command does not take:
 * an option that it has not, or is given twice or without its value, an argument too many, an empty one; and for what is missing.
 */
export function checkArguments(args: readonly string[], outline: Outline): string[] {
  const { words, options } = sort(args, outline);
  const { name: command, positionals } = outline;
  for (const [{ names, takes }, { length }] of options)
    if (length > 1 && takes)
      throw new UsageError(`${names.map(flag).join(' or ')} is given ${length} times; give it once`);
  if (words.includes(''))
    throw new UsageError(`an argument is empty; leave it out, or check the variable that it comes from`);
  const missing = positionals[words.length];
  if (missing?.required) throw new UsageError(`${command} needs ${missing.takes} (${missing.describe})`);
  const surplus = positionals.at(-1)?.many ? undefined : words[positionals.length];
  if (surplus !== undefined)
    throw new UsageError(
      `'${surplus}' is too much: ${command} takes ${positionals.map(({ takes }) => `one ${takes}`).join(', ') || 'options only'}; quote a name with blanks`,
    );
  const wanted = outline.options.filter((option) => option.required && !options.has(option));
  const list = wanted.map(({ names, takes, describe }) => `${names.map(flag).join(' or ')} ${takes} (${describe})`);
  if (list.length > 0) throw new UsageError(`${command} needs ${list.join(' and ')}`);
  return [
    ...[...options].map(([{ names }, values]) => `--${names[0]}=${values.at(-1)}`),
    ...words.map((word) => (word.startsWith('-') ? `./${word}` : word)),
  ];
}
