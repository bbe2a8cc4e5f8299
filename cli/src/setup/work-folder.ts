// Folders that are made in one piece: beside their place, then moved there.
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** No set-up takes so long: what is older was left by one that was killed, ms. */
const STALE = 6 * 3600 * 1000;

/** Makes a folder beside `place`, gives it to `fill`, which may move it away, and removes it; what killed ones left goes, too. */
export async function inWorkFolder(place: string, fill: (work: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(place), { recursive: true });
  await removeStale(place);
  const work = await mkdtemp(`${place}.`);
  try {
    await fill(work);
  } finally {
    // A program that was stopped may be writing its last.
    await rm(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function removeStale(place: string): Promise<void> {
  const [folder, name] = [dirname(place), basename(place)];
  for (const other of await readdir(folder)) {
    if (!other.startsWith(`${name}.`) || !/^\.\w{6}$/.test(other.slice(name.length))) continue;
    const found = await stat(join(folder, other)).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > STALE) await rm(join(folder, other), { recursive: true, force: true });
  }
}
