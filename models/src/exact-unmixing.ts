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
  /** Abundances on every support: coordinates x `solve` [d, C * S] + `solveOrigin` [C * S]; 0 of those outside it. */
  readonly solve: Float32Array;
  readonly solveOrigin: Float32Array;
  /** What is left of the coordinates on every support: coordinates x `rest` [d, d * S] + `restOrigin` [d * S]. */
  readonly rest: Float32Array;
  readonly restOrigin: Float32Array;
}

/** More than any residual. */
const NOT_FEASIBLE = 1e30;
/** Added to each abundance before they are divided by their sum: where all are 0, they are alike. */
const TINY = 1e-20;

/**
 * Abundances [n, C] of spectra [n, B]: of all supports on which none is negative the one that leaves least of the spectrum, divided by their sum.
 * Where several leave as little, their mean.
 */
export function exactAbundances(spectra: tf.Tensor2D, exact: ExactUnmixing): tf.Tensor2D {
  const { endmembers: C, dimensions: d, supports: S } = exact;
  const affine = (x: tf.Tensor2D, { by, plus, size }: { by: Float32Array; plus: Float32Array; size: number }) =>
    tf.add(tf.matMul(x, tf.tensor2d(by, [by.length / size, size])), tf.tensor1d(plus)) as tf.Tensor2D;
  const coordinates = affine(spectra, { by: exact.basis, plus: exact.origin, size: d }); // [n, d]
  const solved = affine(coordinates, { by: exact.solve, plus: exact.solveOrigin, size: C * S });
  const abundances = tf.reshape(solved, [-1, C, S]);
  const left = affine(coordinates, { by: exact.rest, plus: exact.restOrigin, size: d * S });
  const misfit = tf.sum(tf.square(tf.reshape(left, [-1, d, S])), 1); // [n, S]
  const infeasible = tf.cast(tf.less(tf.min(abundances, 1), 0), 'float32');
  const judged = tf.add(misfit, tf.mul(infeasible, NOT_FEASIBLE)); // [n, S]
  const best = tf.cast(tf.equal(judged, tf.min(judged, 1, true)), 'float32'); // [n, S]
  const chosen = tf.add(tf.sum(tf.mul(abundances, tf.expandDims(best, 1)), 2), TINY); // [n, C]
  return tf.div(chosen, tf.sum(chosen, 1, true)) as tf.Tensor2D;
}
