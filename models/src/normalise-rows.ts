import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM } from './parameters.js';

/** A kernel that not every backend has: what `normaliseRows` does, in one pass. */
const FUSED = 'NormaliseRows';

/**
 * x * gain / sqrt(variance + epsilon) + offset. x [o, n], every row of mean 0; its variance, gain and offset [o].
 * Not differentiable by itself.
 */
export function normaliseRows(
  x: tf.Tensor,
  { variance, gain, offset }: { variance: tf.Tensor; gain: tf.Tensor; offset: tf.Tensor },
): tf.Tensor {
  const { epsilon } = BATCH_NORM;
  if (tf.getKernel(FUSED, tf.getBackend())) return tf.engine().runKernel(FUSED, { x, gain, offset }, { epsilon });
  const column = (t: tf.Tensor) => tf.reshape(t, [-1, 1]);
  const scale = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), gain); // [o]
  return tf.add(tf.mul(x, column(scale)), column(offset));
}
