// Where a scene is shown. Coordinates are of its reference system; of a scene without one, or not north up, they are columns and minus rows.
import type { RemoteScene } from '@egunet/infer-web';
import { type Georeference, isNorthUp, toGround, type Window } from '@egunet/raster';
import type { Extent } from 'ol/extent.js';

type Affine = Georeference['affine'];

/** Of an image that lies nowhere: pixel (row, col) spans x from col to col + 1, y from -row down to -row - 1. */
const PIXELS: Affine = [1, 0, 0, 0, -1, 0];

export interface Shown {
  readonly scene: RemoteScene;
  readonly affine: Affine;
  /** Why the map's coordinates are pixels. */
  readonly inPixels?: string;
  /** Where the scene itself lies, north up or not; absent where it does not say. */
  readonly ground?: Georeference;
}

/** A scene as the map shows it: with a place, north up. */
export function showable(scene: RemoteScene): Shown {
  const { georeference } = scene;
  if (georeference && isNorthUp(georeference.affine))
    return {
      scene,
      affine: georeference.affine,
      ground: georeference,
    };
  return {
    scene: { ...scene, georeference: { affine: PIXELS } },
    affine: PIXELS,
    ...(georeference && { ground: georeference }),
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
  affine: Affine,
  { row, col }: { readonly row: number; readonly col: number },
): [x: number, y: number] => toGround(affine, { row: row + 0.5, col: col + 0.5 });

/** The pixels whose centres lie in a box, or undefined where there are none; and the edges of those. */
export function pixelsIn(
  { scene, affine: [a, , c, , e, f] }: Shown,
  [xmin, ymin, xmax, ymax]: Extent,
): { window: Window; extent: Extent } | undefined {
  const range = (from: number, to: number, most: number) => {
    const [first, end] = [Math.max(0, Math.ceil(from - 0.5)), Math.min(most, Math.ceil(to - 0.5))];
    return [first, end - first] as const;
  };
  const [col, cols] = range((xmin! - c) / a, (xmax! - c) / a, scene.cols);
  const [row, rows] = range((ymax! - f) / e, (ymin! - f) / e, scene.rows);
  if (rows < 1 || cols < 1) return undefined;
  return {
    window: { row, col, rows, cols },
    extent: [c + col * a, f + (row + rows) * e, c + (col + cols) * a, f + row * e],
  };
}
