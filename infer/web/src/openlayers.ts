// A scene as a source of OpenLayers' tiles. Legend: N pixels of a window, D samples a pixel, S pixels a side of a tile with its gutter.
import { InferError } from '@egunet/infer';
import { type Georeference, isNorthUp, type Window } from '@egunet/raster';
import Projection from 'ol/proj/Projection.js';
import { get as getProjection } from 'ol/proj.js';
import DataTile from 'ol/source/DataTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';
import type { ReadOptions, RemoteModel, RemoteScene } from './unmixer.js';

/** Pixels a side of a tile, without its gutter. */
const TILE = 256;

interface TileOptions {
  /** Pixels around each tile that are loaded too, so that nothing is seen of its edges where a layer interpolates; 0 when absent. */
  readonly gutter?: number;
  /** Blend neighbouring pixels when the map is magnified; no when absent: samples are shown as they are. */
  readonly interpolate?: boolean;
}

export interface SceneSourceOptions extends TileOptions {
  readonly scene: RemoteScene;
  /** Samples a pixel, D. */
  readonly samples: number;
  /** Samples [N, D] of a window of a level; the first of a pixel is NaN where there is no data. */
  read(window: Window, options: ReadOptions): Promise<Float32Array>;
}

export interface AbundanceSourceOptions extends TileOptions {
  readonly scene: RemoteScene;
  readonly model: RemoteModel;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
}

/** Of an image, north up: its upper left corner and the size of its pixels in CRS units. */
interface Placed {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function placeOf(name: string, { rows, cols }: RemoteScene, georeference: Georeference | undefined): Placed {
  const refuse = (what: string): never => {
    throw new InferError(`${name}: cannot be shown on a map: ${what}; warp it with gdalwarp first`);
  };
  if (!georeference) return refuse('it says not where it lies');
  if (!isNorthUp(georeference.affine)) return refuse('its image is not north up');
  const [a, , c, , e, f] = georeference.affine;
  return { x: c, y: f, width: a * cols, height: -e * rows };
}

/** OpenLayers knows the usual ones and all of UTM; of another, a map whose view has it shows it as it is. */
function projectionOf(epsg: number | undefined): Projection {
  const code = epsg === undefined ? 'scene' : `EPSG:${epsg}`;
  return getProjection(code) ?? new Projection({ code, units: 'm' });
}

/** The window of a level's pixels that a tile's lie in, and for each row and column of the tile the window's, or -1 outside. */
function windowFor(
  { x, y, width, height }: Placed,
  level: { readonly rows: number; readonly cols: number },
  tile: { readonly x: number; readonly y: number; readonly resolution: number; readonly S: number },
): { window: Window; rows: Int32Array; cols: Int32Array } | undefined {
  const numbers = (start: number, step: number, count: number) =>
    Int32Array.from({ length: tile.S }, (_, i) => {
      const at = Math.floor((start + (i + 0.5) * tile.resolution) / step);
      return at >= 0 && at < count ? at : -1;
    });
  const cols = numbers(tile.x - x, width / level.cols, level.cols);
  const rows = numbers(y - tile.y, height / level.rows, level.rows);
  const [row, lastRow] = rangeOf(rows);
  const [col, lastCol] = rangeOf(cols);
  if (row < 0 || col < 0) return undefined;
  const window = { row, col, rows: lastRow - row + 1, cols: lastCol - col + 1 };
  return {
    window,
    rows: rows.map((one) => (one < 0 ? -1 : one - row)),
    cols: cols.map((one) => (one < 0 ? -1 : one - col)),
  };
}

/** The first and the last of increasing numbers that are not -1. */
function rangeOf(numbers: Int32Array): [first: number, last: number] {
  const found = numbers.filter((one) => one >= 0);
  return [found[0] ?? -1, found.at(-1) ?? -1];
}

/** A tile [S, S, D + 1] from a window's samples: D bands, and behind them 1 where there is data; 0 elsewhere. */
function tileOf(
  samples: Float32Array,
  { window, rows, cols }: { window: Window; rows: Int32Array; cols: Int32Array },
  D: number,
): Float32Array {
  const tile = new Float32Array(rows.length * cols.length * (D + 1));
  for (const [i, row] of rows.entries())
    for (const [j, col] of cols.entries()) {
      const from = (row * window.cols + col) * D;
      if (row < 0 || col < 0 || Number.isNaN(samples[from])) continue;
      const to = (i * cols.length + j) * (D + 1);
      tile.set(samples.subarray(from, from + D), to);
      tile[to + D] = 1;
    }
  return tile;
}

/**
 * What `read` makes of a scene, as a source for `ol/layer/WebGLTile`: band d of sample d, counted from 1, and behind them a band that is 1 where
 * the scene has data and 0 elsewhere, for a style's opacity. Tiles are read as they come into view, from the scene's overviews where
 * the map shows less than its pixels. The scene's own projection; OpenLayers reprojects where the view has another that it knows of.
 * Throws InferError where the scene has no place on a map, or is not north up.
 */
export function sceneSource({
  scene,
  samples: D,
  read,
  gutter = 0,
  interpolate = false,
}: SceneSourceOptions): DataTile {
  const placed = placeOf(scene.name, scene, scene.georeference);
  const { x, y, width, height } = placed;
  const extent = [x, y - height, x + width, y];
  // Of a level the finer of its two resolutions, and none twice: OpenLayers wants them to fall.
  const levels = scene.levels
    .map(({ rows, cols }, level) => ({ rows, cols, level, resolution: Math.min(width / cols, height / rows) }))
    .filter(({ resolution, level }, i, all) => level === 0 || resolution > all[i - 1]!.resolution)
    .reverse();
  const tileGrid = new TileGrid({ extent, resolutions: levels.map(({ resolution }) => resolution), tileSize: TILE });
  const S = TILE + 2 * gutter;
  const { epsg } = scene.georeference!;
  return new DataTile({
    projection: projectionOf(epsg),
    tileGrid,
    bandCount: D + 1,
    gutter,
    interpolate,
    transition: 0,
    wrapX: false,
    async loader(z, column, row, { signal }) {
      const { level, resolution, rows, cols } = levels[z]!;
      const side = TILE * resolution;
      const corner = { x: x + column * side - gutter * resolution, y: y - row * side + gutter * resolution };
      const found = windowFor(placed, { rows, cols }, { ...corner, resolution, S });
      if (!found) return new Float32Array(S * S * (D + 1));
      return tileOf(await read(found.window, { level, signal }), found, D);
    },
  });
}

/** The abundances of a scene as a source of tiles, a band an endmember, unmixed as they come into view. As `sceneSource`. */
export function abundanceSource({ model, resample = false, ...options }: AbundanceSourceOptions): DataTile {
  const { scene } = options;
  return sceneSource({
    ...options,
    samples: model.card.endmembers.length,
    read: async (window, how) => (await scene.unmix(model, window, { ...how, resample })).abundances,
  });
}
