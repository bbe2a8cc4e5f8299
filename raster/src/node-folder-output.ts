// Several files that appear under their names together, when all are complete.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { EnviSinks } from './envi-write.js';
import { RasterError } from './error.js';
import { toRasterError } from './node-files.js';
import {
  assertFolder,
  assertWritable,
  createFile,
  type FileOptions,
  findAt,
  followLinks,
  syncFolder,
} from './node-output.js';
import type { FolderSink } from './zarr/write.js';

/**
 * Clears what a killed process left beside `path` while it completed it: what was half written goes, an old store that had stepped aside
 * comes back. For who alone writes there.
 */
export async function clearRemains(path: string): Promise<void> {
  const target = await followLinks(path);
  const [folder, name] = [dirname(target), basename(target)];
  for (const found of await readdir(folder)) {
    const kind = found.startsWith(`${name}.`) && /^\.[0-9a-f]{8}\.(partial|old)$/.exec(found.slice(name.length))?.[1];
    if (!kind) continue;
    const remains = join(folder, found);
    if (kind === 'old' && !(await findAt(target))) await rename(remains, target);
    else await rm(remains, { recursive: true, force: true });
  }
}

interface Overwrite {
  readonly overwrite?: boolean;
}

/**
 * Throws RasterError unless `path` can become a Zarr store: its folder may be written, and nothing stands there, or a Zarr store that may
 * be replaced. Any other folder or file stays, overwriting or not. Resolves to where the store will be: at the end of links, which stay.
 */
export async function assertStoreWritable(path: string, { overwrite = false }: Overwrite = {}): Promise<string> {
  try {
    const target = await followLinks(path);
    await assertFolder(path, target);
    await assertStoreFree(path, target, overwrite);
    return target;
  } catch (cause) {
    throw toRasterError('write it', path, cause);
  }
}

async function assertStoreFree(path: string, target: string, overwrite: boolean): Promise<void> {
  const found = await findAt(target);
  if (!found) return;
  const isStore = found.isDirectory() && (await findAt(join(target, 'zarr.json')));
  if (!isStore)
    throw new RasterError(`${path}: exists already, and is no Zarr store to be replaced; choose another name`, {
      path,
    });
  if (!overwrite) throw new RasterError(`${path}: exists already; choose another name`, { path, remedy: 'overwrite' });
}

/** A new Zarr store that is written beside its final place and goes there when it is complete. Rejects with RasterError where `path` cannot be written. */
export async function createStore(path: string, { overwrite, onComplete }: FileOptions): Promise<FolderSink> {
  const target = await assertStoreWritable(path, { overwrite });
  const beside = `${target}.${randomUUID().slice(0, 8)}`;
  const partial = `${beside}.partial`;
  const attempt = async <T>(doing: string, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (cause) {
      throw toRasterError(doing, path, cause);
    }
  };
  await attempt('create it', () => mkdir(partial));
  let done = false;
  return {
    create: (file) =>
      attempt('create it', async () => {
        await mkdir(dirname(join(partial, file)), { recursive: true });
        return createFile(join(partial, file), { overwrite: false });
      }),
    commit: () =>
      attempt('complete it', async () => {
        await assertStoreFree(path, target, overwrite);
        await onComplete?.(partial);
        // A folder replaces no other: the old store steps aside, and comes back where the new one cannot take its place.
        const old = (await findAt(target)) && `${beside}.old`;
        if (old) await rename(target, old);
        try {
          await rename(partial, target);
        } catch (cause) {
          if (old) await rename(old, target);
          throw cause;
        }
        await syncFolder(dirname(target));
        done = true;
        if (old) await rm(old, { recursive: true, force: true });
      }),
    async discard() {
      if (done) return;
      done = true;
      await rm(partial, { recursive: true, force: true });
    },
  };
}

/**
 * The two files of a new ENVI image. The header comes last, and an old one goes first: there is none that describes other data. Rejects
 * with RasterError where either cannot be written.
 */
export async function createEnviFiles(
  paths: { readonly data: string; readonly header: string },
  options: FileOptions,
): Promise<EnviSinks> {
  const { overwrite } = options;
  const target = await assertWritable(paths.header, { overwrite });
  const data = await createFile(paths.data, options);
  const discard = async () => {
    await data.discard();
    await header?.discard();
  };
  let header: Awaited<ReturnType<typeof createFile>> | undefined;
  try {
    const sink = await createFile(paths.header, options);
    header = sink;
    return {
      data,
      header: sink,
      discard,
      async commit() {
        if (overwrite) await rm(target, { force: true });
        await data.commit();
        await sink.commit();
      },
    };
  } catch (error) {
    await discard();
    throw error;
  }
}
