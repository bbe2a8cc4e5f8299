// The convolutional network's loss and gradients against a literal transcription in elementary tfjs ops, and how far it looks.
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import {
  type ConvolutionalBatch,
  type ConvolutionalForm,
  convolutionalHead,
  convolutionalLayers,
  convolutionalLoss,
  convolutionalNetwork,
  countStatistics,
  drawParameters,
  evaluationConvolutions,
  headHalo,
  listParameters,
  markKernels,
  POOLINGS,
  type Pooling,
  reconstructionHalo,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';

const [N, H, W, B, C, M] = [1, 7, 6, 4, 3, 5];
const WIDTHS = [6, 5, 4] as const;
const RATE = 0.1;
const DECAY = 0.005;

/** A repeatable stream in [0, 1) (Park-Miller). */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const VALID = Array.from({ length: N * H * W }, (_, i) => (i === 0 || i % 9 === 4 ? 0 : 1));

function setUp(form: ConvolutionalForm, pooling: Pooling) {
  const uniform = uniforms(17);
  const network = convolutionalNetwork({ form, pooling, bands: B, endmembers: C, widths: WIDTHS });
  const layers = convolutionalLayers(network);
  const parameters = drawParameters(layers, uniform).map((v) => v + 0.2 * (uniform() - 0.5));
  const random = (shape: number[]) =>
    tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, uniform), shape);
  const keep = (shape: number[]) => tf.cast(tf.greater(random(shape), RATE), 'float32') as tf.Tensor4D;
  const valid = tf.tensor4d(VALID, [N, H, W, 1]);
  const counted = tf.tensor4d(
    VALID.map((v, i) => (i % W === 0 ? 0 : v)),
    [N, H, W, 1],
  );
  const images = tf.mul(random([N, H, W, B]), valid) as tf.Tensor4D;
  const guided = { targets: tf.mul(tf.softmax(random([N, H, W, C])), counted) as tf.Tensor4D };
  const paper = {
    candidates: {
      spectra: random([1, 1, M, B]) as tf.Tensor4D,
      labels: tf.softmax(random([1, 1, M, C])) as tf.Tensor4D,
      keep: keep([1, 1, M, WIDTHS[0]]),
    },
  };
  const batch: ConvolutionalBatch = {
    images,
    valid,
    counted,
    keep: keep([N, H, W, WIDTHS[0]]),
    ...(form === 'guided' ? guided : paper),
  };
  return { network, layers, batch, parameters };
}

// ---- The transcription: nothing but elementary operations, one shifted image for each place of a window. ----

type T4 = tf.Tensor4D;

/** The image as seen `rows` down and `cols` to the right of each place; zeros beyond it. */
function shifted(x: T4, rows: number, cols: number): T4 {
  const padded = tf.pad(x, [
    [0, 0],
    [2, 2],
    [2, 2],
    [0, 0],
  ]);
  return tf.slice(padded, [0, 2 + rows, 2 + cols, 0], x.shape);
}

function places(before: number, after: number): [number, number][] {
  const along = Array.from({ length: before + after + 1 }, (_, i) => i - before);
  return along.flatMap((row) => along.map((col): [number, number] => [row, col]));
}

const sum = (all: tf.Tensor[]) => all.reduce((a, b) => tf.add(a, b)) as T4;

const WINDOWS: Record<Pooling, [number, number][]> = {
  same: [
    [0, 1],
    [0, 1],
    [0, 1],
  ],
  alternated: [
    [0, 1],
    [1, 0],
    [0, 1],
  ],
  centred: [
    [1, 1],
    [1, 1],
    [1, 1],
  ],
  none: [],
};

function pool(x: T4, valid: T4, window: [number, number] | undefined): T4 {
  if (!window) return x;
  const all = places(...window);
  const total = sum(all.map(([r, c]) => shifted(tf.mul(x, valid), r, c)));
  const pixels = sum(all.map(([r, c]) => shifted(valid, r, c)));
  return tf.div(total, tf.maximum(pixels, 0.01));
}

