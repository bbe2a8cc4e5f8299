// The finished tiles of a map, one after the other, for formats that store samples in another order or compression than the store.
import type { MapInWork } from './map-writer.js';
import type { SampleArray, Stop } from './scene.js';
import { across, placeOf, unpackTile } from './tiff/overviews.js';
import { type BandStatistics, sumStatistics, type TileStatistics, tileStatistics } from './tiff/statistics.js';

/** A tile of the image. */
export interface ImageTile {
  /** Where its first pixel lies in the image. */
  readonly row: number;
  readonly col: number;
  /** Its pixels that lie in the image. */
  readonly rows: number;
  readonly cols: number;
  /** [side, side, bands] */
  readonly samples: SampleArray;
}

/** Reads finished tiles back, and gathers the statistics of the map meanwhile. */
export interface TileReader {
  /** The tiles at `places` ([down, across], counted in tiles), one unpacked ahead. Throws what the signal throws. */
  read(places: readonly (readonly [down: number, across: number])[]): AsyncGenerator<ImageTile>;
  /** When every tile was read once. */
  statistics(): BandStatistics[];
}

/** A reader of the tiles that are in the map's store. */
export function readTiles(map: MapInWork, signal: Stop | undefined): TileReader {
  const { plan, options } = map;
  const { blockRows: side, bands } = plan;
  const sums: TileStatistics[] = new Array(plan.tiles);
  const load = (index: number) => {
    const loaded = unpackTile(map, 0, index);
    loaded.catch(() => {}); // seen when it is awaited
    return loaded;
  };
  return {
    async *read(places) {
      const indices = places.map(([ty, tx]) => ty * across(plan, side) + tx);
      let next = load(indices[0]!);
      for (const [i, [ty, tx]] of places.entries()) {
        signal?.throwIfAborted();
        const samples = await next;
        if (i + 1 < places.length) next = load(indices[i + 1]!);
        const { size } = placeOf(plan, side, indices[i]!);
        sums[indices[i]!] = tileStatistics(samples, { size, side, bands, noData: options.noData });
        yield { row: ty * side, col: tx * side, ...size, samples };
      }
    },
    statistics: () => sumStatistics(sums, bands),
  };
}
