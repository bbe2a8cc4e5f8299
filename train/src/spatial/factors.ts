// Combinations of abundances, from the noisiest to the smoothest: minimum/maximum autocorrelation factors.
// Source: Switzer & Green, "Min/max autocorrelation factors for multivariate spatial imagery", Stanford, 1984. Legend: C endmembers, q factors.
import { symmetricEigen } from '../linear-algebra.js';

export interface Factors {
  /** q: as many as there are independent differences between neighbours, C - 1 at most. */
  readonly count: number;
  /** From abundances to factors [C, q]; the variogram of next neighbours is 1 in each, 0 between two. */
  readonly toFactors: Float64Array;
  /** Back [q, C]. */
  readonly fromFactors: Float64Array;
}

/** Directions in which neighbours differ by less than this share of the most are rounding; abundances sum to 1, so one of C always is. */
const LEAST_SHARE = 1e-4;

/** The factors of the variograms of next neighbours and of pixels two apart [C, C], the noisiest first: that which grows least. */
export function autocorrelationFactors(next: Float64Array, twoApart: Float64Array, C: number): Factors {
  const { values, vectors } = symmetricEigen(next, C);
  const kept = [...values.keys()].filter((i) => values[0]! > 0 && values[i]! > LEAST_SHARE * values[0]!);
  const q = kept.length;
  if (q === 0) return { count: 0, toFactors: new Float64Array(), fromFactors: new Float64Array() };
  // W = V / sqrt(values) [C, q]: W^T next W = 1. Then the eigenvectors Q of W^T twoApart W, and T = W Q, T^-1 = Q^T sqrt(values) V^T.
  const whiten = (i: number, c: number) => vectors[kept[i]! * C + c]! / Math.sqrt(values[kept[i]!]!);
  const inner = new Float64Array(q * q);
  for (let i = 0; i < q; i++)
    for (let j = 0; j < q; j++)
      for (let a = 0; a < C; a++)
        for (let b = 0; b < C; b++) inner[i * q + j]! += whiten(i, a) * twoApart[a * C + b]! * whiten(j, b);
  const rotation = symmetricEigen(inner, q).vectors; // rows, the largest growth first
  const [toFactors, fromFactors] = [new Float64Array(C * q), new Float64Array(q * C)];
  for (let f = 0; f < q; f++)
    for (let i = 0; i < q; i++) {
      const turn = rotation[(q - 1 - f) * q + i]!;
      for (let c = 0; c < C; c++) {
        toFactors[c * q + f]! += turn * whiten(i, c);
        fromFactors[f * C + c]! += turn * whiten(i, c) * values[kept[i]!]!;
      }
    }
  return { count: q, toFactors, fromFactors };
}

/** t^T M t of factor f. */
export function alongFactor({ count: q, toFactors }: Factors, f: number, matrix: Float64Array): number {
  const C = toFactors.length / q;
  let sum = 0;
  for (let a = 0; a < C; a++)
    for (let b = 0; b < C; b++) sum += toFactors[a * q + f]! * matrix[a * C + b]! * toFactors[b * q + f]!;
  return sum;
}
