import type { CommandModule } from 'yargs';
import { checkArguments, nearest } from './support/check-arguments.js';
import { describeFailure, EXIT, UsageError } from './support/errors.js';
import { commandHelp, programHelp } from './support/help.js';
import { type Command, type Outline, outlineOf } from './support/outline.js';

const ABOUT = 'Train EGU-Net on a hyperspectral scene, export its abundance head to ONNX, unmix scenes with it.';

/** Loaded when they are asked for, like the parser: a help text is there at once. */
const COMMANDS = {
  info: () => import('./commands/info.js'),
  endmembers: () => import('./commands/endmembers.js'),
  train: () => import('./commands/train.js'),
  export: () => import('./commands/export.js'),
  models: () => import('./commands/models.js'),
  infer: () => import('./commands/infer.js'),
  merge: () => import('./commands/merge.js'),
  submit: () => import('./commands/submit.js'),
  worker: () => import('./commands/worker.js'),
  status: () => import('./commands/status.js'),
  retry: () => import('./commands/retry.js'),
  cancel: () => import('./commands/cancel.js'),
  evaluate: () => import('./commands/evaluate.js'),
  serve: () => import('./commands/serve.js'),
  report: () => import('./commands/report.js'),
  demo: () => import('./commands/demo.js'),
  doctor: () => import('./commands/doctor.js'),
  setup: () => import('./commands/setup.js'),
} as const;

const isCommand = (word: string): word is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, word);

/**
 * Leaves quietly when the reader of standard output has gone (`egunet info scene | head`); says so in one line when it cannot be written.
 * Without a reader of standard error the work goes on, untold.
 */
function heedClosedPipes(): void {
  process.stderr.on('error', () => {});
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done);
    process.stderr.write(
      `egunet: standard output cannot be written (${error.message}); the command's files are complete\n`,
    );
    process.exit(EXIT.failed);
  });
}

/** Longer lines are tiring to read. */
const helpWidth = (): number => Math.min(100, process.stdout.columns || 100);

async function explainProgram(): Promise<string> {
  const modules: Command[] = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return programHelp(
    ABOUT,
    modules.map((module) => ({ name: outlineOf(module).name, describe: module.describe })),
    helpWidth(),
  );
}

function unknownCommand(first: string | undefined): UsageError {
  const names = Object.keys(COMMANDS);
  const list = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  if (first === undefined) return new UsageError(`which command? ${list}`);
  if (first.startsWith('-')) return new UsageError(`the command comes first (${list}), got ${first}`);
  const meant = nearest(first, names);
  return new UsageError(`there is no command '${first}'; ${meant ? `did you mean ${meant}?` : `there are ${list}`}`);
}

/** A command, and what it was given. */
interface Asked {
  readonly module: Command;
  readonly outline: Outline;
  /** Without the command's name. */
  readonly args: readonly string[];
}

/** Loads the command that is named first; undefined where none is, or one that there is not. */
async function askedFor(args: readonly string[], at: number): Promise<Asked | undefined> {
  const name = args[at] ?? '';
  if (!isCommand(name)) return undefined;
  const module: Command = await COMMANDS[name]();
  return { module, outline: outlineOf(module), args: args.filter((_, i) => i !== at) };
}

/** Checks and runs a command. */
async function runCommand({ module, outline, args }: Asked): Promise<void> {
  const checked = checkArguments(args, outline);
  const { default: yargs } = await import('yargs');
  const { handler, command, ...rest } = module as CommandModule & { readonly command: string };
  const parsed = await yargs(checked)
    .locale('en')
    .parserConfiguration({ 'boolean-negation': false, 'camel-case-expansion': false, 'dot-notation': false })
    // As the only command, and not run by yargs: else it would measure and fold a help text first, for nobody.
    .command({ ...rest, command: command.replace(outline.name, '$0'), handler: () => {} })
    .strict()
    .version(false)
    .help(false)
    .exitProcess(false)
    .fail((message, error) => {
      throw message ? new UsageError(message, { cause: error }) : error;
    })
    .parseAsync();
  await handler(parsed as Parameters<typeof handler>[0]);
}

async function softwareVersion(): Promise<string> {
  return (await import('./version.js')).softwareVersion();
}

/** Runs one command line and returns its exit code; what fails is told on standard error, with `--json` on standard output too. */
export async function main(line: readonly string[]): Promise<number> {
  heedClosedPipes();
  const args = line[0] === 'help' ? [...line.slice(1), '--help'] : line;
  const end = args.indexOf('--');
  const given = (...names: string[]) => args.some((arg, i) => names.includes(arg) && (end < 0 || i < end));
  const at = args.findIndex((word) => !word.startsWith('-'));
  const asked = await askedFor(args, at);
  const explain = given('--help', '-h');
  try {
    if (asked && explain) process.stdout.write(`${commandHelp(asked.outline, helpWidth())}\n`);
    else if (asked) await runCommand(asked);
    else if (at >= 0) throw unknownCommand(args[0]);
    else if (explain) process.stdout.write(`${await explainProgram()}\n`);
    else if (given('--version')) process.stdout.write(`${await softwareVersion()}\n`);
    else throw unknownCommand(args[0]);
    return EXIT.done;
  } catch (error) {
    const { message, text, code } = describeFailure(error, { verbose: given('--verbose'), outline: asked?.outline });
    process.stderr.write(`${text}\n`);
    if (given('--json', '--json=true')) process.stdout.write(`${JSON.stringify({ error: message, exitCode: code })}\n`);
    return code;
  }
}
