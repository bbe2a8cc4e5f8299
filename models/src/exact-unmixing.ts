// Constrained least squares as a network: every set of endmembers that may be present is tried at once. Legend: n pixels, B bands, C endmembers,
// d coordinates of the endmembers' space, S supports (sets of endmembers with abundances above 0). Pixels are the last axis inside: sums and least values over
// the axes before it go along rows, which runtimes do many times as fast.
import * as tf from '@tensorflow/tfjs-core';

/** What is fixed for given endmembers, row-major. Made by `exactUnmixing` of @egunet/train. */
export interface ExactUnmixing {
  readonly endmembers: number;
  readonly dimensions: number;
  readonly supports: number;
  /** Coordinates of a spectrum in the endmembers' space: `basis` [d, B] x spectrum, + `origin` [d] where there is one; then one of them is 1, always. */
  readonly basis: Float32Array;
  readonly origin?: Float32Array;
  /**
   * `conditions` [S * C, d] x coordinates: for every support, of its members the abundances, of all others the abundances that they would have if they were
   * added to it, negated. The support of the solution is the one on which none is negative: the Karush-Kuhn-Tucker conditions.
   */
  readonly conditions: Float32Array;
  /** Of every support what makes abundances of coordinates, 0 for who is not of it [C * d, S]. */
  readonly solutions: Float32Array;
}

/** Least abundance before all are divided by their sum: where none is explained, they are alike. */
const TINY = 1e-20;

/** Abundances [n, C] of spectra [n, B]: on the support whose least condition is the largest, divided by their sum. Where several have as large a one, their mean: they differ by endmembers that depend on each other, which are worth 0 to those without them. */
export function exactAbundances(spectra: tf.Tensor2D, exact: ExactUnmixing): tf.Tensor2D {
  const { endmembers: C, dimensions: d, supports: S, basis, origin } = exact;
  const product = tf.matMul(tf.tensor2d(basis, [d, basis.length / d]), spectra, false, true); // [d, n]
  const coordinates: tf.Tensor = origin ? tf.add(product, tf.tensor2d(origin, [d, 1])) : product;
  const apply = (matrix: Float32Array, to: tf.Tensor): tf.Tensor => {
    const width = to.shape[0]!;
    return tf.matMul(tf.tensor2d(matrix, [matrix.length / width, width]), to as tf.Tensor2D);
  };
  const least = tf.min(tf.reshape(apply(exact.conditions, coordinates), [S, C, -1]), 1); // [S, n]
  const best = tf.cast(tf.equal(least, tf.max(least, 0, true)), 'float32'); // [S, n]
  const solution = tf.reshape(apply(exact.solutions, best), [C, d, -1]);
  const solved = tf.sum(tf.mul(solution, tf.expandDims(coordinates, 0)), 1); // [C, n]
  const abundances = tf.maximum(solved, TINY);
  return tf.transpose(tf.div(abundances, tf.sum(abundances, 0, true))) as tf.Tensor2D;
}
