import assert from 'node:assert/strict';
import {
  biasScales,
  byteGrid,
  decodeModel,
  ExportError,
  encodeModel,
  halveWeights,
  nearestWeight,
  type QuantisedGemm,
  quantiseBias,
  quantiseGemms,
  quantiseKernel,
  toFloat16,
  traceFunction,
  WEIGHT_LIMIT,
} from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { assertClose, onCpuBackend, runGraph } from './support.js';

const refused = (pattern: RegExp) => (error: unknown) => error instanceof ExportError && pattern.test(error.message);

describe('quantisation', () => {
  onCpuBackend();

  describe('of activations', () => {
    it('has a byte for 0 and for both ends of the range', () => {
      assert.deepEqual(byteGrid({ low: 0, high: 1 }), { step: Math.fround(1 / 255), zeroPoint: 0 });
      // 127.5 bytes on either side: the upper side gets 127 of them, and so decides the step.
      assert.deepEqual(byteGrid({ low: -1, high: 1 }), { step: Math.fround(1 / 127), zeroPoint: 128 });
      assert.deepEqual(byteGrid({ low: -5.1, high: 0 }), { step: Math.fround(0.02), zeroPoint: 255 });
    });

    it('moves a value inside the range by half a step at most', () => {
      const range = fc.record({
        low: fc.float({ min: -1000, max: 0, noNaN: true }),
        high: fc.float({ min: Math.fround(1e-3), max: 1000, noNaN: true }),
      });
      fc.assert(
        fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), ({ low, high }, share) => {
          const { step, zeroPoint } = byteGrid({ low, high });
          const value = low + share * (high - low);
          const byte = Math.max(0, Math.min(255, Math.round(value / step) + zeroPoint));
          assert.ok(Math.abs((byte - zeroPoint) * step - value) <= 0.5 * step * (1 + 1e-4));
        }),
        { seed: 1 },
      );
    });

    it('refuses a range that does not hold 0, or is none', () => {
      const ranges = [
        [0.1, 1],
        [-1, -0.1],
        [0, 0],
        [0, Number.NaN],
        [0, Number.POSITIVE_INFINITY],
      ] as const;
      for (const [low, high] of ranges) assert.throws(() => byteGrid({ low, high }), refused(/range that holds 0/));
    });
  });

  describe('of weights', () => {
    it("gives each output's largest weight the largest integer", () => {
      const kernel = Float32Array.of(0.5, -8, 1, 2, -0.25, 0); // [3, 2]: columns up to 1 and 8
      const { weights, scales } = quantiseKernel({ inputs: 3, outputs: 2, kernel, bias: new Float32Array(2) }, 1);
      assert.deepEqual([...scales], [1 / 64, 8 / 64]);
      assert.deepEqual([...weights], [32, -64, 64, 16, -16, 0]);
    });

    it('leaves room for two products with bytes in 16 bits', () => {
      assert.ok(2 * 255 * WEIGHT_LIMIT <= 32767 && 2 * 255 * (WEIGHT_LIMIT + 1) > 32767);
      assert.deepEqual([-1e9, -64.4, 0.4, 1e9].map(nearestWeight), [-64, -64, 0, 64]);
    });

    it('moves a weight and a bias by half their units at most, whatever their sizes', () => {
      const numbers = (length: number) =>
        fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
          minLength: length,
          maxLength: length,
        });
      fc.assert(
        fc.property(numbers(6), numbers(2), (kernelValues, biasValues) => {
          const [kernel, bias] = [Float32Array.from(kernelValues), Float32Array.from(biasValues)];
          const step = Math.fround(1 / 255);
          const { weights, scales } = quantiseKernel({ inputs: 3, outputs: 2, kernel, bias }, step);
          const units = biasScales(step, scales);
          const biases = quantiseBias(bias, step, scales);
          weights.forEach((weight, i) => {
            assert.ok(Math.abs(weight) <= WEIGHT_LIMIT);
            const scale = scales[i % 2]!;
            if (scale > 1e-37) assert.ok(Math.abs(weight * scale - kernel[i]!) <= 0.5 * scale * (1 + 1e-4));
          });
          biases.forEach((value, o) => {
            // 2^-24: the rounding of the unit itself.
            const rounding = Math.abs(bias[o]!) * 2 ** -23;
            if (units[o]! > 1e-37) assert.ok(Math.abs(value * units[o]! - bias[o]!) <= 0.5 * units[o]! + rounding);
          });
        }),
        { seed: 2, numRuns: 300 },
      );
    });

    it('keeps the bias of an output without weights', () => {
      const layer = { inputs: 2, outputs: 2, kernel: new Float32Array(4), bias: Float32Array.of(3, 0) };
      const { weights, scales } = quantiseKernel(layer, 0.5);
      const [three, zero] = quantiseBias(layer.bias, 0.5, scales);
      assert.deepEqual([...weights], [0, 0, 0, 0]);
      assert.ok(Math.abs(three! * biasScales(0.5, scales)[0]! - 3) < 1e-6);
      assert.equal(zero, 0);
    });

    it('refuses what is no number, of another length, or too large', () => {
      const layer = { inputs: 1, outputs: 1, kernel: Float32Array.of(1), bias: Float32Array.of(0) };
      const cases = [
        [{ ...layer, kernel: Float32Array.of(Number.NaN) }, /not a finite number/],
        [{ ...layer, bias: Float32Array.of(Number.POSITIVE_INFINITY) }, /not a finite number/],
        [{ ...layer, inputs: 2 }, /expected a kernel \[2, 1\] and a bias \[1\], got 1 and 1 values/],
      ] as const;
      for (const [wrong, pattern] of cases) assert.throws(() => quantiseKernel(wrong, 1), refused(pattern));
      assert.throws(() => quantiseBias(Float32Array.of(1e10), 1, Float32Array.of(1)), refused(/beyond 2\^31/));
    });
  });

  describe('of a graph', () => {
    /** x [n, 2] -> tanh(x * kernel + bias), then another product. */
    const twoLayers = () => {
      const kernel = tf.tensor2d([0.5, -8, 1, 2], [2, 2]);
      const body = (x: tf.Tensor) => tf.fused.matMul({ a: x, b: kernel, bias: tf.tensor1d([0.25, 1]) });
      const inputs = [{ name: 'x', shape: ['n', 2] }];
      return traceFunction((x) => tf.matMul(tf.tanh(body(x!)), tf.ones([2, 1])), inputs, { graphName: 'two' });
    };
    const layer = (): QuantisedGemm => {
      const grid = byteGrid({ low: 0, high: 1 });
      const parts = { inputs: 2, outputs: 2, kernel: Float32Array.of(0.5, -8, 1, 2), bias: Float32Array.of(0.25, 1) };
      const kernel = quantiseKernel(parts, grid.step);
      return { ...kernel, grid, factor: 2, biases: quantiseBias(parts.bias, grid.step, kernel.scales) };
    };

    it('computes what the integers say: clipped, rounded input times integers', async () => {
      const { grid, weights, scales, biases } = layer();
      const x = [0.1, 0.2, 0.3, 0.49, 7, -3, 1e30, -1e30];
      const expected: number[] = [];
      for (let n = 0; n < 4; n++) {
        const bytes = [0, 1].map((i) => Math.max(0, Math.min(255, Math.round((2 * x[2 * n + i]!) / grid.step))));
        const sums = [0, 1].map((o) => bytes[0]! * weights[o]! + bytes[1]! * weights[2 + o]! + biases[o]!);
        expected.push(sums.reduce((sum, value, o) => sum + Math.tanh(value * grid.step * scales[o]!), 0));
      }
      const [output] = await runGraph(quantiseGemms(twoLayers(), [layer()]), [tf.tensor2d(x, [4, 2])]);
      assertClose(output!.values, expected);
    });

    it('drops what only the floats needed', () => {
      const { nodes, initializers } = quantiseGemms(twoLayers(), [layer()]);
      assert.deepEqual(
        nodes.map(({ op }) => op).filter((op) => !op.startsWith('Dequantize')),
        ['QuantizeLinear', 'Gemm', 'Tanh', 'Gemm'],
      );
      assert.ok(!initializers.some(({ type, shape }) => type === 'float32' && shape.join() === '2,2'));
    });

    it('refuses a graph with fewer products, or others', () => {
      const three = [layer(), layer(), layer()];
      const without = traceFunction((x) => tf.tanh(x!), [{ name: 'x', shape: [2] }], { graphName: 'bare' });
      assert.throws(() => quantiseGemms(without, three), refused(/graph bare has 0 Gemm nodes, expected at least 3/));
      assert.throws(
        () => quantiseGemms(twoLayers(), three),
        refused(/Gemm 'output0' of graph two should be x \* kernel/),
      );
      const transposed = traceFunction(
        (x) => tf.fused.matMul({ a: x!, b: tf.ones([2, 2]), bias: tf.zeros([2]), transposeA: true }),
        [{ name: 'x', shape: [2, 3] }],
        { graphName: 'turned' },
      );
      assert.throws(
        () => quantiseGemms(transposed, [layer()]),
        refused(/of graph turned should be x \* kernel \+ bias/),
      );
    });
  });
});

