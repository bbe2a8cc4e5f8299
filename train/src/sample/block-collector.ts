// Small blocks of neighbouring pixels out of windows that know nothing of them. Legend: s block size, k pixels of a block, B bands.
import type { SpectraBlock } from '../endmembers/types.js';
import { createReservoir, type Priority } from './reservoir.js';
import type { SampleWindow } from './windows.js';

export interface BlockCollector {
  /** Takes the spectra of a window [rows * cols, B] and which of its pixels are usable [rows * cols]. */
  add(window: SampleWindow, spectra: Float32Array, usable: Uint8Array): void;
  /** The blocks kept, in scene order. */
  blocks(): SpectraBlock[];
}

export interface BlockOptions {
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly blockSize: number;
  readonly maxBlocks: number;
  /** Blocks with fewer usable pixels are left out. */
  readonly minPixels: number;
  readonly priority: Priority;
}

/** A block of which some pixels have been read. */
interface Pending {
  seen: number;
  readonly usable: Uint8Array; // [s * s]
  readonly spectra: Float32Array; // [s * s, B]
}

/** First rows (or columns) of the blocks along a side: one after the other, the last one shifted inwards to end at the border. */
export function blockOrigins(length: number, size: number): number[] {
  const whole = Math.max(1, Math.floor(length / size));
  const origins = Array.from({ length: whole }, (_, i) => i * size);
  if (length > whole * size) origins.push(length - size);
  return origins;
}

/**
 * Collects at most `maxBlocks` blocks, drawn uniformly. Only blocks that still may be kept are held, and a block is let go as soon as
 * its last pixel is read: memory is that of the kept blocks and of one row of them.
 */
export function createBlockCollector(options: BlockOptions): BlockCollector {
  const { rows, cols, bands, maxBlocks, minPixels, priority } = options;
  const [height, width] = [Math.min(options.blockSize, rows), Math.min(options.blockSize, cols)];
  const tops = blockOrigins(rows, height);
  const lefts = blockOrigins(cols, width);
  // Every kept block has its place in one array, and blocks that are let go lend their room to the next: large scenes offer tens of thousands.
  const most = Math.min(maxBlocks, tops.length * lefts.length);
  const room = height * width * bands;
  const reservoir = createReservoir(most, priority);
  const store = new Float32Array(most * room);
  const kept: SpectraBlock[] = [];
  const pending = new Map<number, Pending>();
  const spare: Pending[] = [];

  function begin(index: number): Pending {
    const part = spare.pop() ?? {
      seen: 0,
      usable: new Uint8Array(height * width),
      spectra: new Float32Array(room),
    };
    part.seen = 0;
    pending.set(index, part);
    return part;
  }

  function letGo(index: number): void {
    const part = pending.get(index);
    if (part) spare.push(part);
    pending.delete(index);
  }

  function finish(index: number, top: number, left: number): void {
    const { usable, spectra } = pending.get(index)!;
    letGo(index);
    const members = [...usable.keys()].filter((k) => usable[k]);
    if (members.length < minPixels || !reservoir.wants(index)) return;
    const slot = reservoir.take(index);
    const block = store.subarray(slot * room, slot * room + members.length * bands);
    members.forEach((k, i) => {
      block.set(spectra.subarray(k * bands, (k + 1) * bands), i * bands);
    });
    const position = (k: number) => (top + Math.floor(k / width)) * cols + left + (k % width);
    kept[slot] = { spectra: block, positions: Float64Array.from(members, position) };
  }

  function copyPart(part: Pending, from: Part): void {
    const { window, spectra, usable, top, left } = from;
    const lastRow = Math.min(top + height, window.row + window.rows);
    const lastCol = Math.min(left + width, window.col + window.cols);
    for (let row = Math.max(top, window.row); row < lastRow; row++)
      for (let col = Math.max(left, window.col); col < lastCol; col++) {
        const n = (row - window.row) * window.cols + col - window.col;
        const k = (row - top) * width + col - left;
        part.seen++;
        part.usable[k] = usable[n]!;
        part.spectra.set(spectra.subarray(n * bands, (n + 1) * bands), k * bands);
      }
  }

  return {
    add(window, spectra, usable) {
      for (const [i, top] of tops.entries()) {
        if (top + height <= window.row || top >= window.row + window.rows) continue;
        for (const [j, left] of lefts.entries()) {
          if (left + width <= window.col || left >= window.col + window.cols) continue;
          const index = i * lefts.length + j;
          if (!reservoir.wants(index)) {
            letGo(index);
            continue;
          }
          const part = pending.get(index) ?? begin(index);
          copyPart(part, { window, spectra, usable, top, left });
          if (part.seen === height * width) finish(index, top, left);
        }
      }
    },
    blocks: () => reservoir.kept().slots.map((slot) => kept[slot]!),
  };
}

interface Part {
  readonly window: SampleWindow;
  readonly spectra: Float32Array;
  readonly usable: Uint8Array;
  readonly top: number;
  readonly left: number;
}
