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

interface RowInputs {
  readonly x: tf.TensorInfo;
  readonly gain: tf.TensorInfo;
  readonly offset: tf.TensorInfo;
}

/**
 * No kernel of tfjs: functions that want it ask tf.getKernel first. Every row of x [rows, n] shifted to mean 0, divided by
 * sqrt(variance + epsilon), multiplied by `gain` [rows], `offset` [rows] added: one operator of ONNX, whose channels the rows are.
 */
const NormaliseRows = kernel<RowInputs, { epsilon: number }>((trace, { x, gain, offset }, { epsilon }) => {
  assertTypes('NormaliseRows', [x, gain, offset], 'float32');
  const one = trace.value(x, [1, ...x.shape]);
  const inputs = [one, trace.value(gain), trace.value(offset)];
  const normalised = trace.emit('InstanceNormalization', inputs, one, { epsilon: attr.float(epsilon) });
  return trace.tensor(trace.reshape(normalised, x.shape));
});

export const normalisations: Kernels = {
  Softmax,
  FusedBatchNorm: BatchNormalization,
  NormaliseRows,
};
