// How abundances differ with distance. Legend: C endmembers, n pixels of a patch, h a distance (rows, columns).

/** Abundances on a part of the pixel grid. */
export interface AbundancePatch {
  readonly rows: number;
  readonly cols: number;
  /** [n, C]; NaN where a pixel has no data. */
  readonly abundances: Float32Array;
}

/** What pairs of pixels at one distance differ by, in whatever direction it lies. */
export interface Variogram {
  /** Half the mean of d d^T over the pairs, d the difference of their abundances [C, C]. */
  readonly matrix: Float64Array;
  readonly pairs: number;
}

/** Names the distance of two pixels that lie so many rows and columns apart, whatever the direction. */
export const distanceKey = (rows: number, cols: number): string => {
  const [a, b] = [Math.abs(rows), Math.abs(cols)];
  return `${Math.max(a, b)},${Math.min(a, b)}`;
};

interface Sum {
  readonly matrix: Float64Array;
  pairs: number;
}

/** Adds d d^T of all pairs of a patch that lie `rows` down and `cols` to the right of each other. */
function addPairs(sum: Sum, { patch, C }: { patch: AbundancePatch; C: number }, [rows, cols]: [number, number]): void {
  const { abundances } = patch;
  const step = (rows * patch.cols + cols) * C;
  const difference = new Float64Array(C);
  for (let row = 0; row < patch.rows - rows; row++)
    for (let col = Math.max(0, -cols); col < patch.cols - Math.max(0, cols); col++) {
      const at = (row * patch.cols + col) * C;
      for (let c = 0; c < C; c++) difference[c] = abundances[at + step + c]! - abundances[at + c]!;
      if (Number.isNaN(difference[0])) continue;
      for (let i = 0; i < C; i++)
        for (let j = 0; j <= i; j++) sum.matrix[i * C + j]! += difference[i]! * difference[j]!;
      sum.pairs++;
    }
}

/** Half the mean, both triangles. */
function finished({ matrix, pairs }: Sum, C: number): Variogram {
  for (let i = 0; i < C; i++)
    for (let j = 0; j <= i; j++) {
      matrix[i * C + j]! /= 2 * pairs;
      matrix[j * C + i] = matrix[i * C + j]!;
    }
  return { matrix, pairs };
}

/** The variogram of every distance up to `reach` rows and columns that some pair of pixels with data has, by `distanceKey`. */
export function variograms(
  patches: readonly AbundancePatch[],
  { endmembers: C, reach }: { endmembers: number; reach: number },
): Map<string, Variogram> {
  const sums = new Map<string, Sum>();
  for (let rows = 0; rows <= reach; rows++)
    for (let cols = rows === 0 ? 1 : -reach; cols <= reach; cols++) {
      const key = distanceKey(rows, cols);
      const sum = sums.get(key) ?? { matrix: new Float64Array(C * C), pairs: 0 };
      sums.set(key, sum);
      for (const patch of patches) addPairs(sum, { patch, C }, [rows, cols]);
    }
  return new Map([...sums].filter(([, { pairs }]) => pairs > 0).map(([key, sum]) => [key, finished(sum, C)]));
}
