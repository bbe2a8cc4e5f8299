import type { Argv, Options, PositionalOptions } from 'yargs';

/** What a command may be given, by name (an option) or by place (an argument). */
export interface Declared {
  /** Every name of it; as arguments are shown in the usage line where it is one of them. */
  readonly names: readonly string[];
  readonly describe: string;
  /** `N`, `PATH`: what stands for its value in a help text; absent for a switch. */
  readonly takes?: string;
  readonly required: boolean;
  readonly many: boolean;
  /** Its value where it is not given. */
  readonly fallback?: unknown;
  readonly recorded?: OptionOf['recorded'];
}

/** A command as its builder declares it: enough to explain it and to check its arguments, without a parser. */
export interface Outline {
  readonly name: string;
  /** `egunet infer SCENE --model MODEL.onnx -o MAP.tif` */
  readonly usage: string;
  readonly about: string;
  readonly positionals: readonly Declared[];
  /** In the order of the declaration. */
  readonly options: readonly Declared[];
  /** What belongs together, by heading, in the order in which it is explained: options by a name of each. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly examples: readonly (readonly [line: string, what: string])[];
}

/** A module of `commands`. */
export interface Command {
  /** As yargs reads it: `infer <scene>`. */
  readonly command: string;
  readonly describe: string;
  readonly builder: (yargs: Argv) => unknown;
}

/** An option of ours. */
export type OptionOf = Options & {
  /** `N` or the like, where its name does not tell what it takes. */
  readonly takes?: string;
  /** In a command line that is kept: `name` is a file, without the folders around it, `never` changes nothing about the outcome. As given when absent. */
  readonly recorded?: 'name' | 'never';
};

/** As the user types it. */
export const flag = (name: string): string => (name.length > 1 ? `--${name}` : `-${name}`);

/** The longest name without the part before its last hyphen; a path where the name is a letter. */
function placeholder(names: readonly string[]): string {
  const longest = names.reduce((best, name) => (name.length > best.length ? name : best));
  return longest.length === 1 ? 'PATH' : longest.replace(/^.*-/, '').toUpperCase();
}

function optionOf(name: string, option: OptionOf): Declared {
  const { alias, describe, type, choices, demandOption, takes, recorded } = option;
  const names = [name, ...(alias === undefined ? [] : [alias].flat())].sort((a, b) => a.length - b.length);
  const value = takes ?? choices?.join('|') ?? placeholder(names);
  const required = Boolean(demandOption);
  return {
    ...{ names, describe: describe || '', required, many: false, fallback: option.default },
    ...(type === 'boolean' ? {} : { takes: value }),
    ...(recorded && { recorded }),
  };
}

function positionalsOf(command: string, described: ReadonlyMap<string, string>): Declared[] {
  return [...command.matchAll(/([<[])(\w+)(\.\.)?[>\]]/g)].map(([, bracket, name, dots]) => ({
    names: [name!],
    describe: described.get(name!) ?? '',
    takes: name!.toUpperCase(),
    required: bracket === '<',
    many: dots !== undefined,
    recorded: 'name',
  }));
}

/** Runs a command's builder on a listener in the parser's place, which knows the methods that our commands declare with, and no other. */
export function outlineOf({ command, builder }: Command): Outline {
  const options: Declared[] = [];
  const examples: [string, string][] = [];
  const described = new Map<string, string>();
  const groups = new Map<string, readonly string[]>();
  let usage = '';
  const spell = (line: string) => line.replaceAll('$0', 'egunet');
  const listener: Record<string, (...args: never[]) => unknown> = {
    usage: (line: string) => {
      usage = spell(line);
      return listener;
    },
    positional: (name: string, { describe }: PositionalOptions) => {
      described.set(name, describe || '');
      return listener;
    },
    option: (name: string, option: OptionOf) => {
      options.push(optionOf(name, option));
      return listener;
    },
    group: (names: readonly string[], heading: string) => {
      groups.set(heading, [...(groups.get(heading) ?? []), ...names]);
      return listener;
    },
    example: (line: string, what: string) => {
      examples.push([spell(line), what]);
      return listener;
    },
  };
  builder(listener as unknown as Argv);
  const [first = '', ...about] = usage.split('\n');
  return {
    name: command.split(' ')[0]!,
    usage: first,
    about: about.join('\n').trim(),
    positionals: positionalsOf(command, described),
    options,
    groups,
    examples,
  };
}
