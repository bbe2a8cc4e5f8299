// The rows of a window for a model: its blocks decoded one after another in the kernels' memory, none kept.
import { aligned } from '../kernels.js';
import type { RowMemory, StoredRows } from '../pack.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray, Window } from '../scene.js';
import type { ByteSource, Codecs } from '../source.js';
import { BEHIND_BYTES, type BlockMemory, decodeBlockAt } from './decode.js';
import type { DecodedRows, Edges } from './edges.js';
import { type Part, partsOf } from './grid.js';
import { type Layout, rowBytes, rowsOfBlock } from './layout.js';
import { canStream, streamBlock } from './stream.js';
import { fillValues } from './window.js';

/** What streaming takes from the file and its platform. */
export interface StreamOptions {
  readonly source: ByteSource;
  readonly codecs: Codecs;
  readonly memory: RowMemory;
  /** Blocks that are damaged may be left out: no piece of one may pass. */
  readonly allowDamaged: boolean;
  /** Edges of blocks that are kept for the next windows, where these overlap. */
  readonly edges?: Edges | undefined;
}

/** Planes a power of two apart would all lie in the same few places of the processor's caches. */
const PLANE_GAP_BYTES = 192;

/** Decoded blocks that are held together at most, of all the bands asked for at one place. */
const MOST_BYTES = 2 ** 26;

/**
 * Whether the blocks of a window can be decoded once each, and few bytes at a time; else what was decoded must be kept for the next window,
 * or only the rows asked for must be read. Where edges are kept, windows may take parts of blocks.
 */
export function streamsWindow(
  layout: Layout,
  { window, bands, edges }: { window: Window; bands: readonly number[]; edges: boolean },
): boolean {
  if (canStream(layout)) return true;
  const bytes = layout.blockRows * rowBytes(layout) * (layout.planar ? bands.length : 1);
  const once = edges || partsOf(layout, window).every(({ whole }) => whole);
  return layout.compression !== 'none' && bytes <= MOST_BYTES && once;
}

interface Work extends StreamOptions {
  readonly layout: Layout;
  readonly noData: number | undefined;
  readonly bands: readonly number[];
  /** Of a pixel-interleaved block. */
  readonly bandOffsets: Int32Array;
}

/** The rows of a window that `streamsWindow`. Rejects with RasterError where the bytes are damaged. */
export async function* streamWindow(
  layout: Layout,
  { window, bands }: { window: Window; bands: readonly number[] },
  options: StreamOptions & { readonly noData: number | undefined },
): AsyncGenerator<StoredRows, void, undefined> {
  const work = { ...options, layout, bands, bandOffsets: Int32Array.from(bands) };
  const stream = layout.planar ? planeRows : canStream(layout) ? inflatedRows : pixelRows;
  for (const part of partsOf(layout, window)) {
    const kept = options.edges?.rowsOf(part);
    if (kept) yield kept;
    else yield* stream(work, part);
  }
}

/** The pixels of the scene that a part holds. */
const windowOf = ({ top, left, bottom, right }: Part): Window => ({
  row: top,
  col: left,
  rows: bottom - top,
  cols: right - left,
});

/** A part whose block was never written. */
function emptyRows({ layout, noData, bands }: Work, part: Part): StoredRows {
  const values = fillValues(layout, noData, layout.planar ? bands.length : layout.bands);
  const bandOffsets = Int32Array.from(bands, (band, i) => (layout.planar ? i : band));
  return { window: windowOf(part), values, start: 0, rowStride: 0, pixelStride: 0, bandOffsets };
}

/** A large pixel-interleaved block, some rows at a time. */
async function* inflatedRows(work: Work, part: Part): AsyncGenerator<StoredRows, void, undefined> {
  const { layout, bandOffsets } = work;
  if (layout.byteCounts[part.index] === 0) {
    yield emptyRows(work, part);
    return;
  }
  const { blockCols, bands: S } = layout;
  const [from, end] = [part.top - part.blockRow, part.bottom - part.blockRow];
  const collector = work.edges?.collect(part);
  // Of a block that reaches below the scene, the checksum is looked at all the same.
  const toEnd = work.allowDamaged || part.bottom === layout.rows;
  for await (const { first, rows, values } of streamBlock(layout, { index: part.index, end, toEnd }, work)) {
    collector?.add({ values, first, rows, rowStride: blockCols * S, planeStride: 0 });
    const skipped = Math.max(0, from - first);
    if (skipped >= rows) continue;
    const window = { ...windowOf(part), row: part.blockRow + first + skipped, rows: rows - skipped };
    const start = (skipped * blockCols + part.left - part.blockCol) * S;
    yield { window, values, start, rowStride: blockCols * S, pixelStride: S, bandOffsets };
  }
  collector?.keep();
}

