import { refuse } from './refuse.js';
import type { Stop } from './scene.js';

/** Random access to bytes: a file, a browser's File, an HTTP resource. The only thing a reader needs of its platform besides `Codecs`. */
export interface ByteSource {
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects with RasterError when they are not all there. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into `bytes`, as many as it holds; absent where the platform hands out its own memory. */
  readInto?(offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  close(): Promise<void>;
}

/** Throws RasterError unless `length` bytes from `offset` are in a file. */
export function assertInside({ name, size }: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  const end = offset + length;
  if (!(offset >= 0 && length >= 0 && end <= size))
    refuse(name, `bytes ${offset}..${end} are not in the file of ${size} bytes; it is damaged or cut off`);
}

/** Reads into the memory given, without a copy where the source can. */
export async function readInto(source: ByteSource, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (source.readInto) await source.readInto(offset, bytes);
  else bytes.set(await source.read(offset, bytes.length));
}

/** A file of which nothing more is read once `signal` says so. */
export function stoppable(source: ByteSource, signal: Stop | undefined): ByteSource {
  if (!signal) return source;
  const checked =
    <A extends readonly unknown[], T>(read: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      signal.throwIfAborted();
      return read(...args);
    };
  return {
    ...source,
    read: checked(source.read),
    ...(source.readInto && { readInto: checked(source.readInto) }),
  };
}

/** Decompression that the platform does better than JavaScript. */
export interface Codecs {
  /** zlib streams (RFC 1950) to at most `size` bytes. */
  inflate(bytes: Uint8Array, size: number): Uint8Array | Promise<Uint8Array>;
  /** ZSTD frames (RFC 8878) to at most `size` bytes; absent where the platform has no ZSTD, which JavaScript then decompresses, slower. */
  unzstd?(bytes: Uint8Array, size: number): Uint8Array | Promise<Uint8Array>;
  /** gzip files (RFC 1952) to at most `size` bytes; absent where the platform does not unpack them: then no Zarr store is read. */
  gunzip?(bytes: Uint8Array, size: number): Uint8Array | Promise<Uint8Array>;
}

/** Where the bytes of a new file go. Nothing appears under its final name before `commit`. */
export interface ByteSink {
  readonly name: string;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file complete under its final name. */
  commit(): Promise<void>;
  /** Removes what was written; does nothing after `commit`. */
  discard(): Promise<void>;
}
