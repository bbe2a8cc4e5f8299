// A scene on a map of Web Mercator. Legend: S pixels a side of a tile; places on the map are [x, y] in m, of whose world the side is WORLD;
// places in the scene [col, row], pixel centres at halves.
import { isDegrees, projectionBetween, toGround, toPixels } from '@egunet/raster';
import { type Box, georeferenceOf, type Place, refuseScene } from './tile-pixels.js';
import type { RemoteScene } from './unmixer.js';

const WEB_MERCATOR = 3857;
const RADIUS = 6378137;
export const WORLD = 2 * Math.PI * RADIUS;

/** Places of a scene, a side, that its bounds are found by. */
const SAMPLES = 32;

/** A tile by its zoom, column and row, counted from the upper left corner of the world. */
export interface TileAddress {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

export interface SceneOnMap {
  /** What it covers, and a little more; beyond WORLD / 2 where it lies across the antimeridian. */
  readonly bounds: Extent;
  /** The side of its smallest pixel, m. */
  readonly pixel: number;
  /** The part of a tile that may show something of it, and where in the scene a place of the tile lies. */
  onTile(tile: TileAddress, S: number): { readonly box: Box; at(x: number, y: number): Place };
}

export interface Extent {
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly top: number;
}

type OnGround = (x: number, y: number) => Place;

/** From places on the map to the scene's, and back. */
async function projections(scene: RemoteScene): Promise<{ toScene: OnGround; toMap: OnGround }> {
  const { affine, epsg } = georeferenceOf(scene);
  if (epsg === undefined)
    return refuseScene(scene.name, 'it names no reference system by an EPSG code; add it with gdal_translate -a_srs');
  const inverse = await projectionBetween([WEB_MERCATOR, epsg], ['the map', scene.name]);
  const forward = await projectionBetween([epsg, WEB_MERCATOR], [scene.name, 'the map']);
  const [middle] = toGround(affine, { row: scene.rows / 2, col: scene.cols / 2 });
  /** Longitudes may count from 0 to 360, or on beyond the antimeridian. */
  const turned: OnGround = (x, y) => {
    const [lon, lat] = inverse ? inverse(x, y) : [x, y];
    return [lon + 360 * Math.round((middle - lon) / 360), lat];
  };
  return {
    toScene: toPixels({ affine }, isDegrees(epsg) ? turned : inverse),
    toMap(col, row) {
      const [x, y] = toGround(affine, { row, col });
      return forward ? forward(x, y) : [x, y];
    },
  };
}

/** Finds where a scene lies. Rejects with InferError where it says not where, with RasterError where its reference system cannot be converted. */
export async function placeOnMap(scene: RemoteScene): Promise<SceneOnMap> {
  const { toScene, toMap } = await projections(scene);
  let pixel = Infinity;
  const xs: number[] = [];
  const ys: number[] = [];
  for (let i = 0; i <= SAMPLES; i++)
    for (let j = 0; j <= SAMPLES; j++) {
      const [col, row] = [(scene.cols * i) / SAMPLES, (scene.rows * j) / SAMPLES];
      const [x, y] = toMap(col, row);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue; // a pole
      xs.push(x + WORLD * Math.round(((xs.at(-1) ?? x) - x) / WORLD)); // goes on where the one before lies
      ys.push(Math.min(WORLD / 2, Math.max(-WORLD / 2, y)));
      for (const [right, below] of [toMap(col + 1, row), toMap(col, row + 1)]) {
        const side = Math.hypot(right - x, below - y);
        if (side < pixel) pixel = side;
      }
    }
  if (xs.length === 0) refuseScene(scene.name, 'no part of it has a place in Web Mercator; correct its georeference');
  const bounds = widened(boundsOf(xs, ys));
  const middle = (bounds.left + bounds.right) / 2;
  return {
    bounds,
    pixel,
    onTile({ z, x: column, y: row }, S) {
      const side = WORLD / 2 ** z;
      const left = -WORLD / 2 + column * side;
      const x = left + WORLD * Math.round((middle - left - side / 2) / WORLD);
      const y = WORLD / 2 - row * side;
      const inTile = (metres: number) => Math.min(S, Math.max(0, (metres * S) / side));
      return {
        box: {
          left: Math.floor(inTile(bounds.left - x)),
          right: Math.ceil(inTile(bounds.right - x)),
          top: Math.floor(inTile(y - bounds.top)),
          bottom: Math.ceil(inTile(y - bounds.bottom)),
        },
        at: (i, j) => toScene(x + (i * side) / S, y - (j * side) / S),
      };
    },
  };
}

const boundsOf = (xs: readonly number[], ys: readonly number[]): Extent => ({
  left: Math.min(...xs),
  bottom: Math.min(...ys),
  right: Math.max(...xs),
  top: Math.max(...ys),
});

/** Edges bulge between places that were looked at; around a pole they are far apart. */
function widened({ left, bottom, right, top }: Extent): Extent {
  const [width, height] = [right - left, top - bottom];
  const middle = (left + right) / 2;
  const HALF = WORLD / 2;
  if (width > HALF) return { left: middle - HALF, bottom: -HALF, right: middle + HALF, top: HALF };
  return {
    left: left - width / SAMPLES,
    bottom: Math.max(-HALF, bottom - height / SAMPLES),
    right: right + width / SAMPLES,
    top: Math.min(HALF, top + height / SAMPLES),
  };
}

const degrees = (radians: number): number => (radians * 180) / Math.PI;

/** West, south, east, north in degrees: all of the way around for what lies across the antimeridian. */
export function inDegrees({ left, bottom, right, top }: Extent): [number, number, number, number] {
  const across = left < -WORLD / 2 || right > WORLD / 2;
  const [west, east] = across ? [-180, 180] : [left, right].map((x) => degrees(x / RADIUS));
  const [south, north] = [bottom, top].map((y) => degrees(Math.atan(Math.sinh(y / RADIUS))));
  return [west!, south!, east!, north!];
}
