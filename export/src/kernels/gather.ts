// Kernels that look up by index.

import type * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import { attr, int32Tensor } from '../graph.js';
import type { TraceType } from '../trace/trace.js';
import { zeros } from './constant.js';
import { Cast } from './elementwise.js';
import { assertTypes, type Kernels, kernel } from './kernel.js';
import { axisOf } from './shape.js';

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
  const rows = Cast(trace, trace.value(segmentIds, [...segmentIds.shape, 1]), 'int64');
  const inputs = [zeros(trace, shape), rows, trace.value(x)];
  return trace.emit('ScatterND', inputs, { shape, type: 'float32' }, { reduction: attr.string('add') });
});

export const gathers: Kernels = {
  GatherV2: Gather,
  UnsortedSegmentSum: ScatterND,
  OneHot,
};
