// What each neighbour weighs in a factor without its noise: ordinary kriging that filters the nugget out.
// Source: G. Matheron, "Pour une analyse krigeante des donnees regionalisees", 1982; Chiles & Delfiner 2012, section 3.5.
import { Matrix, solve } from 'ml-matrix';

/** Rows and columns to the places of a window of `radius`, row by row. */
export function windowPlaces(radius: number): (readonly [number, number])[] {
  const side = 2 * radius + 1;
  return Array.from({ length: side * side }, (_, i) => [Math.floor(i / side) - radius, (i % side) - radius] as const);
}

/**
 * The weights of the places, which sum to 1, of the best linear estimate of a factor's signal in the middle. `variogram` gives g(h) of two places
 * that differ by so many rows and columns, `nugget` the noise in it. Undefined where the system has no solution.
 */
export function krigingWeights(
  radius: number,
  { variogram, nugget }: { variogram: (rows: number, cols: number) => number; nugget: number },
): Float64Array | undefined {
  const places = windowPlaces(radius);
  const n = places.length;
  const middle = (n - 1) / 2;
  // Covariance is a constant less the variogram, and the constant cancels as the weights sum to 1. Of the signal alone it is the same, less the
  // nugget in the middle: -(g(0) + nugget).
  const system = Matrix.zeros(n + 1, n + 1);
  const right = Matrix.zeros(n + 1, 1);
  places.forEach(([row, col], i) => {
    places.forEach(([otherRow, otherCol], j) => {
      if (i !== j) system.set(i, j, -variogram(row - otherRow, col - otherCol));
    });
    system.set(i, n, 1);
    system.set(n, i, 1);
    right.set(i, 0, -(i === middle ? nugget : variogram(row, col)));
  });
  right.set(n, 0, 1);
  try {
    const weights = Float64Array.from(solve(system, right).getColumn(0).slice(0, n));
    return weights.every(Number.isFinite) ? weights : undefined;
  } catch {
    return undefined; // singular
  }
}
