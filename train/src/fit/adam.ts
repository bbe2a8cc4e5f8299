// Adam (Kingma & Ba 2015) on one flat vector, with explicit state. The constant under the root follows the moments' bias correction
// into the step size, as in the paper's section 2 and in TensorFlow.
import * as tf from '@tensorflow/tfjs-core';

export const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** A type, not an interface: tf.tidy takes only those. */
export type AdamState = {
  readonly parameters: tf.Tensor1D;
  readonly first: tf.Tensor1D;
  readonly second: tf.Tensor1D;
};

/** Step size of step `step` (0-based) at a learning rate: the rate times the bias correction of both moments. */
export function adamStepSize(learningRate: number, step: number): number {
  const t = step + 1;
  return (learningRate * Math.sqrt(1 - ADAM.beta2 ** t)) / (1 - ADAM.beta1 ** t);
}

/** One update. All vectors [parameters]; `stepSize` is a scalar of `adamStepSize`. */
export function adam(state: AdamState, gradient: tf.Tensor1D, stepSize: tf.Scalar): AdamState {
  const { beta1, beta2, epsilon } = ADAM;
  const first = tf.add(tf.mul(state.first, beta1), tf.mul(gradient, 1 - beta1)) as tf.Tensor1D;
  const second = tf.add(tf.mul(state.second, beta2), tf.mul(tf.mul(gradient, gradient), 1 - beta2)) as tf.Tensor1D;
  const change = tf.mul(stepSize, tf.div(first, tf.add(tf.sqrt(second), epsilon)));
  return { parameters: tf.sub(state.parameters, change) as tf.Tensor1D, first, second };
}
