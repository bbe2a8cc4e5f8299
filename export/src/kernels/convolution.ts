// Legend: N images of H x W pixels; I input, O output channels; h x w the window.

import * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import type { Trace, Value } from '../trace/trace.js';
import { activate } from './activation.js';
import { assertTypes, type Kernels, kernel, sizeOf } from './kernel.js';
import { PAST_FIRST, Slice } from './slice.js';
import { fromNchw, paddingOf, toNchw, type Window, type WindowAttrs, windowAttributes } from './window.js';

const HWIO_TO_OIHW = [3, 2, 0, 1];

interface ConvAttrs extends WindowAttrs {
  readonly dataFormat: 'NHWC' | 'NCHW';
}

type Shape4D = [number, number, number, number];

function convolutionWindow(inShape: readonly number[], filterShape: readonly number[], attrs: ConvAttrs): Window {
  const { strides, dilations, pad, dimRoundingMode, dataFormat } = attrs;
  const format = tf.backend_util.convertConv2DDataFormat(dataFormat ?? 'NHWC');
  const [x, filter] = [inShape as Shape4D, filterShape as Shape4D];
  return tf.backend_util.computeConv2DInfo(x, filter, strides, dilations ?? 1, pad, dimRoundingMode, false, format);
}

/** A convolution that is one matrix product over the channels of each pixel, without moving them. */
const isPointwise = (window: Window) =>
  window.filterHeight * window.filterWidth * window.strideHeight * window.strideWidth === 1 &&
  paddingOf(window).every((padding) => padding === 0) &&
  window.dataFormat === 'channelsLast';

interface ConvInputs {
  readonly x: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  readonly bias?: tf.TensorInfo;
}

