// Folders of unpacked files that threads and processes share. A folder is filled under another name, renamed when it is complete, and removed by
// whoever is the last to leave: each user is an empty file in its subfolder `users`, which can only be removed while nobody is in it. So nobody
// enters a folder that goes away, nothing is locked, and two that fill one at once just fill two. Names are never used twice. What a killed process
// leaves is entered again while it is of use, else removed by the next one that comes here.
import { createHash, randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RasterError } from '../error.js';
import { toRasterError } from '../node-files.js';
import { holderName, isRunning, parentProcess, parseHolder, thisProcess } from '../process-holder.js';
import { systemReason } from '../system-reason.js';

/** A folder that is there until it is released. */
export interface SharedFolder {
  readonly path: string;
  release(): Promise<void>;
}

const USERS = 'users';
/** Ours among other things of a folder that the user chose: the key, and a name of its own. */
const OURS = /^[0-9a-f]{32}\.[0-9a-f-]{36}(\.part)?$/;
/** A folder without users may be one that is just being made (ms). */
const YOUNG = 60_000;

/** The same for the same values, another for others. */
export const folderKey = (...values: readonly (string | number)[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 32);

/** Where the folders are: `EGUNET_CACHE`, else a folder of this user alone among the system's temporary files. */
async function makeRoot(): Promise<string> {
  const chosen = process.env.EGUNET_CACHE;
  const root = chosen || join(tmpdir(), `egunet-${process.getuid?.() ?? 'cache'}`);
  try {
    await mkdir(root, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // what it is is looked at next
    });
    const found = await (chosen ? stat(root) : lstat(root));
    const own = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
    if (!found.isDirectory() || !(chosen || own))
      throw new RasterError(`${root}: is not a folder of yours to unpack files into; set EGUNET_CACHE to one`, {
        path: root,
      });
    return root;
  } catch (cause) {
    throw toRasterError('unpack files into it (EGUNET_CACHE names another folder)', root, cause);
  }
}

const ours = async (root: string): Promise<string[]> => (await readdir(root)).filter((name) => OURS.test(name));

/** Removes a folder whose last user has left or is gone. */
async function removeUnused(folder: string): Promise<void> {
  const users = join(folder, USERS);
  try {
    for (const name of await readdir(users)) {
      const holder = parseHolder('user', name);
      if (holder && !(await isRunning(holder))) await rm(join(users, name), { force: true });
    }
    await rmdir(users);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return; // somebody is in it
  }
  await rm(folder, { recursive: true, force: true });
}

/** Removes what killed processes have left. */
async function tidy(root: string): Promise<void> {
  for (const name of await ours(root)) {
    const folder = join(root, name);
    const users = await readdir(join(folder, USERS)).catch(() => []);
    const changed = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(),
    );
    if (users.length > 0 || Date.now() - changed > YOUNG) await removeUnused(folder).catch(() => {}); // another user's, perhaps
  }
}

const enter = (folder: string, user: string): Promise<void> => writeFile(join(folder, USERS, user), '', { flag: 'wx' });

/** A folder that `user` has entered. */
const entered = (folder: string, user: string): SharedFolder => ({
  path: folder,
  async release() {
    await rm(join(folder, USERS, user), { force: true });
    await removeUnused(folder);
  },
});

/** Enters a folder; undefined where it goes away. */
const tryEnter = (folder: string, user: string): Promise<SharedFolder | undefined> =>
  enter(folder, user).then(
    () => entered(folder, user),
    () => undefined,
  );

/** A folder that one of `holders` is in already, which stays for longer. */
async function findHeld(folder: string, holders: readonly string[]): Promise<SharedFolder | undefined> {
  const users = await readdir(join(folder, USERS)).catch(() => []);
  const held = users.some((name) => holders.some((holder) => name.startsWith(`${holder},`)));
  return held ? { path: folder, release: async () => {} } : undefined;
}

/**
 * Enters the folder of this key, or makes one with `fill`, which is given the new folder's path. `held`: another thread of this process, or the process that
 * started it, is in it and stays for longer, so that no one need leave. Rejects with what `fill` throws, and with RasterError where no folder can be made.
 */
export async function shareFolder(
  key: string,
  fill: (folder: string) => Promise<void>,
  { held = false }: { readonly held?: boolean } = {},
): Promise<SharedFolder> {
  const root = await makeRoot();
  const me = holderName('user', await thisProcess());
  const user = `${me},${randomUUID()}`;
  const holders = held ? [me, holderName('user', await parentProcess())] : [];
  for (const name of await ours(root)) {
    if (!name.startsWith(key) || name.endsWith('.part')) continue;
    const found = await (held ? findHeld(join(root, name), holders) : tryEnter(join(root, name), user));
    if (found) return found;
  }
  await tidy(root);
  const folder = join(root, `${key}.${randomUUID()}`);
  const part = `${folder}.part`;
  try {
    await mkdir(join(part, USERS), { recursive: true, mode: 0o700 });
    await enter(part, user);
    await fill(part);
    await rename(part, folder);
    return entered(folder, user);
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    throw systemReason(cause) ? toRasterError('unpack files into it', root, cause) : cause;
  }
}
