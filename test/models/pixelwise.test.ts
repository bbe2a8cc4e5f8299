// The network's loss and gradients against a literal transcription of the method in elementary tfjs ops, biases included.
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import {
  decayMask,
  initialParameters,
  type PixelwiseNetwork,
  parameterCount,
  parameterList,
  pixelwiseLoss,
  pixelwiseNetwork,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';

const BANDS = 7;
const ENDMEMBERS = 3;

/** A repeatable stream in [0, 1) (Park-Miller). */
function uniforms(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Share of what dropout drops. */
const RATE = 0.1;

/** A batch pixel by pixel, as the definition has it. */
function makeBatch(n: number, m: number) {
  const uniform = uniforms(11);
  const random = (rows: number, cols: number) =>
    tf.tensor2d(Float32Array.from({ length: rows * cols }, uniform), [rows, cols]);
  const keep = (rows: number) =>
    tf.tensor2d(
      Float32Array.from({ length: rows * 256 }, () => (uniform() < RATE ? 0 : 1)),
      [rows, 256],
    );
  return {
    mixed: random(n, BANDS),
    candidates: random(m, BANDS),
    labels: tf.softmax(random(m, ENDMEMBERS)) as tf.Tensor2D,
    mixedKeep: keep(n),
    candidateKeep: keep(m),
  };
}

/** The same batch and the options as the network's loss takes them: feature-major but for the labels. */
function optionsFor(network: PixelwiseNetwork, { labels, ...pixels }: Batch) {
  const byFeature = (x: tf.Tensor2D) => tf.transpose(x);
  const batch = {
    mixed: byFeature(pixels.mixed),
    candidates: byFeature(pixels.candidates),
    labels,
    mixedKeep: byFeature(pixels.mixedKeep),
    candidateKeep: byFeature(pixels.candidateKeep),
  };
  return { batch, decayMask: tf.tensor1d(decayMask(network)), weightDecay: 0.005, dropRate: RATE };
}

/** Batch-norm after a linear layer with a bias, one op at a time. */
function referenceBlock(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, [gamma, beta]: tf.Tensor[]): tf.Tensor {
  const z = tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
  if (!gamma || !beta) return z;
  const { mean, variance } = tf.moments(z, 0);
  return tf.add(tf.mul(tf.div(tf.sub(z, mean), tf.sqrt(tf.add(variance, 1e-3))), gamma), beta);
}

type Batch = ReturnType<typeof makeBatch>;

/** EGU-Net-pw's loss, written from its definition; `ps[layer]` = kernel, bias and, but for layer 4, gamma and beta. */
function referenceLoss(ps: tf.Tensor[][], batch: Batch): tf.Scalar {
  const encode = (x: tf.Tensor, keep: tf.Tensor) => {
    const block = (h: tf.Tensor, i: number) => referenceBlock(h, ps[i]![0]!, ps[i]![1]!, ps[i]!.slice(2));
    const h1 = tf.tanh(tf.div(tf.mul(block(x, 0), keep), 1 - RATE));
    return block(tf.relu(block(tf.tanh(block(h1, 1)), 2)), 3);
  };
  const pure = encode(batch.candidates, batch.candidateKeep);
  const crossEntropy = tf.neg(tf.mean(tf.sum(tf.mul(batch.labels, tf.log(tf.softmax(pure))), 1)));
  let h: tf.Tensor = tf.softmax(encode(batch.mixed, batch.mixedKeep));
  for (let i = 4; i < 8; i++) h = tf.sigmoid(referenceBlock(h, ps[i]![0]!, ps[i]![1]!, ps[i]!.slice(2)));
  const reconstruction = tf.mean(tf.square(tf.sub(h, batch.mixed)));
  const decay = tf.mul(0.005, tf.addN(ps.map(([kernel]) => tf.div(tf.sum(tf.square(kernel!)), 2))));
  return tf.addN([crossEntropy, reconstruction, decay]) as tf.Scalar;
}

/** Splits the flat vector as the reference wants it, with zero biases where the network has none. */
function referenceParameters(network: PixelwiseNetwork, flat: Float32Array): tf.Tensor[][] {
  const layers: tf.Tensor[][] = network.widths.map(() => []);
  for (const { name, role, shape, offset, size } of parameterList(network)) {
    const layer = layers[Number(name[5]) - 1]!;
    layer.push(tf.tensor(flat.slice(offset, offset + size), [...shape]));
    if (role === 'kernel' && name[5] !== '4') layer.push(tf.zeros([shape[1]!]));
  }
  return layers;
}

/** Largest difference relative to the largest reference value. */
function relativeDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]!));
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
  }
  return difference / largest;
}

