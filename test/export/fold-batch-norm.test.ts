import assert from 'node:assert/strict';
import { type BatchNormToFold, foldBatchNorm } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import { assertClose, floats, onCpuBackend, seeded } from './support.js';

// Two inputs, two outputs; variance + epsilon = 4 and 0.25: deviations 2 and 0.5.
const layer: BatchNormToFold = {
  inputs: 2,
  outputs: 2,
  kernel: Float32Array.of(1, 2, 3, 4),
  bias: Float32Array.of(1, 1),
  gamma: Float32Array.of(2, 1),
  beta: Float32Array.of(10, 20),
  mean: Float32Array.of(3, -1),
  variance: Float32Array.of(3, -0.75),
  epsilon: 1,
};

describe('foldBatchNorm', () => {
  onCpuBackend();

  it('scales the kernel by gamma / deviation, and shifts the bias', () => {
    const { kernel, bias } = foldBatchNorm(layer);
    assert.deepEqual(Array.from(kernel), [1, 4, 3, 8]); // scales 2 / 2 and 1 / 0.5
    assert.deepEqual(Array.from(bias), [8, 24]); // (1 - 3) * 1 + 10 and (1 + 1) * 2 + 20
    const { bias: _, ...unbiased } = layer;
    assert.deepEqual(Array.from(foldBatchNorm(unbiased).bias), [7, 22]);
  });

  it('gives the layer and its normalisation in one, as tfjs computes them', () => {
    const random = seeded(9);
    const [I, O] = [20, 7];
    const one = (from: number, to: number) => floats(random, [O], from, to) as tf.Tensor1D;
    const [x, kernel] = [floats(random, [50, I]), floats(random, [I, O])];
    const [bias, gamma, beta, mean, variance] = [one(-1, 1), one(0.5, 2), one(-1, 1), one(-3, 3), one(0.01, 4)];
    const data = (t: tf.Tensor) => t.dataSync() as Float32Array;
    const folded = foldBatchNorm({
      inputs: I,
      outputs: O,
      kernel: data(kernel),
      bias: data(bias),
      gamma: data(gamma),
      beta: data(beta),
      mean: data(mean),
      variance: data(variance),
      epsilon: 1e-3,
    });
    const y = tf.add(tf.matMul(x, kernel), bias);
    const expected = tf.batchNorm(y as tf.Tensor2D, mean, variance, beta, gamma, 1e-3);
    const actual = tf.add(tf.matMul(x, tf.tensor2d(folded.kernel, [I, O])), tf.tensor1d(folded.bias));
    // Sums of 20 products of up to 9, scaled by up to 2 / 0.1: float32 roundings of 6e-8 * 180 * 20.
    assertClose(Array.from(data(actual)), Array.from(data(expected)), { absolute: 2e-4 });
  });

  it('rounds once: each number is the float32 nearest to the float64 result', () => {
    const random = seeded(2);
    const draw = () => Float32Array.from({ length: 3 }, () => random() + 0.1);
    const [kernel, bias, gamma, beta, mean, variance] = [draw(), draw(), draw(), draw(), draw(), draw()];
    const folded = foldBatchNorm({ inputs: 1, outputs: 3, kernel, bias, gamma, beta, mean, variance, epsilon: 1e-5 });
    for (let o = 0; o < 3; o++) {
      const scale = gamma[o]! / Math.sqrt(variance[o]! + 1e-5);
      assert.equal(folded.kernel[o], Math.fround(kernel[o]! * scale));
      assert.equal(folded.bias[o], Math.fround((bias[o]! - mean[o]!) * scale + beta[o]!));
    }
  });

  it('refuses wrong lengths and scales that are not finite', () => {
    assert.throws(() => foldBatchNorm({ ...layer, kernel: new Float32Array(3) }), {
      _tag: 'ExportError',
      message: 'fold batch-norm: kernel should have 4 values, got 3',
    });
    for (const name of ['bias', 'gamma', 'beta', 'mean', 'variance'] as const)
      assert.throws(() => foldBatchNorm({ ...layer, [name]: new Float32Array(1) }), {
        message: `fold batch-norm: ${name} should have 2 values, got 1`,
      });
    assert.throws(() => foldBatchNorm({ ...layer, variance: Float32Array.of(3, -1) }), {
      message: /output 1 has gamma 1, variance -1, epsilon 1; expected finite gamma and variance \+ epsilon > 0/,
    });
  });
});
