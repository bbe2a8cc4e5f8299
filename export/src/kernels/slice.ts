// Kernels that cut out, pad and turn round.

import * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { assertTypes, type Kernels, kernel, type Unary } from './kernel.js';

/** ONNX clamps ends to the tensor: "to the end" and, walking backwards, "past the first". */
const TO_END = 2 ** 31 - 1;
export const PAST_FIRST = -(2 ** 31);

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

const SliceKernel = kernel<Unary, { begin: number | number[]; size: number | number[] }>((trace, { x }, attrs) => {
  const [begin, size] = tf.slice_util.parseSliceParams(x, attrs.begin, attrs.size);
  tf.slice_util.assertParamsValid(x, begin!, size!);
  const cuts = x.shape.flatMap((all, axis) => {
    const start = begin![axis]!;
    const end = start + size![axis]!;
    return start === 0 && end === all ? [] : [{ axis, start, end: end === all ? TO_END : end, step: 1 }];
  });
  return cuts.length === 0 ? trace.relabel(x) : Slice(trace, trace.value(x), cuts, size!);
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
  if (paddings.every(([before, after]) => before === 0 && after === 0)) return trace.relabel(x);
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

const Reverse = kernel<Unary, { dims: number | number[] }>((trace, { x }, { dims }) => {
  const axes = tf.util.parseAxisParam(dims, x.shape);
  if (x.shape.length === 0 || axes.length === 0) return trace.relabel(x);
  const cuts = axes.map((axis) => ({ axis, start: -1, end: PAST_FIRST, step: -1 }));
  return Slice(trace, trace.value(x), cuts, x.shape);
});

export const slices: Kernels = {
  Slice: SliceKernel,
  StridedSlice,
  PadV2,
  Reverse,
};
