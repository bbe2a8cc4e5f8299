// Windows of a cube as a stream of parts, each within one cell of granules: what a cell is made from is read once, and then let go. Legend: B bands asked for.
import { rowsOfParts, type SceneCore } from '../read-spectra.js';
import { sampleSize } from '../samples.js';
import type { SampleType, Window } from '../scene.js';

/** Pixels of a part, B bands wide, of about 4 MiB. */
const pixelsOfPart = (B: number, type: SampleType): number => Math.max(1, Math.floor(2 ** 22 / (B * sampleSize(type))));

/** Parts of a window, cell by cell of the size given, so that what one cell is made from is read once and then let go. */
function* partsOf(window: Window, cell: { rows: number; cols: number }, most: number): Generator<Window> {
  const [bottom, right] = [window.row + window.rows, window.col + window.cols];
  for (let row = window.row; row < bottom; ) {
    const rows = Math.min(bottom, (Math.floor(row / cell.rows) + 1) * cell.rows) - row;
    for (let col = window.col; col < right; ) {
      const cols = Math.min(right, (Math.floor(col / cell.cols) + 1) * cell.cols) - col;
      const height = Math.max(1, Math.min(rows, Math.floor(most / cols)));
      for (let r = 0; r < rows; r += height) yield { row: row + r, col, rows: Math.min(height, rows - r), cols };
      col += cols;
    }
    row += rows;
  }
}

/** The rows of a window as `SceneCore.streamRows` gives them, cell by cell. */
export function streamCells(
  scene: Pick<SceneCore, 'readWindow' | 'sampleType'>,
  cell: { readonly rows: number; readonly cols: number },
): NonNullable<SceneCore['streamRows']> {
  return (window, bands) => () =>
    rowsOfParts(scene, partsOf(window, cell, pixelsOfPart(bands.length, scene.sampleType)), bands);
}
