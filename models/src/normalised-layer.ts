// Legend: n pixels, i inputs, o outputs. A linear layer, its batch-norm and its activation, differentiated as one function: half the passes
// over [o, n] that the composed gradients need. Feature-major: a feature's pixels lie side by side, so that statistics are sums over rows.
// No bias: batch-norm would cancel it.
import * as tf from '@tensorflow/tfjs-core';
import type { Activation } from './activation.js';
import { normaliseRows } from './normalise-rows.js';
import { BATCH_NORM } from './parameters.js';

/** What tf.customGrad hands to its function to keep tensors for the backward pass; tfjs does not export the type. */
export type SaveTensors = (tensors: tf.Tensor[]) => void;

/** Mean and biased variance of a layer's linear output over one batch, [o] each. */
export interface BatchStatistics {
  readonly mean: tf.Tensor;
  readonly variance: tf.Tensor;
}

/** a.b + c, c a column; b may be transposed. */
function product([a, b, bias]: [tf.Tensor, tf.Tensor, tf.Tensor], { transposeB = false } = {}): tf.Tensor {
  return tf.fused.matMul({ a, b, bias, transposeB });
}

const column = (x: tf.Tensor) => tf.reshape(x, [-1, 1]);
const flat = (x: tf.Tensor) => tf.reshape(x, [-1]);

/**
 * activation(gamma * (kernel^T.x - mean) / sqrt(variance + epsilon) + beta), with mean and variance of this batch.
 * x [i, n], kernel [i, o], gamma and beta [o] -> [o, n]. Differentiable by all four. `collect` receives the statistics, kept: dispose of them.
 */
export function normalisedLayer(
  x: tf.Tensor2D,
  { kernel, gamma, beta }: { kernel: tf.Tensor2D; gamma: tf.Tensor1D; beta: tf.Tensor1D },
  { activation, collect }: { activation: Activation; collect: (statistics: BatchStatistics) => void },
): tf.Tensor2D {
  const op = tf.customGrad((...args) => {
    const [input, weights, g, b, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, SaveTensors];
    const inputMean = tf.mean(input, 1, true); // [i, 1]
    const mean = tf.matMul(weights, inputMean, true, false); // [o, 1]
    const centred = product([tf.transpose(weights), input, tf.neg(mean)]); // [o, n]
    const variance = tf.mean(tf.mul(centred, centred), 1); // [o]
    const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon)); // [o]
    const output = activation.of(normaliseRows(centred, { variance, gain: g, offset: b })); // [o, n]
    collect({ mean: tf.keep(flat(mean)), variance: tf.keep(variance) });
    save([input, weights, inputMean, centred, inverse, tf.mul(inverse, g), output]);
    return { value: output, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => backward(dy, saved, activation) };
  });
  return op(x, kernel, gamma, beta) as tf.Tensor2D;
}

/**
 * Gradients of normalisedLayer by x, kernel, gamma and beta.
 * With dz [o, n] the gradient of batch-norm's output and q = dz - centred * mean(dz * centred) / (variance + eps),
 * the gradient of kernel^T.x is scale * (q - mean(dz)): the row-constant part and the scale go into the small matrices, never over [o, n].
 */
function backward(dy: tf.Tensor, saved: tf.Tensor[], activation: Activation): tf.Tensor[] {
  const [input, weights, inputMean, centred, inverse, scale, output] = saved;
  const n = dy.shape[1]!;
  const dz = activation.gradient(dy, output!);
  const beta = tf.sum(dz, 1); // [o]
  const gamma = tf.mul(tf.sum(tf.mul(dz, centred!), 1), inverse!); // [o]
  const q = tf.sub(dz, tf.mul(centred!, column(tf.mul(gamma, tf.mul(inverse!, 1 / n))))); // [o, n]
  const constant = tf.mul(inputMean!, tf.neg(beta)); // [i, o]: -mean(x) sum(dz)^T
  const kernel = tf.mul(product([input!, q, constant], { transposeB: true }), scale!); // [i, o]
  const scaled = tf.mul(weights!, scale!); // [i, o]
  const x = product([scaled, q, tf.matMul(scaled, column(tf.mul(beta, -1 / n)))]); // [i, n]
  return [x, kernel, gamma, beta];
}
