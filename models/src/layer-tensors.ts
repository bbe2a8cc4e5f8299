// The flat vectors of `layer-list.ts` as tensors.
import * as tf from '@tensorflow/tfjs-core';
import type { Parameter, StatisticsEntry } from './layer-list.js';
import type { BatchStatistics } from './normalised-layer.js';
import { BATCH_NORM } from './parameters.js';

/** Cuts the flat parameter vector into tensors by role, a record for each layer. Differentiable. */
export function cutParameters(list: readonly Parameter[], flat: tf.Tensor1D): Record<string, tf.Tensor>[] {
  const parts = tf.split(
    flat,
    list.map(({ size }) => size),
  );
  const layers: Record<string, tf.Tensor>[] = [];
  list.forEach(({ name, role, shape }, i) => {
    const layer = Number(/\d+/.exec(name)![0]) - 1;
    layers[layer] ??= {};
    layers[layer][role] = tf.reshape(parts[i]!, [...shape]);
  });
  return layers;
}

/**
 * Moving averages after one step: each batch's statistics in turn, m <- momentum * m + (1 - momentum) * batch.
 * `batches[i]` holds the statistics of layer i, in the order in which the streams ran. [countStatistics]
 */
export function moveAverages(
  entries: readonly StatisticsEntry[],
  moving: tf.Tensor1D,
  batches: readonly (readonly BatchStatistics[])[],
): tf.Tensor1D {
  const { momentum } = BATCH_NORM;
  const parts = entries.map(({ layer, offset, size }) => {
    let average: tf.Tensor = tf.slice(moving, [offset], [2 * size]);
    for (const { mean, variance } of batches[layer]!) {
      const batch = tf.concat([mean, variance]);
      average = tf.add(tf.mul(average, momentum), tf.mul(batch, 1 - momentum));
    }
    return average as tf.Tensor1D;
  });
  return tf.concat(parts);
}
