// Writes a tiled, DEFLATE-compressed GeoTIFF window by window. Tiles are compressed and written as soon as they are full,
// so windows that come row by row keep no more than a row of tiles in memory.
import { assertWindow } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray, Window } from '../scene.js';
import type { ByteSink, Codecs } from '../source.js';
import { copyPixels, type Place } from './gather.js';
import { type Part, partsOf } from './grid.js';
import { applyDifferences, applyFloatPredictor } from './predictor.js';
import { FIELD, TAG, toWords, type Words } from './tags.js';
import { encodeHeader, type Field } from './write-ifd.js';
import { type GeoTiffOptions, type Plan, planGeoTiff } from './write-options.js';

/** A raster being written. */
export interface RasterWriter {
  /** Whether the file has the 64-bit offsets of BigTIFF. */
  readonly bigTiff: boolean;
  /**
   * Stores `window`: values pixel-major [rows * cols, bands], of the raster's sample type. Every pixel is written once, in any order.
   * Resolves when what the call before filled is written: while one window's tiles are compressed, the next window can be made.
   * `data` may be used again as soon as the call returns. A failure to write shows in the next call or in `close`.
   */
  writeWindow(window: Window, data: SampleArray): Promise<void>;
  /** Completes the file; rejects with RasterError, leaving none, where a pixel was never written. */
  close(): Promise<void>;
  /** Leaves no file. Does nothing after `close`. */
  abort(): Promise<void>;
}

/** A tile on its way: [planes, rows, cols, bands of a plane]. */
interface Tile {
  readonly index: number;
  readonly words: Words;
  /** [rows, cols], 1 = written. */
  readonly written: Uint8Array;
  /** Pixels of the image still to come. */
  left: number;
}

/** Where the compressed tiles went: [planes, tiles]. */
interface Places {
  readonly offsets: Float64Array;
  readonly byteCounts: Float64Array;
  end: number;
}

/** Begins a GeoTIFF on `sink`. Throws RasterError naming the option that is wrong. */
export function createGeoTiff(sink: ByteSink, codecs: Codecs, options: GeoTiffOptions): RasterWriter {
  const plan = planGeoTiff(options, sink.name);
  const blocks = plan.tiles * plan.planes;
  const places: Places = { offsets: new Float64Array(blocks), byteCounts: new Float64Array(blocks), end: 0 };
  places.end = encodeHeader(allFields(plan, places), plan.big).length;
  const open = new Map<number, Tile>();
  const done = new Uint8Array(plan.tiles);
  let queue = Promise.resolve();
  let finished = false;
  return {
    bigTiff: plan.big,
    async writeWindow(window, data) {
      const before = queue;
      for (const tile of takeWindow(plan, { window, data }, { open, done, finished })) {
        const packed = packTile(tile, plan, codecs);
        packed.catch(() => {}); // seen when the queue comes to it
        queue = queue.then(async () => placeTile(tile.index, await packed, { plan, sink, places }));
      }
      queue.catch(() => {}); // seen by the next call
      await before;
    },
    async close() {
      if (finished) refuse(plan.name, 'already closed; create it again');
      finished = true;
      try {
        await queue;
        const missing = done.reduce((sum, one) => sum - one, plan.tiles);
        if (missing > 0)
          refuse(plan.name, `${missing} of ${plan.tiles} tiles lack pixels; write every pixel before closing`);
        await sink.write(0, encodeHeader(allFields(plan, places), plan.big));
        await sink.commit();
      } catch (error) {
        await sink.discard();
        throw error;
      }
    },
    async abort() {
      finished = true;
      await queue.catch(() => {});
      await sink.discard();
    },
  };
}

function allFields({ fields, big }: Plan, { offsets, byteCounts }: Places): Field[] {
  return [
    ...fields,
    { tag: TAG.tileOffsets, type: big ? FIELD.long8 : FIELD.long, values: offsets },
    { tag: TAG.tileByteCounts, type: FIELD.long, values: byteCounts },
  ];
}

