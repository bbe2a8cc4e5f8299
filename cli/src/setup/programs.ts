// Other programs that set something up.
import { spawn } from 'node:child_process';
import { CommandError } from '../support/errors.js';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** What brings the program, where it is not there. */
  readonly install: string;
}

/** Lines of a failing program's output that are told. */
const TOLD = 3;

/**
 * Runs a program and returns what it writes to standard output. Throws CommandError where it is not there, saying what installs it, and where it fails,
 * with the last line that names an error, or its last lines; and the signal's reason where that stops it.
 */
export async function runProgram(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, env, signal, install } = options;
  signal?.throwIfAborted();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill();
  signal?.addEventListener('abort', stop);
  let [out, all] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  try {
    const code = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, killed) => resolve(code ?? killed ?? 1));
    });
    signal?.throwIfAborted();
    if (code === 0) return out;
    const lines = all.trim().split('\n');
    const last = lines.filter((line) => /error:/i.test(line)).at(-1) ?? lines.slice(-TOLD).join(' ');
    throw new CommandError(`${program} ${args[0] ?? ''} failed (${code}): ${last}`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CommandError(`'${program}' is not installed: ${install}`, { cause });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
