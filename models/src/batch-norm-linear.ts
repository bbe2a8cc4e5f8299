// Legend: n pixels, i inputs, o outputs. A linear layer and the batch-norm after it, differentiated as one function:
// half the passes over [n, o] that the composed gradients need, and no unneeded bias.
import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM } from './parameters.js';

/** What tf.customGrad hands to its function to keep tensors for the backward pass; tfjs does not export the type. */
export type SaveTensors = (tensors: tf.Tensor[]) => void;

/** Mean and biased variance of a layer's linear output over one batch, [1, o] each. */
export interface BatchStatistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** Column sums [1, o] of x [n, o], as a product with a row of equal weights: the fastest reduction in every runtime. */
function columnSums(x: tf.Tensor, weight: number): tf.Tensor {
  return tf.matMul(tf.fill([1, x.shape[0]], weight), x);
}

/** a.b + c, with either operand transposed; c broadcasts. */
function product(
  [a, b, c]: [tf.Tensor, tf.Tensor, tf.Tensor],
  { transposeA = false, transposeB = false } = {},
): tf.Tensor {
  return tf.fused.matMul({ a, b, bias: c, transposeA, transposeB });
}

/**
 * gamma * (x.kernel - mean) / sqrt(variance + epsilon) + beta, with mean and variance of this batch.
 * x [n, i], kernel [i, o], gamma and beta [o] -> [n, o]. `collect` receives the statistics, kept: dispose of them.
 */
export function batchNormLinear(
  x: tf.Tensor2D,
  { kernel, gamma, beta }: { kernel: tf.Tensor2D; gamma: tf.Tensor1D; beta: tf.Tensor1D },
  collect: (statistics: BatchStatistics) => void,
): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const [input, weights, g, b, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, SaveTensors];
    const n = input.shape[0];
    const inputMean = columnSums(input, 1 / n); // [1, i]
    const mean = tf.matMul(inputMean, weights); // [1, o]
    const centred = product([input, weights, tf.neg(mean)]); // [n, o]
    const variance = columnSums(tf.mul(centred, centred), 1 / n); // [1, o]
    const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon)); // [1, o]
    const scale = tf.mul(inverse, g); // [1, o]
    collect({ mean: tf.keep(mean), variance: tf.keep(variance) });
    save([input, weights, inputMean, centred, inverse, scale]);
    return { value: tf.add(tf.mul(centred, scale), b), gradFunc: backward };
  });
  return op(x, kernel, gamma, beta) as tf.Tensor2D;
}

/**
 * Gradients of batchNormLinear by x, kernel, gamma and beta.
 * With dy [n, o] the output's gradient and q = dy - centred * mean(dy * centred) / (variance + eps), the gradient of x.kernel is
 * scale * (q - mean(dy));
 * the column-constant part and the scale go into the small matrices, never over [n, o].
 */
function backward(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] {
  const [input, weights, inputMean, centred, inverse, scale] = saved;
  const n = dy.shape[0];
  const beta = columnSums(dy, 1); // [1, o]
  const gamma = tf.mul(columnSums(tf.mul(dy, centred!), 1), inverse!); // [1, o]
  const q = tf.sub(dy, tf.mul(centred!, tf.mul(gamma, tf.mul(inverse!, 1 / n)))); // [n, o]
  const constant = tf.neg(tf.matMul(inputMean!, beta, true, false)); // [i, o]: -x^T mean(dy)
  const kernel = tf.mul(product([input!, q, constant], { transposeA: true }), scale!); // [i, o]
  const shift = tf.matMul(tf.mul(beta, tf.mul(scale!, -1 / n)), weights!, false, true); // [1, i]
  const x = product([q, tf.mul(weights!, scale!), shift], { transposeB: true }); // [n, i]
  const flat = [dy.shape[1]!];
  return [x, kernel, tf.reshape(gamma, flat), tf.reshape(beta, flat)];
}
