// Which windows a mosaic of scenes is unmixed in, and in which order. All places are pixels of the mosaic's grid.
import type { Window } from './contract.js';
import { assertMapSize, assertWindow, MAP_TILE, sceneTiles, type TileShape } from './tiles.js';
import { sharedWindow, windowAt, windowFrom, withoutAll } from './windows.js';

/** A scene of a mosaic. */
export interface PlacedScene {
  /** Where it lies. */
  readonly place: Window;
  /** The window shape that it reads fastest. */
  readonly block: TileShape;
}

/** Columns of the map that are done before the next ones are begun, so that few of its tiles lack pixels at a time. */
const SWATH = 8 * MAP_TILE;

/** Cuts a window where another swath of the map begins. */
function* cutAtSwaths({ row, col, rows, cols }: Window, map: Window): Generator<Window> {
  for (let from = col; from < col + cols; ) {
    const edge = map.col + (Math.floor((from - map.col) / SWATH) + 1) * SWATH;
    const to = Math.min(edge, col + cols);
    yield { row, col: from, rows, cols: to - from };
    from = to;
  }
}

/** The tiles of a scene in the map, but for what later scenes lie on. */
function* ownWindows(
  scenes: readonly PlacedScene[],
  scene: number,
  { map, tile }: { map: Window; tile: TileShape | undefined },
): Generator<Window> {
  const { place, block } = scenes[scene]!;
  const mine = sharedWindow(place, map);
  if (!mine) return;
  const later = scenes.slice(scene + 1).flatMap((other) => sharedWindow(other.place, mine) ?? []);
  if (later.some(({ rows, cols }) => rows === mine.rows && cols === mine.cols)) return;
  const { rows, cols } = place;
  for (const inScene of sceneTiles({ rows, cols, block }, { window: windowFrom(place, mine), tile })) {
    for (const part of cutAtSwaths(windowAt(place, inScene), map)) yield* withoutAll(part, later);
  }
}

/** What no scene covers, by tiles of the map. */
function* gaps(scenes: readonly PlacedScene[], map: Window): Generator<Window> {
  const [down, across] = [Math.ceil(map.rows / MAP_TILE), Math.ceil(map.cols / MAP_TILE)];
  const touched = new Map<number, Window[]>();
  for (const { place } of scenes) {
    const shared = sharedWindow(place, map);
    if (!shared) continue;
    const { row, col, rows, cols } = windowFrom(map, shared);
    for (let r = Math.floor(row / MAP_TILE); r * MAP_TILE < row + rows; r++)
      for (let c = Math.floor(col / MAP_TILE); c * MAP_TILE < col + cols; c++) {
        const found = touched.get(r * across + c);
        if (found) found.push(place);
        else touched.set(r * across + c, [place]);
      }
  }
  for (let r = 0; r < down; r++)
    for (let c = 0; c < across; c++) {
      const [row, col] = [r * MAP_TILE, c * MAP_TILE];
      const size = { rows: Math.min(MAP_TILE, map.rows - row), cols: Math.min(MAP_TILE, map.cols - col) };
      const cell = windowAt(map, { row, col, ...size });
      yield* withoutAll(cell, touched.get(r * across + c) ?? []);
    }
}

/**
 * The windows that cover a part of a mosaic, each pixel once. Where scenes lie, they are tiles of the scene on top, the last one there, as it would be
 * unmixed alone; what lies below is looked at only where that one lacks data. They follow rows of the map's tiles, scene by scene, so that few
 * scenes are in work at a time. Throws InferError for a window that is not inside the grid, and for a map
 * of more tiles than can be handled.
 */
export function planMosaic(
  scenes: readonly PlacedScene[],
  options: { readonly grid: TileShape; readonly window: Window; readonly tile?: TileShape | undefined },
): Window[] {
  const { grid, window: map, tile } = options;
  assertWindow(grid, map);
  assertMapSize(map);
  const windows = [...gaps(scenes, map)];
  for (const scene of scenes.keys())
    for (const window of ownWindows(scenes, scene, { map, tile })) windows.push(window);
  const swathOf = ({ col }: Window) => Math.floor((col - map.col) / SWATH);
  const lineOf = ({ row }: Window) => Math.floor((row - map.row) / MAP_TILE);
  return windows.sort((a, b) => swathOf(a) - swathOf(b) || lineOf(a) - lineOf(b)); // else as they came: scene by scene
}
