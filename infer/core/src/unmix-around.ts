// A window some of whose blocks cannot be decoded: those are left out, the rest is unmixed as usual. Legend: N pixels, n pixels of a piece,
// C endmembers, D bands of the map: C, or C + 2 with quality.
import type { Session, Window } from './contract.js';
import { QUALITY_BANDS } from './quality.js';
import {
  type Seen,
  sumSeen,
  type UnmixWindowOptions,
  unmixWindow,
  type WindowAbundances,
  type WindowToUnmix,
} from './unmix-window.js';

/** What a block which cannot be decoded took with it. */
export interface DamagedPixels {
  /** The block, as the reader names it. */
  readonly block: string;
  readonly window: Window;
  /** Those of the window that were to be unmixed. */
  readonly pixels: number;
}

/** The pixels that two windows share; undefined where there are none. */
function shared(a: Window, b: Window): Window | undefined {
  const [row, col] = [Math.max(a.row, b.row), Math.max(a.col, b.col)];
  const rows = Math.min(a.row + a.rows, b.row + b.rows) - row;
  const cols = Math.min(a.col + a.cols, b.col + b.cols) - col;
  return rows > 0 && cols > 0 ? { row, col, rows, cols } : undefined;
}

/** What an error says of a block that cannot be decoded, cut to `window`; undefined for any other error. */
function damageIn(error: unknown, window: Window): Omit<DamagedPixels, 'pixels'> | undefined {
  const { damaged } = (error ?? {}) as { readonly damaged?: { readonly block: string; readonly window: Window } };
  const lost = damaged && shared(damaged.window, window);
  return lost && { block: damaged.block, window: lost };
}

/** `window` without `hole`, a part of it: what is above, left, right, below. */
function around({ row, col, rows, cols }: Window, hole: Window): Window[] {
  const [below, right] = [hole.row + hole.rows, hole.col + hole.cols];
  return [
    { row, col, rows: hole.row - row, cols },
    { row: hole.row, col, rows: hole.rows, cols: hole.col - col },
    { row: hole.row, col: right, rows: hole.rows, cols: col + cols - right },
    { row: below, col, rows: row + rows - below, cols },
  ].filter((part) => part.rows > 0 && part.cols > 0);
}

/** The places of a piece's rows in the pixels of `whole`, from the first row on: `[from, to)`. */
function* rowsIn(whole: Window, { row, col, rows, cols }: Window): Generator<readonly [from: number, to: number]> {
  for (let r = row; r < row + rows; r++) {
    const from = (r - whole.row) * whole.cols + col - whole.col;
    yield [from, from + cols];
  }
}

/** The marks of a piece [n], of those of the whole [N]. */
function cut(marks: Uint8Array | undefined, whole: Window, piece: Window): Uint8Array | undefined {
  if (!marks || piece === whole) return marks;
  const cutOut = new Uint8Array(piece.rows * piece.cols);
  let at = 0;
  for (const [from, to] of rowsIn(whole, piece)) {
    cutOut.set(marks.subarray(from, to), at);
    at += piece.cols;
  }
  return cutOut;
}

/** Pixels of a piece that no mark leaves out. */
function taken(marks: Uint8Array | undefined, whole: Window, piece: Window): number {
  const leftOut = cut(marks, whole, piece)?.reduce((sum, one) => sum + one, 0) ?? 0;
  return piece.rows * piece.cols - leftOut;
}

/**
 * As `unmixWindow`, but pixels of blocks that cannot be decoded stay NaN, and blocks that took any are listed, top to bottom. A reader tells of such a block by an
 * error with `damaged`: its name and its pixels; all other errors are thrown.
 */
export async function unmixAround(
  session: Session,
  { reader, window, leaveOut }: WindowToUnmix,
  options: UnmixWindowOptions,
): Promise<WindowAbundances & { readonly damaged: readonly DamagedPixels[] }> {
  const D = options.card.endmembers.length + (options.quality ? QUALITY_BANDS.length : 0);
  const damaged: DamagedPixels[] = [];
  const seen: Seen[] = [];
  const abundances = new Float32Array(window.rows * window.cols * D).fill(Number.NaN); // [N, D]
  for (let rest: Window[] = [window]; rest.length > 0; ) {
    const part = rest.pop()!;
    try {
      const result = await unmixWindow(
        session,
        { reader, window: part, leaveOut: cut(leaveOut, window, part) },
        options,
      );
      if (part === window) return { ...result, damaged };
      seen.push(result.seen);
      let at = 0;
      for (const [from, to] of rowsIn(window, part)) {
        abundances.set(result.abundances.subarray(at, at + (to - from) * D), from * D);
        at += (to - from) * D;
      }
    } catch (error) {
      options.signal?.throwIfAborted(); // a reading that was broken off is no damage
      const found = damageIn(error, part);
      if (!found) throw error;
      const pixels = taken(leaveOut, window, found.window);
      if (pixels > 0) damaged.push({ ...found, pixels });
      rest = [...rest, ...around(part, found.window)];
    }
  }
  damaged.sort((a, b) => a.window.row - b.window.row || a.window.col - b.window.col);
  return { abundances, seen: sumSeen(seen), damaged };
}
