// An image cut into blocks of equal size; the last ones reach beyond it.
import type { Window } from '../scene.js';

export interface Grid {
  readonly rows: number;
  readonly cols: number;
  readonly blockRows: number;
  readonly blockCols: number;
}

/** The part of a block that a window takes: rows and columns of the scene, ends exclusive. */
export interface Part {
  /** Index of the block among those of its plane. */
  readonly index: number;
  readonly blockRow: number;
  readonly blockCol: number;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  /** True where the window takes all the pixels of the block. */
  readonly whole: boolean;
}

/** The parts of the blocks that a window touches, row by row. */
export function partsOf(grid: Grid, { row, col, rows, cols }: Window): Part[] {
  const { blockRows, blockCols } = grid;
  const blocksAcross = Math.ceil(grid.cols / blockCols);
  const parts: Part[] = [];
  for (let by = Math.floor(row / blockRows); by * blockRows < row + rows; by++)
    for (let bx = Math.floor(col / blockCols); bx * blockCols < col + cols; bx++) {
      const [blockRow, blockCol] = [by * blockRows, bx * blockCols];
      const [top, left] = [Math.max(row, blockRow), Math.max(col, blockCol)];
      const [bottom, right] = [Math.min(row + rows, blockRow + blockRows), Math.min(col + cols, blockCol + blockCols)];
      const whole =
        top === blockRow &&
        left === blockCol &&
        bottom === Math.min(grid.rows, blockRow + blockRows) &&
        right === Math.min(grid.cols, blockCol + blockCols);
      parts.push({ index: by * blocksAcross + bx, blockRow, blockCol, top, left, bottom, right, whole });
    }
  return parts;
}
