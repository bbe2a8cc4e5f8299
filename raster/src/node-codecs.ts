import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { Codecs } from './source.js';

/** What Node has from 22.15 on; the types are those of the oldest Node that is supported. */
const { zstdDecompress, zstdDecompressSync } = zlib as typeof zlib & {
  readonly zstdDecompress?: typeof zlib.inflate;
  readonly zstdDecompressSync?: typeof zlib.inflateSync;
};

/** Above this many bytes of output, a thread of Node's pool unpacks faster than the call costs. */
const ASYNC_BYTES = 1 << 18;

function unpackBy(unpackSync: typeof zlib.inflateSync, unpack: typeof zlib.inflate): Codecs['inflate'] {
  const unpackAsync = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(unpack);
  return (bytes, size) => {
    // One spare byte keeps the whole output in one chunk, which zlib then hands out without a copy.
    const options = { maxOutputLength: Math.max(1, size), chunkSize: Math.max(64, size + 1) };
    return size < ASYNC_BYTES ? unpackSync(bytes, options) : unpackAsync(bytes, options);
  };
}

/** Node's zlib. */
export const nodeCodecs: Codecs = {
  inflate: unpackBy(zlib.inflateSync, zlib.inflate),
  gunzip: unpackBy(zlib.gunzipSync, zlib.gunzip),
  ...(zstdDecompress && zstdDecompressSync && { unzstd: unpackBy(zstdDecompressSync, zstdDecompress) }),
};
