import * as tf from '@tensorflow/tfjs-core';
import { anyShape, bools, floats, ints, pick, type Random, type Tolerance, whole } from '../support.js';
import { type Case, type Cases, given } from './case.js';

type Of = (random: Random, shape: number[]) => tf.Tensor;

const between =
  (from: number, to: number): Of =>
  (random, shape) =>
    floats(random, shape, from, to);

/** Values at which functions are known to go wrong. */
const special = (...values: number[]) => [tf.tensor1d(values, 'float32')];

/** Two shapes that broadcast: some axes of size 1, some left out in front. */
function broadcastShapes(random: Random): [number[], number[]] {
  const shape = anyShape(random);
  const thin = () => shape.map((size) => (random() < 0.3 ? 1 : size)).slice(random() < 0.3 ? whole(random, 0, 2) : 0);
  return random() < 0.5 ? [shape, thin()] : [thin(), thin()];
}

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

function binary(run: Binary, ...kinds: [string, Of, Of?][]): Case[] {
  return kinds.map(([name, a, b = a]) =>
    given(
      `${name}, broadcast`,
      (random) => {
        const [first, second] = broadcastShapes(random);
        return [a(random, first), b(random, second)];
      },
      (x, y) => run(x!, y!),
    ),
  );
}

type Unary = (x: tf.Tensor) => tf.Tensor;

const unary = (name: string, run: Unary, of: Of, tolerance?: Tolerance): Case =>
  given(
    name,
    (random) => [of(random, anyShape(random))],
    (x) => run(x!),
    tolerance,
  );

const at = (name: string, run: Unary, values: number[], tolerance?: Tolerance): Case =>
  given(
    name,
    () => special(...values),
    (x) => run(x!),
    tolerance,
  );

const small: Of = (random, shape) => ints(random, shape, -2, 2);
const [any, positive] = [between(-3, 3), between(0.1, 3)];
const [NAN, INF] = [Number.NaN, Number.POSITIVE_INFINITY];

const numbers = (run: Binary) => binary(run, ['floats', any], ['whole numbers', small]);

