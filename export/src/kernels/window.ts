// What convolutions and pools share. tfjs works on NHWC images and HWIO kernels, ONNX on NCHW and OIHW.

import type * as tf from '@tensorflow/tfjs-core';
import { type Attributes, attr } from '../graph.js';
import type { Trace, Value } from '../trace/trace.js';

const TO_NCHW = [0, 3, 1, 2];
const TO_NHWC = [0, 2, 3, 1];

export type Window = tf.backend_util.Conv2DInfo;
type Padding = 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;

/** Attributes of the sliding windows of tfjs's Conv2D, pools and their gradients. */
export interface WindowAttrs {
  readonly strides: number | [number, number];
  readonly pad: Padding;
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Rows and columns of padding [top, left, bottom, right], as far as windows reach: SAME is not symmetric. */
export function paddingOf(window: Window): [number, number, number, number] {
  const { top, left } = window.padInfo;
  const bottom = (window.outHeight - 1) * window.strideHeight + window.effectiveFilterHeight - window.inHeight - top;
  const right = (window.outWidth - 1) * window.strideWidth + window.effectiveFilterWidth - window.inWidth - left;
  return [top, left, Math.max(0, bottom), Math.max(0, right)];
}

/** The attributes that every windowed ONNX operator has. */
export function windowAttributes(window: Window): Attributes {
  return {
    kernel_shape: attr.ints([window.filterHeight, window.filterWidth]),
    strides: attr.ints([window.strideHeight, window.strideWidth]),
    pads: attr.ints(paddingOf(window)),
    auto_pad: attr.string('NOTSET'),
  };
}

/** Images as NCHW. */
export function toNchw(trace: Trace, x: tf.TensorInfo, format: Window['dataFormat'] = 'channelsLast'): Value {
  return format === 'channelsLast' ? trace.transpose(trace.value(x), TO_NCHW) : trace.value(x);
}

/** NCHW images in the format that tfjs expects. */
export function fromNchw(trace: Trace, y: Value, format: Window['dataFormat'] = 'channelsLast'): Value {
  return format === 'channelsLast' ? trace.transpose(y, TO_NHWC) : y;
}
