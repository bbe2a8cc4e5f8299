// Constrained least squares as a network: every set of endmembers that may be present is tried at once. Legend: n pixels, B bands, C endmembers,
// d dimensions of the endmembers' space, S supports (sets of endmembers with abundances above 0).
import * as tf from '@tensorflow/tfjs-core';

/** What is fixed for given endmembers, row-major. Made by `exactUnmixing` of @egunet/train. */
export interface ExactUnmixing {
  readonly endmembers: number;
  readonly dimensions: number;
  readonly supports: number;
  /** Coordinates of a spectrum in the endmembers' space: spectrum x `basis` [B, d] + `origin` [d]. */
  readonly basis: Float32Array;
  readonly origin: Float32Array;
  /**
   * On every support, coordinates x `values` [d, C * S] + `valuesOrigin` [C * S]: of its members the abundances, of all others the abundances that they would have if they were
   * added to it, negated. The support of the solution is the one on which none is negative: the Karush-Kuhn-Tucker conditions.
   */
  readonly values: Float32Array;
  readonly valuesOrigin: Float32Array;
  /** 1 where an endmember is of a support, else 0 [S, C]. */
  readonly members: Float32Array;
}

/** Added to each abundance before they are divided by their sum: where all are 0, they are alike. */
const TINY = 1e-20;

/** Abundances [n, C] of spectra [n, B]: on the support whose least value is the largest, divided by their sum. Where several have as large a one, their mean: they differ by endmembers that depend on each other, which are worth 0 to those without them. */
export function exactAbundances(spectra: tf.Tensor2D, exact: ExactUnmixing): tf.Tensor2D {
  const { endmembers: C, dimensions: d, supports: S } = exact;
  const affine = (x: tf.Tensor2D, { by, plus, size }: { by: Float32Array; plus: Float32Array; size: number }) =>
    tf.add(tf.matMul(x, tf.tensor2d(by, [by.length / size, size])), tf.tensor1d(plus)) as tf.Tensor2D;
  const coordinates = affine(spectra, { by: exact.basis, plus: exact.origin, size: d }); // [n, d]
  const all = affine(coordinates, { by: exact.values, plus: exact.valuesOrigin, size: C * S });
  const values = tf.reshape(all, [-1, C, S]);
  const least = tf.min(values, 1); // [n, S]
  const best = tf.cast(tf.equal(least, tf.max(least, 1, true)), 'float32') as tf.Tensor2D; // [n, S]
  const chosen = tf.sum(tf.mul(values, tf.expandDims(best, 1)), 2); // [n, C]
  const present = tf.minimum(tf.matMul(best, tf.tensor2d(exact.members, [S, C])), 1); // [n, C]
  const abundances = tf.add(tf.relu(tf.mul(chosen, present)), TINY);
  return tf.div(abundances, tf.sum(abundances, 1, true)) as tf.Tensor2D;
}
