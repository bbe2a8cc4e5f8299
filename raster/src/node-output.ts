// Files that appear under their name when they are complete.
import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, lstat, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RasterError } from './error.js';
import { toRasterError } from './node-files.js';
import type { ByteSink } from './source.js';

/** As many links as Linux follows. */
const MOST_LINKS = 40;

/** What stands at a path itself, links not followed; undefined where nothing does. */
export async function findAt(path: string): Promise<Stats | undefined> {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    return undefined;
  });
}

/** Where writing to `path` ends: links are followed, as other programs do it, also where the last one leads to nothing. */
export async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < MOST_LINKS; links++) {
    const folder = await realpath(dirname(target)).catch(() => dirname(target));
    target = join(folder, basename(target));
    if (!(await findAt(target))?.isSymbolicLink()) return target;
    target = resolve(folder, await readlink(target));
  }
  throw Object.assign(new Error(`more than ${MOST_LINKS} links`), { code: 'ELOOP' });
}

/** Refuses a target whose folder is not there or may not be written. */
export async function assertFolder(path: string, target: string): Promise<void> {
  const folder = dirname(target);
  try {
    if (!(await stat(folder)).isDirectory())
      throw new RasterError(`${path}: ${folder} is not a folder; choose another place`, { path });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw toRasterError(`write into ${folder}`, path, cause);
  }
}

/** Refuses a target that is taken, or that is no file. */
async function assertFree(path: string, target: string, overwrite: boolean): Promise<void> {
  const found = await findAt(target);
  if (found?.isDirectory()) throw new RasterError(`${path}: is a folder; name a file in it`, { path });
  if (found && !found.isFile()) throw new RasterError(`${path}: is not a regular file; name a file`, { path });
  if (overwrite) return;
  const link = await readlink(path).catch(() => undefined);
  if (found || link !== undefined)
    throw new RasterError(
      `${path}: exists already${link === undefined ? '' : `, as a link to ${link}`}; choose another name`,
      { path, remedy: 'overwrite' },
    );
}

/**
 * Throws RasterError unless `path` can become a file: its folder is there and may be written, and nothing stands there, or a file or a link that may be replaced.
 * Resolves to where the file will be: at the end of the links, which stay.
 */
export async function assertWritable(
  path: string,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<string> {
  try {
    const target = await followLinks(path);
    await assertFolder(path, target);
    await assertFree(path, target, overwrite);
    return target;
  } catch (cause) {
    throw toRasterError('write it', path, cause);
  }
}

/** Makes a renaming last through a power cut, where the system lets folders be synchronised. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

export interface FileOptions {
  readonly overwrite: boolean;
  /** Told where a complete file (or folder) is, before it goes to its place. */
  readonly onComplete?: (path: string) => Promise<void>;
}

/** A new file that is written beside its final place and goes there when it is complete. Rejects with RasterError where `path` cannot be written. */
export async function createFile(path: string, { overwrite, onComplete }: FileOptions): Promise<ByteSink> {
  const target = await assertWritable(path, { overwrite });
  const partial = `${target}.${randomUUID().slice(0, 8)}.partial`;
  const attempt = async <T>(doing: string, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      throw toRasterError(doing, path, cause);
    }
  };
  const handle = await attempt('create it', () => open(partial, 'wx'));
  let done = false;
  return {
    name: path,
    write: (offset, bytes) =>
      attempt('write it', async () => {
        for (let put = 0; put < bytes.length; )
          put += (await handle.write(bytes, put, bytes.length - put, offset + put)).bytesWritten;
      }),
    commit: () =>
      attempt('complete it', async () => {
        await handle.sync();
        await assertFree(path, target, overwrite);
        await handle.close();
        await onComplete?.(partial);
        await rename(partial, target);
        await syncFolder(dirname(target));
        done = true;
      }),
    async discard() {
      if (done) return;
      done = true;
      await handle.close().catch(() => {}); // what failed before is the error to see
      await rm(partial, { force: true });
    },
  };
}

/** A file to write: where, and what. */
export type FileContent = readonly [path: string, bytes: Uint8Array];

/**
 * Writes several files as one: each beside its final name, all renamed when all are complete.
 * Rejects with RasterError where a file is there already (unless `overwrite`) or cannot be written; no part of a file is left then.
 */
export async function writeFiles(
  files: readonly FileContent[],
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): Promise<void> {
  const sinks: ByteSink[] = [];
  try {
    for (const [path, bytes] of files) {
      const sink = await createFile(path, { overwrite });
      sinks.push(sink);
      await sink.write(0, bytes);
    }
    for (const sink of sinks) await sink.commit();
  } catch (cause) {
    for (const sink of sinks) await sink.discard();
    throw cause;
  }
}
