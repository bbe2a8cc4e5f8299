// The command line that a map's metadata keep: what decides about its content, in one spelling.
import { basename, resolve } from 'node:path';
import { isUrl, publicPath } from '@egunet/raster/url';
import { type Declared, flag, type Outline } from './outline.js';
import { printable, shellCommand } from './output.js';

/** Characters at most; a longer one ends in ` ...`. */
const MOST_CHARACTERS = 2000;

/** A path or a URL as others may see it: the folders around a file are the user's own, as a URL's login and query are. */
function publicName(path: string): string {
  const name = isUrl(path) ? publicPath(path) : basename(resolve(path));
  return name.startsWith('-') ? `./${name}` : name;
}

/** What a declared thing was given, one text or several; none where it is not recorded or was left at its default. */
function textsOf({ fallback, recorded }: Declared, value: unknown): string[] {
  if (recorded === 'never' || value === undefined || value === false || value === fallback) return [];
  return [value].flat().map((one) => (recorded === 'name' ? publicName(String(one)) : String(one)));
}

/** An option as words of a command line, by its longest name. */
function optionWords(option: Declared, value: unknown): string[] {
  const texts = textsOf(option, value);
  if (texts.length === 0) return [];
  const name = flag(option.names.at(-1)!);
  return option.takes === undefined ? [name] : [name, texts.join(',')];
}

/**
 * The command line, quoted for a shell, that does again what was parsed: arguments, then the options that differ from their defaults, in the
 * order of their declaration. Left out is what does not change the outcome, so that it may differ where work goes on: such options, folders,
 * and the secrets of URLs.
 */
export function recordedCommand(
  { name, positionals, options }: Outline,
  args: Readonly<Record<string, unknown>>,
): string {
  const line = shellCommand(
    'egunet',
    name,
    ...positionals.flatMap((positional) => textsOf(positional, args[positional.names[0]!])),
    ...options.flatMap((option) => optionWords(option, args[option.names.at(-1)!])),
  );
  const characters = [...printable(line.replaceAll('\n', '\\n'))];
  return characters.length <= MOST_CHARACTERS
    ? characters.join('')
    : `${characters.slice(0, MOST_CHARACTERS - 4).join('')} ...`;
}
