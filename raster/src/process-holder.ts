// Which process holds something that lies in a folder: told by the name of an empty file, so that it is never seen half written.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface Holder {
  readonly pid: number;
  /** When the process began; '' where the system does not tell. */
  readonly started: string;
  readonly host: string;
}

/** A process of this machine, by its number. */
const processOf = async (pid: number): Promise<Holder> => ({
  pid,
  started: (await startOf(pid)) ?? '',
  host: hostname(),
});

/** This process. */
export const thisProcess = (): Promise<Holder> => processOf(process.pid);

/** The one that started it. */
export const parentProcess = (): Promise<Holder> => processOf(process.ppid);

/** A file name that says who holds what lies beside it; `kind` is its first word. */
export const holderName = (kind: string, { pid, started, host }: Holder): string =>
  `${kind},${pid},${started},${encodeURIComponent(host)}`;

/** Who holds, by the name of a file; undefined where the name is of another kind. What follows the host behind a further comma is not looked at. */
export function parseHolder(kind: string, name: string): Holder | undefined {
  const match = /^(\w+),(\d+),(\d*),([^,]*)/.exec(name);
  if (match?.[1] !== kind) return undefined;
  return { pid: Number(match[2]), started: match[3]!, host: decodeURIComponent(match[4]!) };
}

/** Whether a process still runs. Those of other hosts cannot be asked: they count as running. */
export async function isRunning({ pid, started, host }: Holder): Promise<boolean> {
  if (host !== hostname()) return true;
  if (started !== '') return (await startOf(pid)) === started;
  try {
    process.kill(pid, 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}

/** When a process that has not ended began, in clock ticks since the system did: numbers of processes are used again. Linux alone tells. */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // proc(5): the name, in parentheses, may hold anything; the state is the first field behind it, the start the 20th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
