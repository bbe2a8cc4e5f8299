// Small dense linear algebra in float64 on flat row-major arrays. Legend: X [n, m] a matrix of n rows, G [n, n] a Gram matrix.
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Eigenpairs of a symmetric matrix. */
export interface Eigen {
  /** [n], largest first. */
  readonly values: Float64Array;
  /** [n, n], one unit eigenvector a row; the component of largest magnitude is positive, so that the sign is no accident. */
  readonly vectors: Float64Array;
}

/** Products of all pairs of rows, X X^T [rows, rows]. */
export function rowGram(x: Float32Array | Float64Array, rows: number): Float64Array {
  const cols = x.length / rows;
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j <= i; j++) {
      const dot = dotRows(x, x, { a: i * cols, b: j * cols, length: cols });
      gram[i * rows + j] = dot;
      gram[j * rows + i] = dot;
    }
  return gram;
}

/** Sum of x[a + k] * y[b + k] over k < length. */
export function dotRows(
  x: Float32Array | Float64Array,
  y: Float32Array | Float64Array,
  at: { a: number; b: number; length: number },
): number {
  const { a, b, length } = at;
  let sum = 0;
  for (let k = 0; k < length; k++) sum += x[a + k]! * y[b + k]!;
  return sum;
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

/**
 * Inverse of the symmetric positive definite matrix a [n, n] by Gauss-Jordan without pivoting (stable for such matrices);
 * undefined where a pivot is not positive.
 */
export function invertPositive(a: Float64Array, n: number): Float64Array | undefined {
  const inverse = Float64Array.from(a);
  for (let k = 0; k < n; k++) {
    const pivot = inverse[k * n + k]!;
    if (!(pivot > 0)) return undefined;
    for (let j = 0; j < n; j++) if (j !== k) inverse[k * n + j]! /= pivot;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = inverse[i * n + k]!;
      for (let j = 0; j < n; j++) if (j !== k) inverse[i * n + j]! -= factor * inverse[k * n + j]!;
      inverse[i * n + k] = -factor / pivot;
    }
    inverse[k * n + k] = 1 / pivot;
  }
  return inverse;
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
