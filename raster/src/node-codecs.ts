import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { createInflate, deflate, type InputType, inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import type { Codecs } from './source.js';

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
  inflateStream: (bytes, chunk) => pipeline(Readable.from(bytes), createInflate({ chunkSize: chunk }), () => {}),
  deflate: (bytes) => deflateAsync(bytes),
};
