// Writes a cloud-optimised GeoTIFF: 512 x 512 tiles, pixel-interleaved, DEFLATE with predictor, overviews by averaging, and every directory
// before the data. Tiles are kept compressed in a store until all are there: only then are the places of any of them known.
// Source: https://cogeo.org and GDAL's "Cloud Optimized GeoTIFF" driver page (structural metadata, block leaders and trailers).
import { makeBufferPool } from '../buffer-pool.js';
import { createKernels } from '../kernels.js';
import { refuse } from '../refuse.js';
import type { SampleArray, Window } from '../scene.js';
import type { ByteSink, Codecs } from '../source.js';
import { collectTiles, type FullTile, tileBytes } from './collect.js';
import { across, down, makeOverviews, packTile } from './overviews.js';
import { pyramid, type Size } from './reduce.js';
import { type BandStatistics, statisticsItems } from './statistics.js';
import { FIELD, TAG } from './tags.js';
import { encodeHeader, type Field } from './write-ifd.js';
import { CLASSIC_BYTES, type GeoTiffOptions, type Plan, planGeoTiff } from './write-options.js';

/** Keeps compressed tiles until the file is put together. Level 0 is the image itself. */
export interface TileStore {
  /** Indices of the image's own tiles that are held already, from a writing that was interrupted. */
  held(): Iterable<number>;
  put(level: number, index: number, bytes: Uint8Array): Promise<void>;
  get(level: number, index: number): Promise<Uint8Array>;
  /** Length in bytes of a tile that is held. */
  size(level: number, index: number): number;
}

/** A cloud-optimised GeoTIFF being written. */
export interface CogWriter {
  /** As RasterWriter's; pixels of tiles that the store held from the start are left out. */
  writeWindow(window: Window, data: SampleArray): Promise<void>;
  /** Whether the store held every tile of the window from the start: it need not be written. */
  holds(window: Window): boolean;
  /** Resolves when every tile that is full is in the store. */
  flush(): Promise<void>;
  /**
   * Adds the overviews and writes the file. Rejects with RasterError, leaving none, where a pixel was never written, and with what the
   * signal throws.
   */
  close(signal?: Stop): Promise<readonly BandStatistics[]>;
}

/** The part of an AbortSignal that stops the work between two tiles. */
export type Stop = Pick<AbortSignal, 'throwIfAborted'>;

export type CogOptions = Omit<GeoTiffOptions, 'interleave' | 'bigTiff'>;

export interface CogPlaces {
  readonly name: string;
  readonly store: TileStore;
  /** Makes the final file. */
  readonly createSink: () => Promise<ByteSink>;
  readonly codecs: Codecs;
}

const TILE = 512;

/** Begins a cloud-optimised GeoTIFF. Throws RasterError naming the option that is wrong. */
export function createCog(places: CogPlaces, options: CogOptions): CogWriter {
  const { name, store, codecs } = places;
  const cogOptions = { tile: TILE, ...options, interleave: 'pixel' as const };
  const plan = planGeoTiff(cogOptions, name);
  const buffers = makeBufferPool(tileBytes(plan));
  const tiles = collectTiles(plan, buffers);
  for (const index of store.held()) tiles.keep(index);
  let queue = Promise.resolve();
  const levels = pyramid(plan, plan.blockRows);
  const work = { plan, store, codecs, kernels: createKernels(), buffers, noData: options.noData, levels };
  const overviews = makeOverviews(work);
  const write = ({ index, words }: FullTile) => {
    const tile = { level: 0, index, words };
    for (const { level, index, words } of [tile, ...overviews.add(tile)]) {
      const packed = packTile(words, work);
      packed.catch(() => {}); // seen when the queue comes to it
      queue = queue.then(async () => store.put(level, index, await packed));
      queue.catch(() => {}); // seen by the next call
    }
  };
  return {
    async writeWindow(window, data) {
      const before = queue;
      tiles.take(window, data).forEach(write);
      await before;
    },
    holds: (window) => tiles.keeps(window),
    flush: () => queue,
    async close(signal) {
      await queue;
      const missing = tiles.missing();
      if (missing > 0) refuse(name, `${missing} of ${plan.tiles} tiles lack pixels; write every pixel before closing`);
      const statistics = await overviews.finish(signal);
      await assemble(places, { options: cogOptions, plan, levels, statistics, signal });
      return statistics;
    },
  };
}

