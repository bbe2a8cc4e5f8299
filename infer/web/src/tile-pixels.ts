// Which of a scene's pixels a tile of a map shows. Legend: W x H pixels of a tile; places in a scene are [col, row], pixel centres at halves.
import { InferError } from '@egunet/infer';
import type { Georeference, Window } from '@egunet/raster';
import type { Level } from './calls.js';
import type { RemoteScene } from './unmixer.js';

export type Place = readonly [col: number, row: number];

/** The pixels of a level that a tile's lie in, the tile row by row: -1 outside the level [H * W]. */
export interface TilePixels {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
}

/** A part of a tile, ends exclusive. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Tile {
  readonly width: number;
  readonly height: number;
  /** The part that may lie inside the level; all of the tile when absent. */
  readonly box?: Box;
  /** Where in the level a place of the tile lies; its own pixel centres are at halves, too. */
  at(x: number, y: number): Place;
}

/** A place of a box, in parts of its sides. */
type Part = readonly [u: number, v: number];

const CORNERS: readonly Part[] = [
  [0, 0],
  [1, 0],
  [0, 1],
  [1, 1],
];
/** Where a box is looked at, besides its corners: a bend may leave the middles where they are, as that of latitudes beside the equator does. */
const MIDDLES: readonly Part[] = [
  [0.5, 0],
  [0, 0.5],
  [0.5, 0.5],
  [0.25, 0.25],
];

/** How far a place may be from where it belongs, in pixels of the level. */
const OFF = 0.001;

/** Between the places of a box's corners. */
function between(corners: readonly Place[], [u, v]: Part): Place {
  const [a, b, c, d] = corners as readonly [Place, Place, Place, Place];
  const along = (k: 0 | 1) => (1 - v) * ((1 - u) * a[k] + u * b[k]) + v * ((1 - u) * c[k] + u * d[k]);
  return [along(0), along(1)];
}

/**
 * The pixels of a level of so many rows and columns that a tile shows, each the one that its centre lies in. Places are computed where they need be, and lie
 * on straight lines between.
 */
export function tilePixels(level: Pick<Level, 'rows' | 'cols'>, tile: Tile): TilePixels {
  const { width, height, at, box = { left: 0, top: 0, right: width, bottom: height } } = tile;
  const rows = new Int32Array(width * height).fill(-1);
  const cols = rows.slice();
  const fill = ({ left, top, right, bottom }: Box): void => {
    if (left >= right || top >= bottom) return;
    const [across, down] = [right - left - 1, bottom - top - 1];
    const place = ([u, v]: Part): Place => at(left + 0.5 + u * across, top + 0.5 + v * down);
    const corners = CORNERS.map(place);
    const straight = MIDDLES.every((part) => {
      const [[x, y], [trueX, trueY]] = [between(corners, part), place(part)];
      return Math.hypot(x - trueX, y - trueY) <= OFF;
    });
    if (!straight && (across > 0 || down > 0)) {
      const [x, y] = [left + ((across + 2) >> 1), top + ((down + 2) >> 1)];
      fill({ left, top, right: x, bottom: y });
      fill({ left: x, top, right, bottom: y });
      fill({ left, top: y, right: x, bottom });
      fill({ left: x, top: y, right, bottom });
      return;
    }
    for (let y = top; y < bottom; y++) {
      const v = down && (y - top) / down;
      const [first, last] = [between(corners, [0, v]), between(corners, [1, v])];
      const [colStep, rowStep] = across ? [(last[0] - first[0]) / across, (last[1] - first[1]) / across] : [0, 0];
      for (let x = left; x < right; x++) {
        const [col, row] = [first[0] + (x - left) * colStep, first[1] + (x - left) * rowStep];
        if (!(col >= 0 && col < level.cols && row >= 0 && row < level.rows)) continue;
        rows[y * width + x] = Math.floor(row);
        cols[y * width + x] = Math.floor(col);
      }
    }
  };
  fill(box);
  return { rows, cols };
}

/** The smallest window of the level with all pixels of a tile; undefined where it has none. */
export function windowOf({ rows, cols }: TilePixels): Window | undefined {
  let [top, bottom, left, right] = [Infinity, -1, Infinity, -1];
  for (let i = 0; i < rows.length; i++) {
    const [row, col] = [rows[i]!, cols[i]!];
    if (row < 0) continue;
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
    [left, right] = [Math.min(left, col), Math.max(right, col)];
  }
  return bottom < 0 ? undefined : { row: top, col: left, rows: bottom - top + 1, cols: right - left + 1 };
}

/** A side of the windows that a map reads, in pixels: where blocks are smaller, whole ones of them; where they are much larger, even parts. */
const [LEAST_SIDE, MOST_SIDE] = [256, 512];

const sideFor = (block: number, size: number): number => {
  const side =
    block < LEAST_SIDE ? block * Math.ceil(LEAST_SIDE / block) : Math.ceil(block / Math.ceil(block / MOST_SIDE));
  return Math.min(side, Math.max(size, 1));
};

/** The size of windows in which a map reads a level, so that a block is decoded once. Overviews mostly have the blocks of the scene. */
export function windowSize({ levels }: Pick<RemoteScene, 'levels'>, level: number): { rows: number; cols: number } {
  const { rows, cols } = levels[level]!;
  const block = levels[0]!.block ?? { rows: LEAST_SIDE, cols: LEAST_SIDE };
  return { rows: sideFor(block.rows, rows), cols: sideFor(block.cols, cols) };
}

/** Where a scene lies. Throws InferError where nobody knows. */
export function georeferenceOf({ name, georeference }: Pick<RemoteScene, 'name' | 'georeference'>): Georeference {
  return georeference ?? refuseScene(name, 'it says not where it lies; add that with gdal_translate -a_ullr -a_srs');
}

/** Throws InferError: a scene that cannot be shown on a map, and why. */
export function refuseScene(name: string, why: string): never {
  throw new InferError(`${name}: cannot be shown on a map: ${why}`);
}