function convolve(x: T4, kernel: tf.Tensor): T4 {
  const reach = (kernel.shape[0]! - 1) / 2;
  const [i, o] = kernel.shape.slice(2) as [number, number];
  return sum(
    places(reach, reach).map(([r, c]) => {
      const weights = tf.reshape(tf.slice(kernel, [r + reach, c + reach, 0, 0], [1, 1, i, o]), [i, o]);
      return tf.reshape(tf.matMul(tf.reshape(shifted(x, r, c), [-1, i]), weights), [...x.shape.slice(0, 3), o]);
    }),
  );
}

function normalise(z: T4, counted: T4, [gamma, beta]: tf.Tensor[]): T4 {
  const n = tf.sum(counted);
  const mean = tf.div(tf.sum(tf.mul(z, counted), [0, 1, 2]), n);
  const variance = tf.div(tf.sum(tf.mul(tf.square(tf.sub(z, mean)), counted), [0, 1, 2]), n);
  return tf.add(tf.mul(tf.div(tf.sub(z, mean), tf.sqrt(tf.add(variance, 1e-3))), gamma!), beta!);
}

function literalLoss({ network, layers, batch }: ReturnType<typeof setUp>, flat: tf.Tensor1D): tf.Scalar {
  const part = (name: string) => {
    const { offset, size, shape } = listParameters(layers).find((one) => one.name === name)!;
    return tf.reshape(tf.slice(flat, [offset], [size]), [...shape]);
  };
  const { valid, counted, images, keep, candidates, targets } = batch;
  const layer = (x: T4, index: number, on: { valid: T4; counted: T4 }) => {
    const z = convolve(tf.mul(x, on.valid), part(`layer${index}/kernel`));
    if (index === 4) return tf.add(z, part('layer4/bias')) as T4;
    return normalise(z, on.counted, [part(`layer${index}/gamma`), part(`layer${index}/beta`)]);
  };
  const on = { valid, counted };
  const windows = WINDOWS[network.pooling];
  const h1 = tf.tanh(pool(tf.div(tf.mul(layer(images, 1, on), keep), 1 - RATE), valid, windows[0]));
  const h2 = tf.tanh(pool(layer(h1, 2, on), valid, windows[1]));
  const logits = layer(tf.relu(pool(layer(h2, 3, on), valid, windows[2])), 4, on);
  let h = tf.softmax(logits);
  for (const index of [5, 6, 7, 8]) h = tf.sigmoid(layer(h, index, on));
  const error = tf.mul(tf.square(tf.sub(h, images)), counted);
  const reconstruction = tf.div(tf.sum(error), tf.mul(tf.sum(counted), B));
  const crossEntropyOf = (labels: T4, of: T4) =>
    tf.div(tf.neg(tf.sum(tf.mul(labels, tf.log(tf.softmax(of))))), tf.sum(labels));
  let crossEntropy: tf.Tensor;
  if (candidates) {
    const ones = tf.ones([1, 1, M, 1]) as T4;
    const all = { valid: ones, counted: ones };
    const e1 = tf.tanh(tf.div(tf.mul(layer(candidates.spectra, 9, all), candidates.keep), 1 - RATE)) as T4;
    const e3 = tf.relu(layer(tf.tanh(layer(e1, 10, all)), 3, all));
    crossEntropy = crossEntropyOf(candidates.labels, layer(e3, 4, all));
  } else crossEntropy = crossEntropyOf(targets!, logits);
  const kernels = listParameters(layers).filter(({ role }) => role === 'kernel');
  const decay = tf.mul(sum(kernels.map(({ name }) => tf.sum(tf.square(part(name))))), DECAY / 2);
  return tf.addN([crossEntropy, reconstruction, decay]) as tf.Scalar;
}

