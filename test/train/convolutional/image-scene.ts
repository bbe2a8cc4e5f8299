// The pixels of a training set as a scene, for the tests of the convolutional forms.
import type { SpectraReader, TrainingSet } from '@egunet/train';

export interface ImageSceneOptions {
  readonly rows: number;
  readonly cols: number;
  /** Which pixels have data; all when absent. */
  readonly valid?: (row: number, col: number) => boolean;
  /** What stands in the others. */
  readonly rubbish?: number;
}

/** The scene: row by row the set's pixels, with `rubbish` where there is no data. */
export function imageScene(
  { bands: B, pixels }: TrainingSet,
  { rows, cols, valid = () => true, rubbish = 0 }: ImageSceneOptions,
): SpectraReader {
  return {
    rows,
    cols,
    block: { rows, cols },
    readSpectra: async (window, wanted) => {
      const spectra: number[] = [];
      const mask: number[] = [];
      for (let row = window.row; row < window.row + window.rows; row++)
        for (let col = window.col; col < window.col + window.cols; col++) {
          const good = valid(row, col);
          mask.push(good ? 1 : 0);
          spectra.push(...wanted.map((band) => (good ? pixels[(row * cols + col) * B + band]! : rubbish)));
        }
      return { spectra: Float32Array.from(spectra), valid: Uint8Array.from(mask) };
    },
  };
}

/** Indices of so many bands, in order. */
export const firstBands = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
