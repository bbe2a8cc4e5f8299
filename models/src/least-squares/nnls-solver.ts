// Non-negative least squares from products alone. Legend: C unknowns (endmembers); G [C, C] their products, h [C] those with a pixel.
import { byActiveSet, bySupports, RIDGE, TOLERANCE } from './unit-solvers.js';

/** Up to this many endmembers all 2^C supports are tried, which is exact; above, the active-set method. */
const MOST_ENUMERATED = 8;

/** Solves one pixel: reads h [C] at `at`, writes x [C] there. */
export type NnlsSolver = (h: Float64Array, x: Float64Array, at: number) => void;

/** The solver of NNLS for endmembers with the products `gram` [C, C]. It works on unit-length endmembers, in float64; a pixel whose products are not finite gets NaN. */
export function createNnlsSolver(gram: Float64Array, count: number): NnlsSolver {
  // Unit-length endmembers: dark ones count like bright ones in the ridge and the tolerances.
  const scale = Float64Array.from({ length: count }, (_, c) => 1 / Math.sqrt(gram[c * count + c]! || 1));
  const unit = Float64Array.from(gram, (g, k) => g * scale[Math.floor(k / count)]! * scale[k % count]!);
  for (let c = 0; c < count; c++) unit[c * count + c]! += gram[c * count + c] === 0 ? 1 : RIDGE;
  const h = new Float64Array(count);
  const x = new Float64Array(count);
  const solve = count <= MOST_ENUMERATED ? bySupports(unit, count) : byActiveSet(unit, count);
  return (products, solution, at) => {
    let largest = 0;
    for (let c = 0; c < count; c++) {
      h[c] = products[at + c]! * scale[c]!;
      largest = Math.max(largest, Math.abs(h[c]!));
    }
    if (!Number.isFinite(largest)) x.fill(Number.NaN);
    else solve(h, x, TOLERANCE * largest);
    for (let c = 0; c < count; c++) solution[at + c] = x[c]! * scale[c]!;
  };
}
