// The pieces of a window that a spatial model is run on, all of one size. Legend: h halo in pixels, n pixels of a piece with its halo, B bands.
import type { Window } from '../contract.js';
import type { Tile, TileShape } from '../tiles.js';
import { sharedWindow } from '../windows.js';
import { copyShared, type SceneImage } from './scene-image.js';

/** Pixels a side of a piece with its halo, at most: few enough that what layers make of them stays in the processor's caches, and halos are a small part. */
const MOST_SIDE = 64;

/** Pixels a side without the halo at least, however wide that is. */
const LEAST_SIDE = 32;

/** Even parts of a side: how long they are. */
export function sideFor(length: number, halo: number): number {
  const most = Math.max(LEAST_SIDE, MOST_SIDE - 2 * halo);
  return Math.ceil(length / Math.ceil(length / most));
}

/**
 * The pieces that cover a window, row by row, of the size that suits `of`, which it is a part of: `inner` is what one yields, `outer` what the model
 * is given, which may reach beyond the scene.
 */
export function* piecesOf(window: Window, { halo, of }: { halo: number; of: TileShape }): Generator<Tile> {
  const rows = sideFor(of.rows, halo);
  const cols = sideFor(of.cols, halo);
  for (let row = window.row; row < window.row + window.rows; row += rows)
    for (let col = window.col; col < window.col + window.cols; col += cols)
      yield {
        inner: sharedWindow({ row, col, rows, cols }, window)!,
        outer: { row: row - halo, col: col - halo, rows: rows + 2 * halo, cols: cols + 2 * halo },
      };
}

/** What a run of the model takes. */
export interface PieceImage {
  /** [n, B] */
  readonly image: Float32Array;
  /** [n], 1 = has data. */
  readonly valid: Float32Array;
}

/** Memory for pieces of one size. */
export const pieceMemory = ({ rows, cols }: TileShape, B: number): PieceImage => ({
  image: new Float32Array(rows * cols * B),
  valid: new Float32Array(rows * cols),
});

/** Fills a piece with what an image has of it, 0 where that is not valid; beyond the image nothing is. */
export function cutPiece({ image, valid }: PieceImage, outer: Window, from: SceneImage): void {
  const B = image.length / valid.length;
  valid.fill(0);
  copyShared(from, { window: outer, spectra: image, valid }, B);
  for (let i = valid.indexOf(0); i !== -1; i = valid.indexOf(0, i + 1)) image.fill(0, i * B, (i + 1) * B);
}
