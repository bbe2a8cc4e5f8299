// Windows in, whole tiles out: the part of writing that no file layout changes.
import { makeBufferPool } from '../buffer-pool.js';
import type { Kernels } from '../kernels.js';
import { assertWindow } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray, Window } from '../scene.js';
import { copyPixels, type Place } from './gather.js';
import { type Part, partsOf } from './grid.js';
import { applyPredictor, predictedRows } from './predictor.js';
import { toWords, type Words } from './tags.js';
import type { Plan } from './write-options.js';

/** A tile whose pixels all came: [planes, rows, cols, bands of a plane]; zeros beyond the image. */
export interface FullTile {
  /** Index among the tiles of a plane. */
  readonly index: number;
  readonly words: Words;
}

interface OpenTile extends FullTile {
  /** [rows, cols], 1 = written. */
  readonly written: Uint8Array<ArrayBuffer>;
  /** Pixels of the image still to come. */
  left: number;
}

/** Gathers windows into tiles. */
export interface TileCollector {
  /**
   * Copies a window (values pixel-major [rows * cols, bands]) into its tiles and returns those that became full. Throws RasterError where
   * the window is not inside the image, the values do not fit it, or one of its pixels came before; pixels of kept tiles are left out.
   */
  take(window: Window, data: SampleArray): FullTile[];
  /** Tells that a tile is there already, whatever comes for it. */
  keep(index: number): void;
  /** Whether every tile that the window touches is kept. */
  keeps(window: Window): boolean;
  /** Tiles that lack pixels. */
  missing(): number;
}

const OPEN = 0;
const FULL = 1;
const KEPT = 2;

/** Bytes of a tile's words. */
export const tileBytes = ({ blockRows, blockCols, bands, sampleType }: Plan): number =>
  blockRows * blockCols * bands * sampleSize(sampleType);

/** A collector for the tiles of a plan, whose words come from `buffers`. */
export function collectTiles(plan: Plan, buffers = makeBufferPool(tileBytes(plan))): TileCollector {
  const open = new Map<number, OpenTile>();
  const marks = makeBufferPool(plan.blockRows * plan.blockCols);
  const state = new Uint8Array(plan.tiles); // OPEN, FULL or KEPT
  return {
    take(window, data) {
      assertFits(plan, window, data);
      const parts = partsOf(plan, window).filter(({ index }) => state[index] !== KEPT);
      if (parts.some((part) => state[part.index] === FULL || hasWritten(plan, part, open.get(part.index))))
        refuse(
          plan.name,
          `the window at row ${window.row}, column ${window.col} has pixels that were written before; write each once`,
        );
      const source = toWords(data.buffer, data.byteOffset, data.byteLength, sampleSize(plan.sampleType));
      const full: FullTile[] = [];
      for (const part of parts) {
        const tile =
          open.get(part.index) ?? makeTile(plan, part, { buffer: buffers.takeZeros(), written: marks.takeZeros() });
        open.set(part.index, tile);
        fillTile(plan, tile, { part, window, source });
        if (tile.left > 0) continue;
        open.delete(part.index);
        state[part.index] = FULL;
        marks.give(tile.written.buffer);
        full.push(tile);
      }
      return full;
    },
    keep(index) {
      state[index] = KEPT;
    },
    keeps: (window) => partsOf(plan, window).every(({ index }) => state[index] === KEPT),
    missing: () => state.reduce((sum, one) => sum + Number(one === OPEN), 0),
  };
}

function assertFits({ name, rows, cols, bands, sampleType }: Plan, window: Window, data: SampleArray): void {
  assertWindow({ name, rows, cols, bands: { length: bands } }, window);
  const expected = window.rows * window.cols * bands;
  if (!(data instanceof sampleArrays[sampleType]) || data.length !== expected)
    refuse(name, `expected ${expected} values of ${sampleType}, got ${data.length} in ${data.constructor.name}`);
}

function makeTile(
  plan: Plan,
  part: Part,
  { buffer, written }: { buffer: ArrayBuffer; written: ArrayBuffer },
): OpenTile {
  const { rows, cols, sampleType, blockRows, blockCols } = plan;
  return {
    index: part.index,
    words: toWords(buffer, 0, tileBytes(plan), sampleSize(sampleType)),
    written: new Uint8Array(written),
    left: Math.min(blockRows, rows - part.blockRow) * Math.min(blockCols, cols - part.blockCol),
  };
}

/** The pixels of each row of `part` in its tile. */
function* rowsOf({ blockCols }: Plan, part: Part): Generator<{ from: number; to: number }> {
  for (let row = part.top; row < part.bottom; row++) {
    const from = (row - part.blockRow) * blockCols + part.left - part.blockCol;
    yield { from, to: from + part.right - part.left };
  }
}

function hasWritten(plan: Plan, part: Part, tile: OpenTile | undefined): boolean {
  if (tile) for (const { from, to } of rowsOf(plan, part)) if (tile.written.subarray(from, to).includes(1)) return true;
  return false;
}

function fillTile(
  plan: Plan,
  tile: OpenTile,
  { part, window, source }: { part: Part; window: Window; source: Words },
): void {
  const { bands, planar, blockRows, blockCols } = plan;
  const size = { rows: part.bottom - part.top, cols: part.right - part.left };
  const from: Place = {
    words: source,
    start: ((part.top - window.row) * window.cols + part.left - window.col) * bands,
    rowStride: window.cols * bands,
    pixelStride: bands,
  };
  const first = (part.top - part.blockRow) * blockCols + part.left - part.blockCol;
  const samples = planar ? 1 : bands;
  for (let plane = 0; plane < plan.planes; plane++) {
    const start = (plane * blockRows * blockCols + first) * samples;
    const place: Place = { words: tile.words, start, rowStride: blockCols * samples, pixelStride: samples };
    const picked = planar ? Int32Array.of(plane) : Int32Array.from({ length: bands }, (_, b) => b);
    copyPixels(from, place, { ...size, bands: picked });
  }
  for (const { from: begin, to: end } of rowsOf(plan, part)) tile.written.fill(1, begin, end);
  tile.left -= size.rows * size.cols;
}

/** Applies the predictor in place to the words of a tile's plane and returns their bytes. */
export function predict(kernels: Kernels, words: Words, plan: Plan): Uint8Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  applyPredictor(kernels, bytes, { predictor: plan.predictor, rows: predictedRows(plan, plan.blockRows) });
  return bytes;
}
