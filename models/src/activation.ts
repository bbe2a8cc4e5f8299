// The network's activations with their gradients, both by what the backward pass has at hand: the activation's output.
import * as tf from '@tensorflow/tfjs-core';

/** An element-wise non-linearity. */
export interface Activation {
  of(z: tf.Tensor): tf.Tensor;
  /** The gradient by z, from the gradient `dy` by the output `y` = of(z). */
  gradient(dy: tf.Tensor, y: tf.Tensor): tf.Tensor;
}

export const TANH: Activation = {
  of: tf.tanh,
  gradient: (dy, y) => tf.mul(dy, tf.sub(1, tf.mul(y, y))),
};

export const SIGMOID: Activation = {
  of: tf.sigmoid,
  gradient: (dy, y) => tf.mul(dy, tf.sub(y, tf.mul(y, y))),
};

export const RELU: Activation = {
  of: tf.relu,
  gradient: (dy, y) => tf.mul(dy, tf.step(y)),
};

/**
 * tanh(keep * z), keep 1 or 0: where it is 0 the output is too, so that keep * (1 - y^2) = keep - y^2.
 * `keep` has to live until the gradient is computed.
 */
export function tanhOfKept(keep: tf.Tensor): Activation {
  return {
    of: (z) => tf.tanh(tf.mul(z, keep)),
    gradient: (dy, y) => tf.mul(dy, tf.sub(keep, tf.mul(y, y))),
  };
}
