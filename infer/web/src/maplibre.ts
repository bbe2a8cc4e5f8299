// The abundances of a scene as raster tiles of MapLibre. Legend: N pixels of a window, C endmembers, D values a pixel, S pixels a side of a tile.
import { InferError, mapBands, planBands } from '@egunet/infer';
import { type Colouring, colourOne } from './colours.js';
import { shareWindows, type Unmixed } from './shared-windows.js';
import { type Place, type TilePixels, tilePixels } from './tile-pixels.js';
import type { RemoteModel, RemoteScene } from './unmixer.js';
import { inDegrees, placeOnMap, type SceneOnMap, type TileAddress, WORLD } from './web-mercator.js';

export { type Colour, type Colouring, colourOne, colourThree } from './colours.js';

export interface AbundanceTilesOptions {
  readonly scene: RemoteScene;
  readonly model: RemoteModel;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** Of an ensemble, give `colour` the spread of each endmember, too: [2 C]. */
  readonly spread?: boolean;
  /** The colour of a pixel's abundances [C]; the first endmember along a ramp when absent. Pixels without data are transparent. */
  readonly colour?: Colouring;
  /** Pixels a side of a tile, S; 256 when absent. */
  readonly tileSize?: number;
  /** What the tiles' URLs begin with, one's own for each scene of a map; `egunet` when absent. */
  readonly protocol?: string;
}

/** What MapLibre needs: `addProtocol(tiles.protocol, tiles.load)`, then `map.addSource(id, tiles.source)`. */
export interface AbundanceTiles {
  readonly protocol: string;
  readonly load: (request: { readonly url: string }, abort: AbortController) => Promise<{ data: ImageBitmap }>;
  readonly source: {
    readonly type: 'raster';
    readonly tiles: string[];
    readonly tileSize: number;
    /** West, south, east, north, degrees. */
    readonly bounds: [number, number, number, number];
    readonly minzoom: number;
    readonly maxzoom: number;
  };
}

/** Below this size of the scene's longer side, in pixels of the map, nothing is shown. */
const LEAST_SHOWN = 16;
/** Parts of a pixel that a pixel of the finest tiles is at most: the edges of pixels lie askew on the map. */
const FINEST = 0.5;
const MOST_ZOOM = 24;

const zoomsOf = ({ bounds, pixel }: SceneOnMap, S: number): { minzoom: number; maxzoom: number } => {
  const zoomFor = (metres: number) => Math.log2(WORLD / S / metres);
  const side = Math.max(bounds.right - bounds.left, bounds.top - bounds.bottom);
  const maxzoom = Math.min(MOST_ZOOM, Math.max(0, Math.ceil(zoomFor(pixel * FINEST))));
  return { minzoom: Math.min(maxzoom, Math.max(0, Math.floor(zoomFor(side / LEAST_SHOWN)))), maxzoom };
};

/** The smallest level that has a pixel for each of a tile's, by how many of the scene's lie in one. */
function levelFor({ rows, cols, levels }: RemoteScene, pixels: number): number {
  const most = pixels * 1.01; // overviews are rounded to whole pixels
  const fit = levels.findLastIndex((level) => Math.max(cols / level.cols, rows / level.rows) <= most);
  return Math.max(0, fit);
}

function addressOf(url: string): TileAddress {
  const [, z, x, y] = /\/(\d+)\/(\d+)\/(\d+)$/.exec(url) ?? [];
  if (y === undefined) throw new InferError(`${url} names no tile; expected an address that ends with zoom/column/row`);
  return { z: Number(z), x: Number(x), y: Number(y) };
}

interface Drawing {
  /** Of each pixel the number of its window [S * S], -1 where there is none. */
  readonly numbers: Int32Array;
  readonly unmixed: ReadonlyMap<number, Unmixed>;
  readonly colour: Colouring;
  readonly D: number;
}

/** A tile's pixels [S * S] in colours. */
function draw({ rows, cols }: TilePixels, { numbers, unmixed, colour, D }: Drawing): ImageData {
  const S = Math.sqrt(numbers.length);
  const image = new ImageData(S, S);
  for (let i = 0; i < numbers.length; i++) {
    const found = unmixed.get(numbers[i]!);
    if (!found) continue;
    const { window, abundances } = found;
    const from = ((rows[i]! - window.row) * window.cols + cols[i]! - window.col) * D;
    if (Number.isNaN(abundances[from])) continue;
    const [red, green, blue, opacity = 255] = colour(abundances.subarray(from, from + D));
    image.data.set([red, green, blue, opacity], 4 * i);
  }
  return image;
}

/**
 * The abundances of a scene as raster tiles, coloured: they are unmixed as they come into view, of the overview that the zoom asks for, and each pixel of
 * a tile takes the one of the scene that its centre lies in. The scene may have any reference system that `@egunet/raster` converts.
 * Rejects with InferError where the scene says not where it lies or its bands do not match the model's, with RasterError where its reference system is not known.
 */
export async function abundanceTiles(options: AbundanceTilesOptions): Promise<AbundanceTiles> {
  const { scene, model, resample = false, spread = false } = options;
  const { colour = colourOne(0), tileSize: S = 256, protocol = 'egunet' } = options;
  const D = mapBands(model.card, { spread }).length;
  planBands(scene, model.card, { resample });
  const map = await placeOnMap(scene);
  const windowsAt = shareWindows(scene, model, { resample, spread });
  return {
    protocol,
    async load({ url }, { signal }) {
      const tile = addressOf(url);
      const level = levelFor(scene, WORLD / S / 2 ** tile.z / map.pixel);
      const { rows, cols } = scene.levels[level]!;
      const { box, at } = map.onTile(tile, S);
      const inLevel = ([col, row]: Place): Place => [(col * cols) / scene.cols, (row * rows) / scene.rows];
      const pixels = tilePixels({ rows, cols }, { width: S, height: S, box, at: (x, y) => inLevel(at(x, y)) });
      const windows = windowsAt(level);
      const numbers = pixels.rows.map((row, i) => (row < 0 ? -1 : windows.numberOf(row, pixels.cols[i]!)));
      const wanted = [...new Set(numbers)].filter((number) => number >= 0);
      const found = wanted.map(async (number) => [number, await windows.unmix(number, signal)] as const);
      const unmixed = new Map(await Promise.all(found));
      return { data: await createImageBitmap(draw(pixels, { numbers, unmixed, colour, D })) };
    },
    source: {
      type: 'raster',
      tiles: [`${protocol}://{z}/{x}/{y}`],
      tileSize: S,
      bounds: inDegrees(map.bounds),
      ...zoomsOf(map, S),
    },
  };
}
