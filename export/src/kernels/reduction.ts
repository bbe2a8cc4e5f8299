// Kernels that reduce axes. In opset 17 ReduceSum takes its axes as an input, the others as an attribute.

import * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { Cast } from './elementwise.js';
import { assertTypes, type Kernel, type Kernels, kernel, type Unary } from './kernel.js';

type Axis = number | number[] | null | undefined;

interface ReductionAttrs {
  readonly axis?: Axis;
  /** tfjs's name for the axes of Max. */
  readonly reductionIndices?: Axis;
  readonly keepDims?: boolean;
}

type Reduce = (trace: Trace, x: Value, axes: readonly number[], keepDims: boolean) => Value;

const reduced = (shape: readonly number[], axes: readonly number[], keepDims: boolean) =>
  shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size]));

const ReduceSum: Reduce = (trace, x, axes, keepDims) =>
  trace.emit(
    'ReduceSum',
    [x, trace.int64(axes)],
    { shape: reduced(x.shape, axes, keepDims), type: x.type },
    {
      keepdims: attr.int(keepDims ? 1 : 0),
      noop_with_empty_axes: attr.int(0),
    },
  );

const withAxesAttribute =
  (op: string): Reduce =>
  (trace, x, axes, keepDims) =>
    trace.emit(
      op,
      [x],
      { shape: reduced(x.shape, axes, keepDims), type: x.type },
      {
        axes: attr.ints(axes),
        keepdims: attr.int(keepDims ? 1 : 0),
      },
    );

/** A kernel that computes in one of `types`; other tensors are cast to `otherwise`, as tfjs does. */
function reduction(reduce: Reduce, types: TraceType[], otherwise?: TraceType): Kernel {
  return kernel<Unary, ReductionAttrs>((trace, { x }, { axis, reductionIndices, keepDims }) => {
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices ?? null) as number[], x.shape).sort((a, b) => a - b);
    const known = types.some((type) => type === x.dtype);
    if (!known && otherwise === undefined) assertTypes('reduction', [x], ...types);
    const value = known ? trace.value(x) : Cast(trace, trace.value(x), otherwise!);
    return axes.length === 0 ? value : reduce(trace, value, axes, keepDims ?? false);
  });
}

/** Index of the first largest or smallest value along an axis, int32. */
function arg(op: 'ArgMax' | 'ArgMin'): Kernel {
  return kernel<Unary, { axis: number | number[] }>((trace, { x }, { axis }) => {
    assertTypes(op, [x], 'float32', 'int32');
    const [at] = tf.util.parseAxisParam(axis, x.shape);
    const to = { shape: reduced(x.shape, [at!], false), type: 'int64' } as const;
    const options = { axis: attr.int(at!), keepdims: attr.int(0), select_last_index: attr.int(0) };
    const index = trace.emit(op, [trace.value(x)], to, options);
    return Cast(trace, index, 'int32');
  });
}

export const reductions: Kernels = {
  Sum: reduction(ReduceSum, ['float32', 'int32'], 'int32'),
  Mean: reduction(withAxesAttribute('ReduceMean'), ['float32'], 'float32'),
  Max: reduction(withAxesAttribute('ReduceMax'), ['float32', 'int32']),
  Min: reduction(withAxesAttribute('ReduceMin'), ['float32', 'int32']),
  Prod: reduction(withAxesAttribute('ReduceProd'), ['float32', 'int32'], 'int32'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
};
