// How a window is cut for a spatial model: as it comes where its rows follow one another, else into what can be held.
import { haloOf, type ModelCard } from '@egunet/models/card';
import { planTiles, TILE_PIXELS, type Tile, type TileShape, tileShape } from '../tiles.js';
import type { WindowToUnmix } from '../window-abundances.js';
import { withHalo } from '../windows.js';
import { sideFor } from './pieces.js';
import { comesInRows } from './rolled-image.js';

/** Reflectances that are held at once: 256 MiB, where a block of the scene has so many; a large one is decoded from its beginning for each part. */
const MOST_VALUES = 2 ** 26;

/** The window with its halo where its rows follow one another and so many of them as a piece has can be held. */
export function rollingPart({ reader, window }: WindowToUnmix, card: ModelCard): Tile | undefined {
  const { rows, cols, block } = reader;
  const halo = haloOf(card);
  const outer = withHalo(window, halo, { row: 0, col: 0, rows, cols });
  const values = (sideFor(window.rows, halo) + 2 * halo) * outer.cols * card.bands.length;
  return comesInRows(window, block) && values <= MOST_VALUES ? { inner: window, outer } : undefined;
}

/** Parts of a window whose image, with its halo, can be held; blocks of the scene, and windows as small as tiles, as a whole where they fit. */
export function heldParts({ reader, window }: WindowToUnmix, card: ModelCard): Tile[] {
  const { rows, cols, block } = reader;
  const halo = haloOf(card);
  const seen = ({ rows, cols }: TileShape) => (rows + 2 * halo) * (cols + 2 * halo);
  const most = Math.floor(MOST_VALUES / card.bands.length);
  const small = window.rows * window.cols <= TILE_PIXELS ? seen(window) : TILE_PIXELS;
  const maxPixels = Math.min(most, Math.max(small, seen(block)));
  const tile = tileShape({ rows, cols, block, halo, maxPixels });
  return planTiles({ rows, cols, block, halo, tile, window });
}
