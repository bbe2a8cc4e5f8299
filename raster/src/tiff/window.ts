// A window of the scene, assembled from the blocks that it touches.
import { sampleArrays, sampleSize } from '../samples.js';
import type { Block, Window } from '../scene.js';
import { copyPixels, fillPixels, type Pick, type Place } from './gather.js';
import { type Part, partsOf } from './grid.js';
import { type Layout, rowBytes } from './layout.js';
import { toWords, type Words } from './tags.js';

/** Blocks decoded at once are few and small enough that their number does not matter for memory. */
const MOST_LANES = 4;
const LANE_BYTES = 16 * 2 ** 20;

/** Rows of a block from `first` on, at least the ones asked for; undefined where the block was never written. */
export type FetchRows = (
  index: number,
  rows: { from: number; to: number; keep: boolean },
) => Promise<{ words: Words; first: number } | undefined>;

/** Stored values of `window`, pixel-major, `bands` in the order given. */
export async function readWindow(
  layout: Layout,
  { fetchRows, noData }: { fetchRows: FetchRows; noData: number | undefined },
  { window, bands }: { window: Window; bands: readonly number[] },
): Promise<Block> {
  const { row, col, rows, cols } = window;
  const data = new sampleArrays[layout.sampleType](rows * cols * bands.length); // [rows * cols, B]
  const out = toWords(data.buffer, 0, data.byteLength, sampleSize(layout.sampleType));
  const samples = layout.planar ? 1 : layout.bands;
  const planeBlocks = layout.blocksAcross * layout.blocksDown;
  const parts = partsOf(layout, window);
  const copy = async (part: Part, plane: number, pick: Pick): Promise<void> => {
    const { top, bottom, left, right, whole } = part;
    const size = { rows: bottom - top, cols: right - left };
    const target: Place = {
      words: out,
      start: ((top - row) * cols + left - col) * bands.length,
      rowStride: cols * bands.length,
      pixelStride: bands.length,
    };
    const [from, to] = [top - part.blockRow, bottom - part.blockRow];
    const got = await fetchRows(plane * planeBlocks + part.index, { from, to, keep: !whole });
    if (!got) {
      fillPixels(target, { ...size, to: pick.to, values: fillWords(layout, noData, pick.from.length) });
      return;
    }
    const start = ((from - got.first) * layout.blockCols + left - part.blockCol) * samples;
    const source: Place = { words: got.words, start, rowStride: layout.blockCols * samples, pixelStride: samples };
    copyPixels(source, target, { ...size, pick });
  };
  const jobs = layout.planar
    ? parts.flatMap((part) => bands.map((band, to) => () => copy(part, band, { from: Int32Array.of(0), to })))
    : parts.map((part) => () => copy(part, 0, { from: Int32Array.from(bands), to: 0 }));
  const blockBytes = layout.blockRows * rowBytes(layout);
  await runInLanes(jobs, Math.min(MOST_LANES, Math.max(1, Math.floor(LANE_BYTES / blockBytes))));
  return { rows, cols, bands: bands.length, data };
}

/** What a block that was never written holds: NoData where the type can say it, else 0. */
function fillWords(layout: Layout, noData: number | undefined, bands: number): Words {
  const values = new sampleArrays[layout.sampleType](bands).fill(noData ?? 0);
  const held = noData === undefined || Number.isNaN(noData) || layout.sampleType === 'float32' || values[0] === noData;
  if (!held) values.fill(0);
  return toWords(values.buffer, 0, values.byteLength, sampleSize(layout.sampleType));
}

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
