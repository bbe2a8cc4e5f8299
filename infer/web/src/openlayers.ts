// A scene as a source of OpenLayers' tiles. Legend: N pixels of a window, D samples a pixel, H x W pixels of a tile with its gutter.
import { mapBands } from '@egunet/infer';
import { isDegrees, isNorthUp, type Window } from '@egunet/raster';
import Projection from 'ol/proj/Projection.js';
import { get as getProjection } from 'ol/proj.js';
import DataTile from 'ol/source/DataTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';
import { georeferenceOf, refuseScene, type TilePixels, tilePixels, windowOf, windowSize } from './tile-pixels.js';
import type { ReadOptions, RemoteModel, RemoteScene } from './unmixer.js';

export { mapBands } from '@egunet/infer';

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
  /** Of an ensemble, a band for the spread of each endmember, too, behind those of the abundances. */
  readonly spread?: boolean;
}

/** OpenLayers knows the usual ones and all of UTM; of another, a map whose view has it shows it as it is. */
function projectionOf(epsg: number | undefined): Projection {
  const code = epsg === undefined ? 'scene' : `EPSG:${epsg}`;
  const units = epsg !== undefined && isDegrees(epsg) ? 'degrees' : 'm';
  return getProjection(code) ?? new Projection({ code, units });
}

/** A tile [H, W, D + 1] from a window's samples: D bands, and behind them 1 where there is data; 0 elsewhere. */
function tileOf(
  samples: Float32Array,
  { rows, cols, window, D }: TilePixels & { readonly window: Window; readonly D: number },
): Float32Array {
  const tile = new Float32Array(rows.length * (D + 1));
  for (let i = 0, to = 0; i < rows.length; i++, to += D + 1) {
    if (rows[i]! < 0) continue;
    const from = ((rows[i]! - window.row) * window.cols + cols[i]! - window.col) * D;
    if (Number.isNaN(samples[from])) continue;
    for (let d = 0; d < D; d++) tile[to + d] = samples[from + d]!;
    tile[to + D] = 1;
  }
  return tile;
}

/**
 * What `read` makes of a scene, as a source for `ol/layer/WebGLTile`: band d of sample d, counted from 1, and behind them a band that is 1 where
 * the scene has data and 0 elsewhere, for a style's opacity. Tiles are read as they come into view, from the scene's overviews where
 * the map shows less than its pixels; they are as large as the scene's blocks, or several of them.
 * The scene's own projection; OpenLayers reprojects where the view has another that it knows of.
 * Throws InferError where the scene has no place on a map, or is not north up.
 */
export function sceneSource({
  scene,
  samples: D,
  read,
  gutter = 0,
  interpolate = false,
}: SceneSourceOptions): DataTile {
  const { affine, epsg } = georeferenceOf(scene);
  if (!isNorthUp(affine)) refuseScene(scene.name, 'its image is not north up; warp it with gdalwarp first');
  const [a, , x, , e, y] = affine;
  const [width, height] = [a * scene.cols, -e * scene.rows];
  // Of a level the finer of its two resolutions, and none twice: OpenLayers wants them to fall.
  const levels = scene.levels
    .map(({ rows, cols }, level) => ({ rows, cols, level, resolution: Math.min(width / cols, height / rows) }))
    .filter(({ resolution }, i, all) => all.slice(0, i).every((finer) => resolution > finer.resolution))
    .map((one) => ({ ...one, tile: windowSize(scene, one.level) }))
    .reverse();
  const tileGrid = new TileGrid({
    extent: [x, y - height, x + width, y],
    resolutions: levels.map(({ resolution }) => resolution),
    tileSizes: levels.map(({ tile }) => [tile.cols, tile.rows]),
  });
  return new DataTile({
    projection: projectionOf(epsg),
    tileGrid,
    bandCount: D + 1,
    gutter,
    interpolate,
    transition: 0,
    wrapX: false,
    async loader(z, column, row, { signal }) {
      const { level, resolution, tile, ...size } = levels[z]!;
      /** Of a place in the tile, gutter and all, in the level's pixels. */
      const at = (i: number, start: number, whole: number, count: number) =>
        ((start + i - gutter) * resolution * count) / whole;
      const pixels = tilePixels(size, {
        width: tile.cols + 2 * gutter,
        height: tile.rows + 2 * gutter,
        at: (i, j) => [at(i, column * tile.cols, width, size.cols), at(j, row * tile.rows, height, size.rows)],
      });
      const window = windowOf(pixels);
      if (!window) return new Float32Array(pixels.rows.length * (D + 1));
      return tileOf(await read(window, { level, signal }), { ...pixels, window, D });
    },
  });
}

/** The abundances of a scene as a source of tiles, a band an endmember, unmixed as they come into view; with `spread`, see there. As `sceneSource`. */
export function abundanceSource({
  model,
  resample = false,
  spread = false,
  ...options
}: AbundanceSourceOptions): DataTile {
  const { scene } = options;
  return sceneSource({
    ...options,
    samples: mapBands(model.card, { spread }).length,
    read: async (window, how) => (await scene.unmix(model, window, { ...how, resample, spread })).abundances,
  });
}
