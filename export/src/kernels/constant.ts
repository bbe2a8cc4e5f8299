// Kernels without inputs, or that only look at their shapes: constants.

import * as tf from '@tensorflow/tfjs-core';
import { attr, float32Tensor } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { type Kernels, kernel, type Unary } from './kernel.js';

/** Zeros made at run time: in the file they would take their full size. */
export function zeros(trace: Trace, shape: readonly number[]): Value {
  const value = attr.tensor(float32Tensor([0], [1]));
  return trace.emit('ConstantOfShape', [trace.int64(shape)], { shape, type: 'float32' }, { value });
}

const Fill = kernel<object, { shape: number[]; value: number; dtype?: tf.DataType }>((trace, _, attrs) => {
  const { shape, value } = attrs;
  const dtype = attrs.dtype ?? tf.util.inferDtype(value);
  return trace.constantTensor(filled(shape, value, dtype), shape, dtype);
});

const alike = (value: number) =>
  kernel<Unary>((trace, { x }) => trace.constantTensor(filled(x.shape, value, x.dtype), x.shape, x.dtype));

function filled(shape: readonly number[], value: number, dtype: tf.DataType): tf.TypedArray {
  const values = tf.util.getTypedArrayFromDType(dtype as TraceType, tf.util.sizeFromShape([...shape]));
  return values.fill(value);
}

interface RangeAttrs {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly dtype: 'float32' | 'int32';
}

const Range = kernel<object, RangeAttrs>((trace, _, { start, stop, step, dtype }) => {
  const count = Math.max(0, Math.ceil((stop - start) / step));
  const values = tf.util.getTypedArrayFromDType(dtype, count).map((_value, i) => start + i * step);
  return trace.constantTensor(values, [count], dtype);
});

export const constants: Kernels = {
  Fill,
  ZerosLike: alike(0),
  OnesLike: alike(1),
  Range,
};
