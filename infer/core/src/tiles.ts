// Legend: h halo in pixels; ends of ranges are exclusive.
import type { Window } from './contract.js';
import { InferError } from './error.js';
import { withHalo } from './windows.js';

/** A piece of the scene: `inner` is what it yields, `outer` (inner plus halo, cut at the scene's edge) what must be read for it. */
export interface Tile {
  readonly inner: Window;
  readonly outer: Window;
}

export interface TileShape {
  readonly rows: number;
  readonly cols: number;
}

export interface TilePlanOptions {
  /** Size of the scene. */
  readonly rows: number;
  readonly cols: number;
  /** The part to cover; the whole scene when absent. */
  readonly window?: Window;
  /** The window shape that the scene reads fastest. */
  readonly block: TileShape;
  /** The largest inner window; use `tileShape` to bound it by pixels. */
  readonly tile: TileShape;
  /** Pixels around the inner window that the network looks at; 0 for pixel-wise networks. */
  readonly halo?: number;
}

/** Pixels of a tile, unless one block of the scene is more: 256 x 256, a fraction of a second's work. */
export const TILE_PIXELS = 2 ** 16;

type Range = readonly [start: number, end: number];

/** Throws InferError unless `window` holds at least one pixel and lies inside the scene. */
export function assertWindow(scene: TileShape, window: Window): void {
  const { row, col, rows, cols } = window;
  const whole = [row, col, rows, cols].every(Number.isInteger);
  if (!whole || row < 0 || col < 0 || rows < 1 || cols < 1 || row + rows > scene.rows || col + cols > scene.cols)
    throw new InferError(
      `window of ${rows} x ${cols} pixels at row ${row}, column ${col} is not inside the scene of ${scene.rows} x ${scene.cols} pixels; give whole numbers inside it`,
    );
}

function assertCounts(counts: Readonly<Record<string, number>>, least: number): void {
  for (const [name, value] of Object.entries(counts))
    if (!Number.isInteger(value) || value < least)
      throw new InferError(`tile plan: ${name} should be a whole number >= ${least}, got ${value}`);
}

/**
 * The largest tile of whole blocks that, halo included, has at most `maxPixels` pixels; where one block is more than that, a piece of a
 * block, as wide as can be. Throws InferError when not even one pixel fits.
 */
export function tileShape(options: {
  readonly rows: number;
  readonly cols: number;
  readonly block: TileShape;
  readonly halo?: number;
  readonly maxPixels?: number;
}): TileShape {
  const { rows, cols, halo = 0, maxPixels = TILE_PIXELS } = options;
  assertCounts({ rows, cols, maxPixels, 'block.rows': options.block.rows, 'block.cols': options.block.cols }, 1);
  assertCounts({ halo }, 0);
  const block = { rows: Math.min(options.block.rows, rows), cols: Math.min(options.block.cols, cols) };
  /** The longest inner side beside a given one. */
  const longest = (side: number) => Math.floor(maxPixels / (side + 2 * halo)) - 2 * halo;
  const across = Math.floor(longest(block.rows) / block.cols) * block.cols;
  if (across >= cols) {
    const down = Math.floor(longest(cols) / block.rows) * block.rows;
    return { rows: Math.min(rows, Math.max(block.rows, down)), cols };
  }
  if (across >= block.cols) return { rows: block.rows, cols: across };
  if (longest(block.cols) >= 1) return { rows: Math.min(block.rows, longest(block.cols)), cols: block.cols };
  if (longest(1) >= 1) return { rows: 1, cols: Math.min(block.cols, longest(1)) };
  throw new InferError(
    `a tile of ${maxPixels} pixels is smaller than one pixel with its halo of ${halo}; allow larger tiles`,
  );
}

/**
 * Cuts [start, end) into pieces of at most `most`, grouped by the blocks they lie in: groups of whole blocks where they
 * fit, else even pieces of one block.
 */
