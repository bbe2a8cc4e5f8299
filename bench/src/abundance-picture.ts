// Abundance maps side by side as a PNG. Legend: N pixels, row by row; C materials.
import { encode } from 'fast-png';

/** Pixels between maps, white. */
const GAP = 4;
/** A map is enlarged to about so many pixels in width. */
const WIDTH = 200;

/**
 * A picture in greys (black 0, white 1): a column for each material, a row for each of `maps` [N, C], all in the same order of materials.
 * Pixels are repeated, not blended, where a map is enlarged; large maps stay as they are.
 */
export function abundancePicture(
  { rows, cols }: { readonly rows: number; readonly cols: number },
  maps: readonly Float32Array[],
): Uint8Array {
  const count = maps[0]!.length / (rows * cols);
  const scale = Math.max(1, Math.round(WIDTH / cols));
  const [high, wide] = [rows * scale, cols * scale];
  const width = count * (wide + GAP) - GAP;
  const height = maps.length * (high + GAP) - GAP;
  const data = new Uint8Array(width * height).fill(255);
  for (const [m, map] of maps.entries())
    for (let c = 0; c < count; c++)
      for (let y = 0; y < high; y++)
        for (let x = 0; x < wide; x++) {
          const pixel = Math.floor(y / scale) * cols + Math.floor(x / scale);
          const grey = Math.round(255 * Math.min(1, Math.max(0, map[pixel * count + c]!)));
          data[(m * (high + GAP) + y) * width + c * (wide + GAP) + x] = grey;
        }
  return encode({ width, height, data, channels: 1 });
}