describe('the convolutional network', () => {
  before(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  for (const form of ['guided', 'paper'] as const)
    for (const pooling of POOLINGS)
      it(`has the loss and gradients of the definition: ${form}, pools ${pooling}`, () => {
        const set = setUp(form, pooling);
        const decayMask = tf.tensor1d(markKernels(set.layers));
        const options = { batch: set.batch, decayMask, weightDecay: DECAY, dropRate: RATE };
        const [ours, literal] = [
          (w: tf.Tensor) => convolutionalLoss(set.network, w as tf.Tensor1D, options).total,
          (w: tf.Tensor) => literalLoss(set, w as tf.Tensor1D),
        ].map((loss) => tf.valueAndGrad(loss)(tf.tensor1d(set.parameters)));
        assert.ok(Math.abs(ours!.value.dataSync()[0]! - literal!.value.dataSync()[0]!) < 1e-5);
        const [a, b] = [ours!.grad.dataSync(), literal!.grad.dataSync()];
        for (const { name, offset, size } of listParameters(set.layers)) {
          let [worst, largest] = [0, 1e-6]; // what is smaller is rounding: gradients here are 1e-3 to 1
          for (let i = offset; i < offset + size; i++) {
            worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
            largest = Math.max(largest, Math.abs(b[i]!));
          }
          assert.ok(worst / largest < 2e-4, `${name}: ${worst} of ${largest}`);
        }
      });

  for (const [pooling, halo] of [
    ['same', 6], // 2 + 1 of the kernels, 3 of the pools
    ['alternated', 5], // 2 of 3 pools look to the same side
    ['centred', 6],
    ['none', 3],
  ] as const)
    it(`looks ${halo} pixels far with pools ${pooling}, no farther`, () => {
      const network = convolutionalNetwork({ form: 'guided', pooling, bands: B, endmembers: C, widths: WIDTHS });
      assert.equal(headHalo(network), halo);
      assert.equal(reconstructionHalo(network), halo + 3); // the decoder's 1 + 2
      const uniform = uniforms(5);
      const [side, middle] = [17, 8];
      const layers = convolutionalLayers(network);
      const parameters = tf.tensor1d(drawParameters(layers, uniform));
      const moving = tf.tensor1d(Float32Array.from({ length: countStatistics(layers) }, () => 0.2 * uniform()));
      const valid = tf.ones([1, side, side, 1]) as T4;
      const image = tf.buffer([1, side, side, B]);
      for (let i = 0; i < image.size; i++) image.values[i] = uniform();
      const draw = () => tf.tensor4d(Float32Array.from(image.values), [1, side, side, B]);
      const at = (values: Float32Array) => [...values.subarray((middle * side + middle) * C).subarray(0, C)];
      const run = () => {
        const block = evaluationConvolutions(network, { parameters, moving, valid });
        const head = convolutionalHead(draw(), block, { network, valid, inputScale: 1 });
        return at(head.dataSync() as Float32Array);
      };
      const before = run();
      let farthest = 0;
      for (let distance = 1; distance <= middle; distance++)
        for (const [row, col] of [
          [distance, 0],
          [-distance, 0],
          [0, distance],
          [0, -distance],
        ] as const) {
          const place = ((middle + row) * side + middle + col) * B;
          const kept = image.values.slice(place, place + B);
          for (let b = 0; b < B; b++) image.values[place + b] = 1 - kept[b]!;
          if (String(run()) !== String(before)) farthest = distance;
          image.values.set(kept as Float32Array, place);
        }
      assert.equal(farthest, halo);
    });

  it('refuses kernels without a middle', () => {
    const options = { form: 'guided', pooling: 'none', bands: B, endmembers: C } as const;
    assert.throws(() => convolutionalNetwork({ ...options, kernels: [4, 3, 1] }), /odd whole number, got 4/);
    assert.throws(() => convolutionalNetwork({ ...options, decoderKernels: [1, 3, 0] }), /odd whole number, got 0/);
  });
});
