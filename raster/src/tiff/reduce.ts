// The next smaller level of an image: every pixel is the mean of the (up to) four below it that have data.
// Legend: S pixels a side of a tile, B bands; tiles are pixel-major [S, S, B].
import type { SampleArray } from '../scene.js';

/** Rows and columns of an image or of one of its overviews. */
export interface Size {
  readonly rows: number;
  readonly cols: number;
}

/** The sizes of an image and of its overviews, each half the one before (rounded up), down to one that fits a tile. */
export function pyramid(size: Size, side: number): Size[] {
  const levels = [size];
  for (let last = size; last.rows > side || last.cols > side; levels.push(last))
    last = { rows: Math.ceil(last.rows / 2), cols: Math.ceil(last.cols / 2) };
  return levels;
}

/** How samples say that there is no data; integers are rounded. */
export interface ReduceOptions {
  readonly bands: number;
  /** Pixels a side of a tile, even. */
  readonly side: number;
  /** The stored value of "no data", per sample; NaN always is. */
  readonly noData: number | undefined;
  readonly integer: boolean;
}

const isData = (value: number, nothing: number): boolean => value !== nothing && !Number.isNaN(value);

/**
 * Reduces the `size` pixels of a tile that lie in the image into a quarter of one [S / 2, S / 2, B].
 * A sample is the mean of those of its (up to) four pixels that have data; NoData where none has.
 */
export function reduceInto(
  quarter: SampleArray,
  { words: source, size }: { readonly words: SampleArray; readonly size: Size },
  { bands: B, side: S, noData, integer }: ReduceOptions,
): void {
  const nothing = noData ?? Number.NaN;
  for (let row = 0; row < size.rows; row += 2) {
    // At an odd edge a pixel stands for the one beyond it, too: that leaves the mean as it is.
    const down = row + 1 < size.rows ? S * B : 0;
    let to = ((row / 2) * S * B) / 2;
    for (let col = 0; col < size.cols; col += 2) {
      const right = col + 1 < size.cols ? B : 0;
      for (let at = (row * S + col) * B, end = at + B; at < end; at++, to++) {
        const p = source[at]!;
        const q = source[at + right]!;
        const r = source[at + down]!;
        const s = source[at + down + right]!;
        let sum = p + q + r + s; // NaN where one of them is
        let count = 4;
        if (Number.isNaN(sum) || p === nothing || q === nothing || r === nothing || s === nothing) {
          sum = 0;
          count = 0;
          // Without a list of the four, which would be made anew for every sample at the edge of the data and beyond.
          if (isData(p, nothing)) {
            sum += p;
            count++;
          }
          if (isData(q, nothing)) {
            sum += q;
            count++;
          }
          if (isData(r, nothing)) {
            sum += r;
            count++;
          }
          if (isData(s, nothing)) {
            sum += s;
            count++;
          }
        }
        quarter[to] = count === 0 ? nothing : integer ? Math.round(sum / count) : sum / count;
      }
    }
  }
}
