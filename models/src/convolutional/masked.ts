// What convolutional layers do where pixels lack data: such a pixel, and one beyond the image, take no part in anything.
// Legend: N images of H x W pixels, i inputs, o outputs.
import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics, SaveTensors } from '../normalised-layer.js';
import { BATCH_NORM } from '../parameters.js';
import type { Reach } from './network.js';

/** Sums over windows, divided by the window's size: [N, H, W, o] -> the same; beyond the image there are zeros. */
function spread(x: tf.Tensor4D, [before, after]: Reach): tf.Tensor4D {
  const padded = tf.pad(x, [
    [0, 0],
    [before, after],
    [before, after],
    [0, 0],
  ]);
  return tf.avgPool(padded, before + after + 1, 1, 'valid');
}

/** The same, differentiable: what spreads backwards is the mirrored window. tfjs's own CPU gradient is that of other windows at the border. */
function windowMean(x: tf.Tensor4D, [before, after]: Reach): tf.Tensor4D {
  const op = tf.customGrad((input) => ({
    value: spread(input as tf.Tensor4D, [before, after]),
    gradFunc: (dy: tf.Tensor) => spread(dy as tf.Tensor4D, [after, before]),
  }));
  return op(x) as tf.Tensor4D;
}

/** The smallest share of a window that may be valid is 1 / 9; where none is, there is nothing to divide. */
const LEAST_SHARE = 0.01;

/** The mean of the valid pixels of each window. x [N, H, W, o], valid [N, H, W, 1] -> [N, H, W, o]. */
export function maskedMean(x: tf.Tensor4D, valid: tf.Tensor4D, reach: Reach): tf.Tensor4D {
  if (reach[0] + reach[1] === 0) return x;
  const share = tf.maximum(spread(valid, reach), LEAST_SHARE);
  return tf.div(windowMean(tf.mul(x, valid) as tf.Tensor4D, reach), share);
}

/** A convolution without bias that sees zeros where pixels are not valid. x [N, H, W, i], kernel [h, w, i, o] -> [N, H, W, o]. */
export function maskedConvolution(x: tf.Tensor4D, valid: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D {
  const alone = kernel.shape[0] * kernel.shape[1] === 1;
  return tf.conv2d(alone ? x : (tf.mul(x, valid) as tf.Tensor4D), kernel, 1, 'same');
}

/** Sum over pixels of each channel [o]. */
const sums = (x: tf.Tensor) => tf.sum(x, [0, 1, 2]);

/**
 * gamma * (z - mean) / sqrt(variance + epsilon) + beta, with mean and biased variance of the counted pixels. z [N, H, W, o], counted [N, H, W, 1] (1 or 0),
 * gamma and beta [o] -> [N, H, W, o]. Differentiable by z, gamma and beta. `collect` receives the statistics, kept: dispose of them.
 */
export function maskedBatchNorm(
  z: tf.Tensor4D,
  { gamma, beta, counted }: { gamma: tf.Tensor1D; beta: tf.Tensor1D; counted: tf.Tensor4D },
  collect: (statistics: BatchStatistics) => void,
): tf.Tensor4D {
  const op = tf.customGrad((...args) => {
    const [x, g, b, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, SaveTensors];
    const pixels = tf.maximum(tf.sum(counted), 1);
    const mean = tf.div(sums(tf.mul(x, counted)), pixels); // [o]
    const centred = tf.sub(x, mean);
    const variance = tf.div(sums(tf.mul(tf.mul(centred, centred), counted)), pixels); // [o]
    const inverse = tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon));
    const scale = tf.mul(inverse, g);
    collect({ mean: tf.keep(mean), variance: tf.keep(variance) });
    save([centred, inverse, scale, pixels, counted]);
    const value = tf.add(tf.mul(centred, scale), b);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => backward(dy, saved) };
  });
  return op(z, gamma, beta) as tf.Tensor4D;
}

/** Gradients of maskedBatchNorm by z, gamma and beta: what is not counted moves no statistics, but is normalised by them. */
function backward(dy: tf.Tensor, [centred, inverse, scale, pixels, counted]: tf.Tensor[]): tf.Tensor[] {
  const beta = sums(dy); // [o]
  const gamma = tf.mul(sums(tf.mul(dy, centred!)), inverse!); // [o]
  const slope = tf.div(tf.mul(gamma, inverse!), pixels!);
  const ofStatistics = tf.add(tf.mul(centred!, slope), tf.div(beta, pixels!));
  return [tf.mul(tf.sub(dy, tf.mul(ofStatistics, counted!)), scale!), gamma, beta];
}
