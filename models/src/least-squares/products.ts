// Products of rows and the inverse that solving takes, in float64 on flat row-major arrays. Legend: X [n, m] a matrix of n rows.

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
