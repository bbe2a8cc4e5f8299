// Trying in a process of its own what may take a process with it: a driver or a native library that does not fit.
import { spawn } from 'node:child_process';
import type { Finding } from './finding.js';

/** Longer than any of them takes on a slow machine: drivers compile their shaders first, s. */
const PATIENCE = 120;

/** What `egunet doctor --only ID` finds in a process of its own; what that dies of is a finding, too. `batch`: pixels of the steps that an engine is timed with. */
export async function findInChild(
  id: string,
  { signal, batch }: { readonly signal: AbortSignal; readonly batch?: number },
): Promise<Finding> {
  const [program, script] = [process.execPath, process.argv[1]!];
  const child = spawn(
    program,
    [script, 'doctor', '--only', id, '--json', ...(batch === undefined ? [] : ['--batch', `${batch}`])],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
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
  let unable: string | undefined; // to start it
  child.on('error', ({ message }) => {
    unable = message;
  });
  const [code, killed] = await new Promise<[number | null, string | null]>((resolve) =>
    child.on('close', (...ended) => resolve(ended)),
  );
  clearTimeout(timer);
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  try {
    return (JSON.parse(out) as { findings: Finding[] }).findings[0]!;
  } catch {
    const last = err.trim().split('\n').at(-1);
    const killer = killed === 'SIGKILL' ? ', as the system does where memory is short' : '';
    const ended = unable ?? `ended its process (${killed ?? code}${killer})`;
    const how = late ? `gave no answer in ${PATIENCE} s` : ended;
    return { id, works: false, says: last ? `${how}: ${last}` : how };
  }
}
