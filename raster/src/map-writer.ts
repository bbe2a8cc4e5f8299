// A map in work: windows in, compressed tiles in a store until all are there. Only then is the file made, each format in its own way.
import { type BufferPool, makeBufferPool } from './buffer-pool.js';
import { mostDeflated } from './deflate.js';
import { createKernels, type Kernels } from './kernels.js';
import { refuse } from './refuse.js';
import type { SampleArray, Stop, Window } from './scene.js';
import type { Codecs } from './source.js';
import { collectTiles, type FullTile, tileBytes } from './tiff/collect.js';
import { type LevelTile, packTile } from './tiff/overviews.js';
import type { BandStatistics } from './tiff/statistics.js';
import { type GeoTiffOptions, type Plan, planGeoTiff } from './tiff/write-options.js';

/** Keeps compressed tiles until the file is put together. Level 0 is the image itself. */
export interface TileStore {
  /** Indices of the image's own tiles that are held already, from a writing that was interrupted. */
  held(): Iterable<number>;
  /** Keeps a copy of `bytes`, whose memory is used again once this resolves. */
  put(level: number, index: number, bytes: Uint8Array): Promise<void>;
  get(level: number, index: number): Promise<Uint8Array>;
  /** The same, into memory of its length. */
  getInto(level: number, index: number, into: Uint8Array): Promise<void>;
  /** Length in bytes of a tile that is held. */
  size(level: number, index: number): number;
}

/** A map being written. */
export interface MapWriter {
  /** As RasterWriter's, but that it resolves when what it filled is in the store; pixels of tiles that the store held from the start are left out. */
  writeWindow(window: Window, data: SampleArray): Promise<void>;
  /** Whether the store held every tile of the window from the start: it need not be written. */
  holds(window: Window): boolean;
  /** Resolves when every tile that is full is in the store. */
  flush(): Promise<void>;
  /** Writes the file. Rejects with RasterError, leaving none, where a pixel was never written, and with what the signal throws. */
  close(signal?: Stop): Promise<readonly BandStatistics[]>;
}

export type MapOptions = Omit<GeoTiffOptions, 'interleave' | 'bigTiff'>;

export interface MapPlaces {
  readonly name: string;
  readonly store: TileStore;
  readonly codecs: Codecs;
}

/** What a format makes a file of: the store has all tiles of level 0, pixel-interleaved, each [side, side, bands]. */
export interface MapInWork extends MapPlaces {
  readonly options: MapOptions & { readonly interleave: 'pixel' };
  readonly plan: Plan;
  readonly kernels: Kernels;
  /** For the words of tiles. */
  readonly buffers: BufferPool;
  /** For compressed tiles. */
  readonly packed: BufferPool;
}

/** A file format at work on a map. */
export interface FormatInWork {
  /** Takes a tile as it is finished, and returns what makes another one to keep in the store, where it completes one. */
  add?(tile: LevelTile): (() => LevelTile) | undefined;
  /** Makes the file when all tiles are there, and leaves none where that fails; returns the statistics of the map. */
  finish(signal: Stop | undefined): Promise<readonly BandStatistics[]>;
}

/** Begins on a map. Throws RasterError, before any work, where the format cannot say what the map is. */
export type MapFormat = (map: MapInWork) => FormatInWork;

const TILE = 512;

/** Begins a map. Throws RasterError naming the option that is wrong. */
export function createMapWriter(places: MapPlaces, mapOptions: MapOptions, format: MapFormat): MapWriter {
  const { name, store } = places;
  const options = { tile: TILE, ...mapOptions, interleave: 'pixel' as const };
  const plan = planGeoTiff(options, name);
  const bytes = tileBytes(plan);
  const pools = { buffers: makeBufferPool(bytes), packed: makeBufferPool(mostDeflated(bytes)) };
  const map = { ...places, ...pools, options, plan, kernels: createKernels() };
  const { add, finish } = format(map);
  const tiles = collectTiles(plan, map.buffers);
  for (const index of store.held()) tiles.keep(index);
  let queue = Promise.resolve();
  const keep = async (tile: LevelTile): Promise<void> => {
    const makeNext = add?.(tile);
    const packed = packTile(tile.words, map);
    await store.put(tile.level, tile.index, packed);
    map.packed.give(packed.buffer as ArrayBuffer);
    if (makeNext) await keep(makeNext());
  };
  const write = ({ index, words }: FullTile) => {
    queue = queue.then(() => keep({ level: 0, index, words }));
    queue.catch(() => {}); // seen by who waits for it
  };
  return {
    async writeWindow(window, data) {
      tiles.take(window, data).forEach(write);
      await queue;
    },
    holds: (window) => tiles.keeps(window),
    flush: () => queue,
    async close(signal) {
      await queue;
      const missing = tiles.missing();
      if (missing > 0) refuse(name, `${missing} of ${plan.tiles} tiles lack pixels; write every pixel before closing`);
      pools.buffers.clear();
      return finish(signal);
    },
  };
}