function cut([start, end]: Range, block: number, most: number): Range[][] {
  if (most >= end - start) return [[[start, end]]];
  const step = Math.max(1, Math.floor(most / block)) * block;
  const groups: Range[][] = [];
  let from = start;
  for (let edge = Math.floor(start / block) * block + step; from < end; edge += step) {
    const to = Math.min(edge, end);
    const pieces = Math.ceil((to - from) / Math.max(most, 1));
    const size = Math.ceil((to - from) / pieces);
    const group: Range[] = [];
    for (let a = from; a < to; a += size) group.push([a, Math.min(a + size, to)]);
    groups.push(group);
    from = to;
  }
  return groups;
}

function makeTile([top, bottom]: Range, [left, right]: Range, options: TilePlanOptions): Tile {
  const { rows, cols, halo = 0 } = options;
  const inner = { row: top, col: left, rows: bottom - top, cols: right - left };
  return { inner, outer: withHalo(inner, halo, { row: 0, col: 0, rows, cols }) };
}

/**
 * The tiles that cover a scene (or a window of it), each pixel once, in an order that depends on the options alone.
 * Inner windows end at the edges of the scene's blocks or divide one block, and the pieces of a block follow one another,
 * so a reader that keeps the last blocks decodes each of them once. Throws InferError for sizes that make no sense.
 */
export function planTiles(options: TilePlanOptions): Tile[] {
  const { rows, cols, block, tile, halo = 0, window = { row: 0, col: 0, rows, cols } } = options;
  assertCounts({ rows, cols, 'block.rows': block.rows, 'block.cols': block.cols }, 1);
  assertCounts({ 'tile.rows': tile.rows, 'tile.cols': tile.cols }, 1);
  assertCounts({ halo }, 0);
  assertWindow({ rows, cols }, window);
  const rowGroups = cut([window.row, window.row + window.rows], block.rows, tile.rows);
  const colGroups = cut([window.col, window.col + window.cols], block.cols, tile.cols);
  const tiles: Tile[] = [];
  for (const rowGroup of rowGroups)
    for (const colGroup of colGroups)
      for (const vertical of rowGroup)
        for (const horizontal of colGroup) tiles.push(makeTile(vertical, horizontal, options));
  return tiles;
}

/** Pixels a side of a map's tiles. */
export const MAP_TILE = 512;

/** Tiles of a map at most: a million million pixels. Each takes time and space, though it may hold nothing. */
const MOST_TILES = 2 ** 22;

/** Throws InferError where a map would have more tiles than one can. */
export function assertMapSize({ rows, cols }: Pick<Window, 'rows' | 'cols'>): void {
  const tiles = Math.ceil(rows / MAP_TILE) * Math.ceil(cols / MAP_TILE);
  if (tiles > MOST_TILES)
    throw new InferError(
      `a map of ${rows} rows x ${cols} columns has ${tiles} tiles, more than ${MOST_TILES}: several scenes may lie far apart, a single one is damaged; cut the map, or unmix scenes that lie together`,
    );
}

/** A block of at most so many pixels is one tile, for it is decoded from its beginning for each of its pieces. */
const MOST_BLOCK_PIXELS = 2 ** 22;

/** The windows to unmix a scene in, or a part of it: tiles of `tile`, when absent of `TILE_PIXELS` or one block. Throws InferError for sizes that make no sense. */
export function sceneTiles(
  { rows, cols, block }: { readonly rows: number; readonly cols: number; readonly block: TileShape },
  { window, tile }: { readonly window?: Window | undefined; readonly tile?: TileShape | undefined },
): Window[] {
  const maxPixels = Math.max(TILE_PIXELS, Math.min(block.rows * block.cols, MOST_BLOCK_PIXELS));
  assertMapSize(window ?? { rows, cols });
  const shape = tile ?? tileShape({ rows, cols, block, maxPixels });
  return planTiles({ rows, cols, block, window, tile: shape }).map(({ inner }) => inner);
}