/** Copies a window into its tiles and returns those that became full. */
function takeWindow(
  plan: Plan,
  { window, data }: { window: Window; data: SampleArray },
  { open, done, finished }: { open: Map<number, Tile>; done: Uint8Array; finished: boolean },
): Tile[] {
  const { name, rows, cols, bands, sampleType } = plan;
  if (finished) refuse(name, 'already closed; create it again');
  assertWindow({ name, rows, cols, bands: { length: bands } }, window);
  const expected = window.rows * window.cols * bands;
  if (!(data instanceof sampleArrays[sampleType]) || data.length !== expected)
    refuse(name, `expected ${expected} values of ${sampleType}, got ${data.length} in ${data.constructor.name}`);
  const parts = partsOf(plan, window);
  for (const part of parts)
    if (done[part.index] || hasWritten(plan, part, open.get(part.index)))
      refuse(
        name,
        `the window at row ${window.row}, column ${window.col} has pixels that were written before; write each once`,
      );
  const source = toWords(data.buffer, data.byteOffset, data.byteLength, sampleSize(sampleType));
  const full: Tile[] = [];
  for (const part of parts) {
    const tile = open.get(part.index) ?? makeTile(plan, part);
    open.set(part.index, tile);
    fillTile(plan, tile, { part, window, source });
    if (tile.left > 0) continue;
    open.delete(part.index);
    done[part.index] = 1;
    full.push(tile);
  }
  return full;
}

function makeTile({ rows, cols, bands, sampleType, blockRows, blockCols }: Plan, part: Part): Tile {
  const bytes = blockRows * blockCols * bands * sampleSize(sampleType);
  return {
    index: part.index,
    words: toWords(new ArrayBuffer(bytes), 0, bytes, sampleSize(sampleType)),
    written: new Uint8Array(blockRows * blockCols),
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

function hasWritten(plan: Plan, part: Part, tile: Tile | undefined): boolean {
  if (tile) for (const { from, to } of rowsOf(plan, part)) if (tile.written.subarray(from, to).includes(1)) return true;
  return false;
}

function fillTile(
  plan: Plan,
  tile: Tile,
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

/** Compresses the planes of a tile side by side. */
function packTile({ words }: Tile, plan: Plan, codecs: Codecs): Promise<Uint8Array[]> {
  const length = words.length / plan.planes;
  const planes = Array.from({ length: plan.planes }, (_, p) => words.subarray(p * length, (p + 1) * length));
  return Promise.all(planes.map(async (plane) => codecs.deflate(predict(plane, plan))));
}

/** Lays the planes of a tile down, in order: the same windows give the same bytes. */
async function placeTile(
  index: number,
  packed: readonly Uint8Array[],
  { plan, sink, places }: { plan: Plan; sink: ByteSink; places: Places },
): Promise<void> {
  for (const [plane, bytes] of packed.entries()) {
    const block = plane * plan.tiles + index;
    if (!plan.big && places.end + bytes.length > 2 ** 32 - 1)
      refuse(plan.name, 'grows over the 4 GiB of a classic TIFF; write it with bigTiff');
    await sink.write(places.end, bytes);
    places.offsets[block] = places.end;
    places.byteCounts[block] = bytes.length;
    places.end += bytes.length + (bytes.length % 2); // blocks begin at even offsets
  }
}

/** Applies the predictor in place and returns the bytes. */
function predict(words: Words, { planar, bands, predictor, blockRows, blockCols }: Plan): Uint8Array {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const stride = planar ? 1 : bands;
  const rows = { rows: blockRows, length: blockCols * stride, stride };
  if (predictor === 2 && !(words instanceof Float64Array)) applyDifferences(words, rows);
  if (predictor === 3) applyFloatPredictor(bytes, rows, words instanceof Float64Array ? 8 : 4);
  return bytes;
}
