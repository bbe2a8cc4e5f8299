// What windows that overlap have in common: strips along the edges of a file's blocks, kept so that a block is decoded once for its neighbours' sake.
// Legend: e pixels from an edge, P planes (the bands asked for where they are planes, else 1), w samples of a pixel beside each other (1, or all bands).
import type { StoredRows } from '../pack.js';
import { sampleArrays } from '../samples.js';
import type { SampleArray, Window } from '../scene.js';
import type { Part } from './grid.js';
import { type Layout, windowOfBlock } from './layout.js';

/** Rows of a block as they were decoded: plane p of the pixel at (row, col) begins at p * planeStride + (row - first) * rowStride + col * w. */
export interface DecodedRows {
  readonly values: SampleArray;
  /** In the block. */
  readonly first: number;
  readonly rows: number;
  readonly rowStride: number;
  readonly planeStride: number;
}

/** Gathers the strips of a block while its rows are decoded, from the first on. */
export interface EdgeCollector {
  add(rows: DecodedRows): void;
  /** Keeps the strips of which all rows were added. */
  keep(): void;
}

export interface Edges {
  /** The pixels of a part that lie in a strip; undefined where none that is kept has them all. */
  rowsOf(part: Part): StoredRows | undefined;
  collect(part: Part): EdgeCollector;
}

/** Bytes of strips that are kept: those of some 17 tiles of 512 x 512 pixels of 224 int16 bands, two pixels wide. */
const MOST_BYTES = 2 ** 25;

/** A strip in the scene, and its values [P, rows, cols * w]. */
interface Strip {
  readonly window: Window;
  readonly values: SampleArray;
  /** Rows of the scene that were added, down to this one. */
  filled: number;
}

const endOf = ({ row, col, rows, cols }: Window) => ({ bottom: row + rows, right: col + cols });

/** The strips along the four edges of a block, e wide. */
function stripsOf({ row, col, rows, cols }: Window, e: number): Window[] {
  const [down, across] = [Math.min(e, rows), Math.min(e, cols)];
  return [
    { row, col, rows: down, cols },
    { row: row + rows - down, col, rows: down, cols },
    { row, col, rows, cols: across },
    { row, col: col + cols - across, rows, cols: across },
  ];
}

/** Keeps the edges, `width` pixels wide, of the blocks that were decoded last, for windows of the same bands. */
export function makeEdges(layout: Layout, { bands, width }: { bands: readonly number[]; width: number }): Edges {
  const { planar, sampleType } = layout;
  const [P, w] = planar ? [bands.length, 1] : [1, layout.bands];
  const bandOffsets = Int32Array.from(bands);
  const blocks = new Map<number, (Strip | undefined)[]>(); // oldest first
  let bytes = 0;
  const sizeOf = (strips: readonly (Strip | undefined)[]) =>
    strips.reduce((sum, strip) => sum + (strip?.values.byteLength ?? 0), 0);
  const forget = (index: number) => {
    bytes -= sizeOf(blocks.get(index) ?? []);
    blocks.delete(index);
  };
  return {
    rowsOf(part) {
      const strip = blocks.get(part.index)?.find((one) => one && holds(one.window, part));
      return strip && rowsIn(strip, part, { w, bandOffsets: planar ? planesOf(strip, P) : bandOffsets });
    },
    collect(part) {
      const block = windowOfBlock(layout, part.index);
      const strips = stripsOf(block, width).map(
        (window): Strip => ({
          window,
          values: new sampleArrays[sampleType](P * window.rows * window.cols * w),
          filled: window.row,
        }),
      );
      return {
        add(rows) {
          for (const strip of strips) addRows(strip, rows, { block, P, w });
        },
        keep() {
          const before = blocks.get(part.index) ?? [];
          const whole = strips.map((strip, i) => (strip.filled === endOf(strip.window).bottom ? strip : before[i]));
          forget(part.index);
          blocks.set(part.index, whole);
          bytes += sizeOf(whole);
          for (const oldest of blocks.keys()) if (bytes > MOST_BYTES) forget(oldest);
        },
      };
    },
  };
}

/** Whether a window has all pixels of a part. */
function holds(window: Window, { top, left, bottom, right }: Part): boolean {
  const end = endOf(window);
  return window.row <= top && window.col <= left && bottom <= end.bottom && right <= end.right;
}

/** Copies what decoded rows have of a strip. */
function addRows(
  strip: Strip,
  { values, first, rows, rowStride, planeStride }: DecodedRows,
  { block, P, w }: { block: Window; P: number; w: number },
): void {
  const { window } = strip;
  const [from, end] = [block.row + first, Math.min(block.row + first + rows, endOf(window).bottom)];
  const wide = window.cols * w;
  for (let row = Math.max(from, window.row); row < end; row++)
    for (let p = 0; p < P; p++) {
      const at = p * planeStride + (row - from) * rowStride + (window.col - block.col) * w;
      strip.values.set(values.subarray(at, at + wide), (p * window.rows + row - window.row) * wide);
    }
  if (from <= strip.filled) strip.filled = Math.max(strip.filled, end);
}

/** Where the planes of a strip begin. */
const planesOf = ({ window: { rows, cols } }: Strip, P: number): Int32Array =>
  Int32Array.from({ length: P }, (_, p) => p * rows * cols);

/** The rows of a part in a strip. */
function rowsIn(
  { window, values }: Strip,
  { top, left, bottom, right }: Part,
  { w, bandOffsets }: { w: number; bandOffsets: Int32Array },
): StoredRows {
  return {
    window: { row: top, col: left, rows: bottom - top, cols: right - left },
    values,
    start: ((top - window.row) * window.cols + left - window.col) * w,
    rowStride: window.cols * w,
    pixelStride: w,
    bandOffsets,
  };
}
