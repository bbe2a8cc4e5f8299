// Activation functions and what their gradients need.

import type * as tf from '@tensorflow/tfjs-core';
import { ExportError } from '../error.js';
import { attr } from '../graph.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { Cast, ofFloats, operands, test, unary } from './elementwise.js';
import { assertTypes, type Kernels, kernel, map, type Unary } from './kernel.js';

function Clip(trace: Trace, x: Value, least: number, most: number): Value {
  const type = x.type as TraceType;
  return trace.emit('Clip', [x, trace.scalar(least, type), trace.scalar(most, type)], x);
}

/** tfjs's default slope is 0.2, ONNX's 0.01: always written out. */
function LeakyRelu(trace: Trace, x: Value, alpha: number): Value {
  return map(trace, 'LeakyRelu', x, { alpha: attr.float(alpha) });
}

const Elu = (trace: Trace, x: Value) => map(trace, 'Elu', x, { alpha: attr.float(1) });

const Relu6 = (trace: Trace, x: Value) => Clip(trace, x, 0, 6);

/** 1 where x > 0, alpha elsewhere. (tfjs keeps NaN; here the loss shows it, the gradient does not.) */
function Step(trace: Trace, x: Value, alpha: number): Value {
  const positive = test(trace, 'Greater', x, trace.scalar(0, 'float32'));
  if (alpha === 0) return Cast(trace, positive, 'float32');
  return trace.emit('Where', [positive, trace.scalar(1, 'float32'), trace.scalar(alpha, 'float32')], x);
}

/** Gradient of Elu from its output: dy where y >= 0, dy * (y + 1) elsewhere. */
const EluGrad = kernel<{ dy: tf.TensorInfo; y: tf.TensorInfo }>((trace, { dy, y }) => {
  const [values, working] = operands(trace, [dy, y], y.shape);
  const to = { shape: working, type: 'float32' } as const;
  const negative = trace.emit('Min', [values[1], trace.scalar(0, 'float32')], to);
  const slope = trace.emit('Add', [negative, trace.scalar(1, 'float32')], to);
  return trace.tensor(trace.emit('Mul', [values[0], slope], to), y.shape);
});

const ClipByValue = kernel<Unary, { clipValueMin: number; clipValueMax: number }>((trace, { x }, attrs) => {
  assertTypes('ClipByValue', [x], 'float32', 'int32');
  return trace.tensor(Clip(trace, trace.base(x), attrs.clipValueMin, attrs.clipValueMax), x.shape);
});

/** A fused activation, by tfjs's name. */
export function activate(trace: Trace, x: Value, activation: string | undefined, leakyreluAlpha = 0.2): Value {
  switch (activation ?? 'linear') {
    case 'linear':
      return x;
    case 'relu':
      return map(trace, 'Relu', x);
    case 'sigmoid':
      return map(trace, 'Sigmoid', x);
    case 'elu':
      return Elu(trace, x);
    case 'relu6':
      return Relu6(trace, x);
    case 'leakyrelu':
      return LeakyRelu(trace, x, leakyreluAlpha);
    default:
      throw new ExportError(`trace: the fused activation '${activation}' is not supported; apply it by itself`);
  }
}

export const activations: Kernels = {
  Tanh: ofFloats('Tanh'),
  Sigmoid: ofFloats('Sigmoid'),
  Relu: ofFloats('Relu'),
  Relu6: unary('Relu6', ['float32'], Relu6),
  Elu: unary('Elu', ['float32'], Elu),
  EluGrad,
  Softplus: ofFloats('Softplus'),
  LeakyRelu: kernel<Unary, { alpha: number }>((trace, { x }, { alpha }) => {
    assertTypes('LeakyRelu', [x], 'float32');
    return trace.tensor(LeakyRelu(trace, trace.base(x), alpha), x.shape);
  }),
  Step: kernel<Unary, { alpha: number }>((trace, { x }, { alpha }) => {
    assertTypes('Step', [x], 'float32');
    return trace.tensor(Step(trace, trace.base(x), alpha), x.shape);
  }),
  ClipByValue,
};
