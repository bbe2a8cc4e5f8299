// Trying in a process of its own what may take a process with it: a driver or a native library that does not fit.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from './finding.js';

/** Longer than any of them takes on a slow machine: drivers compile their shaders first, s. */
const PATIENCE = 120;

/** What `egunet doctor --only ID` finds in a process of its own; what that dies of is a finding, too. `batch`: pixels of the steps that an engine is timed with. */
export async function findInChild(
  id: string,
  { signal, batch }: { readonly signal: AbortSignal; readonly batch?: number | undefined },
): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'egunet-doctor-')); // what it is writing when it is ended goes, too
  try {
    const args = ['doctor', '--only', id, '--json', ...(batch === undefined ? [] : ['--batch', `${batch}`])];
    const { out, err, how } = await runSelf(args, { signal, folder });
    signal.throwIfAborted();
    try {
      return (JSON.parse(out) as { findings: Finding[] }).findings[0]!;
    } catch {
      const last = err.trim().split('\n').at(-1);
      return { id, works: false, says: last ? `${how}: ${last}` : how };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a call of egunet wrote, and how it ended; `folder` is for its temporary files. */
async function runSelf(
  args: readonly string[],
  { signal, folder }: { readonly signal: AbortSignal; readonly folder: string },
): Promise<{ out: string; err: string; how: string }> {
  const [program, script] = [process.execPath, process.argv[1]!];
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(program, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, PATIENCE * 1000);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const how = await new Promise<string>((resolve) => {
    child.on('error', ({ message }) => resolve(message)); // it could not be started
    child.on('close', (code, killed) => {
      const killer = killed === 'SIGKILL' ? ', as the system does where memory is short' : '';
      resolve(late ? `gave no answer in ${PATIENCE} s` : `ended its process (${killed ?? code}${killer})`);
    });
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  return { out, err, how };
}
