// What the raster package needs of Node: files and zlib.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflate, type InputType, inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import { RasterError } from './error.js';
import type { ByteSource, Codecs } from './source.js';

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
function toRasterError(doing: string, path: string, cause: unknown): RasterError {
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
      // Not from Node's shared pool: blocks are kept, and their words need alignment.
      const bytes = Buffer.allocUnsafeSlow(length);
      try {
        for (let got = 0; got < length; ) {
          const { bytesRead } = await handle.read(bytes, got, length - got, offset + got);
          if (bytesRead === 0)
            throw new RasterError(`${path}: became shorter while it was read; open it again`, { path });
          got += bytesRead;
        }
      } catch (cause) {
        throw toRasterError('read it', path, cause);
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

const inflateAsync = promisify<InputType, ZlibOptions, Buffer>(inflate);
const deflateAsync = promisify<InputType, Buffer>(deflate);

/** Above this many bytes of output, a thread of Node's pool inflates faster than the call costs. */
const ASYNC_BYTES = 1 << 18;

/** Node's zlib. */
export const nodeCodecs: Codecs = {
  inflate(bytes, size) {
    // One spare byte keeps the whole output in one chunk, which zlib then hands out without a copy.
    const options = { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) };
    return size < ASYNC_BYTES ? inflateSync(bytes, options) : inflateAsync(bytes, options);
  },
  deflate: (bytes) => deflateAsync(bytes),
};
