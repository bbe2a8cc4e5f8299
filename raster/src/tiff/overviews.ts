// The overviews of a map in work: each level made of the one before. Tiles that come finished go into the tile above them at once, as long as
// few of those are open; what is missing at the end is made from the tile store.
import { type BufferPool, makeBufferPool } from '../buffer-pool.js';
import { deflateRuns } from '../deflate.js';
import type { Kernels } from '../kernels.js';
import type { TileStore } from '../map-writer.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray, Stop } from '../scene.js';
import type { Codecs } from '../source.js';
import { predict, tileBytes } from './collect.js';
import { predictedRows, undoPredictor } from './predictor.js';
import { reduceInto, type Size } from './reduce.js';
import { type BandStatistics, sumStatistics, type TileStatistics, tileStatistics } from './statistics.js';
import { toWords, type Words } from './tags.js';
import { isFloat, type Plan } from './write-options.js';

/** What the overviews are made of and with. */
export interface Work {
  readonly plan: Plan;
  readonly store: TileStore;
  readonly codecs: Codecs;
  readonly kernels: Kernels;
  /** For the words of tiles. */
  readonly buffers: BufferPool;
  /** For compressed tiles. */
  readonly packed: BufferPool;
  readonly noData: number | undefined;
  /** Sizes of the image and of its overviews. */
  readonly levels: readonly Size[];
}

/** Compresses a tile, whose words go back to the pool. */
export function packTile(
  words: Words,
  { plan, kernels, buffers, packed }: Pick<Work, 'plan' | 'kernels' | 'buffers' | 'packed'>,
): Uint8Array {
  const bytes = deflateRuns(kernels, predict(kernels, words, plan), packed.take());
  buffers.give(words.buffer as ArrayBuffer);
  return bytes;
}

/** A tile's samples [side, side, bands]. */
export async function unpackTile(
  { plan, store, codecs, kernels }: Pick<Work, 'plan' | 'store' | 'codecs' | 'kernels'>,
  level: number,
  index: number,
): Promise<SampleArray> {
  const { blockRows, sampleType, predictor } = plan;
  const size = sampleSize(sampleType);
  const bytes = await codecs.inflate(await store.get(level, index), tileBytes(plan));
  const own = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // not slice(): a Buffer's gives a view
  undoPredictor(kernels, own, { predictor, rows: predictedRows(plan, blockRows) });
  return new sampleArrays[sampleType](own.buffer as ArrayBuffer, own.byteOffset, own.length / size);
}

export const across = (size: Size, side: number) => Math.ceil(size.cols / side);
export const down = (size: Size, side: number) => Math.ceil(size.rows / side);

/** A tile of a level: 0 is the image itself. */
export interface LevelTile {
  readonly level: number;
  readonly index: number;
  readonly words: Words;
}

/** Makes overviews and statistics. */
export interface Overviews {
  /** Takes a tile as it is finished, and returns what makes the one above it, where that is completed. */
  add(tile: LevelTile): (() => LevelTile) | undefined;
  /** Makes what is missing, into the store; returns the statistics of the image. Throws what the signal throws. */
  finish(signal: Stop | undefined): Promise<BandStatistics[]>;
}

/** Tiles of overviews that wait for tiles below them are held up to so many bytes; beyond, the oldest is made at the end instead. */
const MOST_OPEN_BYTES = 2 ** 26;

/** A tile that lacks some of the (up to) four below it: what came of them takes less memory than the whole. */
interface OpenTile {
  readonly quarters: Quarter[];
  left: number;
}

/** A tile below, reduced: the upper or lower, left or right part of a tile. */
interface Quarter {
  readonly down: number;
  readonly across: number;
  /** [side / 2, side / 2, bands] */
  readonly words: SampleArray;
}

