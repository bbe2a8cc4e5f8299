// Where a scene is shown. Coordinates are of its reference system; of a scene without one, or not north up, they are columns and minus rows.
import type { RemoteScene } from '@egunet/infer-web';
import { type Georeference, isNorthUp, type Window } from '@egunet/raster';

type Affine = Georeference['affine'];

/** Of an image that lies nowhere: pixel (row, col) spans x from col to col + 1, y from -row down to -row - 1. */
const PIXELS: Affine = [1, 0, 0, 0, -1, 0];

export interface Shown {
  readonly scene: RemoteScene;
  readonly affine: Affine;
  /** Of the reference system, where the scene says it. */
  readonly epsg?: number;
  /** Why the map's coordinates are pixels. */
  readonly inPixels?: string;
}

/** A scene as the map shows it: with a place, north up. */
export function showable(scene: RemoteScene): Shown {
  const { georeference } = scene;
  if (georeference && isNorthUp(georeference.affine))
    return {
      scene,
      affine: georeference.affine,
      ...(georeference.epsg !== undefined && { epsg: georeference.epsg }),
    };
  return {
    scene: { ...scene, georeference: { affine: PIXELS } },
    affine: PIXELS,
    inPixels: georeference
      ? 'The image is not north up: it is shown as it is stored. To see it on a map, warp it with gdalwarp.'
      : 'The scene says not where it lies: coordinates are columns and rows.',
  };
}

/** The pixel at a coordinate, or undefined outside the scene. */
export function pixelAt(
  { scene, affine: [a, , c, , e, f] }: Shown,
  [x, y]: readonly number[],
): { readonly row: number; readonly col: number } | undefined {
  const [row, col] = [Math.floor((y! - f) / e), Math.floor((x! - c) / a)];
  return row >= 0 && row < scene.rows && col >= 0 && col < scene.cols ? { row, col } : undefined;
}

/** The middle of a pixel. */
export const middleOf = (
  { affine: [a, , c, , e, f] }: Shown,
  { row, col }: { readonly row: number; readonly col: number },
): [x: number, y: number] => [c + (col + 0.5) * a, f + (row + 0.5) * e];

type Edges = readonly number[];

/** Pixels between the edges [left, bottom, right, top] of an extent, whose columns and rows are rounded to the first and to behind the last. */
function windowIn(
  { scene, affine: [a, , c, , e, f] }: Shown,
  [left, bottom, right, top]: Edges,
  [first, end]: readonly [(at: number) => number, (at: number) => number],
): Window | undefined {
  const [row, col] = [Math.max(0, first((top! - f) / e)), Math.max(0, first((left! - c) / a))];
  const rows = Math.min(scene.rows, end((bottom! - f) / e)) - row;
  const cols = Math.min(scene.cols, end((right! - c) / a)) - col;
  return rows > 0 && cols > 0 ? { row, col, rows, cols } : undefined;
}

/** The pixels of which something lies between the edges of an extent; undefined where there are none. */
export const pixelsIn = (shown: Shown, extent: Edges): Window | undefined =>
  windowIn(shown, extent, [Math.floor, Math.ceil]);

const toMiddle = (at: number): number => Math.ceil(at - 0.5);

/** The pixels whose middles lie there. */
export const middlesIn = (shown: Shown, extent: Edges): Window | undefined =>
  windowIn(shown, extent, [toMiddle, toMiddle]);

/** The edges of pixels. */
export const edgesOf = ({ affine: [a, , c, , e, f] }: Shown, { row, col, rows, cols }: Window): number[] => [
  c + col * a,
  f + (row + rows) * e,
  c + (col + cols) * a,
  f + row * e,
];
