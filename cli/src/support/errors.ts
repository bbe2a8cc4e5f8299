import type { Remedy as InferRemedy } from '@egunet/infer';
import type { RasterError } from '@egunet/raster';
import { systemReason } from '@egunet/raster/system-reason';
import type { Outline } from './outline.js';
import { printable } from './output.js';

/** Exit codes of the command line, as docs/design.md defines them. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A command that cannot do what was asked, for a reason the user can mend: one line, exit code 1. */
export class CommandError extends Error {
  readonly _tag = 'CommandError';
  override readonly name = 'CommandError';
}

/** Wrong usage of the command line: one line and the usage, exit code 2. */
export class UsageError extends Error {
  readonly _tag = 'UsageError';
  override readonly name = 'UsageError';
}

/** Stopped by the user: exit code 130. The message says what was saved. */
export class InterruptedError extends Error {
  readonly _tag = 'InterruptedError';
  override readonly name = 'InterruptedError';
}

type Remedy = InferRemedy | NonNullable<RasterError['remedy']>;

/** Remedies that an error of another room may name, by the option that brings them. */
const REMEDIES: Readonly<Record<Remedy, string>> = {
  overwrite: '--overwrite replaces it',
  resample: "--resample interpolates the scene's bands",
  'library-scale': '--library-scale says what they are multiplied by',
  device: '--device cpu runs it without, egunet doctor says what is missing',
};

const isRemedy = (word: string): word is Remedy => Object.hasOwn(REMEDIES, word);

/** Characters of a message at most, half of them from its end, where it says what to do. */
const MOST_CHARACTERS = 2000;

/** One line of bounded length, whatever a file, its name or a runtime brings into a message. */
function oneLine(message: string): string {
  const line = printable(message.replace(/\s*\n\s*/g, ' '));
  const half = MOST_CHARACTERS / 2;
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, half)} ... ${line.slice(-half)}`;
}

/** How and where an error is told. */
export interface FailureOptions {
  readonly verbose: boolean;
  /** The command that failed. */
  readonly outline?: Pick<Outline, 'name' | 'usage' | 'options'> | undefined;
}

/** What failed, everything to print of it, and the exit code: one line for an error raised on purpose, with the usage below where that was wrong. */
export function describeFailure(
  error: unknown,
  { verbose, outline }: FailureOptions,
): { message: string; text: string; code: number } {
  const { _tag: tag, message: said = String(error) } = (error ?? {}) as { _tag?: string; message?: string };
  const code = tag === 'UsageError' ? EXIT.usage : tag === 'InterruptedError' ? EXIT.interrupted : EXIT.failed;
  const expected = tag === undefined ? systemError(error) : `${said}${remedyOf(error, outline)}`;
  const message = oneLine(expected ?? `this is a bug in egunet: ${said}`);
  if (code === EXIT.usage) return { message, text: `egunet: ${message}\n${usageLine(outline)}`, code };
  if (verbose && code === EXIT.failed)
    return { message, text: `egunet: ${message}\n${printable(stackOf(error))}`, code };
  const hint = expected === undefined ? '; run again with --verbose and report it with what it prints' : '';
  return { message, text: `egunet: ${message}${hint}`, code };
}

/** What the user can do about an error that names its remedy, where the command has the option that does it. */
function remedyOf(error: unknown, outline: FailureOptions['outline']): string {
  const { remedy = '' } = error as { remedy?: string };
  const has = outline?.options.some(({ names }) => names.includes(remedy));
  return has && isRemedy(remedy) ? `; ${REMEDIES[remedy]}` : '';
}

const usageLine = (outline: FailureOptions['outline']): string =>
  outline
    ? `usage: ${outline.usage} [options] (egunet ${outline.name} --help lists them)`
    : 'usage: egunet COMMAND [options] (egunet --help explains the commands)';

/** What the operating system refused, in one line; undefined for any other error. */
function systemError(error: unknown): string | undefined {
  const { path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const reason = syscall === undefined ? undefined : systemReason(error);
  return reason && `${path ?? syscall}: ${reason}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
