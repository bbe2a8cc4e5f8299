// Kernels that change shapes, join and divide.

import * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { type Kernels, kernel, type Unary } from './kernel.js';

/** An axis counted from the front. */
export const axisOf = (axis: number, shape: readonly number[]) => tf.util.parseAxisParam(axis, [...shape])[0]!;

const Reshape = kernel<Unary, { shape: number[] }>((trace, { x }, { shape }) =>
  trace.relabel(x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(x.shape))),
);

const ExpandDims = kernel<{ input: tf.TensorInfo }, { dim: number }>((trace, { input }, { dim }) => {
  const shape = [...input.shape];
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
  return trace.relabel(input, shape);
});

const Tile = kernel<Unary, { reps: number[] }>((trace, { x }, { reps }) => {
  if (reps.every((count) => count === 1)) return trace.relabel(x);
  const shape = x.shape.map((size, i) => size * reps[i]!);
  return trace.emit('Tile', [trace.value(x), trace.int64(reps)], { shape, type: x.dtype as TraceType });
});

/** Joins along an axis. */
function Concat(trace: Trace, parts: readonly Value[], axis: number): Value {
  const shape = [...parts[0]!.shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  return trace.emit('Concat', parts, { shape, type: parts[0]!.type }, { axis: attr.int(axis) });
}

const ConcatKernel = kernel<tf.TensorInfo[], { axis: number }>((trace, inputs, { axis }) => {
  const tensors = Object.values(inputs).filter((t) => tf.util.sizeFromShape(t.shape) > 0);
  if (tensors.length === 0) return trace.relabel(Object.values(inputs)[0]!, Object.values(inputs)[0]!.shape);
  return Concat(
    trace,
    tensors.map((t) => trace.value(t)),
    axisOf(axis, tensors[0]!.shape),
  );
});

const Pack = kernel<tf.TensorInfo[], { axis: number }>((trace, inputs, { axis }) => {
  const tensors = Object.values(inputs);
  const shape = [...tensors[0]!.shape];
  const at = axis < 0 ? axis + shape.length + 1 : axis;
  shape.splice(at, 0, 1);
  return Concat(
    trace,
    tensors.map((t) => trace.value(t, shape)),
    at,
  );
});

/** Parts of the given sizes along an axis. */
function Split(trace: Trace, x: Value, sizes: readonly number[], axis: number): Value[] {
  const to = sizes.map((size) => ({ shape: x.shape.map((all, i) => (i === axis ? size : all)), type: x.type }));
  return trace.emitAll('Split', [x, trace.int64(sizes)], to, { axis: attr.int(axis) });
}

const Unpack = kernel<{ value: tf.TensorInfo }, { axis: number }>((trace, { value }, { axis }) => {
  const at = axisOf(axis, value.shape);
  const shape = value.shape.filter((_, i) => i !== at);
  const count = value.shape[at]!;
  if (count === 1) return [trace.relabel(value, shape)];
  const parts = Split(trace, trace.value(value), new Array(count).fill(1), at);
  return parts.map((part) => trace.tensor(part, shape));
});

const SplitV = kernel<Unary, { numOrSizeSplits: number[] | number; axis: number }>((trace, { x }, attrs) => {
  const axis = axisOf(attrs.axis, x.shape);
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, attrs.numOrSizeSplits, axis);
  if (sizes.length === 1) return [trace.relabel(x)];
  return Split(trace, trace.value(x), sizes, axis);
});

export const shapes: Kernels = {
  Reshape,
  ExpandDims,
  Transpose: kernel<Unary, { perm: number[] }>((trace, { x }, { perm }) => trace.transpose(trace.value(x), perm)),
  Tile,
  Concat: ConcatKernel,
  Pack,
  Unpack,
  SplitV,
};
