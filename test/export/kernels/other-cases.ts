import * as tf from '@tensorflow/tfjs-core';
import { anyShape, bools, floats, ints, pick, type Random, whole } from '../support.js';
import { type Case, type Cases, given } from './case.js';

type Reduce = (x: tf.Tensor, axes: number[] | undefined, keepDims: boolean) => tf.Tensor;
type Of = (random: Random, shape: number[]) => tf.Tensor;

/** Some axes of a shape, counted from either end; sometimes undefined: all. */
function someAxes(random: Random, rank: number): number[] | undefined {
  if (random() < 0.2) return undefined;
  const axes = Array.from({ length: rank }, (_, i) => i).filter(() => random() < 0.6);
  return axes.map((axis) => (random() < 0.5 ? axis : axis - rank));
}

function reduction(run: Reduce, ...kinds: [string, Of][]): Case[] {
  return kinds.map(([name, of]) => ({
    name: `${name}, any axes`,
    draw: (random) => {
      const x = of(random, anyShape(random));
      const [axes, keepDims] = [someAxes(random, x.rank), random() < 0.5];
      return { inputs: [x], run: (t) => run(t!, axes, keepDims) };
    },
  }));
}

const small: Of = (random, shape) => ints(random, shape, -2, 2);

const arg = (run: (x: tf.Tensor, axis: number) => tf.Tensor): Case[] =>
  ([floats, small] as const).map((of, i) => ({
    name: `${['floats', 'whole numbers with ties'][i]}, any axis`,
    draw: (random) => {
      const x = of(random, anyShape(random, whole(random, 1, 4)));
      const axis = whole(random, -x.rank, x.rank - 1);
      return { inputs: [x], run: (t) => run(t!, axis) };
    },
  }));

export const reductionCases: Cases = {
  Sum: reduction(tf.sum, ['floats', floats], ['whole numbers', small], ['truth values', bools]),
  Mean: reduction(tf.mean, ['floats', floats], ['whole numbers', small]),
  Max: reduction(tf.max, ['floats', floats], ['whole numbers', small]),
  Min: reduction(tf.min, ['floats', floats], ['whole numbers', small]),
  Prod: reduction(tf.prod, ['floats', (r, s) => floats(r, s, 0.5, 1.5)], ['whole numbers', small]),
  ArgMax: arg(tf.argMax),
  ArgMin: arg(tf.argMin),
};

/** The batch axes of two operands. */
type Batches = readonly [readonly number[], readonly number[]];

/** Matrices [..., m, k] and [..., k, n], stored transposed or not, with batches that broadcast. */
function product(name: string, batches: readonly Batches[], withBias = false): Case {
  return {
    name,
    draw: (random) => {
      const [m, k, n] = anyShape(random, 3) as [number, number, number];
      const [transposeA, transposeB] = [random() < 0.5, random() < 0.5];
      const [batchA, batchB] = pick(random, batches);
      const a = floats(random, [...batchA, ...(transposeA ? [k, m] : [m, k])]);
      const b = floats(random, [...batchB, ...(transposeB ? [n, k] : [k, n])]);
      if (!withBias) return { inputs: [a, b], run: (x, y) => tf.matMul(x!, y!, transposeA, transposeB) };
      const bias = floats(random, pick(random, [[n], [1, n], [m, n]]));
      const activation = pick(random, ['linear', 'relu', 'sigmoid', 'elu', 'relu6', 'leakyrelu'] as const);
      return {
        inputs: [a, b, bias],
        run: (x, y, c) => tf.fused.matMul({ a: x!, b: y!, transposeA, transposeB, bias: c!, activation }),
      };
    },
  };
}

const single: Batches[] = [
  [[], []],
  [[1], [1]],
  [[1, 1], [1]],
];
const batched: Batches[] = [
  [[3], [3]],
  [
    [2, 3],
    [2, 3],
  ],
];
const byOne: Batches[] = [
  [[3], [1]],
  [[1], [2]],
];

const withoutBias: Case = {
  name: 'without bias',
  draw: (random) => ({
    inputs: [floats(random, [2, 3]), floats(random, [3, 4])],
    run: (a, b) => tf.fused.matMul({ a: a!, b: b!, activation: 'relu' }),
  }),
};

export const matmulCases: Cases = {
  BatchMatMul: [product('one matrix', single), product('a batch', batched), product('a batch by one matrix', byOne)],
  _FusedMatMul: [
    product('one matrix, bias, activation', single, true),
    product('a batch, bias, activation', [[[3], [3]]], true),
    withoutBias,
  ],
};

export const normalisationCases: Cases = {
  Softmax: [
    {
      name: 'any rank',
      draw: (random) => ({
        inputs: [floats(random, anyShape(random, whole(random, 1, 4)))],
        run: (x) => tf.softmax(x!),
      }),
    },
    given(
      'logits of a thousand, and logSoftmax beside it',
      () => [tf.tensor2d([1000, 999, -1000, 0, 0, 0], [2, 3])],
      (x) => [tf.softmax(x!), tf.logSoftmax(x!)],
    ),
  ],
  FusedBatchNorm: [
    {
      name: 'with and without scale and offset',
      draw: (random) => {
        const shape = anyShape(random, 4);
        const one = () => floats(random, [shape[3]!]);
        const inputs = [floats(random, shape), one(), floats(random, [shape[3]!], 0.1, 2), one(), one()];
        const epsilon = pick(random, [1e-3, 1e-5]);
        const how = whole(random, 0, 3);
        return {
          inputs,
          run: (x, mean, variance, offset, scale) =>
            tf.batchNorm(x!, mean!, variance!, how & 1 ? offset : undefined, how & 2 ? scale : undefined, epsilon),
        };
      },
    },
    given(
      'statistics of the full shape',
      (random) => [0, 1, 2].map((i) => floats(random, [1, 2, 2, 3], i === 2 ? 0.1 : -1, 2)),
      (x, mean, variance) => tf.batchNorm(x!, mean!, variance!),
    ),
  ],
  NormaliseRows: [
    {
      name: 'any rows, one pixel to many',
      draw: (random) => {
        const [rows, n] = [whole(random, 1, 6), whole(random, 1, 40)];
        const inputs = [floats(random, [rows, n]), floats(random, [rows]), floats(random, [rows])];
        const epsilon = pick(random, [1e-3, 1e-5]);
        return { inputs, run: (x, gain, offset) => normaliseRows({ x: x!, gain: gain!, offset: offset! }, epsilon) };
      },
    },
  ],
};

/** Runs the kernel that tfjs's CPU backend lacks, lent to it for the call: written from its definition. */
function normaliseRows(inputs: { x: tf.Tensor; gain: tf.Tensor; offset: tf.Tensor }, epsilon: number): tf.Tensor {
  const kernelName = 'NormaliseRows';
  const column = (t: tf.Tensor) => tf.expandDims(t, 1);
  const kernelFunc = () => {
    const { mean, variance } = tf.moments(inputs.x, 1, true);
    const unit = tf.div(tf.sub(inputs.x, mean), tf.sqrt(tf.add(variance, epsilon)));
    return tf.add(tf.mul(unit, column(inputs.gain)), column(inputs.offset));
  };
  tf.registerKernel({ kernelName, backendName: 'cpu', kernelFunc });
  try {
    return tf.engine().runKernel(kernelName, inputs, { epsilon });
  } finally {
    tf.unregisterKernel(kernelName, 'cpu');
  }
}