/** Overviews for the tiles of an image. */
export function makeOverviews(work: Work): Overviews {
  const { plan, levels, store } = work;
  const side = plan.blockRows;
  const counts = levels.map((size) => across(size, side) * down(size, side));
  /** Tiles made, or to be put into the store by who called. */
  const made = counts.map((count) => new Uint8Array(count));
  const statistics: (TileStatistics | undefined)[] = new Array(counts[0]!);
  const open = new Map<string, OpenTile>(); // oldest first
  const bytes = tileBytes(plan);
  const quarters = makeBufferPool(bytes / 4);
  let heldBytes = 0; // of quarters
  const how = { bands: plan.bands, integer: !isFloat(plan.sampleType) };
  const place = (level: number, index: number) => placeOf(levels[level]!, side, index);

  const look = (index: number, words: SampleArray): void => {
    statistics[index] ??= tileStatistics(words, {
      size: place(0, index).size,
      side,
      bands: plan.bands,
      noData: work.noData,
    });
  };
  const begin = (level: number, index: number): OpenTile => ({
    quarters: [],
    left: childrenOf(levels[level - 1]!, side, place(level, index).at).length,
  });
  /** Reduces a tile of the level below into its quarter. */
  const reduce = (
    target: OpenTile,
    { level, index, words }: Omit<LevelTile, 'words'> & { words: SampleArray },
  ): void => {
    const { at, size } = place(level, index);
    const quarter = new sampleArrays[plan.sampleType](quarters.takeZeros());
    reduceInto(quarter, { words, size }, { ...how, side, noData: work.noData });
    target.quarters.push({ down: at[0] % 2, across: at[1] % 2, words: quarter });
    heldBytes += quarter.byteLength;
    target.left--;
  };
  const giveBack = (tile: OpenTile) => {
    for (const { words } of tile.quarters) quarters.give(words.buffer as ArrayBuffer);
    heldBytes -= (tile.quarters.length * bytes) / 4;
  };
  /** The words of a tile of which all quarters are there. */
  const join = (tile: OpenTile): Words => {
    const whole = new sampleArrays[plan.sampleType](work.buffers.takeZeros());
    const row = (side / 2) * plan.bands;
    for (const { down, across, words } of tile.quarters)
      for (let r = 0; r < side / 2; r++)
        whole.set(words.subarray(r * row, (r + 1) * row), (2 * (down * (side / 2) + r) + across) * row);
    giveBack(tile);
    return toWords(whole.buffer, 0, bytes, sampleSize(plan.sampleType));
  };

  const forget = (key: string): void => {
    giveBack(open.get(key)!);
    open.delete(key);
  };

  const add = ({ level, index, words }: LevelTile): (() => LevelTile) | undefined => {
    const samples = new sampleArrays[plan.sampleType](words.buffer as ArrayBuffer, words.byteOffset, words.length);
    if (level === 0) look(index, samples);
    made[level]![index] = 1;
    if (level + 1 === levels.length) return undefined;
    const { at } = place(level, index);
    const above = (at[0] >> 1) * across(levels[level + 1]!, side) + (at[1] >> 1);
    const key = `${level + 1}/${above}`;
    const target = open.get(key) ?? begin(level + 1, above);
    open.set(key, target);
    reduce(target, { level, index, words: samples });
    if (target.left > 0) {
      for (const oldest of open.keys()) {
        if (heldBytes <= MOST_OPEN_BYTES) break;
        forget(oldest);
      }
      return undefined;
    }
    open.delete(key);
    return () => ({ level: level + 1, index: above, words: join(target) });
  };

  const makeMissing = async (level: number, index: number): Promise<void> => {
    const children = childrenOf(levels[level - 1]!, side, place(level, index).at);
    const tiles = await Promise.all(children.map((child) => unpackTile(work, level - 1, child)));
    const target = begin(level, index);
    for (const [c, words] of tiles.entries()) {
      if (level === 1) look(children[c]!, words);
      reduce(target, { level: level - 1, index: children[c]!, words });
    }
    const packed = packTile(join(target), work);
    await store.put(level, index, packed);
    work.packed.give(packed.buffer as ArrayBuffer);
  };
  return {
    add,
    async finish(signal) {
      for (const key of open.keys()) forget(key);
      for (let level = 1; level < levels.length; level++)
        for (let index = 0; index < counts[level]!; index++) {
          signal?.throwIfAborted();
          if (!made[level]![index]) await makeMissing(level, index);
        }
      if (levels.length === 1) look(0, await unpackTile(work, 0, 0));
      return sumStatistics(statistics as TileStatistics[], plan.bands);
    },
  };
}

/** Where a tile of a level lies among the others, and its pixels that lie in the image. */
export function placeOf(level: Size, side: number, index: number): { at: readonly [number, number]; size: Size } {
  const at = [Math.floor(index / across(level, side)), index % across(level, side)] as const;
  const size = { rows: Math.min(side, level.rows - at[0] * side), cols: Math.min(side, level.cols - at[1] * side) };
  return { at, size };
}

/** The tiles of level `below` that the tile at (ty, tx) of the next one is made of. */
function childrenOf(below: Size, side: number, [ty, tx]: readonly [number, number]): number[] {
  const children: number[] = [];
  for (const y of [2 * ty, 2 * ty + 1])
    for (const x of [2 * tx, 2 * tx + 1])
      if (y < down(below, side) && x < across(below, side)) children.push(y * across(below, side) + x);
  return children;
}