interface FusedConvAttrs extends ConvAttrs {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

const Conv = kernel<ConvInputs, FusedConvAttrs>((trace, { x, filter, bias }, attrs) => {
  assertTypes('Conv2D', bias ? [x, filter, bias] : [x, filter], 'float32');
  const window = convolutionWindow(x.shape, filter.shape, attrs);
  const result = isPointwise(window) ? pointwise(trace, x, filter) : convolve(trace, { x, filter }, window);
  const oneEach = bias?.shape.length === 1 && bias.shape[0] !== 1 && window.dataFormat === 'channelsFirst';
  const b = bias && trace.value(bias, oneEach ? [bias.shape[0]!, 1, 1] : bias.shape);
  const sum = b ? trace.emit('Add', [result, b], result) : result;
  return activate(trace, sum, attrs.activation, attrs.leakyreluAlpha);
});

/** [N, H, W, I] by [I, O]. */
function pointwise(trace: Trace, x: tf.TensorInfo, filter: tf.TensorInfo): Value {
  const shape = [...x.shape.slice(0, 3), filter.shape[3]!];
  return trace.emit('MatMul', [trace.value(x), trace.value(filter, filter.shape.slice(2))], { shape, type: 'float32' });
}

function convolve(trace: Trace, { x, filter }: ConvInputs, window: Window): Value {
  const images = toNchw(trace, x, window.dataFormat);
  const kernels = trace.transpose(trace.value(filter), HWIO_TO_OIHW);
  const shape = [window.batchSize, window.outChannels, window.outHeight, window.outWidth];
  const y = trace.emit(
    'Conv',
    [images, kernels],
    { shape, type: 'float32' },
    {
      ...windowAttributes(window),
      dilations: attr.ints([window.dilationHeight, window.dilationWidth]),
      group: attr.int(1),
    },
  );
  return fromNchw(trace, y, window.dataFormat);
}

interface InputGradient {
  readonly dy: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
}

/** Gradient of a convolution by its input: also tf.conv2dTranspose. */
const ConvTranspose = kernel<InputGradient, ConvAttrs & { inputShape: number[] }>((trace, { dy, filter }, attrs) => {
  assertTypes('Conv2DBackpropInput', [dy, filter], 'float32');
  const window = convolutionWindow(attrs.inputShape, filter.shape, attrs);
  if (isPointwise(window)) return pointwiseTranspose(trace, dy, filter);
  const pads = mirroredPadding(window);
  if (pads) return mirrored(trace, { dy, filter }, { window, pads });
  const kernels = trace.transpose(trace.value(filter), HWIO_TO_OIHW); // ONNX: [channels of dy, channels of dx, h, w]
  const shape = [window.batchSize, window.inChannels, window.inHeight, window.inWidth];
  const dx = trace.emit(
    'ConvTranspose',
    [toNchw(trace, dy, window.dataFormat), kernels],
    { shape, type: 'float32' },
    { ...windowAttributes(window), ...transposedAttributes(window) },
  );
  return fromNchw(trace, dx, window.dataFormat);
});

/** The padding of the convolution that is the gradient of another by its input; undefined where strides or wide padding leave none. */
function mirroredPadding(window: Window): number[] | undefined {
  const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = window;
  if (strideHeight * strideWidth !== 1) return undefined;
  const [top, left] = [filterHeight - 1 - window.padInfo.top, filterWidth - 1 - window.padInfo.left];
  const [bottom, right] = [inHeight - outHeight + filterHeight - 1 - top, inWidth - outWidth + filterWidth - 1 - left];
  const pads = [top, left, bottom, right];
  return pads.every((padding) => padding >= 0) ? pads : undefined;
}

/** Without strides the gradient is a convolution with the kernel turned round, which onnxruntime does faster than a ConvTranspose. */
function mirrored(trace: Trace, { dy, filter }: InputGradient, { window, pads }: { window: Window; pads: number[] }) {
  const turned = [0, 1].map((axis) => ({ axis, start: -1, end: PAST_FIRST, step: -1 }));
  const kernels = trace.transpose(Slice(trace, trace.value(filter), turned, filter.shape), [2, 3, 0, 1]);
  const shape = [window.batchSize, window.inChannels, window.inHeight, window.inWidth];
  const options = {
    ...windowAttributes(window),
    pads: attr.ints(pads),
    dilations: attr.ints([1, 1]),
    group: attr.int(1),
  };
  const images = toNchw(trace, dy, window.dataFormat);
  return fromNchw(trace, trace.emit('Conv', [images, kernels], { shape, type: 'float32' }, options), window.dataFormat);
}

/** [N, H, W, O] by [I, O] transposed. */
function pointwiseTranspose(trace: Trace, dy: tf.TensorInfo, filter: tf.TensorInfo): Value {
  const shape = [...dy.shape.slice(0, 3), filter.shape[2]!];
  const kernels = trace.transpose(trace.value(filter, filter.shape.slice(2)), [1, 0]);
  return trace.emit('MatMul', [trace.value(dy), kernels], { shape, type: 'float32' });
}

/** Rows and columns that no window reached get no gradient, but must be there: output_padding. */
export function transposedAttributes(window: Window) {
  const [top, left, bottom, right] = paddingOf(window);
  const reached = [
    (window.outHeight - 1) * window.strideHeight + window.effectiveFilterHeight - top - bottom,
    (window.outWidth - 1) * window.strideWidth + window.effectiveFilterWidth - left - right,
  ];
  return {
    output_padding: attr.ints([window.inHeight - reached[0]!, window.inWidth - reached[1]!]),
    dilations: attr.ints([1, 1]),
    group: attr.int(1),
  };
}

interface FilterGradient {
  readonly x: tf.TensorInfo;
  readonly dy: tf.TensorInfo;
}

/** Gradient of a convolution by its kernel: x convolved with dy, the batch taken for channels; strides dilate dy. */
const ConvFilter = kernel<FilterGradient, ConvAttrs & { filterShape: number[] }>((trace, { x, dy }, attrs) => {
  assertTypes('Conv2DBackpropFilter', [x, dy], 'float32');
  const window = convolutionWindow(x.shape, attrs.filterShape, attrs);
  if (isPointwise(window)) return trace.tensor(pointwiseFilter(trace, x, dy), attrs.filterShape);
  const last = window.dataFormat === 'channelsLast';
  const perm = last ? [3, 0, 1, 2] : [1, 0, 2, 3]; // to [channels, N, H, W]
  const [images, gradients] = [x, dy].map((t) => trace.transpose(trace.value(t), perm));
  const [top, left, bottom, right] = paddingOf(window);
  const { strideHeight, strideWidth, filterHeight, filterWidth, inChannels: I, outChannels: O } = window;
  // Windows that do not reach the last rows or columns leave more positions than the kernel has: they are cut off.
  const rows = window.inHeight + top + bottom - (window.outHeight - 1) * strideHeight;
  const cols = window.inWidth + left + right - (window.outWidth - 1) * strideWidth;
  const options = {
    kernel_shape: attr.ints([window.outHeight, window.outWidth]),
    strides: attr.ints([1, 1]),
    pads: attr.ints([top, left, bottom, right]),
    dilations: attr.ints([strideHeight, strideWidth]),
    group: attr.int(1),
    auto_pad: attr.string('NOTSET'),
  };
  const all = trace.emit('Conv', [images, gradients], { shape: [I, O, rows, cols], type: 'float32' }, options);
  const cuts = [
    { axis: 2, start: 0, end: filterHeight, step: 1 },
    { axis: 3, start: 0, end: filterWidth, step: 1 },
  ].filter(({ axis, end }) => all.shape[axis] !== end);
  const kernels = Slice(trace, all, cuts, [I, O, filterHeight, filterWidth]);
  return trace.transpose(kernels, [2, 3, 0, 1]); // to HWIO
});

/** [I, O] from [N H W, I] and [N H W, O]. */
function pointwiseFilter(trace: Trace, x: tf.TensorInfo, dy: tf.TensorInfo): Value {
  const rows = (t: tf.TensorInfo) => trace.value(t, [sizeOf(t.shape.slice(0, 3)), t.shape[3]!]);
  const options = { alpha: attr.float(1), beta: attr.float(1), transA: attr.int(1), transB: attr.int(0) };
  const shape = [x.shape[3]!, dy.shape[3]!];
  return trace.emit('Gemm', [rows(x), rows(dy)], { shape, type: 'float32' }, options);
}

export const convolutions: Kernels = {
  Conv2D: Conv,
  FusedConv2D: Conv,
  Conv2DBackpropInput: ConvTranspose,
  Conv2DBackpropFilter: ConvFilter,
};
