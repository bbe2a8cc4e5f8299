// Abundances as a source of OpenLayers' tiles. Legend: C endmembers, S pixels a side of a tile with its gutter.
import { InferError } from '@egunet/infer';
import type { Georeference, Window } from '@egunet/raster';
import Projection from 'ol/proj/Projection.js';
import { get as getProjection } from 'ol/proj.js';
import DataTile from 'ol/source/DataTile.js';
import TileGrid from 'ol/tilegrid/TileGrid.js';
import type { RemoteModel, RemoteScene } from './unmixer.js';

/** Pixels a side of a tile, without its gutter. */
const TILE = 256;

export interface AbundanceSourceOptions {
  readonly scene: RemoteScene;
  readonly model: RemoteModel;
  /** Interpolate the scene's spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** Pixels around each tile that are loaded too, so that nothing is seen of its edges where a layer interpolates; 0 when absent. */
  readonly gutter?: number;
  /** Blend neighbouring pixels when the map is magnified; no when absent: abundances are shown as they are. */
  readonly interpolate?: boolean;
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
  const [a, b, c, d, e, f] = georeference.affine;
  if (b !== 0 || d !== 0 || a <= 0 || e >= 0) return refuse('its image is not north up');
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

/** A tile's samples [S, S, C + 1] from a window's abundances: C bands, and behind them 1 where there is data; 0 elsewhere. */
function tileOf(
  abundances: Float32Array,
  { window, rows, cols }: { window: Window; rows: Int32Array; cols: Int32Array },
  C: number,
): Float32Array {
  const samples = new Float32Array(rows.length * cols.length * (C + 1));
  for (const [i, row] of rows.entries())
    for (const [j, col] of cols.entries()) {
      const from = (row * window.cols + col) * C;
      if (row < 0 || col < 0 || Number.isNaN(abundances[from])) continue;
      const to = (i * cols.length + j) * (C + 1);
      samples.set(abundances.subarray(from, from + C), to);
      samples[to + C] = 1;
    }
  return samples;
}

/**
 * The abundances of a scene as a source for `ol/layer/WebGLTile`: band c of endmember c, counted from 1, and behind them a band that is 1 where
 * the scene has data and 0 elsewhere, for a style's opacity. Tiles are unmixed as they come into view, from the scene's overviews where
 * the map shows less than its pixels. The scene's own projection; OpenLayers reprojects where the view has another that it knows of.
 * Throws InferError where the scene has no place on a map, or is not north up.
 */
export function abundanceSource({
  scene,
  model,
  resample,
  gutter = 0,
  interpolate = false,
}: AbundanceSourceOptions): DataTile {
  const placed = placeOf(scene.name, scene, scene.georeference);
  const { x, y, width, height } = placed;
  const extent = [x, y - height, x + width, y];
  // Of a level the finer of its two resolutions, and none twice: OpenLayers wants them to fall.
  const levels = scene.levels
    .map(({ rows, cols }, level) => ({ rows, cols, level, resolution: Math.min(width / cols, height / rows) }))
    .filter(({ resolution, level }, i, all) => level === 0 || resolution > all[i - 1]!.resolution)
    .reverse();
  const tileGrid = new TileGrid({ extent, resolutions: levels.map(({ resolution }) => resolution), tileSize: TILE });
  const C = model.card.endmembers.length;
  const S = TILE + 2 * gutter;
  const { epsg } = scene.georeference!;
  return new DataTile({
    projection: projectionOf(epsg),
    tileGrid,
    bandCount: C + 1,
    gutter,
    interpolate,
    transition: 0,
    wrapX: false,
    async loader(z, column, row, { signal }) {
      const { level, resolution, rows, cols } = levels[z]!;
      const side = TILE * resolution;
      const corner = { x: x + column * side - gutter * resolution, y: y - row * side + gutter * resolution };
      const found = windowFor(placed, { rows, cols }, { ...corner, resolution, S });
      if (!found) return new Float32Array(S * S * (C + 1));
      const { abundances } = await scene.unmix(model, found.window, { level, resample: resample ?? false, signal });
      return tileOf(abundances, found, C);
    },
  });
}
