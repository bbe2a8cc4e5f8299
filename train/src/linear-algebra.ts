// Small dense linear algebra in float64 on flat row-major arrays. Legend: X [n, m] a matrix of n rows, G [n, n] a Gram matrix.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

export { dotRows, invertPositive, rowGram } from '@egunet/models/least-squares';

/** Eigenpairs of a symmetric matrix. */
export interface Eigen {
  /** [n], largest first. */
  readonly values: Float64Array;
  /** [n, n], one unit eigenvector a row; the component of largest magnitude is positive, so that the sign is no accident. */
  readonly vectors: Float64Array;
}

/** Sum over the rows of x of row^T row, X^T X [cols, cols]; four rows a pass, since the sums' traffic is the cost. */
export function columnGram(x: Float32Array | Float64Array, cols: number): Float64Array {
  const rows = x.length / cols;
  const gram = new Float64Array(cols * cols);
  const whole = rows - (rows % 4);
  for (let r = 0; r < whole; r += 4) addFourRows(x, r * cols, { cols, gram });
  for (let r = whole; r < rows; r++)
    for (let i = 0; i < cols; i++) {
      const value = x[r * cols + i]!;
      for (let j = i; j < cols; j++) gram[i * cols + j]! += value * x[r * cols + j]!;
    }
  for (let i = 0; i < cols; i++) for (let j = 0; j < i; j++) gram[i * cols + j] = gram[j * cols + i]!;
  return gram;
}

function addFourRows(x: Float32Array | Float64Array, a: number, sums: { cols: number; gram: Float64Array }): void {
  const { cols, gram } = sums;
  const [b, c, d] = [a + cols, a + 2 * cols, a + 3 * cols];
  for (let i = 0; i < cols; i++) {
    const [p, q, r, s] = [x[a + i]!, x[b + i]!, x[c + i]!, x[d + i]!];
    const row = i * cols;
    for (let j = i; j < cols; j++) gram[row + j]! += p * x[a + j]! + q * x[b + j]! + r * x[c + j]! + s * x[d + j]!;
  }
}

/** Eigenpairs of the symmetric matrix a [n, n]. */
export function symmetricEigen(a: Float64Array, n: number): Eigen {
  const decomposition = new EigenvalueDecomposition(new Matrix(toRows(a, n)), { assumeSymmetric: true });
  const columns = decomposition.eigenvectorMatrix;
  const unsorted = decomposition.realEigenvalues;
  const order = unsorted.map((_, i) => i).sort((i, j) => unsorted[j]! - unsorted[i]! || i - j);
  const vectors = new Float64Array(n * n);
  order.forEach((column, row) => {
    let peak = 0;
    for (let k = 0; k < n; k++) {
      const value = columns.get(k, column);
      vectors[row * n + k] = value;
      if (Math.abs(value) > Math.abs(peak)) peak = value;
    }
    if (peak < 0) for (let k = 0; k < n; k++) vectors[row * n + k]! *= -1;
  });
  return { values: Float64Array.from(order, (i) => unsorted[i]!), vectors };
}

function toRows(a: Float64Array, n: number): Float64Array[] {
  return Array.from({ length: n }, (_, i) => a.subarray(i * n, (i + 1) * n));
}

/** Eigenvalues above this fraction of the largest count as directions of the data: float32's resolution, squared. */
const RANK_TOLERANCE = 1e-12;

/** How many of `values` (largest first, of a Gram matrix) stand above rounding. */
export function rankOf(values: Float64Array): number {
  const floor = values[0]! * RANK_TOLERANCE;
  return values[0]! > 0 ? values.filter((value) => value > floor).length : 0;
}

/** The rows of x [rows, cols], or `most` evenly spaced ones of them. */
export function evenlySpacedRows(x: Float32Array, cols: number, most: number): Float32Array {
  const rows = x.length / cols;
  if (rows <= most) return x;
  const kept = new Float32Array(most * cols);
  for (let i = 0; i < most; i++) {
    const from = Math.floor((i * rows) / most) * cols;
    kept.set(x.subarray(from, from + cols), i * cols);
  }
  return kept;
}

/** One array after the other. */
export function joinArrays(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
