// The overviews of a map in work: each level made of the one before. Tiles that come finished go into the tile above them at once, as long as
// few of those are open; what is missing at the end is made from the tile store.
import type { BufferPool } from '../buffer-pool.js';
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
  readonly noData: number | undefined;
  /** Sizes of the image and of its overviews. */
  readonly levels: readonly Size[];
}

/** Compresses a tile, whose words go back to the pool. */
export async function packTile(
  words: Words,
  { plan, codecs, kernels, buffers }: Pick<Work, 'plan' | 'codecs' | 'kernels' | 'buffers'>,
): Promise<Uint8Array> {
  const packed = await codecs.deflate(predict(kernels, words, plan));
  buffers.give(words.buffer as ArrayBuffer);
  return packed;
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
  /** Takes a tile as it is finished, and returns those of the overviews that it completes. */
  add(tile: LevelTile): LevelTile[];
  /** Makes what is missing, into the store; returns the statistics of the image. Throws what the signal throws. */
  finish(signal: Stop | undefined): Promise<BandStatistics[]>;
}

/** Tiles of overviews that wait for tiles below them are held up to so many bytes; beyond, the oldest is made at the end instead. */
const MOST_OPEN_BYTES = 2 ** 26;

/** A tile that lacks some of the (up to) four below it. */
interface OpenTile {
  readonly words: SampleArray;
  left: number;
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
    words: new sampleArrays[plan.sampleType](work.buffers.take()),
    left: childrenOf(levels[level - 1]!, side, place(level, index).at).length,
  });
  /** Reduces a tile of the level below into its quarter. */
  const reduce = (
    target: OpenTile,
    { level, index, words }: Omit<LevelTile, 'words'> & { words: SampleArray },
  ): void => {
    const { at, size } = place(level, index);
    const [row, col] = [((at[0] % 2) * side) / 2, ((at[1] % 2) * side) / 2];
    const how = { bands: plan.bands, side, noData: work.noData, integer: !isFloat(plan.sampleType) };
    reduceInto({ words: target.words, row, col }, { words, size }, how);
    target.left--;
  };
  const asWords = ({ words }: OpenTile): Words => toWords(words.buffer, 0, bytes, sampleSize(plan.sampleType));

  const add = ({ level, index, words }: LevelTile): LevelTile[] => {
    const samples = new sampleArrays[plan.sampleType](words.buffer as ArrayBuffer, words.byteOffset, words.length);
    if (level === 0) look(index, samples);
    made[level]![index] = 1;
    if (level + 1 === levels.length) return [];
    const { at } = place(level, index);
    const above = (at[0] >> 1) * across(levels[level + 1]!, side) + (at[1] >> 1);
    const key = `${level + 1}/${above}`;
    const target = open.get(key) ?? begin(level + 1, above);
    open.set(key, target);
    reduce(target, { level, index, words: samples });
    if (target.left > 0) {
      for (const oldest of open.keys()) if (open.size * bytes > MOST_OPEN_BYTES) open.delete(oldest);
      return [];
    }
    open.delete(key);
    const complete = { level: level + 1, index: above, words: asWords(target) };
    return [complete, ...add(complete)];
  };

  const makeMissing = async (level: number, index: number): Promise<void> => {
    const children = childrenOf(levels[level - 1]!, side, place(level, index).at);
    const tiles = await Promise.all(children.map((child) => unpackTile(work, level - 1, child)));
    const target = begin(level, index);
    for (const [c, words] of tiles.entries()) {
      if (level === 1) look(children[c]!, words);
      reduce(target, { level: level - 1, index: children[c]!, words });
    }
    await store.put(level, index, await packTile(asWords(target), work));
  };
  return {
    add,
    async finish(signal) {
      open.clear();
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
