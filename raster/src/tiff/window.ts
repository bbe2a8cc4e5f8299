// A window of the scene, assembled from the blocks that it touches.

import { sampleArrays, sampleSize } from '../samples.js';
import type { Block, SampleArray, Window } from '../scene.js';
import { copyPixels, fillPixels, interleavePlanes, type Place } from './gather.js';
import { type Part, partsOf } from './grid.js';
import { type Layout, rowBytes } from './layout.js';
import { toWords, type Words } from './tags.js';

/** Blocks are decoded side by side as long as they are few and their bytes together stay small. */
const MOST_BLOCKS_AT_ONCE = 4;
const MOST_BYTES_AT_ONCE = 2 ** 25;

/** A cache line of the narrowest interesting samples, int16. */
const MOST_PLANES_AT_ONCE = 32;

/** Rows of a block from `first` on, at least the ones asked for; undefined where the block was never written. */
export type FetchRows = (
  index: number,
  rows: { from: number; to: number; keep: boolean },
) => Promise<{ words: Words; first: number } | undefined>;

/** The file, and the pixel-major window that is filled from it. */
interface Assembly {
  readonly layout: Layout;
  readonly fetchRows: FetchRows;
  readonly noData: number | undefined;
  readonly window: Window;
  readonly bands: readonly number[];
  readonly out: Words;
}

/** Stored values of `window`, pixel-major, `bands` in the order given. */
export async function readWindow(
  layout: Layout,
  { fetchRows, noData }: { fetchRows: FetchRows; noData: number | undefined },
  { window, bands }: { window: Window; bands: readonly number[] },
): Promise<Block> {
  const { rows, cols } = window;
  const data = new sampleArrays[layout.sampleType](rows * cols * bands.length); // [rows * cols, B]
  const out = toWords(data.buffer, 0, data.byteLength, sampleSize(layout.sampleType));
  const assembly: Assembly = { layout, fetchRows, noData, window, bands, out };
  const atOnce = Math.max(1, Math.floor(MOST_BYTES_AT_ONCE / (layout.blockRows * rowBytes(layout))));
  const parts = partsOf(layout, window);
  if (layout.planar) {
    const group = Math.min(MOST_PLANES_AT_ONCE, atOnce);
    for (const part of parts)
      for (let first = 0; first < bands.length; first += group)
        await copyPlanes(assembly, part, { first, end: Math.min(bands.length, first + group) });
  } else {
    const jobs = parts.map((part) => () => copyBlock(assembly, part));
    await runInLanes(jobs, Math.min(MOST_BLOCKS_AT_ONCE, atOnce));
  }
  return { rows, cols, bands: bands.length, data };
}

/** Where a part lies in the window, its size, and its rows in its block. */
function locate({ window, bands, out }: Assembly, part: Part) {
  const B = bands.length;
  const start = ((part.top - window.row) * window.cols + part.left - window.col) * B;
  const target: Place = { words: out, start, rowStride: window.cols * B, pixelStride: B };
  return {
    target,
    size: { rows: part.bottom - part.top, cols: part.right - part.left },
    wanted: { from: part.top - part.blockRow, to: part.bottom - part.blockRow, keep: !part.whole },
  };
}

/** Copies the bands asked for of a pixel-interleaved block. */
async function copyBlock(assembly: Assembly, part: Part): Promise<void> {
  const { layout, fetchRows, noData, bands } = assembly;
  const { target, size, wanted } = locate(assembly, part);
  const got = await fetchRows(part.index, wanted);
  if (!got) {
    fillPixels(target, { ...size, to: 0, values: wordsOf(fillValues(layout, noData, bands.length)) });
    return;
  }
  const rowStride = layout.blockCols * layout.bands;
  const start = (wanted.from - got.first) * rowStride + (part.left - part.blockCol) * layout.bands;
  const source: Place = { words: got.words, start, rowStride, pixelStride: layout.bands };
  copyPixels(source, target, { ...size, bands: Int32Array.from(bands) });
}

/** Interleaves the blocks of the bands asked for, from the `first` to before the `end` of them. */
async function copyPlanes(
  assembly: Assembly,
  part: Part,
  { first, end }: { first: number; end: number },
): Promise<void> {
  const { layout, fetchRows, noData, bands } = assembly;
  const { target, size, wanted } = locate(assembly, part);
  const planeBlocks = layout.blocksAcross * layout.blocksDown;
  const got = await Promise.all(
    bands.slice(first, end).map((band) => fetchRows(band * planeBlocks + part.index, wanted)),
  );
  const planes: Words[] = [];
  const slots: number[] = [];
  let firstRow = 0;
  for (const [i, block] of got.entries()) {
    if (!block) {
      fillPixels(target, { ...size, to: first + i, values: wordsOf(fillValues(layout, noData, 1)) });
      continue;
    }
    planes.push(block.words);
    slots.push(first + i);
    firstRow = block.first; // the same for all: it depends on the compression
  }
  const start = (wanted.from - firstRow) * layout.blockCols + part.left - part.blockCol;
  interleavePlanes({ planes, slots, place: { start, rowStride: layout.blockCols } }, target, size);
}

/** What a block that was never written holds: NoData where the type can say it, else 0. */
export function fillValues(layout: Layout, noData: number | undefined, bands: number): SampleArray {
  const values = new sampleArrays[layout.sampleType](bands).fill(noData ?? 0);
  const held = noData === undefined || Number.isNaN(noData) || layout.sampleType === 'float32' || values[0] === noData;
  return held ? values : values.fill(0);
}

const wordsOf = (values: SampleArray): Words =>
  toWords(values.buffer, values.byteOffset, values.byteLength, values.BYTES_PER_ELEMENT);

/** Runs the jobs in order, `lanes` at a time; after a failure no further one is begun. */
async function runInLanes(jobs: readonly (() => Promise<void>)[], lanes: number): Promise<void> {
  const queue = jobs[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const job of queue) {
      if (failed) return;
      try {
        await job();
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
