// The codecs of a browser: its own streams, and WebAssembly for what they refuse.
import { HISTORY_BYTES, INFLATER_BYTES, makeInflater, OVERSHOOT_BYTES } from './inflate.js';
import { aligned, createKernels } from './kernels.js';
import type { ByteSource, Codecs } from './source.js';

/** Bytes handed over at a time: no more is unpacked than what they hold before the limit is looked at. */
const PIECE_BYTES = 2 ** 16;

type Stream = InstanceType<typeof DecompressionStream>;

async function feed({ writable }: Stream, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) await writer.write(bytes.subarray(at, at + PIECE_BYTES));
  await writer.close();
}

const tooLarge = (most: number): Error => new Error(`it holds more than ${most} bytes`);

/** Pieces one behind the other. */
function join(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
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
      throw tooLarge(most);
    }
    pieces.push(read.value);
  }
  await fed;
  return join(pieces);
}

/** Bytes inflated at a time. */
const INFLATED_BYTES = 2 ** 20;

/** What the kernels make of a zlib stream, whatever stands behind its end. Rejects as `pass`. */
async function inflateByKernels(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const kernels = createKernels();
  const start = aligned(kernels.base + INFLATER_BYTES + HISTORY_BYTES);
  kernels.reserve(start + INFLATED_BYTES + OVERSHOOT_BYTES);
  const source: ByteSource = {
    name: 'a zlib stream',
    size: bytes.length,
    read: async (from, length) => bytes.subarray(from, from + length),
    close: async () => {},
  };
  const inflater = makeInflater(kernels, { source, offset: 0, length: bytes.length, room: kernels.base });
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (!inflater.ended()) {
    const to = await inflater.inflate(start, start + INFLATED_BYTES, length === 0 ? start : start - HISTORY_BYTES);
    const memory = new Uint8Array(kernels.buffer);
    pieces.push(memory.slice(start, to));
    length += to - start;
    if (length > most) throw tooLarge(most);
    memory.copyWithin(start - HISTORY_BYTES, to - HISTORY_BYTES, to);
  }
  return join(pieces);
}

/** As the browser does it, which is faster, unless it refuses: it takes nothing behind a stream's end, where some writers leave bytes. */
const inflate = (bytes: Uint8Array, most: number): Promise<Uint8Array> =>
  pass(new DecompressionStream('deflate'), bytes, most).catch(() => inflateByKernels(bytes, most));

/** The browser's own decompression; ZSTD, which it lacks, is unpacked by WebAssembly. */
export const webCodecs: Codecs = {
  inflate,
  gunzip: (bytes, size) => pass(new DecompressionStream('gzip'), bytes, size),
};
