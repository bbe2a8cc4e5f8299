import { type Declared, flag, type Outline } from './outline.js';

/** What every help text ends with. */
const EPILOGUE = `Exit codes: 0 done; 1 failed, with a line that says why; 2 wrong usage; 130 interrupted.
Results go to standard output, progress and notes to standard error. With --json standard output is one JSON document: the result, or {"error": "...", "exitCode": ...}.`;

const HELP: Declared = { names: ['h', 'help'], describe: 'Show this help', required: false, many: false };
const VERSION: Declared = { names: ['version'], describe: 'Show the version', required: false, many: false };

/** Lines of at most `width` characters, the further ones (`indent` spaces in) too; words are never broken. */
function wrap(text: string, width: number, indent = 0): string {
  const wrapLine = (line: string) => {
    const lines = [''];
    for (const word of line.split(' ')) {
      const last = lines.at(-1)!;
      if (last !== '' && last.length + 1 + word.length > width - indent) lines.push(word);
      else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
    }
    return lines.join(`\n${' '.repeat(indent)}`);
  };
  return text.split('\n').map(wrapLine).join('\n');
}

type Line = readonly [left: string, right: string];

/** Where the right column of lines begins. */
const columnOf = (lines: readonly Line[]): number => Math.max(...lines.map(([left]) => left.length)) + 4;

/** A heading, then `left  right` lines with the right column wrapped; nothing where there is no line. */
function section(
  heading: string,
  lines: readonly Line[],
  { width, column = columnOf(lines) }: { readonly width: number; readonly column?: number },
): string[] {
  if (lines.length === 0) return [];
  return [heading, ...lines.map(([left, right]) => `  ${left.padEnd(column - 2)}${wrap(right, width, column)}`), ''];
}

function optionLine({ names, describe, takes, required }: Declared): [string, string] {
  const flags = names.map(flag).join(', ');
  const left = `${names[0]!.length > 1 ? '    ' : ''}${flags}${takes === undefined ? '' : ` ${takes}`}`;
  return [left, required ? `${describe} (required)` : describe];
}

/** The options under the headings of their groups, those without one first; what helps comes last. */
function optionSections({ options, groups }: Outline, width: number): string[] {
  const grouped = [...groups].map(([heading, names]): [string, Declared[]] => [
    heading,
    names.flatMap((name) => options.filter((option) => option.names.includes(name))),
  ]);
  const others = options.filter((option) => !grouped.some(([, group]) => group.includes(option)));
  const sections: [string, Declared[]][] = [['Options:', others], ...grouped];
  sections.at(-1)![1].push(HELP);
  const column = columnOf([...options, HELP].map(optionLine));
  return sections.flatMap(([heading, group]) => section(heading, group.map(optionLine), { width, column }));
}

/** Beside each other where they fit, else the explanation below; a command line is never broken, so that it can be copied. */
function examplesOf({ examples }: Outline, width: number): string[] {
  const longest = Math.max(...examples.map(([line]) => line.length));
  const fits = examples.every(([, what]) => longest + what.length + 6 <= width);
  const lines = examples.map(([line, what]) =>
    fits ? `  ${line.padEnd(longest)}  # ${what}` : `  ${line}\n      # ${what}`,
  );
  return ['Examples:', ...lines, ''];
}

/** The help text of a command. */
export function commandHelp(outline: Outline, width: number): string {
  const { usage, about, positionals } = outline;
  return [
    `usage: ${usage} [options]`,
    '',
    wrap(about, width),
    '',
    ...section(
      'Arguments:',
      positionals.map(({ takes, describe, many }) => [`${takes}${many ? '...' : ''}`, describe]),
      { width },
    ),
    ...optionSections(outline, width),
    ...examplesOf(outline, width),
    wrap(EPILOGUE, width),
  ].join('\n');
}

/** The help text of the program: its commands, each with a line. */
export function programHelp(
  about: string,
  commands: readonly { name: string; describe: string }[],
  width: number,
): string {
  return [
    'usage: egunet COMMAND [options]',
    '',
    wrap(about, width),
    '',
    ...section(
      'Commands:',
      commands.map(({ name, describe }) => [`egunet ${name}`, describe]),
      { width },
    ),
    ...section('Options:', [HELP, VERSION].map(optionLine), { width }),
    'egunet COMMAND --help explains a command.',
    '',
    wrap(EPILOGUE, width),
  ].join('\n');
}