export const elementwiseCases: Cases = {
  Add: [
    ...numbers(tf.add),
    given(
      'a tensor of ones',
      (random) => [floats(random, [3, 2])],
      (x) => tf.add(x!, tf.ones([3, 2])),
    ),
    given(
      'ones that stretch the other operand',
      (random) => [floats(random, [1, 2])],
      (x) => tf.add(x!, tf.ones([3, 2])),
    ),
    given(
      'operands made in other shapes',
      (random) => [floats(random, [3, 2]), floats(random, [6]), floats(random, [1, 1, 1])],
      (x, y, z) => tf.add(tf.add(tf.reshape(x!, [1, 6, 1]), tf.reshape(tf.neg(y!), [1, 6, 1])), z!),
    ),
    given(
      'a single number of higher rank',
      (random) => [floats(random, [3]), floats(random, [1, 1])],
      (x, y) => tf.add(tf.reshape(x!, [1, 3]), y!),
    ),
  ],
  Sub: numbers(tf.sub),
  Multiply: numbers(tf.mul),
  RealDiv: binary(tf.div, ['floats', any, positive]),
  Pow: [
    ...binary(tf.pow, ['floats', positive, any], ['whole numbers', small, (r, s) => ints(r, s, 0, 3)]),
    given(
      'of negative numbers to whole powers',
      (random) => [floats(random, [5])],
      (x) => tf.pow(x!, tf.scalar(3)),
    ),
  ],
  Maximum: numbers(tf.maximum),
  Minimum: numbers(tf.minimum),
  SquaredDifference: numbers(tf.squaredDifference),
  AddN: [1, 2, 4].map((count) => ({
    name: `${count} tensors`,
    draw: (random) => {
      const shape = anyShape(random);
      return { inputs: Array.from({ length: count }, () => any(random, shape)), run: (...all) => tf.addN(all) };
    },
  })),

  Greater: numbers(tf.greater),
  GreaterEqual: numbers(tf.greaterEqual),
  Less: numbers(tf.less),
  LessEqual: numbers(tf.lessEqual),
  Equal: [...numbers(tf.equal), ...binary(tf.equal, ['truth values', bools])],
  NotEqual: [...numbers(tf.notEqual), ...binary(tf.notEqual, ['truth values', bools])],
  LogicalAnd: binary(tf.logicalAnd, ['truth values', bools]),
  LogicalOr: binary(tf.logicalOr, ['truth values', bools]),
  LogicalNot: [unary('truth values', tf.logicalNot, bools)],
  Select: [
    ...([any, small, bools] as const).map((of, i) =>
      given(
        ['floats', 'whole numbers', 'truth values'][i]!,
        (random) => {
          const [a, b] = broadcastShapes(random);
          return [bools(random, a), of(random, b), of(random, a)];
        },
        (c, t, e) => tf.where(c!, t!, e!),
      ),
    ),
    given(
      'of two types',
      (random) => [bools(random, [4]), floats(random, [4]), ints(random, [4])],
      (c, t, e) => tf.where(c!, t!, e!),
    ),
    given(
      'a condition for each row',
      (random) => [bools(random, [4]), floats(random, [4, 1]), floats(random, [4, 1])],
      (condition, t, e) => tf.engine().runKernel('Select', { condition: condition!, t: t!, e: e! }) as tf.Tensor,
    ),
  ],

  Abs: [unary('floats', tf.abs, any), unary('whole numbers', tf.abs, small)],
  Neg: [unary('floats', tf.neg, any), unary('whole numbers', tf.neg, small)],
  Sign: [unary('floats', tf.sign, any), unary('whole numbers', tf.sign, small), at('zero', tf.sign, [0, -0.0])],
  Floor: [unary('floats', tf.floor, any)],
  Ceil: [unary('floats', tf.ceil, any)],
  Round: [unary('floats', tf.round, any), at('halves go to even', tf.round, [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])],
  Exp: [unary('floats', tf.exp, any), at('overflow and underflow', tf.exp, [89, -INF, INF, NAN, 0])],
  Expm1: [
    unary('floats', tf.expm1, any),
    at('small numbers keep their digits', tf.expm1, [1e-7, -1e-7, 1e-20, 0], { absolute: 0 }),
    at('infinities', tf.expm1, [INF, -INF, 89, -40]),
  ],
  Log: [unary('floats', tf.log, positive), at('zero and below', tf.log, [0, -1, INF, NAN])],
  Log1p: [
    unary('floats', tf.log1p, between(-0.9, 5)),
    at('small numbers keep their digits', tf.log1p, [1e-7, -1e-7, 1e-20, 3e-5, 0], { absolute: 0 }),
    at('the ends', tf.log1p, [-1, INF, -2, NAN, 1e30]),
  ],
  Sqrt: [unary('floats', tf.sqrt, positive), at('zero and below', tf.sqrt, [0, -1, INF])],
  Rsqrt: [unary('floats', tf.rsqrt, positive), at('zero and below', tf.rsqrt, [0, -1, INF])],
  Square: [unary('floats', tf.square, any), unary('whole numbers', tf.square, small)],
  Reciprocal: [unary('floats', tf.reciprocal, positive), at('zero', tf.reciprocal, [0, INF])],
  Sin: [unary('floats', tf.sin, any)],
  Cos: [unary('floats', tf.cos, any)],
  // tfjs uses an approximation with an error of up to 1.5e-7 (Abramowitz and Stegun 7.1.26).
  Erf: [unary('floats', tf.erf, any, { absolute: 5e-7 })],

  Tanh: [unary('floats', tf.tanh, any), at('far out', tf.tanh, [100, -100, INF, -INF])],
  // onnxruntime cuts the logistic off at 18: 1.5e-8.
  Sigmoid: [unary('floats', tf.sigmoid, any), at('far out', tf.sigmoid, [100, -100, 20, -20], { absolute: 1e-7 })],
  Relu: [unary('floats', tf.relu, any)],
  Relu6: [unary('floats', tf.relu6, between(-9, 9))],
  Elu: [unary('floats', tf.elu, any)],
  EluGrad: [unary('gradient of elu', (x) => tf.grad((v) => tf.sum(tf.elu(v)))(x), any)],
  Softplus: [
    unary('floats', tf.softplus, any),
    at('large logits stay finite', tf.softplus, [200, -200, 1e4, -1e4, 30], { absolute: 1e-7 }),
  ],
  LeakyRelu: [
    unary('slope as by default', (x) => tf.leakyRelu(x), any),
    unary('slope 0.01', (x) => tf.leakyRelu(x, 0.01), any),
  ],
  Step: [
    unary('zero below', (x) => tf.step(x), any),
    unary('a value below', (x) => tf.step(x, 0.5), any),
    at('zero', (x) => tf.step(x), [0, 1, -1]),
  ],
  ClipByValue: [
    unary('floats', (x) => tf.clipByValue(x, -1, 2), any),
    unary('whole numbers', (x) => tf.clipByValue(x, -1, 1), small),
  ],
  Cast: (['float32', 'int32', 'bool'] as const).flatMap((to) =>
    [any, small, bools].map((of, i) => unary(`${['float32', 'int32', 'bool'][i]} to ${to}`, (x) => tf.cast(x, to), of)),
  ),
  Identity: [
    unary('a copy', (x) => tf.clone(x), any),
    given(
      'twice the same output',
      (random) => [pick(random, [any, small])(random, [2])],
      (x) => [tf.clone(x!), tf.clone(x!)],
    ),
  ],
};
