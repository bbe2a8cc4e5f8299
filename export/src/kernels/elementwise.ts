// Kernels that work element by element, two operands broadcast.

import * as tf from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import { elementTypeNumber } from '../model.js';
import type { Trace, TraceType, Value } from '../trace/trace.js';
import { assertTypes, type Binary, type Kernel, type Kernels, kernel, map, sizeOf, type Unary } from './kernel.js';

const broadcast = (a: tf.TensorInfo, b: tf.TensorInfo) =>
  tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);

/**
 * The operands of an element-wise node. Where none has to be stretched but single numbers, they may come in the shape
 * that the first was made in (say [N, M] for a tensor [1, N, M]), so that no Reshape is needed; else in their own shapes.
 */
export function operands(
  trace: Trace,
  tensors: readonly tf.TensorInfo[],
  shape: readonly number[],
): [Value[], readonly number[]] {
  const isFull = (t: tf.TensorInfo) => sizeOf(t.shape) === sizeOf(shape);
  const isNumber = (t: tf.TensorInfo) => sizeOf(t.shape) === 1 || trace.uniform(t) !== undefined;
  const first = tensors.find((t) => isFull(t) && trace.uniform(t) === undefined);
  if (!first || !tensors.every((t) => isFull(t) || isNumber(t))) return [tensors.map((t) => trace.value(t)), shape];
  const working = trace.base(first).shape;
  const values = tensors.map((t) => {
    const constant = trace.uniform(t);
    if (constant !== undefined) return trace.scalar(constant, t.dtype as TraceType);
    if (isFull(t)) return trace.value(t, working);
    const number = trace.base(t); // [1, 1, ...]
    return number.shape.length <= working.length ? number : trace.value(t, []);
  });
  return [values, working];
}

function binary(op: string, types: TraceType[], result?: 'bool'): Kernel {
  return kernel<Binary>((trace, { a, b }) => {
    assertTypes(op, [a, b], ...types);
    const shape = broadcast(a, b);
    const [values, working] = operands(trace, [a, b], shape);
    return trace.tensor(trace.emit(op, values, { shape: working, type: result ?? values[0]!.type }), shape);
  });
}

const arithmetic = (op: string) => binary(op, ['float32', 'int32']);
const comparison = (op: string) => binary(op, ['float32', 'int32'], 'bool');
const logical = (op: string) => binary(op, ['bool'], 'bool');

/** A kernel of one tensor, written on its value. */
export function unary(op: string, types: TraceType[], run: (trace: Trace, x: Value) => Value): Kernel {
  return kernel<Unary>((trace, { x }) => {
    assertTypes(op, [x], ...types);
    return trace.tensor(run(trace, trace.base(x)), x.shape);
  });
}

export const ofFloats = (op: string) => unary(op, ['float32'], (trace, x) => map(trace, op, x));
const ofNumbers = (op: string) => unary(op, ['float32', 'int32'], (trace, x) => map(trace, op, x));

const two = (trace: Trace, op: string, a: Value, b: Value) => trace.emit(op, [a, b], a);
export const test = (trace: Trace, op: string, a: Value, b: Value) =>
  trace.emit(op, [a, b], { shape: a.shape, type: 'bool' });

/** Truncates floats to whole numbers; everything but 0 is true. */
export function Cast(trace: Trace, x: Value, type: Value['type']): Value {
  if (x.type === type) return x;
  return trace.emit('Cast', [x], { shape: x.shape, type }, { to: attr.int(elementTypeNumber(type)) });
}

/** exp(x) - 1 = tanh(x / 2) * (exp(x) + 1), without the cancellation at small x. */
function Expm1(trace: Trace, x: Value): Value {
  const half = map(trace, 'Tanh', two(trace, 'Mul', x, trace.scalar(0.5, 'float32')));
  return two(trace, 'Mul', half, two(trace, 'Add', map(trace, 'Exp', x), trace.scalar(1, 'float32')));
}

/** log(1 + x) = log(u) * x / (u - 1) with u = 1 + x rounded (Kahan); log(u) where u - 1 is exactly x (infinity too). */
function Log1p(trace: Trace, x: Value): Value {
  const one = trace.scalar(1, 'float32');
  const u = two(trace, 'Add', x, one);
  const d = two(trace, 'Sub', u, one);
  const log = map(trace, 'Log', u);
  const corrected = two(trace, 'Mul', log, two(trace, 'Div', x, d));
  const tiny = test(trace, 'Equal', d, trace.scalar(0, 'float32'));
  const small = trace.emit('Where', [tiny, x, corrected], x);
  return trace.emit('Where', [test(trace, 'Equal', d, x), log, small], x);
}

