// The codecs of a browser: its own streams, but for compression.
import type { Codecs } from './source.js';

/** Bytes handed over at a time: no more is unpacked than what they hold before the limit is looked at. */
const PIECE_BYTES = 2 ** 16;

type Stream = InstanceType<typeof DecompressionStream>;

async function feed({ writable }: Stream, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) await writer.write(bytes.subarray(at, at + PIECE_BYTES));
  await writer.close();
}

/** What a stream makes of the bytes. Rejects with Error where it fails, or that is more than `most` bytes. */
async function pass(stream: Stream, bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const fed = feed(stream, bytes);
  fed.catch(() => {}); // the reader meets the same failure
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > most) {
      reader.cancel().catch(() => {});
      throw new Error(`it holds more than ${most} bytes`);
    }
    pieces.push(read.value);
  }
  await fed;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The browser's own decompression; ZSTD, which it lacks, is unpacked by WebAssembly. It compresses as Node.js does, byte for byte. */
export const webCodecs: Codecs = {
  inflate: (bytes, size) => pass(new DecompressionStream('deflate'), bytes, size),
  gunzip: (bytes, size) => pass(new DecompressionStream('gzip'), bytes, size),
  deflate: async (bytes) => (await import('./deflate.js')).deflateRuns(bytes),
};