describe('EGU-Net-pw', () => {
  const network = pixelwiseNetwork(BANDS, ENDMEMBERS);
  const uniform = uniforms(5);
  // Away from the initial point, so that no gamma or beta is special.
  const flat = initialParameters(network, uniform).map((v) => v + 0.2 * (uniform() - 0.5));

  before(() => tf.setBackend('cpu'));

  it('has the layer widths of the paper and one flat vector without gaps', () => {
    assert.deepEqual(network.widths, [256, 128, 32, 3, 32, 128, 256, 7]);
    const kernels = parameterList(network).filter(({ role }) => role === 'kernel');
    assert.deepEqual(
      kernels.map(({ shape }) => shape.join('x')),
      ['7x256', '256x128', '128x32', '32x3', '3x32', '32x128', '128x256', '256x7'],
    );
    let end = 0;
    for (const { offset, size } of parameterList(network)) {
      assert.equal(offset, end);
      end += size;
    }
    assert.equal(end, parameterCount(network));
    const kernelSize = kernels.reduce((sum, { size }) => sum + size, 0);
    assert.equal(
      decayMask(network).reduce((a, b) => a + b, 0),
      kernelSize,
    );
  });

  it('draws kernels within the Glorot bound, reaching for both ends', () => {
    const start = initialParameters(network, uniforms(3));
    const { offset, size, shape } = parameterList(network)[0]!;
    const bound = Math.sqrt(6 / (shape[0]! + shape[1]!));
    const values = start.slice(offset, offset + size);
    assert.ok(values.every((v) => Math.abs(v) <= bound));
    assert.ok(Math.max(...values) > 0.98 * bound && Math.min(...values) < -0.98 * bound);
  });

  it('has the loss of its definition, and every gradient of it', () => {
    const batch = makeBatch(20, 15);
    const references = referenceParameters(network, flat);
    const expected = tf.valueAndGrads((...all: tf.Tensor[]) => {
      let at = 0;
      const layers = references.map((layer) => layer.map(() => all[at++]!));
      return referenceLoss(layers, batch);
    })(references.flat());
    const options = optionsFor(network, batch);
    const actual = tf.valueAndGrad((w) => pixelwiseLoss(network, w as tf.Tensor1D, options).total)(tf.tensor1d(flat));
    const loss = expected.value.dataSync()[0]!;
    assert.ok(Math.abs(actual.value.dataSync()[0]! - loss) < 1e-5 * loss);
    const gradient = actual.grad.dataSync() as Float32Array;
    const grads = expected.grads.map((g) => g.dataSync() as Float32Array);
    let at = 0;
    for (const { name, role, offset, size } of parameterList(network)) {
      const own = gradient.slice(offset, offset + size);
      const difference = relativeDifference(own, grads[at++]!);
      assert.ok(difference < 2e-5, `${name}: relative difference ${difference}`);
      if (role !== 'kernel' || name.startsWith('layer4')) continue;
      // The bias that the network leaves out: its gradient is rounding noise.
      const bias = grads[at++]!;
      assert.ok(Math.max(...bias.map(Math.abs)) < 1e-6, `${name}: bias gradient`);
    }
  });

  it('reports cross-entropy, reconstruction and decay that add up to the loss', () => {
    const batch = makeBatch(6, 4);
    const w = tf.tensor1d(flat);
    const decayed = decayMask(network);
    const { total, crossEntropy, reconstruction } = pixelwiseLoss(network, w, optionsFor(network, batch));
    const kernels = flat.reduce((sum, v, i) => sum + decayed[i]! * v * v, 0);
    const sum = crossEntropy.dataSync()[0]! + reconstruction.dataSync()[0]! + 0.0025 * kernels;
    assert.ok(Math.abs(total.dataSync()[0]! - sum) < 1e-5 * sum);
  });
});
