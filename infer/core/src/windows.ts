// Parts of windows. Legend: N pixels of a window, n pixels of a part of it.
import type { Window } from './contract.js';

/** The pixels that two windows share: `a` itself where that is all of it, undefined where there are none. */
export function sharedWindow(a: Window, b: Window): Window | undefined {
  const [row, col] = [Math.max(a.row, b.row), Math.max(a.col, b.col)];
  const rows = Math.min(a.row + a.rows, b.row + b.rows) - row;
  const cols = Math.min(a.col + a.cols, b.col + b.cols) - col;
  if (rows === a.rows && cols === a.cols) return a;
  return rows > 0 && cols > 0 ? { row, col, rows, cols } : undefined;
}

/** A window as it is counted from another one's corner. */
export const windowFrom = ({ row, col }: Pick<Window, 'row' | 'col'>, window: Window): Window => ({
  ...window,
  row: window.row - row,
  col: window.col - col,
});

/** The same the other way: a window that is counted from a corner. */
export const windowAt = ({ row, col }: Pick<Window, 'row' | 'col'>, window: Window): Window => ({
  ...window,
  row: window.row + row,
  col: window.col + col,
});

/** `window` without `hole`, a part of it: what is above, left, right, below. */
export function around({ row, col, rows, cols }: Window, hole: Window): Window[] {
  const [below, right] = [hole.row + hole.rows, hole.col + hole.cols];
  return [
    { row, col, rows: hole.row - row, cols },
    { row: hole.row, col, rows: hole.rows, cols: hole.col - col },
    { row: hole.row, col: right, rows: hole.rows, cols: col + cols - right },
    { row: below, col, rows: row + rows - below, cols },
  ].filter((part) => part.rows > 0 && part.cols > 0);
}

/** What is left of a window without all that it shares with others. */
export const withoutAll = (window: Window, others: readonly Window[]): Window[] =>
  others.reduce(
    (left, other) =>
      left.flatMap((part) => {
        const hole = sharedWindow(part, other);
        return hole ? around(part, hole) : [part];
      }),
    [window],
  );

/** The places of a part's rows in the pixels of `whole`, from the first row on: `[from, to)`. */
export function* rowsIn(
  whole: Window,
  { row, col, rows, cols }: Window,
): Generator<readonly [from: number, to: number]> {
  for (let r = row; r < row + rows; r++) {
    const from = (r - whole.row) * whole.cols + col - whole.col;
    yield [from, from + cols];
  }
}

/** Puts the values of a part [n, D] where its pixels lie in the values of the whole [N, D]. */
export function placePart(
  values: Float32Array,
  whole: Window,
  { part, of, D }: { readonly part: Window; readonly of: Float32Array; readonly D: number },
): void {
  let at = 0;
  for (const [from, to] of rowsIn(whole, part)) {
    values.set(of.subarray(at, at + (to - from) * D), from * D);
    at += (to - from) * D;
  }
}

/** The marks of a part [n], of those of the whole [N]. */
export function cutMarks(marks: Uint8Array | undefined, whole: Window, part: Window): Uint8Array | undefined {
  if (!marks || part === whole) return marks;
  const cut = new Uint8Array(part.rows * part.cols);
  let at = 0;
  for (const [from, to] of rowsIn(whole, part)) {
    cut.set(marks.subarray(from, to), at);
    at += part.cols;
  }
  return cut;
}

/** `window` and what lies up to `halo` pixels around it, inside of `whole`, which it lies in. */
export function withHalo(window: Window, halo: number, whole: Window): Window {
  const { row, col, rows, cols } = window;
  if (halo === 0) return window;
  return sharedWindow({ row: row - halo, col: col - halo, rows: rows + 2 * halo, cols: cols + 2 * halo }, whole)!;
}

/** Pixels of a window that are marked [N], 1 = marked. */
export interface Marks {
  readonly window: Window;
  readonly marks: Uint8Array;
}

/** The marks that lie in a part of their window. */
export const marksIn = (marks: Marks | undefined, part: Window): Uint8Array | undefined =>
  marks && cutMarks(marks.marks, marks.window, part);

/** What is marked in either [N]. */
export function joinMarks(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  if (!a || !b) return a ?? b;
  return a.map((one, i) => one | b[i]!);
}

/** The smallest window that holds every pixel of one whose mark [N] is 0; undefined where there is none. */
export function unmarkedPart(window: Window, marks: Uint8Array): Window | undefined {
  let [top, bottom, left, right] = [window.rows, -1, window.cols, -1];
  for (let row = 0; row < window.rows; row++) {
    const line = marks.subarray(row * window.cols, (row + 1) * window.cols);
    const first = line.indexOf(0);
    if (first === -1) continue;
    [top, bottom] = [Math.min(top, row), row];
    [left, right] = [Math.min(left, first), Math.max(right, line.lastIndexOf(0))];
  }
  if (bottom === -1) return undefined;
  return { row: window.row + top, col: window.col + left, rows: bottom - top + 1, cols: right - left + 1 };
}
