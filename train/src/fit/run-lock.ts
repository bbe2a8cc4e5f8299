// One training at a time in a run folder: a lock file that says which process holds it.
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainError } from '../error.js';

/** The lock's name in a run folder. */
export const LOCK = 'training.lock';

/** What a lock file holds, as JSON. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, ms since 1970: a restarted container gives its processes the same numbers again. */
  readonly started: number;
  /** Tells the locks of one process apart. */
  readonly id: string;
}

/** Longer than any process takes between making its lock file and filling it, or between judging a lock stale and replacing it, ms. */
const SETTLE = 100;

/**
 * Locks a folder for one training and returns what releases it. The lock of a process that is gone from this host is taken over.
 * Throws TrainError where another process holds the folder, or may hold it on another host, and where the folder cannot be written.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK);
  const me: Holder = { pid: process.pid, host: hostname(), started: performance.timeOrigin, id: randomUUID() };
  const text = JSON.stringify(me);
  if (!(await create(path, text))) {
    const holder = (await readHolder(path)) ?? (await sleep(SETTLE).then(() => readHolder(path)));
    if (holder && isLive(holder, me)) throw busy(folder, holder);
    await rm(path, { force: true }).catch((cause) => Promise.reject(unlockable(path, cause)));
    // Of several processes that find the same stale lock, only the last to write one may go on.
    const created = await create(path, text);
    await sleep(SETTLE);
    if (!created || (await readHolder(path))?.id !== me.id) throw busy(folder, await readHolder(path));
  }
  return async () => {
    if ((await readHolder(path))?.id === me.id) await rm(path, { force: true }).catch(() => undefined); // stale from now on
  };
}

function busy(folder: string, holder: Holder | undefined): TrainError {
  const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
  return new TrainError(
    `${folder}: ${who} is training into this folder; wait for it or choose another folder (if it is no training any more, delete ${join(folder, LOCK)})`,
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

/** Undefined where there is no lock, or one that a crash left unfinished. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8'));
    return Number.isInteger(holder.pid) && holder.pid > 0 && typeof holder.host === 'string' ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Processes of other hosts cannot be asked: they count as running. */
function isLive(holder: Holder, me: Holder): boolean {
  if (holder.host !== me.host) return true;
  if (holder.pid === me.pid) return holder.started === me.started;
  try {
    process.kill(holder.pid, 0); // asks only
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's
  }
}