/** What tells GDAL that a tile lies between its length and its last four bytes, so that one request gets it. */
const STRUCTURE = (() => {
  const lines =
    'LAYOUT=IFDS_BEFORE_DATA\nBLOCK_ORDER=ROW_MAJOR\nBLOCK_LEADER=SIZE_AS_UINT4\nBLOCK_TRAILER=LAST_4_BYTES_REPEATED\nKNOWN_INCOMPATIBLE_EDITION=NO\n ';
  return `GDAL_STRUCTURAL_METADATA_SIZE=${String(lines.length).padStart(6, '0')} bytes\n${lines}`;
})();

/** Bytes around each tile: its length before it, its last four bytes again behind it. */
const AROUND = 8;
const REDUCED: Field = { tag: TAG.subfileType, type: FIELD.long, values: [1] };

interface Finished {
  readonly options: CogOptions & { readonly interleave: 'pixel' };
  readonly plan: Plan;
  readonly levels: readonly Size[];
  readonly statistics: readonly BandStatistics[];
  readonly signal: Stop | undefined;
}

/** Writes the file: header, directories, then the tiles of the smallest level to those of the largest. */
async function assemble({ name, store, createSink }: CogPlaces, finished: Finished): Promise<void> {
  const { plan, levels, signal } = finished;
  const counts = levels.map((size) => across(size, plan.blockRows) * down(size, plan.blockRows));
  const lengths = counts.map((count, level) => Float64Array.from({ length: count }, (_, i) => store.size(level, i)));
  const total = lengths.flatMap((level) => [...level]).reduce((sum, bytes) => sum + bytes + AROUND, 0);
  const header = (big: boolean) => {
    const images = directories(finished, lengths, { name, big });
    const empty = lengths.map((level) => new Float64Array(level.length));
    const begin = encodeHeader(images(empty), { big, preamble: STRUCTURE }).length;
    const offsets = placesFrom(begin, lengths);
    return { begin, bytes: encodeHeader(images(offsets), { big, preamble: STRUCTURE }) };
  };
  const classic = header(false);
  const { bytes, begin } = classic.begin + total <= CLASSIC_BYTES ? classic : header(true);
  const sink = await createSink();
  try {
    await sink.write(0, bytes);
    let at = begin;
    for (let level = levels.length - 1; level >= 0; level--)
      for (let index = 0; index < counts[level]!; index++) {
        signal?.throwIfAborted();
        const framed = frame(await store.get(level, index));
        await sink.write(at, framed);
        at += framed.length;
      }
    await sink.commit();
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** A tile between its length and its last four bytes. */
function frame(tile: Uint8Array): Uint8Array {
  const framed = new Uint8Array(tile.length + AROUND);
  new DataView(framed.buffer).setUint32(0, tile.length, true);
  framed.set(tile, 4);
  framed.set(tile.subarray(-4), 4 + tile.length);
  return framed;
}

/** Where the tiles of each level begin: the smallest level lies first. */
function placesFrom(begin: number, lengths: readonly Float64Array[]): Float64Array[] {
  let at = begin;
  return lengths
    .map((level) => ({ level, offsets: new Float64Array(level.length) }))
    .reverse()
    .map(({ level, offsets }) => {
      for (const [i, bytes] of level.entries()) {
        offsets[i] = at + 4;
        at += bytes + AROUND;
      }
      return offsets;
    })
    .reverse();
}

/** The directories' fields, once the tiles' places are known. */
function directories(
  { options, plan, levels, statistics }: Finished,
  lengths: readonly Float64Array[],
  { name, big }: { name: string; big: boolean },
): (offsets: readonly Float64Array[]) => Field[][] {
  const pixels = plan.rows * plan.cols;
  const bands = options.bands.map((band, b) => ({
    ...band,
    items: { ...band.items, ...statisticsItems(statistics[b]!, pixels) },
  }));
  const fields = levels.map((size, level) => {
    if (level === 0) return planGeoTiff({ ...options, bands }, name).fields;
    const { sampleType, predictor, noData, tile, interleave } = options;
    const bare = { sampleType, predictor, noData, tile, interleave, bands: options.bands.map(() => ({})), ...size };
    return [REDUCED, ...planGeoTiff(bare, name).fields];
  });
  return (offsets) =>
    fields.map((common, level) => [
      ...common,
      { tag: TAG.tileOffsets, type: big ? FIELD.long8 : FIELD.long, values: offsets[level]! },
      { tag: TAG.tileByteCounts, type: FIELD.long, values: lengths[level]! },
    ]);
}
