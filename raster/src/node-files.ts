// Files as byte sources.
import { readSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { isMainThread } from 'node:worker_threads';
import { RasterError } from './error.js';
import type { ByteSource } from './source.js';
import { systemReason } from './system-reason.js';

/** A file system's error as RasterError: what was tried, on which path, why it failed. */
export function toRasterError(doing: string, path: string, cause: unknown): RasterError {
  if (cause instanceof RasterError) return cause;
  const reason = systemReason(cause) ?? (cause as Error).message;
  return new RasterError(`${path}: cannot ${doing}: ${reason}`, { path, cause });
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

/**
 * Reads into `bytes` and returns how many it got. A worker thread waits for the disk itself: to have another thread wait for it costs more than the
 * reading where blocks are small. The main thread must stay awake.
 */
const readSome: (handle: FileHandle, bytes: Uint8Array, at: number) => Promise<number> | number = isMainThread
  ? async (handle, bytes, at) => (await handle.read(bytes, 0, bytes.length, at)).bytesRead
  : ({ fd }, bytes, at) => readSync(fd, bytes, 0, bytes.length, at);

function fileSource(path: string, handle: FileHandle, size: number): ByteSource {
  const assertInside = (offset: number, length: number): void => {
    if (!(offset >= 0 && length >= 0 && offset + length <= size))
      throw new RasterError(
        `${path}: bytes ${offset}..${offset + length} are not in the file of ${size} bytes; it is damaged or cut off, get it again`,
        { path },
      );
  };
  const readInto = async (offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
    const { length } = bytes;
    assertInside(offset, length);
    try {
      for (let got = 0; got < length; ) {
        const count = await readSome(handle, bytes.subarray(got, got + MOST_BYTES_A_READ), offset + got);
        if (count === 0) throw new RasterError(`${path}: became shorter while it was read; open it again`, { path });
        got += count;
      }
    } catch (cause) {
      throw toRasterError('read it', path, cause);
    }
  };
  return {
    name: path,
    size,
    async read(offset, length) {
      assertInside(offset, length);
      // Not from Node's shared pool: blocks are kept, and their words need alignment.
      const bytes = Buffer.allocUnsafeSlow(length);
      await readInto(offset, bytes);
      return bytes;
    },
    readInto,
    close: () => handle.close(),
  };
}
