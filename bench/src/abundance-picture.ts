// Abundance maps side by side as a PNG. Legend: N pixels, row by row; C materials.
import { encode } from 'fast-png';

/** Pixels between maps, white. */
const GAP = 4;
/** A map is enlarged, or reduced, to about so many pixels in width. */
const WIDTH = 200;

interface GreyMap {
  readonly rows: number;
  readonly cols: number;
  /** [N] */
  readonly values: Float32Array;
}

/** The mean of each `side` x `side` pixels; of fewer at the edges. */
function reduced({ rows, cols, values }: GreyMap, side: number): GreyMap {
  const [high, wide] = [Math.ceil(rows / side), Math.ceil(cols / side)];
  const means = Float32Array.from({ length: high * wide }, (_, i) => {
    const [top, left] = [Math.floor(i / wide) * side, (i % wide) * side];
    const [bottom, right] = [Math.min(rows, top + side), Math.min(cols, left + side)];
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += values[y * cols + x]!;
    return sum / ((bottom - top) * (right - left));
  });
  return { rows: high, cols: wide, values: means };
}

/** Each pixel as `side` x `side`. */
const enlarged = ({ rows, cols, values }: GreyMap, side: number): GreyMap => ({
  rows: rows * side,
  cols: cols * side,
  values: Float32Array.from({ length: values.length * side * side }, (_, i) => {
    const [y, x] = [Math.floor(i / (cols * side)), i % (cols * side)];
    return values[Math.floor(y / side) * cols + Math.floor(x / side)]!;
  }),
});

const fitted = (map: GreyMap): GreyMap =>
  map.cols > WIDTH ? reduced(map, Math.round(map.cols / WIDTH)) : enlarged(map, Math.round(WIDTH / map.cols));

/**
 * A picture in greys (black 0, white 1): a column for each material, a row for each of `maps` [N, C], all in the same order of materials.
 * Pixels are repeated, not blended, where a map is enlarged; where it is reduced they are averaged.
 */
export function abundancePicture(
  { rows, cols }: { readonly rows: number; readonly cols: number },
  maps: readonly Float32Array[],
): Uint8Array {
  const N = rows * cols;
  const C = maps[0]!.length / N;
  const greys = maps.map((map) =>
    Array.from({ length: C }, (_, c) =>
      fitted({ rows, cols, values: Float32Array.from({ length: N }, (_, i) => map[i * C + c]!) }),
    ),
  );
  const { rows: high, cols: wide } = greys[0]![0]!;
  const width = C * (wide + GAP) - GAP;
  const height = maps.length * (high + GAP) - GAP;
  const data = new Uint8Array(width * height).fill(255);
  for (const [m, row] of greys.entries())
    for (const [c, { values }] of row.entries())
      for (const [i, value] of values.entries()) {
        const at = (m * (high + GAP) + Math.floor(i / wide)) * width + c * (wide + GAP) + (i % wide);
        data[at] = Math.round(255 * Math.min(1, Math.max(0, value)));
      }
  return encode({ width, height, data, channels: 1 });
}
