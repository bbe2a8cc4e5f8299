// The finished tiles of a map, one after the other, for formats that store samples in another order or compression than the store.
import type { MapInWork, Stop } from './map-writer.js';
import type { SampleArray } from './scene.js';
import { across, unpackTile } from './tiff/overviews.js';

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

/** The tiles at `places` ([down, across], counted in tiles), one unpacked ahead. Throws what the signal throws. */
export async function* imageTiles(
  map: MapInWork,
  places: readonly (readonly [down: number, across: number])[],
  signal: Stop | undefined,
): AsyncGenerator<ImageTile> {
  const { plan, options } = map;
  const side = plan.blockRows;
  const load = (at: (typeof places)[number] | undefined) => {
    const loaded = at && unpackTile({ ...map, noData: options.noData, signal }, 0, at[0] * across(plan, side) + at[1]);
    loaded?.catch(() => {}); // seen when it is awaited
    return loaded;
  };
  let next = load(places[0]);
  for (const [i, [ty, tx]] of places.entries()) {
    signal?.throwIfAborted();
    const samples = (await next)!;
    next = load(places[i + 1]);
    const [row, col] = [ty * side, tx * side];
    yield { row, col, rows: Math.min(side, plan.rows - row), cols: Math.min(side, plan.cols - col), samples };
  }
}
