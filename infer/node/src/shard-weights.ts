// How much of a map's tiles there is to unmix, so that shards are alike: about, for the same in each process, and soon. Legend: T tiles of the map.
import { mapTiles, sharedWindow, type Window } from '@egunet/infer';
import type { Scene } from '@egunet/raster';
import type { PixelChoice } from './choose-pixels.js';

/** Lines of a tile that are looked at for data. */
const LINES = 3;
/** Where a block has more pixels, a line of a tile costs too much. */
const MOST_BLOCK_PIXELS = 2 ** 15;

/** The share of a part's pixels that have data in a band, by three of its lines; 1 where the scene's blocks are large. */
export async function dataShareOf(scene: Scene, part: Window, band: number): Promise<number> {
  if (scene.block.rows * scene.block.cols > MOST_BLOCK_PIXELS) return 1;
  let valid = 0;
  for (let line = 0; line < LINES; line++) {
    const row = part.row + Math.floor(((line + 0.5) / LINES) * part.rows);
    const found = await scene.readSpectra({ ...part, row, rows: 1 }, [band]).catch((error: unknown) => {
      if ((error as { damaged?: unknown }).damaged) return undefined; // who unmixes it says so, or goes on without
      throw error;
    });
    valid += found ? found.valid.reduce((sum, one) => sum + one, 0) : part.cols;
  }
  return valid / (LINES * part.cols);
}

/** The share of a part's pixels that scenes cover. */
export function coveredShare(scenes: readonly { readonly place: Window }[], part: Window): number {
  const places = scenes.flatMap(({ place }) => sharedWindow(place, part) ?? []);
  const covered = new Uint8Array(part.rows * part.cols);
  for (const { row, col, rows, cols } of places)
    for (let r = row - part.row; r < row - part.row + rows; r++)
      covered.fill(1, r * part.cols + col - part.col, r * part.cols + col - part.col + cols);
  return covered.reduce((sum, one) => sum + one, 0) / covered.length;
}

/** Whole numbers of pixels of a map's tiles that are to be unmixed and have data, about [T]. */
export async function tileWeights(
  chosen: PixelChoice,
  dataShare: (part: Window) => Promise<number>,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const weights: number[] = [];
  for (const tile of mapTiles(chosen.window)) {
    signal?.throwIfAborted();
    const [outside, masked] = [chosen.outside(tile), await chosen.masked(tile)];
    let left = 0;
    for (let i = 0; i < tile.rows * tile.cols; i++) if (outside?.[i] !== 1 && masked?.[i] !== 1) left++;
    weights.push(left === 0 ? 0 : Math.ceil(left * (await dataShare(tile))));
  }
  // Where nothing seems to have data, for lines that were looked at lack it, tiles count alike.
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}
