// TIFF 6.0 section 14 (horizontal differencing) and Adobe's TIFF Technical Note 3 (floating point), in place, both ways.
// Words in memory are little-endian, as on every machine that runs JavaScript.
// Legend: a row holds n words, `stride` apart for the same band of the next pixel.
import type { Words } from './tags.js';

/** The words of a block: `rows` rows of `length` words; neighbouring pixels of a band lie `stride` words apart. */
export interface Rows {
  readonly rows: number;
  readonly length: number;
  readonly stride: number;
}

/** Undoes a predictor in place. */
export function undoPredictor(words: Words, predictor: 1 | 2 | 3, rows: Rows): void {
  if (predictor === 2) undoDifferences(words, rows);
  if (predictor !== 3) return;
  const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  undoFloatPredictor(bytes, rows, words.BYTES_PER_ELEMENT === 8 ? 8 : 4);
}

/** Predictor 2 backwards: every word is the one of the pixel before plus the stored difference, modulo its width. */
function undoDifferences(words: Words, { rows, length, stride }: Rows): void {
  if (words instanceof Float64Array) {
    undoDifferences64(words, { rows, length, stride });
    return;
  }
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * length;
    for (let k = row * length + stride; k < end; k++) words[k] = words[k]! + words[k - stride]!;
  }
}

/** Predictor 2 forwards, for words of 1, 2 or 4 bytes. */
export function applyDifferences(words: Uint8Array | Uint16Array | Int32Array, { rows, length, stride }: Rows): void {
  for (let row = 0; row < rows; row++) {
    const first = row * length + stride;
    for (let k = (row + 1) * length - 1; k >= first; k--) words[k] = words[k]! - words[k - stride]!;
  }
}

/** 64-bit words as two 32-bit halves with a carry. */
function undoDifferences64(words: Float64Array, { rows, length, stride }: Rows): void {
  const halves = new Uint32Array(words.buffer, words.byteOffset, words.length * 2);
  for (let row = 0; row < rows; row++)
    for (let k = row * length + stride; k < (row + 1) * length; k++) {
      const sum = halves[2 * k]! + halves[2 * (k - stride)]!;
      const carry = sum > 0xffffffff ? 1 : 0;
      halves[2 * k] = sum;
      halves[2 * k + 1] = halves[2 * k + 1]! + halves[2 * (k - stride) + 1]! + carry;
    }
}

/** Predictor 3 backwards: a row is the planes of its floats' bytes, most significant first, differenced bytewise. */
function undoFloatPredictor(bytes: Uint8Array, { rows, length, stride }: Rows, width: 4 | 8): void {
  const rowBytes = length * width;
  const planes = new Uint8Array(rowBytes); // [width, n]
  for (let row = 0; row < rows; row++) {
    const at = row * rowBytes;
    for (let k = at + stride; k < at + rowBytes; k++) bytes[k] = bytes[k]! + bytes[k - stride]!;
    planes.set(bytes.subarray(at, at + rowBytes));
    for (let b = 0; b < width; b++) {
      const plane = b * length;
      const place = at + width - 1 - b;
      for (let i = 0; i < length; i++) bytes[place + i * width] = planes[plane + i]!;
    }
  }
}

/** Predictor 3 forwards. */
export function applyFloatPredictor(bytes: Uint8Array, { rows, length, stride }: Rows, width: 4 | 8): void {
  const rowBytes = length * width;
  const planes = new Uint8Array(rowBytes); // [width, n]
  for (let row = 0; row < rows; row++) {
    const at = row * rowBytes;
    for (let b = 0; b < width; b++) {
      const plane = b * length;
      const place = at + width - 1 - b;
      for (let i = 0; i < length; i++) planes[plane + i] = bytes[place + i * width]!;
    }
    for (let k = rowBytes - 1; k >= stride; k--) planes[k] = planes[k]! - planes[k - stride]!;
    bytes.set(planes, at);
  }
}
