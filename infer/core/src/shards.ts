// A map's tiles shared out among processes that know nothing of each other: each makes a run of tiles, in row order. Legend: T tiles of the map.
import type { Window } from './contract.js';
import { InferError } from './error.js';
import { MAP_TILE } from './tiles.js';

/** A share of a map: the one of this number, from 1, `of` so many. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

/** Shards at most: a folder each. */
const MOST_SHARDS = 9999;

/** Throws InferError unless there is such a shard. */
export function assertShard({ number, of }: Shard): void {
  if (![number, of].every(Number.isInteger) || of < 1 || of > MOST_SHARDS || number < 1 || number > of)
    throw new InferError(
      `shard ${number}/${of}: expected a whole number from 1 to the number of shards, ${MOST_SHARDS} at most, such as 3/16`,
    );
}

/** The tiles of a map that shows `window` of a scene, row by row [T]: places in the scene. */
export function mapTiles({ row, col, rows, cols }: Window): Window[] {
  const tiles: Window[] = [];
  for (let r = 0; r < rows; r += MAP_TILE)
    for (let c = 0; c < cols; c += MAP_TILE)
      tiles.push({
        row: row + r,
        col: col + c,
        rows: Math.min(MAP_TILE, rows - r),
        cols: Math.min(MAP_TILE, cols - c),
      });
  return tiles;
}

/** Shares tiles of these whole weights [T] out so that the heaviest shard is as light as can be: of each its first tile and the one behind its last; some may have none. */
export function shareTiles(weights: readonly number[], shards: number): [from: number, to: number][] {
  let [least, most] = [
    weights.reduce((most, weight) => Math.max(most, weight), 0),
    weights.reduce((sum, weight) => sum + weight, 0),
  ];
  while (least < most) {
    const between = Math.floor((least + most) / 2);
    if (runsOf(weights, between).length <= shards) most = between;
    else least = between + 1;
  }
  const runs = runsOf(weights, least);
  return [
    ...runs,
    ...Array.from({ length: shards - runs.length }, (): [number, number] => [weights.length, weights.length]),
  ];
}

/** Runs of tiles, each as long as its weight allows. */
function runsOf(weights: readonly number[], most: number): [from: number, to: number][] {
  const runs: [number, number][] = [];
  let [from, sum] = [0, 0];
  for (const [tile, weight] of weights.entries()) {
    if (sum + weight > most) {
      runs.push([from, tile]);
      [from, sum] = [tile, 0];
    }
    sum += weight;
  }
  return [...runs, [from, weights.length]];
}

/** The pixels of a run of a map's tiles, as few windows as hold just these: at most a part of a row of tiles, whole rows, a part of one. */
export function windowsOfRun(map: Window, [from, to]: readonly [number, number]): Window[] {
  if (to <= from) return [];
  const across = Math.ceil(map.cols / MAP_TILE);
  const cell = (down: number, right: number, rowsOfTiles: number, colsOfTiles: number): Window => ({
    row: map.row + down * MAP_TILE,
    col: map.col + right * MAP_TILE,
    rows: Math.min(rowsOfTiles * MAP_TILE, map.rows - down * MAP_TILE),
    cols: Math.min(colsOfTiles * MAP_TILE, map.cols - right * MAP_TILE),
  });
  const [first, last] = [Math.floor(from / across), Math.floor(to / across)];
  const [left, right] = [from % across, to % across];
  if (first === last) return [cell(first, left, 1, right - left)];
  const windows: Window[] = [];
  if (left > 0) windows.push(cell(first, left, 1, across - left));
  const whole = left > 0 ? first + 1 : first;
  if (last > whole) windows.push(cell(whole, 0, last - whole, across));
  if (right > 0) windows.push(cell(last, 0, 1, right));
  return windows;
}
