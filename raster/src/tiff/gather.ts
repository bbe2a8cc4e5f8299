// Moving pixels between a block and a window: words of equal width on both sides.
// Legend: S samples a pixel in the source, T in the target; B bands moved.
import type { Words } from './tags.js';

/** A rectangle of pixels in words: the first pixel's word, words from a row to the next, words a pixel. */
export interface Place {
  readonly words: Words;
  readonly start: number;
  readonly rowStride: number;
  readonly pixelStride: number;
}

/** Which samples of each pixel to move: sample `from[b]` of the source becomes sample `to + b` of the target. */
export interface Pick {
  readonly from: Int32Array; // [B]
  readonly to: number;
}

/** Copies `rows` x `cols` pixels from `source` to `target`. */
export function copyPixels(
  source: Place,
  target: Place,
  { rows, cols, pick }: { rows: number; cols: number; pick: Pick },
): void {
  const whole = source.pixelStride === target.pixelStride && isWhole(pick, source.pixelStride);
  for (let row = 0; row < rows; row++) {
    const from = source.start + row * source.rowStride;
    const to = target.start + row * target.rowStride;
    if (whole) target.words.set(source.words.subarray(from, from + cols * source.pixelStride), to);
    else copyRow(source, target, { from, to: to + pick.to, cols, bands: pick.from });
  }
}

/** Whether every sample of a pixel is moved to its own place. */
const isWhole = ({ from, to }: Pick, samples: number): boolean =>
  to === 0 && from.length === samples && from.every((sample, i) => sample === i);

function copyRow(
  { words: source, pixelStride: S }: Place,
  { words: target, pixelStride: T }: Place,
  { from, to, cols, bands }: { from: number; to: number; cols: number; bands: Int32Array },
): void {
  const B = bands.length;
  if (B === 1) {
    for (let i = 0, p = from + bands[0]!, q = to; i < cols; i++, p += S, q += T) target[q] = source[p]!;
    return;
  }
  for (let i = 0, p = from, q = to; i < cols; i++, p += S, q += T)
    for (let b = 0; b < B; b++) target[q + b] = source[p + bands[b]!]!;
}

/** Fills `rows` x `cols` pixels of `target` with one value per band. */
export function fillPixels(
  target: Place,
  { rows, cols, to, values }: { rows: number; cols: number; to: number; values: Words },
): void {
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      const at = target.start + row * target.rowStride + col * target.pixelStride + to;
      target.words.set(values, at);
    }
}
