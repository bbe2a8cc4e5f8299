// A compressed, pixel-interleaved block as rows, while it is being inflated: of a 512 x 512 tile of 224 bands, 117 MB, no more than a few are held.
import { RasterError } from '../error.js';
import { endInflating, HISTORY_BYTES, INFLATER_BYTES, makeInflater, OVERSHOOT_BYTES } from '../inflate.js';
import { aligned } from '../kernels.js';
import type { RowMemory } from '../pack.js';
import { sampleArrays, sampleSize, swapBytes } from '../samples.js';
import type { SampleArray } from '../scene.js';
import type { ByteSource } from '../source.js';
import { assertBlock, isForeign, refuseBlock } from './decode.js';
import { type Layout, rowBytes, rowsOfBlock } from './layout.js';
import { predictedRows, undoPredictorAt } from './predictor.js';

/** Bytes inflated at a time. */
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
export function canStream(layout: Layout): boolean {
  const large = layout.blockRows * rowBytes(layout) > 4 * CHUNK_BYTES;
  return large && !layout.planar && layout.compression === 'deflate';
}

/**
 * The rows of a block before the row `end`, in order, in the memory given. Rejects with RasterError where the bytes are damaged; with `toEnd`
 * also where only those behind `end` are, or the checksum behind them says that some are.
 */
export async function* streamBlock(
  layout: Layout,
  { index, end, toEnd }: { index: number; end: number; toEnd: boolean },
  { source, memory: { kernels, from } }: { source: ByteSource; memory: RowMemory },
): AsyncGenerator<BlockRows, void, undefined> {
  const place = { name: source.name, index };
  assertBlock(layout, index, source);
  const { sampleType, predictor, offsets, byteCounts } = layout;
  const bytesPerRow = rowBytes(layout);
  const total = Math.min(end, rowsOfBlock(layout, index));
  const most = Math.max(1, Math.floor(CHUNK_BYTES / bytesPerRow));
  // Rows are inflated behind what matches may still refer to, which is put aside before they are restored where they are.
  const room = aligned(from + bytesPerRow);
  const raw = aligned(room + INFLATER_BYTES + HISTORY_BYTES);
  kernels.reserve(raw + most * bytesPerRow + OVERSHOOT_BYTES);
  const inflater = makeInflater(kernels, { source, offset: offsets[index]!, length: byteCounts[index]!, room });
  const restore = (rows: number): SampleArray => {
    const bytes = rows * bytesPerRow;
    if (isForeign(layout)) swapBytes(new Uint8Array(kernels.buffer, raw, bytes), sampleSize(sampleType));
    undoPredictorAt(kernels, { at: raw, scratch: from }, { predictor, rows: predictedRows(layout, rows) });
    return new sampleArrays[sampleType](kernels.buffer, raw, bytes / sampleSize(sampleType));
  };
  try {
    let to = raw;
    const all = rowsOfBlock(layout, index);
    for (let first = 0; first < (toEnd ? all : total); ) {
      const rows = Math.min(most, (first < total ? total : all) - first);
      const limit = raw + rows * bytesPerRow;
      const history = first === 0 ? raw : raw - HISTORY_BYTES;
      to = await inflater.inflate(to, limit, history);
      if (to < limit) throw new Error(`expected ${all} rows, got ${first + Math.floor((to - raw) / bytesPerRow)}`);
      if (first + rows === all) await endInflating(inflater, to, { history, padded: !layout.tiled });
      new Uint8Array(kernels.buffer).copyWithin(raw - HISTORY_BYTES, limit - HISTORY_BYTES, limit);
      if (first < total) yield { first, rows, values: restore(rows) };
      first += rows;
      new Uint8Array(kernels.buffer).copyWithin(raw, limit, to); // what the last match wrote beyond
      to -= limit - raw;
    }
  } catch (cause) {
    if (cause instanceof RasterError) throw cause;
    refuseBlock(layout, place, cause);
  }
}