describe('half precision', () => {
  onCpuBackend();

  it('rounds to the nearest number, ties to even, and knows subnormal numbers', () => {
    // IEEE 754: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
    const cases: [value: number, bits: number][] = [
      [0, 0x0000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519, 0x7bff],
      [1 + 2 ** -11, 0x3c00], // a tie: down to the even one
      [1 + 3 * 2 ** -11, 0x3c02], // a tie: up to the even one
      [2 - 2 ** -12, 0x4000], // into the next exponent
      [2 ** -14, 0x0400], // the least normal number
      [2 ** -24, 0x0001], // the least of all
      [2 ** -25, 0x0000],
      [-1.5 * 2 ** -24, 0x8002],
      [1e-40, 0x0000],
    ];
    assert.deepEqual(
      [...toFloat16(Float32Array.from(cases, ([value]) => value))],
      cases.map(([, bits]) => bits),
    );
  });

  it('is what onnxruntime reads back, within half a unit of the last place', async () => {
    const wide = fc.array(fc.float({ min: -60000, max: 60000, noNaN: true }), { minLength: 4, maxLength: 4 });
    const small = fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.oneof(wide, small), async (values) => {
        const kernel = tf.tensor2d(values, [2, 2]);
        const graph = traceFunction((x) => tf.add(x!, kernel), [{ name: 'x', shape: [2, 2] }]);
        const [read] = await runGraph(halveWeights(graph), [tf.zeros([2, 2])]);
        const exact = kernel.dataSync();
        read!.values.forEach((value, i) => {
          assert.ok(Math.abs(value - exact[i]!) <= Math.max(2 ** -11 * Math.abs(exact[i]!), 2 ** -25));
        });
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it('stores matrices in half, and nothing else', () => {
    const fn = (x: tf.Tensor) => tf.fused.matMul({ a: x, b: tf.fill([4, 3], 0.3), bias: tf.tensor1d([1, 2, 3]) });
    const graph = traceFunction((x) => fn(x!), [{ name: 'x', shape: ['n', 4] }]);
    const { initializers } = decodeModel(encodeModel(halveWeights(graph))).graph;
    const stored = initializers.map(({ type, shape, data }) => [type, shape, data.length]);
    assert.deepEqual(stored.sort(), [
      ['float16', [4, 3], 24],
      ['float32', [3], 12],
    ]);
  });

  it('refuses what it cannot hold', () => {
    for (const value of [65520, -1e6, Number.NaN])
      assert.throws(() => toFloat16(Float32Array.of(value)), refused(/beyond the largest half-precision number/));
  });
});
