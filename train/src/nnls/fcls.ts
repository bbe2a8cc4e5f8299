// Fully constrained least squares (Heinz & Chang 2001, IEEE TGRS 39(3)): abundances that are not negative and sum to one. Legend: C endmembers, B bands,
// N pixels; G = M M^T [C, C]; h = M y [C]; D = products of y - m_c with each other [C, C].
import { dotRows, rowGram } from '../linear-algebra.js';
import { nnlsFromProducts } from './nnls.js';

/**
 * Abundances [N, C] of `pixels` [N, B] in `endmembers` [C, B] by FCLS. Brightness that differs from the endmembers' is taken for other materials.
 *
 * With a sum of one the residual is x^T D x. The x >= 0 that minimises x^T D x + w (sum x - 1)^2, for any w > 0, points the same way: along x
 * = s z, the least over s grows with z^T D z alone. That is NNLS with G = D + w and h = w, divided by its sum.
 */
export function fclsAbundances(endmembers: Float32Array, pixels: Float32Array, bands: number): Float32Array {
  const count = endmembers.length / bands;
  const gram = rowGram(endmembers, count);
  const abundances = new Float32Array((pixels.length / bands) * count);
  const h = new Float64Array(count);
  for (let n = 0; n < pixels.length / bands; n++) {
    for (let c = 0; c < count; c++) h[c] = dotRows(endmembers, pixels, { a: c * bands, b: n * bands, length: bands });
    const power = dotRows(pixels, pixels, { a: n * bands, b: n * bands, length: bands });
    const distances = gram.map((g, k) => g - h[Math.floor(k / count)]! - h[k % count]! + power); // D
    const weight = Math.max(...distances) || 1; // all of them the pixel itself
    const x = nnlsFromProducts(
      distances.map((d) => d + weight),
      new Float64Array(count).fill(weight),
      count,
    );
    const sum = x.reduce((total, value) => total + value, 0);
    for (let c = 0; c < count; c++) abundances[n * count + c] = x[c]! / sum;
  }
  return abundances;
}
