// Kernels that move elements without computing: shapes, slices, joins, and constants.

import * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import { attr, float32Tensor, int32Tensor } from '../graph.js';
import { elementTypeNumber } from '../model.js';
import type { Trace, TraceType, Value } from '../trace/backend.js';
import { Cast } from './elementwise.js';
import { assertTypes, type Kernels, kernel, type Unary } from './kernel.js';

/** ONNX clamps ends to the tensor: "to the end" and, walking backwards, "past the first". */
const TO_END = 2 ** 31 - 1;
const PAST_FIRST = -(2 ** 31);

const axisOf = (axis: number, shape: readonly number[]) => tf.util.parseAxisParam(axis, [...shape])[0]!;

interface Cut {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Every `step`-th element from `start` to before `end`, of the axes named. */
export function Slice(trace: Trace, x: Value, cuts: readonly Cut[], shape: readonly number[]): Value {
  if (cuts.length === 0) return x;
  const column = (key: keyof Cut) => trace.int64(cuts.map((cut) => cut[key]));
  return trace.emit('Slice', [x, column('start'), column('end'), column('axis'), column('step')], {
    shape,
    type: x.type,
  });
}

const Reshape = kernel<Unary, { shape: number[] }>((trace, { x }, { shape }) =>
  trace.relabel(x, tf.util.inferFromImplicitShape(shape, tf.util.sizeFromShape(x.shape))),
);

const ExpandDims = kernel<{ input: tf.TensorInfo }, { dim: number }>((trace, { input }, { dim }) => {
  const shape = [...input.shape];
  shape.splice(dim < 0 ? dim + shape.length + 1 : dim, 0, 1);
  return trace.relabel(input, shape);
});

const Tile = kernel<Unary, { reps: number[] }>((trace, { x }, { reps }) => {
  if (reps.every((count) => count === 1)) return trace.relabel(x, x.shape);
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
  if (sizes.length === 1) return [trace.relabel(x, x.shape)];
  return Split(trace, trace.value(x), sizes, axis);
});

const SliceKernel = kernel<Unary, { begin: number | number[]; size: number | number[] }>((trace, { x }, attrs) => {
  const [begin, size] = tf.slice_util.parseSliceParams(x, attrs.begin, attrs.size);
  tf.slice_util.assertParamsValid(x, begin!, size!);
  const cuts = x.shape.flatMap((all, axis) => {
    const start = begin![axis]!;
    const end = start + size![axis]!;
    return start === 0 && end === all ? [] : [{ axis, start, end: end === all ? TO_END : end, step: 1 }];
  });
  return cuts.length === 0 ? trace.relabel(x, x.shape) : Slice(trace, trace.value(x), cuts, size!);
});

interface StridedSliceAttrs {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

const StridedSlice = kernel<Unary, StridedSliceAttrs>((trace, { x }, attrs) => {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs;
  const masks = [beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask] as const;
  const dense = tf.slice_util.sliceInfo(x.shape, begin, end, strides, ...masks);
  const cuts = x.shape.flatMap((all, axis) => {
    const [start, stop, step] = [dense.begin[axis]!, dense.end[axis]!, dense.strides[axis]!];
    if (start === 0 && stop === all && step === 1) return [];
    if (step < 0) return [{ axis, start, end: stop < 0 ? PAST_FIRST : stop, step }];
    return [{ axis, start, end: stop === all ? TO_END : stop, step }];
  });
  const shape = tf.slice_util.computeOutShape(dense.begin, dense.end, dense.strides);
  return trace.tensor(Slice(trace, trace.value(x), cuts, shape), dense.finalShape);
});

const PadV2 = kernel<Unary, { paddings: [number, number][]; constantValue: number }>((trace, { x }, attrs) => {
  assertTypes('Pad', [x], 'float32', 'int32');
  const { paddings, constantValue } = attrs;
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return trace.relabel(x, x.shape);
  const pads = trace.int64([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
  const type = x.dtype as TraceType;
  const shape = x.shape.map((size, i) => size + paddings[i]![0] + paddings[i]![1]);
  return trace.emit(
    'Pad',
    [trace.value(x), pads, trace.scalar(constantValue, type)],
    { shape, type },
    { mode: attr.string('constant') },
  );
});

type GatherInputs = { x: tf.TensorInfo; indices: tf.TensorInfo };

const Gather = kernel<GatherInputs, { axis: number; batchDims?: number }>((trace, { x, indices }, attrs) => {
  if (attrs.batchDims)
    throw new ExportError(`trace: gather with ${attrs.batchDims} batch axes is not supported; expected batchDims 0`);
  assertTypes('the indices of gather', [indices], 'int32');
  const axis = axisOf(attrs.axis, x.shape);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const to = { shape, type: x.dtype as TraceType };
  return trace.emit('Gather', [trace.value(x), trace.value(indices)], to, { axis: attr.int(axis) });
});

interface OneHotAttrs {
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
  readonly dtype: tf.DataType;
}

/** Compares with 0 .. depth - 1: ONNX's OneHot wraps negative indices, tfjs gives "off" for all outside. */
const OneHot = kernel<{ indices: tf.TensorInfo }, OneHotAttrs>((trace, { indices }, attrs) => {
  assertTypes('the indices of oneHot', [indices], 'int32');
  const { depth, onValue, offValue } = attrs;
  const shape = [...indices.shape, depth];
  const classes = trace.constant(int32Tensor([...new Array(depth).keys()], [depth]));
  const hit = trace.emit('Equal', [trace.value(indices, [...indices.shape, 1]), classes], { shape, type: 'bool' });
  const type = attrs.dtype === 'int32' ? 'int32' : 'float32';
  const values = [trace.scalar(onValue, type), trace.scalar(offValue, type)];
  return Cast(trace, trace.emit('Where', [hit, ...values], { shape, type }), attrs.dtype as TraceType);
});

type SegmentInputs = { x: tf.TensorInfo; segmentIds: tf.TensorInfo };

/** Sums the rows of x into `numSegments` rows; tfjs asks for it in the gradient of gather. Ids must lie in range. */
const ScatterND = kernel<SegmentInputs, { numSegments: number }>((trace, { x, segmentIds }, { numSegments }) => {
  assertTypes('unsortedSegmentSum', [x], 'float32');
  if (segmentIds.shape.length !== 1)
    throw new ExportError(`trace: unsortedSegmentSum with ids of shape [${segmentIds.shape}]; expected one axis`);
  const shape = [numSegments, ...x.shape.slice(1)];
  const ids = trace.value(segmentIds, [...segmentIds.shape, 1]);
  const rows = trace.emit(
    'Cast',
    [ids],
    { shape: ids.shape, type: 'int64' },
    { to: attr.int(elementTypeNumber('int64')) },
  );
  const inputs = [zeros(trace, shape), rows, trace.value(x)];
  return trace.emit('ScatterND', inputs, { shape, type: 'float32' }, { reduction: attr.string('add') });
});

/** Zeros made at run time: in the file they would take their full size. */
export function zeros(trace: Trace, shape: readonly number[]): Value {
  const value = attr.tensor(float32Tensor([0], [1]));
  return trace.emit('ConstantOfShape', [trace.int64(shape)], { shape, type: 'float32' }, { value });
}

const Reverse = kernel<Unary, { dims: number | number[] }>((trace, { x }, { dims }) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  if (x.shape.length === 0 || axes.length === 0) return trace.relabel(x, x.shape);
  const cuts = axes.map((axis) => ({ axis, start: -1, end: PAST_FIRST, step: -1 }));
  return Slice(trace, trace.value(x), cuts, x.shape);
});

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

export const shapes: Kernels = {
  Reshape,
  ExpandDims,
  Transpose: kernel<Unary, { perm: number[] }>((trace, { x }, { perm }) => trace.transpose(trace.value(x), perm)),
  Tile,
  Concat: ConcatKernel,
  Pack,
  Unpack,
  SplitV,
  Slice: SliceKernel,
  StridedSlice,
  PadV2,
  GatherV2: Gather,
  UnsortedSegmentSum: ScatterND,
  OneHot,
  Reverse,
  Fill,
  ZerosLike: alike(0),
  OnesLike: alike(1),
  Range,
};
