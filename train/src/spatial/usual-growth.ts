// How a factor's usual differences grow with distance: by their median, which single pixels of another kind do not move.
// Legend: C endmembers, q factors.
import type { Factors } from './factors.js';
import type { Growth } from './nugget.js';
import type { AbundancePatch } from './variograms.js';

/** The median of |x| of a normal x of variance 1. */
const NORMAL_MEDIAN = 0.6744897501960817;

/** Pairs of pixels of each direction and distance that are looked at, about. */
const MOST_PAIRS = 100_000;

/** Values of factor f in a patch, NaN where there is no data. */
function valuesOf({ abundances }: AbundancePatch, { count: q, toFactors }: Factors, f: number): Float64Array {
  const C = toFactors.length / q;
  return Float64Array.from({ length: abundances.length / C }, (_, n) => {
    let value = 0;
    for (let c = 0; c < C; c++) value += abundances[n * C + c]! * toFactors[c * q + f]!;
    return value;
  });
}

/** The median of the finite ones; NaN where there is none. */
function median(values: number[]): number {
  const sorted = Float64Array.from(values.filter(Number.isFinite)).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * What the variogram of factor f would be 1, 2 and 4 pixels along rows and columns if all its differences were normal with the median that they have.
 * That of noise it is, that of a few roofs or a road it is not.
 */
export function usualGrowth(patches: readonly AbundancePatch[], factors: Factors, f: number): Growth {
  const values = patches.map((patch) => valuesOf(patch, factors, f));
  const pixels = patches.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const stride = Math.ceil(pixels / MOST_PAIRS);
  const at = (h: number) => {
    const steps: number[] = [];
    for (const [p, { rows, cols }] of patches.entries())
      for (let n = 0; n < rows * cols; n += stride) {
        const value = values[p]![n]!;
        if ((n % cols) + h < cols) steps.push(Math.abs(values[p]![n + h]! - value));
        if (n + h * cols < rows * cols) steps.push(Math.abs(values[p]![n + h * cols]! - value));
      }
    return (median(steps) / NORMAL_MEDIAN) ** 2 / 2;
  };
  return [at(1), at(2), at(4)];
}
