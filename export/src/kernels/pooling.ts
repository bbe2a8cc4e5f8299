// Legend: N images of H x W pixels, C channels; h x w windows at H' x W' places.

import * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import { attr, float32Tensor } from '../graph.js';
import type { Trace, Value } from '../trace/trace.js';
import { zeros } from './constant.js';
import { transposedAttributes } from './convolution.js';
import { assertTypes, type Kernels, kernel, sizeOf, type Unary } from './kernel.js';
import { fromNchw, paddingOf, toNchw, type Window, type WindowAttrs, windowAttributes } from './window.js';

interface PoolAttrs extends WindowAttrs {
  readonly filterSize: number | [number, number];
}

function poolWindow(shape: readonly number[], attrs: PoolAttrs): Window {
  const { filterSize, strides, dilations, pad, dimRoundingMode } = attrs;
  const images = shape as [number, number, number, number];
  const window = tf.backend_util.computePool2DInfo(images, filterSize, strides, dilations ?? 1, pad, dimRoundingMode);
  const [top, left, bottom, right] = paddingOf(window);
  const [height, width] = [window.effectiveFilterHeight, window.effectiveFilterWidth];
  if (Math.max(top, bottom) >= height || Math.max(left, right) >= width)
    throw new ExportError(
      `trace: a pool of ${height}x${width} with padding [${[top, left, bottom, right]}] has windows without a pixel; expected less padding`,
    );
  return window;
}

const outputShape = (window: Window) => [window.batchSize, window.outChannels, window.outHeight, window.outWidth];

/** The mean of each window; padding does not count. */
const AveragePool = kernel<Unary, PoolAttrs>((trace, { x }, attrs) => {
  assertTypes('AvgPool', [x], 'float32');
  const window = poolWindow(x.shape, attrs);
  const to = { shape: outputShape(window), type: 'float32' } as const;
  const options = { ...windowAttributes(window), ceil_mode: attr.int(0), count_include_pad: attr.int(0) };
  return fromNchw(trace, trace.emit('AveragePool', [toNchw(trace, x)], to, options));
});

const maxPoolAttributes = (window: Window) => ({
  ...windowAttributes(window),
  ceil_mode: attr.int(0),
  dilations: attr.ints([window.dilationHeight, window.dilationWidth]),
  storage_order: attr.int(0),
});

const MaxPool = kernel<Unary, PoolAttrs>((trace, { x }, attrs) => {
  assertTypes('MaxPool', [x], 'float32');
  const window = poolWindow(x.shape, attrs);
  const to = { shape: outputShape(window), type: 'float32' } as const;
  return fromNchw(trace, trace.emit('MaxPool', [toNchw(trace, x)], to, maxPoolAttributes(window)));
});

interface PoolGradient {
  readonly dy: tf.TensorInfo;
  readonly input: tf.TensorInfo;
}

/**
 * Gradient of AveragePool: dy over the number of pixels in its window, spread over the window. (tfjs's own CPU kernel
 * divides by h * w even where a window is cut by the border, which is not the gradient of its forward pass.)
 */
const AveragePoolGrad = kernel<PoolGradient, PoolAttrs>((trace, { dy, input }, attrs) => {
  assertTypes('AvgPoolGrad', [dy, input], 'float32');
  const window = poolWindow(input.shape, attrs);
  const { batchSize: N, inChannels: C, inHeight: H, inWidth: W, filterHeight, filterWidth } = window;
  const incoming = toNchw(trace, dy);
  const shares = trace.emit('Div', [incoming, windowCounts(trace, window)], incoming);
  // Every channel is an image of its own: [N C, 1, H', W'].
  const images = trace.reshape(shares, [N * C, 1, window.outHeight, window.outWidth]);
  const ones = new Float32Array(filterHeight * filterWidth).fill(1);
  const kernels = trace.constant(float32Tensor(ones, [1, 1, filterHeight, filterWidth]));
  const to = { shape: [N * C, 1, H, W], type: 'float32' } as const;
  const options = { ...windowAttributes(window), ...transposedAttributes(window) };
  const dx = trace.emit('ConvTranspose', [images, kernels], to, options);
  return fromNchw(trace, trace.reshape(dx, [N, C, H, W]));
});

/** Pixels of the image in each window: one number where all are the same, else [1, 1, H', W']. */
function windowCounts(trace: Trace, window: Window): Value {
  const { padInfo } = window;
  const along = (places: number, stride: number, size: number, before: number, length: number) =>
    Array.from({ length: places }, (_, i) => {
      const start = i * stride - before;
      return Math.min(start + size, length) - Math.max(start, 0);
    });
  const rows = along(window.outHeight, window.strideHeight, window.filterHeight, padInfo.top, window.inHeight);
  const cols = along(window.outWidth, window.strideWidth, window.filterWidth, padInfo.left, window.inWidth);
  const counts = rows.flatMap((r) => cols.map((c) => r * c));
  if (counts.every((count) => count === counts[0])) return trace.scalar(counts[0]!, 'float32');
  return trace.constant(float32Tensor(counts, [1, 1, window.outHeight, window.outWidth]));
}

/** Gradient of MaxPool: dy added where the (first) largest value of its window stands. */
const MaxPoolGrad = kernel<PoolGradient, PoolAttrs>((trace, { dy, input }, attrs) => {
  assertTypes('MaxPoolGrad', [dy, input], 'float32');
  const window = poolWindow(input.shape, attrs);
  const images = toNchw(trace, input);
  const shape = outputShape(window);
  const to = [
    { shape, type: 'float32' },
    { shape, type: 'int64' },
  ] as const;
  const [, places] = trace.emitAll('MaxPool', [images], to, maxPoolAttributes(window));
  // The places count through the whole of [N, C, H, W].
  const length = [sizeOf(shape)];
  const flat = trace.reshape(places!, length);
  const gradient = trace.reshape(toNchw(trace, dy), length);
  const all = [sizeOf(images.shape)];
  const options = { axis: attr.int(0), reduction: attr.string('add') };
  const dx = trace.emit(
    'ScatterElements',
    [zeros(trace, all), flat, gradient],
    { shape: all, type: 'float32' },
    options,
  );
  return fromNchw(trace, trace.reshape(dx, images.shape));
});

export const pools: Kernels = {
  AvgPool: AveragePool,
  AvgPoolGrad: AveragePoolGrad,
  MaxPool,
  MaxPoolGrad,
};
