import assert from 'node:assert/strict';
import { type InputSpec, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import { assertClose, floats, onCpuBackend, runEagerly, runGraph, seeded, type TensorFunction } from './support.js';

const pixels: InputSpec[] = [{ name: 'spectra', shape: ['pixels', 5] }];

/** Compares a graph with open sizes to tfjs at several sizes. */
async function assertSizes(fn: TensorFunction, inputs: readonly InputSpec[], sizes: number[][]): Promise<void> {
  const graph = traceFunction(fn, inputs);
  for (const shape of sizes) {
    const x = floats(seeded(shape[0]!), shape);
    const [actual, expected] = [await runGraph(graph, [x]), runEagerly(fn, [x])];
    assert.deepEqual(
      actual.map((one) => one.shape),
      expected.map((one) => one.shape),
    );
    actual.forEach(({ values }, i) => {
      assertClose(values, expected[i]!.values);
    });
  }
}

const anyNumberOf = [
  [1, 5],
  [7, 5],
  [1000, 5],
];

describe('traceFunction with open dimensions', () => {
  onCpuBackend();

  it('runs on any number of pixels, and says so in inputs and outputs', async () => {
    const weights = floats(seeded(1), [5, 3]);
    const head: TensorFunction = (x) => tf.softmax(tf.fused.matMul({ a: tf.tanh(x!), b: weights }));
    await assertSizes(head, pixels, anyNumberOf);
    const graph = traceFunction(head, pixels, { outputs: ['abundances'] });
    assert.deepEqual(graph.inputs, [{ name: 'spectra', type: 'float32', shape: ['pixels', 5] }]);
    assert.deepEqual(graph.outputs, [{ name: 'abundances', type: 'float32', shape: ['pixels', 3] }]);
  });

  it('lets Reshape infer one open size', async () => {
    const fn: TensorFunction = (x) => tf.exp(tf.transpose(tf.reshape(tf.exp(x!), [-1, 1, 5]), [0, 2, 1]));
    await assertSizes(fn, pixels, anyNumberOf);
    const flat: TensorFunction = (x) => tf.softmax(tf.reshape(tf.exp(x!), [-1]));
    await assertSizes(flat, pixels, anyNumberOf);
    const [output] = traceFunction(flat, pixels).outputs;
    assert.deepEqual(output!.shape, ['output0_0']); // five times the pixels has no name of its own
  });

  it('writes ones and zeros of an open size as numbers', async () => {
    const fn: TensorFunction = (x) =>
      tf.where(tf.greater(x!, 0), tf.add(tf.onesLike(x!), x!), tf.mul(x!, tf.zerosLike(x!)));
    await assertSizes(fn, pixels, anyNumberOf);
  });

  it('keeps slices to the end, padding, reductions and joins of an open size', async () => {
    const fn: TensorFunction = (x) => [
      tf.exp(tf.slice(x!, [1, 0], [-1, 2])),
      tf.pad(x!, [
        [1, 1],
        [0, 0],
      ]),
      tf.mean(x!, 1, true),
      tf.max(x!, 0),
      tf.concat([x!, tf.neg(x!)], 0),
      tf.stack([x!, x!], 1),
    ];
    await assertSizes(fn, pixels, anyNumberOf.slice(1));
  });

  it('runs convolutions and pools of stride 1 on images of any size', async () => {
    const filter = floats(seeded(4), [3, 3, 2, 3]) as tf.Tensor4D;
    const fn: TensorFunction = (x) => {
      const y = tf.conv2d(x as tf.Tensor4D, filter, 1, 'same');
      return tf.conv2d(tf.maxPool(tf.avgPool(y, 3, 1, 'same'), 2, 1, 'same'), tf.ones([1, 1, 3, 2]), 1, 'same');
    };
    await assertSizes(
      fn,
      [{ name: 'image', shape: [1, 'rows', 'cols', 2] }],
      [
        [1, 3, 4, 2],
        [1, 9, 5, 2],
      ],
    );
  });

  const refused: Record<string, [TensorFunction, RegExp]> = {
    'a mean over pixels in a gradient': [
      (x) => tf.grad((v) => tf.mean(tf.square(v)))(x!),
      /trace: (Mul|Div) \(\w+\) depends on the size of pixels; write it so/,
    ],
    'a fill of that size': [
      (x) => tf.matMul(tf.fill([1, x!.shape[0]!], 0.5), x!),
      /Gemm \(output0\) depends on the size/,
    ],
    'a slice at the end': [(x) => tf.slice(x!, [x!.shape[0]! - 1], [1]), /Slice \(output0\) depends on the size/],
    'a loop over pixels': [
      (x) => {
        let sum = tf.scalar(0) as tf.Tensor;
        for (let i = 0; i < x!.shape[0]!; i += 10) sum = tf.add(sum, tf.max(x!));
        return sum;
      },
      /made \d+ nodes, then \d+; expected the same for every size of pixels/,
    ],
  };
  for (const [name, [fn, message]] of Object.entries(refused))
    it(`refuses ${name}`, () => {
      assert.throws(() => traceFunction(fn, pixels), { _tag: 'ExportError', message });
    });

  it('refuses a Reshape to two open sizes, and a stride that cuts an open size', () => {
    const image: InputSpec[] = [{ name: 'image', shape: [1, 'rows', 'cols', 2] }];
    const swap: TensorFunction = (x) => tf.reshape(x!, [x!.shape[2]!, x!.shape[1]!, 2]);
    assert.throws(() => traceFunction(swap, image), {
      message: /Reshape \(output0\) depends on the size of rows, cols/,
    });
    const halve: TensorFunction = (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same');
    assert.throws(() => traceFunction(halve, image), { message: /MaxPool \(\w+\) depends on the size/ });
  });

  it('refuses more open dimensions than it can tell apart', () => {
    const shape = ['a', 'b', 'c', 'd', 'e'];
    assert.throws(() => traceFunction((x) => tf.exp(x!), [{ name: 'x', shape }]), { message: /5 open dimensions/ });
  });
});
