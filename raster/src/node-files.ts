// Files as byte sources and byte sinks.
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { RasterError } from './error.js';
import type { ByteSink, ByteSource } from './source.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder; check the path',
  EACCES: 'permission denied; check who may read or write there',
  EPERM: 'the system does not permit it; check who may read or write there',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space or choose another folder',
  EDQUOT: 'your disk quota is used up; free some space or choose another folder',
  EFBIG: 'the file would be larger than is allowed here; choose another folder',
  EISDIR: 'it is a folder; name a file',
  ENOTDIR: 'a part of the path is not a folder; check the path',
  EMFILE: 'too many files are open; close some',
};

/** A file system's error as RasterError: what was tried, on which path, why it failed. */
export function toRasterError(doing: string, path: string, cause: unknown): RasterError {
  if (cause instanceof RasterError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  return new RasterError(`${path}: cannot ${doing}: ${REASONS[code ?? ''] ?? message}`, { path, cause });
}

/** Opens a file as a byte source. Rejects with RasterError where there is no readable file. */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle | undefined;
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new RasterError(`${path}: is a folder; name a file in it`, { path });
    if (!found.isFile()) throw new RasterError(`${path}: is not a regular file; name a file`, { path });
    handle = await open(path, 'r');
    return fileSource(path, handle, (await handle.stat()).size);
  } catch (cause) {
    await handle?.close();
    throw toRasterError('open it', path, cause);
  }
}

/** The system reads less than 2 GiB at once. */
const MOST_BYTES_A_READ = 2 ** 30;

function fileSource(path: string, handle: FileHandle, size: number): ByteSource {
  return {
    name: path,
    size,
    async read(offset, length) {
      if (!(offset >= 0 && length >= 0 && offset + length <= size))
        throw new RasterError(
          `${path}: bytes ${offset}..${offset + length} are not in the file of ${size} bytes; it is damaged or cut off, get it again`,
          { path },
        );
      try {
        // Not from Node's shared pool: blocks are kept, and their words need alignment.
        const bytes = Buffer.allocUnsafeSlow(length);
        for (let got = 0; got < length; ) {
          const part = Math.min(length - got, MOST_BYTES_A_READ);
          const { bytesRead } = await handle.read(bytes, got, part, offset + got);
          if (bytesRead === 0)
            throw new RasterError(`${path}: became shorter while it was read; open it again`, { path });
          got += bytesRead;
        }
        return bytes;
      } catch (cause) {
        throw toRasterError('read it', path, cause);
      }
    },
    close: () => handle.close(),
  };
}

/** Refuses a path that is taken. */
async function assertFree(path: string, overwrite: boolean): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw toRasterError('write it', path, error);
  });
  if (found?.isDirectory()) throw new RasterError(`${path}: is a folder; name a file in it`, { path });
  if (found && !overwrite)
    throw new RasterError(`${path}: exists already; choose another name`, { path, remedy: 'overwrite' });
}

/** A new file that is written beside `path` and takes its name when it is complete. Rejects with RasterError where `path` cannot be written. */
export async function createFile(path: string, overwrite: boolean): Promise<ByteSink> {
  await assertFree(path, overwrite);
  const partial = `${path}.${randomUUID().slice(0, 8)}.partial`;
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
        await assertFree(path, overwrite);
        await handle.close();
        await rename(partial, path);
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
