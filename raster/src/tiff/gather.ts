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

/** Copies `rows` x `cols` pixels: sample `bands[b]` of the source becomes sample b of the target. */
export function copyPixels(
  source: Place,
  target: Place,
  { rows, cols, bands }: { rows: number; cols: number; bands: Int32Array },
): void {
  const whole = source.pixelStride === target.pixelStride && isWhole(bands, source.pixelStride);
  for (let row = 0; row < rows; row++) {
    const from = source.start + row * source.rowStride;
    const to = target.start + row * target.rowStride;
    if (whole) target.words.set(source.words.subarray(from, from + cols * source.pixelStride), to);
    else copyRow(source, target, { from, to, cols, bands });
  }
}

/** Whether every sample of a pixel is moved to its own place. */
const isWhole = (bands: Int32Array, samples: number): boolean =>
  bands.length === samples && bands.every((band, i) => band === i);

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

/** Where the pixels of planes lie, one word each: the same in all of them. */
export interface PlanePlace {
  readonly start: number;
  readonly rowStride: number;
}

/**
 * Interleaves planes: a pixel of `planes[b]` becomes sample `slots[b]` of the target's pixel.
 * Many planes at a time fill whole cache lines of the target, which one plane after the other would touch again and again.
 */
export function interleavePlanes(
  { planes, slots, place }: { planes: readonly Words[]; slots: readonly number[]; place: PlanePlace },
  { words: target, start, rowStride, pixelStride }: Place,
  { rows, cols }: { rows: number; cols: number },
): void {
  const B = planes.length;
  for (let row = 0; row < rows; row++) {
    const from = place.start + row * place.rowStride;
    for (let col = 0, to = start + row * rowStride; col < cols; col++, to += pixelStride)
      for (let b = 0; b < B; b++) target[to + slots[b]!] = planes[b]![from + col]!;
  }
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
