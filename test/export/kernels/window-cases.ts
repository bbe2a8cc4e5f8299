import * as tf from '@tensorflow/tfjs-core';
import { floats, pick, type Random, whole } from '../support.js';
import { type Case, type Cases, given } from './case.js';

type Pad = 'same' | 'valid' | number | [[number, number], [number, number], [number, number], [number, number]];

interface Drawn {
  readonly x: tf.Tensor4D;
  readonly filter: tf.Tensor4D;
  readonly strides: [number, number];
  readonly pad: Pad;
  readonly dilations: [number, number];
}

const asymmetric: Pad = [
  [0, 0],
  [1, 0],
  [0, 2],
  [0, 0],
];

/** Images, a kernel and how it slides; strides or dilations are 1. */
function convolution(random: Random, least = 1, most = 3): Drawn {
  const [I, O] = [whole(random, 1, 3), whole(random, 1, 3)];
  const [h, w] = [whole(random, least, most), whole(random, least, most)];
  const dilated = random() < 0.3;
  const some = (): [number, number] => [whole(random, 1, 3), whole(random, 1, 3)];
  return {
    x: floats(random, [whole(random, 1, 2), whole(random, 5, 8), whole(random, 5, 8), I]) as tf.Tensor4D,
    filter: floats(random, [h, w, I, O]) as tf.Tensor4D,
    strides: dilated ? [1, 1] : some(),
    dilations: dilated ? [whole(random, 1, 2), whole(random, 1, 2)] : [1, 1],
    pad: pick(random, ['same', 'valid', asymmetric]),
  };
}

type Conv = (drawn: Drawn) => (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

// Sums of up to 27 products of up to 9 each, in another order.
const tolerance = { absolute: 3e-5 };

const convolved = (name: string, conv: Conv, draw = (random: Random) => convolution(random)): Case => ({
  name,
  draw: (random) => {
    const drawn = draw(random);
    const run = conv(drawn);
    return { inputs: [drawn.x, drawn.filter], run: (x, f) => run(x as tf.Tensor4D, f as tf.Tensor4D) };
  },
  tolerance,
});

const forward: Conv =
  ({ strides, pad, dilations }) =>
  (x, f) =>
    tf.conv2d(x, f, strides, pad, 'NHWC', dilations);

/** The gradient of a weighted sum of the result, so that every place has a weight of its own. */
function weighted(run: (x: tf.Tensor4D, f: tf.Tensor4D) => tf.Tensor): (x: tf.Tensor4D, f: tf.Tensor4D) => tf.Scalar {
  return (x, f) => {
    const y = run(x, f);
    return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape))) as tf.Scalar;
  };
}

const undilated = (random: Random, least?: number, most?: number): Drawn => ({
  ...convolution(random, least, most),
  dilations: [1, 1],
});

const pointwise = (random: Random): Drawn => ({ ...undilated(random, 1, 1), strides: [1, 1], pad: 'same' });

/** Some of the padding is wider than the kernel. */
const unstrided = (random: Random): Drawn => ({ ...undilated(random), strides: [1, 1] });

const byFilter: Conv = (drawn) => (x, f) => tf.grads(weighted(forward(drawn)) as () => tf.Scalar)([x, f])[1]!;
const byInput: Conv = (drawn) => (x, f) => tf.grads(weighted(forward(drawn)) as () => tf.Scalar)([x, f])[0]!;

const channelsFirst: Case = given(
  'channels first',
  (random) => [floats(random, [2, 3, 5, 6]), floats(random, [3, 3, 3, 2]), floats(random, [2])],
  (x, f, b) => {
    const image = x as tf.Tensor4D;
    const filter = f as tf.Tensor4D;
    return tf.fused.conv2d({ x: image, filter, strides: 1, pad: 'valid', dataFormat: 'NCHW', bias: b! });
  },
  tolerance,
);

