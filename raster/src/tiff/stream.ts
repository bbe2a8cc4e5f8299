// A compressed, pixel-interleaved block as rows, while it is being inflated: of a 512 x 512 tile of 224 bands, 117 MB, no more than a few are held.
import { RasterError } from '../error.js';
import type { RowMemory } from '../pack.js';
import { sampleArrays, sampleSize, swapBytes } from '../samples.js';
import type { SampleArray } from '../scene.js';
import type { ByteSource, Codecs } from '../source.js';
import { isForeign, predictedRows, refuseBlock } from './decode.js';
import { type Layout, rowBytes, rowsOfBlock } from './layout.js';
import { undoPredictorAt } from './predictor.js';

/** Bytes read, and inflated, at a time. */
const CHUNK_BYTES = 2 ** 20;

/** Rows of a block. */
export interface BlockRows {
  /** First row, in the block. */
  readonly first: number;
  readonly rows: number;
  /** [rows, blockCols, bands]; used again for the next rows. */
  readonly values: SampleArray;
}

/** Whether blocks are worth streaming: large and inflatable piece by piece. */
export function canStream(layout: Layout, codecs: Codecs): boolean {
  const large = layout.blockRows * rowBytes(layout) > 4 * CHUNK_BYTES;
  return large && !layout.planar && layout.compression === 'deflate' && codecs.inflateStream !== undefined;
}

async function* chunksOf(source: ByteSource, offset: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += CHUNK_BYTES) yield source.read(offset + at, Math.min(CHUNK_BYTES, length - at));
}

export interface StreamOptions {
  readonly source: ByteSource;
  readonly codecs: Codecs;
  readonly memory: RowMemory;
}

/** The rows of a block before the row `end`, in order, in the memory given. Rejects with RasterError where the bytes are damaged. */
export async function* streamBlock(
  layout: Layout,
  { index, end }: { index: number; end: number },
  { source, codecs, memory: { kernels, from } }: StreamOptions,
): AsyncGenerator<BlockRows, void, undefined> {
  const place = { name: source.name, index };
  const bytesPerRow = rowBytes(layout);
  const total = Math.min(end, rowsOfBlock(layout, index));
  const most = Math.max(1, Math.floor(CHUNK_BYTES / bytesPerRow)) * bytesPerRow;
  kernels.reserve(from + most + bytesPerRow);
  const room = new Uint8Array(kernels.buffer, from, most);
  let first = 0;
  let filled = 0;
  /** Undoes byte order and predictor of the rows in the room. */
  const restore = (rows: number): SampleArray => {
    const { sampleType, predictor } = layout;
    const width = sampleSize(sampleType);
    if (isForeign(layout)) swapBytes(room.subarray(0, rows * bytesPerRow), width);
    undoPredictorAt(kernels, from, { predictor, rows: predictedRows(layout, rows) });
    return new sampleArrays[sampleType](kernels.buffer, from, (rows * bytesPerRow) / width);
  };
  try {
    const chunks = chunksOf(source, layout.offsets[index]!, layout.byteCounts[index]!);
    for await (const chunk of codecs.inflateStream!(chunks, CHUNK_BYTES))
      for (let at = 0; at < chunk.length; ) {
        const wanted = Math.min(most, (total - first) * bytesPerRow) - filled;
        const part = chunk.subarray(at, at + wanted);
        room.set(part, filled);
        filled += part.length;
        at += part.length;
        if (part.length < wanted) continue;
        const rows = filled / bytesPerRow;
        yield { first, rows, values: restore(rows) };
        first += rows;
        filled = 0;
        if (first === total) return;
      }
  } catch (cause) {
    if (cause instanceof RasterError) throw cause;
    refuseBlock(layout, place, cause);
  }
  refuseBlock(layout, place, new Error(`expected ${total} rows, got ${first}`));
}