/** x * x, which is exact where Pow need not be. */
const Square = (trace: Trace, x: Value) => two(trace, 'Mul', x, x);

const Rsqrt = (trace: Trace, x: Value) => map(trace, 'Reciprocal', map(trace, 'Sqrt', x));

function Where(trace: Trace, condition: Value, t: Value, e: Value): Value {
  return trace.emit('Where', [condition, t, e], t);
}

const SquaredDifference = kernel<Binary>((trace, { a, b }) => {
  assertTypes('SquaredDifference', [a, b], 'float32', 'int32');
  const shape = broadcast(a, b);
  const [values, working] = operands(trace, [a, b], shape);
  const difference = trace.emit('Sub', values, { shape: working, type: values[0]!.type });
  return trace.tensor(Square(trace, difference), shape);
});

const NotEqual = kernel<Binary>((trace, { a, b }) => {
  const shape = broadcast(a, b);
  const [values, working] = operands(trace, [a, b], shape);
  const equal = trace.emit('Equal', values, { shape: working, type: 'bool' });
  return trace.tensor(map(trace, 'Not', equal), shape);
});

/** The sum of tensors of one shape. */
const Sum = kernel<tf.TensorInfo[]>((trace, inputs) => {
  const tensors = Object.values(inputs);
  assertTypes('AddN', tensors, 'float32');
  const [values, working] = operands(trace, tensors, tensors[0]!.shape);
  return trace.tensor(trace.emit('Sum', values, { shape: working, type: 'float32' }), tensors[0]!.shape);
});

/** t where the condition holds, else e; a condition of rank 1 chooses along the first axis. */
const Select = kernel<{ condition: tf.TensorInfo; t: tf.TensorInfo; e: tf.TensorInfo }>(
  (trace, { condition, t, e }) => {
    const type = tf.upcastType(t.dtype, e.dtype) as TraceType;
    const rows = condition.shape.length === 1 && t.shape.length > 1;
    const shape = rows ? [condition.shape[0]!, ...t.shape.slice(1).map(() => 1)] : condition.shape;
    const choice = Cast(trace, trace.value(condition, shape), 'bool');
    const [yes, no] = [t, e].map((one) => Cast(trace, trace.value(one), type));
    if (type !== 'bool') return Where(trace, choice, yes!, no!);
    // onnxruntime has no Where for bool.
    return Cast(trace, Where(trace, choice, Cast(trace, yes!, 'int32'), Cast(trace, no!, 'int32')), 'bool');
  },
);

const CastKernel = kernel<Unary, { dtype: tf.DataType }>((trace, { x }, { dtype }) => {
  assertTypes('Cast to', [{ dtype }], 'float32', 'int32', 'bool');
  if (dtype === x.dtype) return trace.relabel(x);
  return trace.tensor(Cast(trace, trace.base(x), dtype as TraceType), x.shape);
});

export const elementwise: Kernels = {
  Add: arithmetic('Add'),
  Sub: arithmetic('Sub'),
  Multiply: arithmetic('Mul'),
  RealDiv: binary('Div', ['float32']),
  Pow: arithmetic('Pow'),
  Maximum: arithmetic('Max'),
  Minimum: arithmetic('Min'),
  SquaredDifference,
  AddN: Sum,

  Greater: comparison('Greater'),
  GreaterEqual: comparison('GreaterOrEqual'),
  Less: comparison('Less'),
  LessEqual: comparison('LessOrEqual'),
  Equal: binary('Equal', ['float32', 'int32', 'bool'], 'bool'),
  NotEqual,
  LogicalAnd: logical('And'),
  LogicalOr: logical('Or'),
  LogicalNot: unary('Not', ['bool'], (trace, x) => map(trace, 'Not', x)),
  Select,

  Abs: ofNumbers('Abs'),
  Neg: ofNumbers('Neg'),
  Sign: ofNumbers('Sign'),
  Floor: ofFloats('Floor'),
  Ceil: ofFloats('Ceil'),
  Round: ofFloats('Round'), // halves to even in both
  Exp: ofFloats('Exp'),
  Expm1: unary('Expm1', ['float32'], Expm1),
  Log: ofFloats('Log'),
  Log1p: unary('Log1p', ['float32'], Log1p),
  Sqrt: ofFloats('Sqrt'),
  Rsqrt: unary('Rsqrt', ['float32'], Rsqrt),
  Square: unary('Square', ['float32', 'int32'], Square),
  Reciprocal: ofFloats('Reciprocal'),
  Sin: ofFloats('Sin'),
  Cos: ofFloats('Cos'),
  Erf: ofFloats('Erf'),

  Cast: CastKernel,
  Identity: kernel<Unary>((trace, { x }) => trace.relabel(x)),
};
