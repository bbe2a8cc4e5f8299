// Kernels that normalise: softmax over the last axis, batch normalisation with given statistics.

import type * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import { assertTypes, type Kernels, kernel } from './kernel.js';

/** ONNX subtracts the largest logit first, as tfjs does. tfjs makes logSoftmax of other kernels, just as stably. */
const Softmax = kernel<{ logits: tf.TensorInfo }, { dim: number }>((trace, { logits }, { dim }) => {
  assertTypes('Softmax', [logits], 'float32');
  const value = trace.value(logits);
  return trace.emit('Softmax', [value], value, { axis: attr.int(dim) });
});

interface BatchNormInputs {
  readonly x: tf.TensorInfo;
  readonly mean: tf.TensorInfo;
  readonly variance: tf.TensorInfo;
  readonly scale?: tf.TensorInfo;
  readonly offset?: tf.TensorInfo;
}

/** (x - mean) * scale / sqrt(variance + epsilon) + offset, channels last: ONNX's own operator wants them second. */
const BatchNormalization = kernel<BatchNormInputs, { varianceEpsilon: number }>((trace, inputs, attrs) => {
  const { x, mean, variance, scale, offset } = inputs;
  assertTypes('batchNorm', [x, mean, variance], 'float32');
  const narrow = trace.value(variance);
  const epsilon = trace.scalar(attrs.varianceEpsilon, 'float32');
  const deviation = trace.emit('Sqrt', [trace.emit('Add', [narrow, epsilon], narrow)], narrow);
  const gain = scale
    ? trace.emit('Div', [trace.value(scale), deviation], narrow)
    : trace.emit('Reciprocal', [deviation], narrow);
  const full = { shape: x.shape, type: 'float32' } as const;
  const centred = trace.emit('Sub', [trace.value(x), trace.value(mean)], full);
  const scaled = trace.emit('Mul', [centred, gain], full);
  return offset ? trace.emit('Add', [scaled, trace.value(offset)], full) : scaled;
});

export const normalisations: Kernels = {
  Softmax,
  FusedBatchNorm: BatchNormalization,
};
