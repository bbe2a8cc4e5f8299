// TIFF 6.0 section 14 (horizontal differencing) and Adobe's TIFF Technical Note 3 (floating point), in place, both ways.
// Words in memory are little-endian, as on every machine that runs JavaScript.
import type { Kernels } from '../kernels.js';
import { sampleSize } from '../samples.js';
import type { Layout } from './layout.js';

export type Predictor = 1 | 2 | 3;

/** The words of a block: `rows` rows of `length` words of `width` bytes; neighbouring pixels of a band lie `stride` words apart. */
export interface Rows {
  readonly rows: number;
  readonly length: number;
  readonly stride: number;
  readonly width: number;
}

/** Rows of a block or a tile, as its predictor sees them. */
export function predictedRows(
  { blockCols, bands, planar, sampleType }: Pick<Layout, 'blockCols' | 'bands' | 'planar' | 'sampleType'>,
  rows: number,
): Rows {
  const stride = planar ? 1 : bands;
  return { rows, length: blockCols * stride, stride, width: sampleSize(sampleType) };
}

const rowBytes = ({ length, width }: Rows): number => length * width;

/** Rows in the kernels' memory, and room for one more. */
interface RowsAt {
  readonly at: number;
  readonly scratch: number;
}

/** Undoes a predictor in place in the kernels' memory. */
export function undoPredictorAt(kernels: Kernels, { at, scratch }: RowsAt, { predictor, rows }: Job): void {
  const { length, stride, width } = rows;
  if (predictor === 2) kernels.undoDifferences(at, rows.rows, length, stride, width);
  if (predictor === 3) kernels.undoFloats(at, rows.rows, length, stride, width, scratch);
}

function applyPredictorAt(kernels: Kernels, { at, scratch }: RowsAt, { predictor, rows }: Job): void {
  const { length, stride, width } = rows;
  if (predictor === 2) kernels.applyDifferences(at, rows.rows, length, stride, width);
  if (predictor === 3) kernels.applyFloats(at, rows.rows, length, stride, width, scratch);
}

export interface Job {
  readonly predictor: Predictor;
  readonly rows: Rows;
}

/** Bytes that go through the kernels' memory at a time. */
const PIECE_BYTES = 2 ** 20;

/** Has `bytes` transformed in place in the kernels' memory, some rows at a time. */
function transform(
  kernels: Kernels,
  bytes: Uint8Array,
  { step, predictor, rows }: Job & { step: typeof undoPredictorAt },
): void {
  if (predictor === 1) return;
  const row = rowBytes(rows);
  const most = Math.max(1, Math.floor(PIECE_BYTES / row));
  const at = kernels.base;
  kernels.reserve(at + (most + 1) * row);
  const room = new Uint8Array(kernels.buffer, at);
  for (let first = 0; first < rows.rows; first += most) {
    const piece = { ...rows, rows: Math.min(most, rows.rows - first) };
    const part = bytes.subarray(first * row, (first + piece.rows) * row);
    room.set(part);
    step(kernels, { at, scratch: at + most * row }, { predictor, rows: piece });
    part.set(room.subarray(0, part.length));
  }
}

/** Undoes a predictor in place. */
export const undoPredictor = (kernels: Kernels, bytes: Uint8Array, job: Job): void =>
  transform(kernels, bytes, { ...job, step: undoPredictorAt });

/** Applies a predictor in place. */
export const applyPredictor = (kernels: Kernels, bytes: Uint8Array, job: Job): void =>
  transform(kernels, bytes, { ...job, step: applyPredictorAt });