const fused: Case = {
  name: 'bias and activation',
  tolerance,
  draw: (random) => {
    const { x, filter, strides, pad } = undilated(random);
    const bias = floats(random, [filter.shape[3]]);
    const activation = pick(random, ['linear', 'relu', 'sigmoid', 'elu'] as const);
    return {
      inputs: [x, filter, bias],
      run: (image, f, b) =>
        tf.fused.conv2d({
          x: image as tf.Tensor4D,
          filter: f as tf.Tensor4D,
          strides,
          pad,
          bias: b!,
          activation,
        }),
    };
  },
};

const transposed: Case = given(
  'conv2dTranspose',
  (random) => [floats(random, [1, 3, 4, 2]), floats(random, [3, 3, 5, 2])],
  (dy, f) => tf.conv2dTranspose(dy as tf.Tensor4D, f as tf.Tensor4D, [1, 6, 8, 5], 2, 'same'),
);

type Pool = (x: tf.Tensor4D, size: [number, number], strides: [number, number], pad: Pad) => tf.Tensor;

const pooled = (name: string, run: Pool, pads: Pad[]): Case => ({
  name,
  draw: (random) => {
    const x = floats(random, [whole(random, 1, 2), whole(random, 5, 8), whole(random, 5, 8), whole(random, 1, 3)]);
    const size: [number, number] = [whole(random, 1, 3), whole(random, 2, 3)];
    const strides: [number, number] = [whole(random, 1, 3), whole(random, 1, 3)];
    const pad = pick(random, pads);
    return { inputs: [x], run: (t) => run(t as tf.Tensor4D, size, strides, pad) };
  },
});

const ceiled: Case = given(
  'sizes rounded up',
  (random) => [floats(random, [1, 7, 7, 2])],
  (x) => [
    tf.avgPool(x as tf.Tensor4D, 2, 3, 0, 'ceil'),
    tf.maxPool(x as tf.Tensor4D, 2, 3, 0, 'ceil'),
    tf.maxPool(x as tf.Tensor4D, 3, 2, 1, 'floor'),
  ],
);

const poolGradient =
  (pool: Pool): Pool =>
  (x, size, strides, pad) =>
    tf.grad((v) => weighted((image) => pool(image, size, strides, pad))(v as tf.Tensor4D, v as tf.Tensor4D))(x);

const avgPool: Pool = (x, size, strides, pad) => tf.avgPool(x, size, strides, pad as 'same');
const maxPool: Pool = (x, size, strides, pad) => tf.maxPool(x, size, strides, pad as 'same');

export const windowCases: Cases = {
  Conv2D: [
    convolved('any stride, dilation and padding', forward),
    convolved('one pixel at a time', forward, pointwise),
    given(
      'two after each other',
      (random) => [floats(random, [1, 5, 6, 2]), floats(random, [3, 3, 2, 2])],
      (x, f) => {
        const filter = f as tf.Tensor4D;
        return tf.conv2d(tf.conv2d(x as tf.Tensor4D, filter, 1, 'same'), filter, 1, 'same');
      },
    ),
  ],
  FusedConv2D: [fused, channelsFirst],
  Conv2DBackpropInput: [
    convolved('any stride and padding', byInput, (random) => undilated(random)),
    convolved('one pixel at a time', byInput, pointwise),
    convolved('no strides, any padding', byInput, unstrided),
    transposed,
  ],
  Conv2DBackpropFilter: [
    convolved('any stride and padding', byFilter, (random) => undilated(random)),
    convolved('one pixel at a time', byFilter, pointwise),
  ],
  AvgPool: [pooled('any stride', avgPool, ['same', 'valid']), ceiled],
  // Where windows are cut by the border, tfjs's CPU kernel is not the gradient: see pooling.test.ts.
  AvgPoolGrad: [pooled('any stride', poolGradient(avgPool), ['valid'])],
  MaxPool: [pooled('any stride', maxPool, ['same', 'valid']), ceiled],
  MaxPoolGrad: [pooled('any stride', poolGradient(maxPool), ['same', 'valid'])],
};
