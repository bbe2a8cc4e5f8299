// One training at a time in a run folder: a lock file that says which process holds it.
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainError } from '../error.js';

const LOCK = 'training.lock';

/** True for the name of a lock in a run folder. */
export function isLock(name: string): boolean {
  return /^training\.lock(\.next)*$/.test(name);
}

/** What a lock file holds, as JSON. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in units of its system: numbers of processes are given again. */
  readonly started: number;
  /** Tells the locks of one process apart. */
  readonly id: string;
}

/** A folder held for one training. */
export interface RunLock {
  /** Throws TrainError where the folder is not held any more: whoever has it now must not be written over. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Longer than any process takes between making its lock file and filling it, ms. */
const FILLED = 100;

/**
 * Locks a folder for one training. The lock of a process that is gone from this host is taken over.
 * Throws TrainError where another process holds the folder, or may hold it on another host, and where the folder cannot be written.
 */
export async function lockRun(folder: string): Promise<RunLock> {
  const path = join(folder, LOCK);
  const started = (await startOf(process.pid)) ?? performance.timeOrigin;
  const me: Holder = { pid: process.pid, host: hostname(), started, id: randomUUID() };
  await acquire(path, me);
  return {
    async assertHeld() {
      const text = await readFile(path, 'utf8').catch(({ message }: Error) => message);
      if (text === JSON.stringify(me)) return;
      throw new TrainError(`${folder}: the run cannot be saved (${path} is not the lock of this training: ${text})`);
    },
    async release() {
      if ((await readHolder(path))?.id === me.id) await rm(path, { force: true }).catch(() => undefined); // stale from now on
    },
  };
}

/**
 * Makes the lock `path`, or replaces the one of a process that is gone. Only who holds `path`.next may replace it, and looks once more before:
 * so a judgement that is out of date by then harms nobody, and at no moment is there no lock.
 */
async function acquire(path: string, me: Holder): Promise<void> {
  if (await create(path, JSON.stringify(me))) return;
  const holder = (await readHolder(path)) ?? (await sleep(FILLED).then(() => readHolder(path)));
  if (!holder || (await isLive(holder, me))) throw busy(path, holder);
  const next = `${path}.next`;
  await acquire(next, me);
  const now = await readHolder(path);
  if (now?.id === holder.id) return rename(next, path).catch((cause) => Promise.reject(unlockable(path, cause)));
  await rm(next, { force: true });
  throw busy(path, now);
}

function busy(path: string, holder: Holder | undefined): TrainError {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'perhaps another process';
  return new TrainError(
    `${dirname(path)}: ${who} is training into this folder; wait for it or choose another folder (if it is no training any more, delete ${path})`,
  );
}

/** False where the file is there already. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    await rm(path, { force: true }).catch(() => undefined); // made, but not filled
    throw unlockable(path, cause as Error);
  }
}

function unlockable(path: string, cause: Error): TrainError {
  return new TrainError(
    `${path}: the folder cannot be locked for training (${cause.message}); mend that or choose another folder`,
    { cause },
  );
}

/** Undefined where there is no lock, or a file that says no holder: one that is just being made, that a crash left unfinished, or that is the user's. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8'));
    const { pid, host, started, id } = holder;
    return Number.isInteger(pid) &&
      pid > 0 &&
      [typeof host, typeof started, typeof id].join() === 'string,number,string'
      ? holder
      : undefined;
  } catch {
    return undefined;
  }
}

/** Processes of other hosts cannot be asked: they count as running. */
async function isLive(holder: Holder, me: Holder): Promise<boolean> {
  if (holder.host !== me.host) return true;
  if (holder.pid === me.pid) return holder.started === me.started;
  try {
    process.kill(holder.pid, 0); // asks only
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false; // EPERM: another user's
  }
  return ((await startOf(holder.pid)) ?? holder.started) === holder.started;
}

/**
 * When a process began, in clock ticks since the system did (proc(5), field 22 of stat); NaN for one that has ended and is only not yet cleared away,
 * undefined where the system does not tell.
 */
async function startOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name in brackets, may hold anything.
  if (stat === undefined) return undefined;
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? Number.NaN : Number(fields[18]);
}
