// A window as a spatial model sees it, some rows at a time, while it is read: of a large block no more is held than pieces need.
// Legend: h halo in pixels, B model bands, N pixels of what is held.
import type { Window } from '../contract.js';
import type { Tile } from '../tiles.js';
import { around, sharedWindow } from '../windows.js';
import { copyShared, type ImageSource, packsOf, putSpectrum, readImage, type SceneImage } from './scene-image.js';

/** Rows of a window, and what is seen of the scene with them. */
export interface ImageRows {
  readonly inner: Window;
  /** The rows and their halo, as far as the scene goes; overwritten by the next. */
  readonly image: SceneImage;
}

/** Memory for what is held at a time: spectra [N, B] and what is valid [N]. Its values do not matter but are finite. */
export type HeldImage = Pick<SceneImage, 'spectra' | 'valid'>;

/** Pixels that are held of a tile at most. */
export const heldPixels = ({ outer }: Tile, { rows, halo }: { rows: number; halo: number }): number =>
  Math.min(rows + 2 * halo, outer.rows) * outer.cols;

/** Whether the rows of a window come one after another: where no other block lies beside that of its first column. */
export const comesInRows = ({ col, cols }: Window, { cols: blockCols }: { cols: number }): boolean =>
  Math.floor(col / blockCols) === Math.floor((col + cols - 1) / blockCols);

/** What is held for some rows of a window; memory behind it is not touched. */
function imageOf({ spectra, valid }: HeldImage, window: Window, B: number): SceneImage {
  const N = window.rows * window.cols;
  return { window, spectra: spectra.subarray(0, N * B), valid: valid.subarray(0, N) };
}

/** Moves on to the next rows: those that both share are moved to the front, what was read around the window is put where it lies. */
function rollTo(
  before: SceneImage | undefined,
  image: SceneImage,
  { edges, B }: { edges: readonly SceneImage[]; B: number },
) {
  const { window, spectra, valid } = image;
  const kept = before ? Math.max(0, before.window.row + before.window.rows - window.row) * window.cols : 0;
  if (before && kept > 0) {
    const from = (window.row - before.window.row) * window.cols;
    spectra.set(before.spectra.subarray(from * B, (from + kept) * B));
    valid.set(before.valid.subarray(from, from + kept));
  }
  valid.fill(0, kept);
  for (const edge of edges) copyShared(edge, image, B);
}

/**
 * The rows of a tile, `rows` at a time, from the first on, in memory for `heldPixels`. What lies around the tile is read before. Throws what the
 * reader throws, and RangeError where the reader does not give the rows one after another.
 */
export async function* rolledImages(
  { inner, outer }: Tile,
  { rows, held }: { rows: number; held: HeldImage },
  source: ImageSource,
): AsyncGenerator<ImageRows> {
  const { bands: B, halo } = source;
  const edges: SceneImage[] = [];
  for (const part of around(outer, inner))
    edges.push(await readImage(part, new Float32Array(part.rows * part.cols * B), source));
  const end = inner.row + inner.rows;
  let [image, own]: [SceneImage | undefined, Window] = [undefined, { ...inner, rows: 0 }];
  /** Goes on to the next rows. */
  const next = (): SceneImage => {
    own = { ...inner, row: own.row + own.rows, rows: Math.min(rows, end - own.row - own.rows) };
    const window = sharedWindow({ ...outer, row: own.row - halo, rows: own.rows + 2 * halo }, outer)!;
    const rolled = imageOf(held, window, B);
    rollTo(image, rolled, { edges, B });
    return rolled;
  };
  image = next();
  const isBehind = (row: number, { window }: SceneImage) => row >= window.row + window.rows;
  for await (const pack of packsOf(inner, source))
    for (let slot = 0; slot < pack.count; slot++) {
      const row = inner.row + Math.floor(pack.pixels[slot]! / inner.cols);
      while (isBehind(row, image)) {
        yield { inner: own, image };
        image = next();
      }
      if (row < image.window.row) throw new RangeError(`row ${row} comes after row ${image.window.row}`);
      putSpectrum(image, { pack, slot, row, col: inner.col + (pack.pixels[slot]! % inner.cols) }, source);
    }
  for (;;) {
    yield { inner: own, image };
    if (own.row + own.rows === end) return;
    image = next();
  }
}