/** Decodes a block and returns its stored values. */
async function decodeAt(
  { source, codecs, memory: { kernels }, layout }: Work,
  index: number,
  { at, scratch }: BlockMemory,
): Promise<SampleArray> {
  const rows = rowsOfBlock(layout, index);
  await decodeBlockAt(source, layout, { codecs, kernels, place: { name: source.name, index, rows }, at, scratch });
  const { sampleType } = layout;
  return new sampleArrays[sampleType](kernels.buffer, at, (rows * rowBytes(layout)) / sampleSize(sampleType));
}

/** A pixel-interleaved block. */
async function* pixelRows(work: Work, part: Part): AsyncGenerator<StoredRows, void, undefined> {
  const { layout, bandOffsets, memory } = work;
  if (layout.byteCounts[part.index] === 0) {
    yield emptyRows(work, part);
    return;
  }
  const { blockCols, bands: S } = layout;
  const at = memory.from;
  const scratch = at + layout.blockRows * rowBytes(layout) + BEHIND_BYTES;
  const values = await decodeAt(work, part.index, { at, scratch });
  keepEdges(work, part, { values, rowStride: blockCols * S, planeStride: 0 });
  const start = startIn(part, { rowStride: blockCols * S, pixelStride: S });
  yield { window: windowOf(part), values, start, rowStride: blockCols * S, pixelStride: S, bandOffsets };
}

/** The blocks of the bands asked for. Where the first of them holds nothing but NoData, the others are not read. */
async function* planeRows(work: Work, part: Part): AsyncGenerator<StoredRows, void, undefined> {
  const { layout, bands, memory, noData } = work;
  const { kernels, from } = memory;
  const { blockCols, blocksAcross, blocksDown } = layout;
  const size = sampleSize(layout.sampleType);
  const plane = aligned(layout.blockRows * rowBytes(layout)) + PLANE_GAP_BYTES;
  const indices = bands.map((band) => band * blocksAcross * blocksDown + part.index);
  const scratch = aligned(from + bands.length * plane + BEHIND_BYTES);
  kernels.reserve(scratch);
  for (const [i, index] of indices.entries()) {
    const at = from + i * plane;
    if (layout.byteCounts[index] === 0) {
      const samples = new sampleArrays[layout.sampleType](kernels.buffer, at, plane / size);
      samples.fill(fillValues(layout, noData, 1)[0]!);
      continue;
    }
    const values = await decodeAt(work, index, { at, scratch });
    if (i === 0 && noData !== undefined && values.every((value) => value === noData)) {
      yield emptyRows(work, part);
      return;
    }
  }
  const values = new sampleArrays[layout.sampleType](kernels.buffer, from, (bands.length * plane) / size);
  const bandOffsets = Int32Array.from(bands, (_, i) => (i * plane) / size);
  keepEdges(work, part, { values, rowStride: blockCols, planeStride: plane / size });
  const start = startIn(part, { rowStride: blockCols, pixelStride: 1 });
  yield { window: windowOf(part), values, start, rowStride: blockCols, pixelStride: 1, bandOffsets };
}

/** Where the first pixel of a part lies in its block. */
const startIn = (
  { top, left, blockRow, blockCol }: Part,
  { rowStride, pixelStride }: { rowStride: number; pixelStride: number },
): number => (top - blockRow) * rowStride + (left - blockCol) * pixelStride;

/** Keeps the edges of a block that is decoded as a whole. */
function keepEdges(
  { edges, layout }: Work,
  part: Part,
  decoded: Pick<DecodedRows, 'values' | 'rowStride' | 'planeStride'>,
): void {
  const collector = edges?.collect(part);
  collector?.add({ ...decoded, first: 0, rows: rowsOfBlock(layout, part.index) });
  collector?.keep();
}
