// One process at a time in a folder of finished tiles. A lock is an empty file whose name says which process holds it, so that it is never
// seen half written. Who wants in makes its own, then looks for others: of two, the one that made its lock later sees the other's. Names
// are never used twice, so that anybody may remove the lock of a process that is gone.
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RasterError } from './error.js';
import { type Holder, holderName, isRunning, parseHolder, thisProcess } from './process-holder.js';

/** Longer than a process that is refused takes to remove its own lock, ms. */
const SETTLE = 100;
const ATTEMPTS = 3;

/**
 * Locks a folder for this process and returns what releases it; the locks of processes that are gone from this host are removed. Rejects
 * with RasterError where another process holds it, or may hold it on another host, and where this process does already.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const me = await thisProcess();
  const name = nameOf(me);
  for (let attempt = 1; ; attempt++) {
    try {
      await writeFile(join(folder, name), '', { flag: 'wx' });
    } catch (cause) {
      throw (cause as NodeJS.ErrnoException).code === 'EEXIST' ? busy(folder, me) : cause;
    }
    const release = () => rm(join(folder, name), { force: true });
    const others = await findOthers(folder, me).catch((cause) => release().then(() => Promise.reject(cause)));
    if (others.length === 0) return release;
    await release();
    // Of several that came at once, the one whose name is first waits until the others are gone.
    if (attempt === ATTEMPTS || others.some((other) => nameOf(other) < name)) throw busy(folder, others[0]!);
    await sleep(SETTLE);
  }
}

function busy(folder: string, holder: Holder): RasterError {
  return new RasterError(
    `${folder}: process ${holder.pid} on ${holder.host} is writing here; wait for it or choose another output (if it is gone, delete ${join(folder, nameOf(holder))})`,
    { path: folder },
  );
}

const nameOf = (holder: Holder): string => holderName('lock', holder);

/** The other holders that run; removes the locks of those that do not. */
async function findOthers(folder: string, me: Holder): Promise<Holder[]> {
  const running: Holder[] = [];
  for (const name of await readdir(folder)) {
    const holder = parseHolder('lock', name);
    if (!holder || name === nameOf(me)) continue;
    if (await isRunning(holder)) running.push(holder);
    else await rm(join(folder, name), { force: true });
  }
  return running;
}
