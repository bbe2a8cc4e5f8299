// Legend: M x K times K x N matrices. Matrix products become one Gemm where there is a single one, MatMul in batches.

import type * as tf from '@tensorflow/tfjs-core';
import { broadcast_util } from '@tensorflow/tfjs-core';
import { attr } from '../graph.js';
import type { Trace, Value } from '../trace/trace.js';
import { activate } from './activation.js';
import { assertTypes, type Binary, type Kernels, kernel, sizeOf } from './kernel.js';

interface MatMulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

interface FusedAttrs extends MatMulAttrs {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

interface FusedInputs extends Binary {
  readonly bias?: tf.TensorInfo;
}

const batchOf = (t: tf.TensorInfo) => t.shape.slice(0, -2);

/** [M, N] and the batch of a product. */
function productShape({ a, b }: Binary, { transposeA, transposeB }: MatMulAttrs) {
  const m = a.shape.at(transposeA ? -1 : -2)!;
  const n = b.shape.at(transposeB ? -2 : -1)!;
  return { m, n, batch: broadcast_util.assertAndGetBroadcastShape(batchOf(a), batchOf(b)) };
}

/** alpha * op(a) op(b) + beta * c, c broadcast to [M, N]. a and b are matrices, whatever unit axes stand before them. */
function Gemm(trace: Trace, { a, b, bias }: FusedInputs, attrs: MatMulAttrs): Value {
  const { m, n } = productShape({ a, b }, attrs);
  const matrix = (t: tf.TensorInfo) => trace.value(t, t.shape.slice(-2));
  const c = bias && trace.value(bias, bias.shape.slice(-2));
  return trace.emit(
    'Gemm',
    c ? [matrix(a), matrix(b), c] : [matrix(a), matrix(b)],
    { shape: [m, n], type: 'float32' },
    {
      alpha: attr.float(1),
      beta: attr.float(1),
      transA: attr.int(attrs.transposeA ? 1 : 0),
      transB: attr.int(attrs.transposeB ? 1 : 0),
    },
  );
}

/** Products of a batch of matrices, the batch axes broadcast. */
function MatMul(trace: Trace, inputs: Binary, attrs: MatMulAttrs): Value {
  const { m, n, batch } = productShape(inputs, attrs);
  const a = attrs.transposeA ? transposeLast(trace, trace.value(inputs.a)) : trace.value(inputs.a);
  const b = attrs.transposeB ? transposeLast(trace, trace.value(inputs.b)) : trace.value(inputs.b);
  return trace.emit('MatMul', [a, b], { shape: [...batch, m, n], type: 'float32' });
}

function transposeLast(trace: Trace, x: Value): Value {
  const perm = x.shape.map((_, i) => i);
  perm.push(...perm.splice(-2).reverse());
  return trace.transpose(x, perm);
}

const isOneMatrix = (...tensors: tf.TensorInfo[]) => tensors.every((t) => sizeOf(batchOf(t)) === 1);

/** A product with its bias and activation. */
const FusedMatMul = kernel<FusedInputs, FusedAttrs>((trace, inputs, attrs) => {
  const { a, b, bias } = inputs;
  assertTypes('MatMul', bias ? [a, b, bias] : [a, b], 'float32');
  const { m, n, batch } = productShape(inputs, attrs);
  const single = isOneMatrix(a, b, ...(bias ? [bias] : []));
  let value = single ? Gemm(trace, inputs, attrs) : MatMul(trace, inputs, attrs);
  if (!single && bias) value = trace.emit('Add', [value, trace.value(bias)], value);
  return trace.tensor(activate(trace, value, attrs.activation, attrs.leakyreluAlpha), [...batch, m, n]);
});

export const matmul: Kernels = {
  BatchMatMul: FusedMatMul, // without bias and activation
  _FusedMatMul: FusedMatMul,
};
