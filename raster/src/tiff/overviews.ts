// The overviews of a map in work: each level made of the one before, from tile store to tile store.
import type { Kernels } from '../kernels.js';
import type { Stop, TileStore } from '../map-writer.js';
import { sampleArrays, sampleSize } from '../samples.js';
import type { SampleArray } from '../scene.js';
import type { Codecs } from '../source.js';
import { predict } from './collect.js';
import { undoPredictor } from './predictor.js';
import { reduceInto, type Size } from './reduce.js';
import { type BandStatistics, gatherStatistics } from './statistics.js';
import { toWords, type Words } from './tags.js';
import { isFloat, type Plan } from './write-options.js';

/** What the overviews are made of and with. */
export interface Work {
  readonly plan: Plan;
  readonly store: TileStore;
  readonly codecs: Codecs;
  readonly kernels: Kernels;
  readonly noData: number | undefined;
  readonly signal: Stop | undefined;
}

/** Compresses a tile, whose words are spoilt. */
export async function packTile(
  words: Words,
  plan: Plan,
  { codecs, kernels }: Pick<Work, 'codecs' | 'kernels'>,
): Promise<Uint8Array> {
  return codecs.deflate(predict(kernels, words, plan));
}

/** A tile's samples [side, side, bands]. */
export async function unpackTile(
  { plan, store, codecs, kernels }: Work,
  level: number,
  index: number,
): Promise<SampleArray> {
  const { blockRows, blockCols, bands, sampleType, predictor } = plan;
  const size = sampleSize(sampleType);
  const bytes = await codecs.inflate(await store.get(level, index), blockRows * blockCols * bands * size);
  const own = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // not slice(): a Buffer's gives a view
  const rows = { rows: blockRows, length: blockCols * bands, stride: bands, width: size };
  undoPredictor(kernels, own, { predictor, rows });
  return new sampleArrays[sampleType](own.buffer as ArrayBuffer, own.byteOffset, own.length / size);
}

export const across = (size: Size, side: number) => Math.ceil(size.cols / side);
export const down = (size: Size, side: number) => Math.ceil(size.rows / side);

/** The pixels of the tile at (ty, tx) that lie in the level. */
const inside = ({ rows, cols }: Size, side: number, [ty, tx]: readonly [number, number]): Size => ({
  rows: Math.min(side, rows - ty * side),
  cols: Math.min(side, cols - tx * side),
});

/** A tile of an overview, to be made of the (up to) four below it. */
interface Parent {
  /** Of the overview; the tiles below are those of `level - 1`. */
  readonly level: number;
  readonly at: TilePlace;
  readonly children: readonly Child[];
}

interface Child {
  /** Where it goes in its parent: 0 or 1 halves down and across. */
  readonly half: TilePlace;
  readonly index: number;
  /** Its pixels that lie in the image. */
  readonly size: Size;
}

type TilePlace = readonly [down: number, across: number];

/** The tiles of all overviews, each behind those that it is made of. */
function* parentsOf(levels: readonly Size[], side: number): Generator<Parent> {
  for (const [i, size] of levels.slice(1).entries())
    for (let ty = 0; ty < down(size, side); ty++)
      for (let tx = 0; tx < across(size, side); tx++)
        yield { level: i + 1, at: [ty, tx], children: childrenOf([ty, tx], levels[i]!, side) };
}

function childrenOf([ty, tx]: TilePlace, below: Size, side: number): Child[] {
  const children: Child[] = [];
  for (const dy of [0, 1])
    for (const dx of [0, 1]) {
      const at = [2 * ty + dy, 2 * tx + dx] as const;
      if (at[0] >= down(below, side) || at[1] >= across(below, side)) continue;
      children.push({ half: [dy, dx], index: at[0] * across(below, side) + at[1], size: inside(below, side, at) });
    }
  return children;
}

/** Makes every level from the one before; returns the statistics of the image itself. */
export async function addOverviews(work: Work, levels: readonly Size[]): Promise<BandStatistics[]> {
  const { plan, store, signal } = work;
  const side = plan.blockRows;
  const statistics = gatherStatistics(plan.bands, work.noData);
  const parents = [...parentsOf(levels, side)];
  const load = ({ level, children }: Parent) => {
    const loaded = Promise.all(children.map(({ index }) => unpackTile(work, level - 1, index)));
    loaded.catch(() => {}); // seen when it is awaited
    return loaded;
  };
  // The tiles of the next parent are unpacked while one is made, unless they are still to be made themselves.
  const ahead = (parent: Parent | undefined, level: number) => parent?.level === level && load(parent);
  let next: ReturnType<typeof load> | false = false;
  for (const [i, parent] of parents.entries()) {
    signal?.throwIfAborted();
    const tiles = await (next || load(parent));
    next = ahead(parents[i + 1], parent.level);
    for (const [c, { size }] of parent.children.entries())
      if (parent.level === 1) statistics.add(tiles[c]!, size, side);
    const packed = await packTile(reduceTiles(parent, tiles, work), plan, work);
    await store.put(parent.level, parent.at[0] * across(levels[parent.level]!, side) + parent.at[1], packed);
  }
  if (levels.length === 1) statistics.add(await unpackTile(work, 0, 0), levels[0]!, side);
  return statistics.result();
}

/** The words of an overview's tile. */
function reduceTiles({ children }: Parent, tiles: readonly SampleArray[], { plan, noData }: Work): Words {
  const { blockRows: side, bands, sampleType } = plan;
  const bytes = side * side * bands * sampleSize(sampleType);
  const words = new sampleArrays[sampleType](new ArrayBuffer(bytes));
  const how = { bands, side, noData, integer: !isFloat(sampleType) };
  for (const [c, { half, size }] of children.entries()) {
    const target = { words, row: (half[0] * side) / 2, col: (half[1] * side) / 2 };
    reduceInto(target, { words: tiles[c]!, size }, how);
  }
  return toWords(words.buffer, 0, bytes, sampleSize(sampleType));
}
