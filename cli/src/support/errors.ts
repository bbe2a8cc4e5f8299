/** Exit codes of the command line, as docs/design.md defines them. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A command that cannot do what was asked, for a reason the user can mend: one line, exit code 1. */
export class CommandError extends Error {
  readonly _tag = 'CommandError';
  override readonly name = 'CommandError';
}

/** Wrong usage of the command line: one line, exit code 2. */
export class UsageError extends Error {
  readonly _tag = 'UsageError';
  override readonly name = 'UsageError';
}

/** Stopped by the user: exit code 130. The message says what was saved. */
export class InterruptedError extends Error {
  readonly _tag = 'InterruptedError';
  override readonly name = 'InterruptedError';
}

/** Everything to print on failure, and the exit code: one line for errors that a room of the project raised on purpose. */
export function describeFailure(error: unknown, verbose: boolean): { text: string; code: number } {
  const { _tag: tag, message, stack } = (error ?? {}) as { _tag?: string; message?: string; stack?: string };
  const code = tag === 'UsageError' ? EXIT.usage : tag === 'InterruptedError' ? EXIT.interrupted : EXIT.failed;
  if (tag !== undefined) {
    const line = `egunet: ${message}`;
    return { text: verbose && code === EXIT.failed ? `${line}\n${stackOf(error)}` : line, code };
  }
  const system = systemError(error);
  if (system) return { text: verbose ? `egunet: ${system}\n${stackOf(error)}` : `egunet: ${system}`, code };
  const hint = verbose
    ? `\n${stackOf(error) || stack}`
    : '; run again with --verbose and report it with what it prints';
  return { text: `egunet: this is a bug in egunet: ${message ?? String(error)}${hint}`, code };
}

/** What the operating system refused, in one line; undefined for any other error. */
function systemError(error: unknown): string | undefined {
  const { code, path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    ENOTDIR: 'a part of the path is not a folder',
    EISDIR: 'is a folder, expected a file',
    EACCES: 'permission denied; choose another place or change its permissions',
    EPERM: 'permission denied; choose another place or change its permissions',
    EROFS: 'the file system is read-only; choose another place',
    ENOSPC: 'no space left on the device; free some or choose another place',
    EMFILE: 'too many open files; raise the limit (ulimit -n)',
  };
  const reason = code === undefined || syscall === undefined ? undefined : reasons[code];
  return reason && `${path ?? syscall}: ${reason}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
