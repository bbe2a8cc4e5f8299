import assert from 'node:assert/strict';
import { encodeModel, type Graph, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import {
  assertClose,
  assertSameAsEager,
  floats,
  onCpuBackend,
  runEagerly,
  runGraph,
  seeded,
  type TensorFunction,
  traceLike,
} from './support.js';

const opsOf = (graph: Graph) => graph.nodes.map(({ op }) => op);

/** tanh(x w + b) in three layers, softmax, cross-entropy with labels. */
const network: TensorFunction = (x, labels, ...parameters) => {
  const loss = (...weights: tf.Tensor[]) => {
    let h = x!;
    for (let i = 0; i < weights.length; i += 2)
      h = tf.fused.matMul({ a: i > 0 ? tf.tanh(h) : h, b: weights[i]!, bias: weights[i + 1]! });
    return tf.neg(tf.mean(tf.sum(tf.mul(labels!, tf.logSoftmax(h)), 1))) as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(loss)(parameters);
  return [value, ...grads];
};

function networkInputs(): tf.Tensor[] {
  const random = seeded(11);
  const shapes = [[7, 5], [7, 3], [5, 6], [6], [6, 4], [4], [4, 3], [3]];
  return shapes.map((shape, i) => (i === 1 ? tf.softmax(floats(random, shape)) : floats(random, shape, -1, 1)));
}

/** Functions whose gradient uses kernels that the function itself does not. */
const differentiable: Record<string, [number[], (x: tf.Tensor) => tf.Tensor]> = {
  'batch normalisation with tf.moments': [
    [6, 3],
    (x) => {
      const { mean, variance } = tf.moments(x, 0, true);
      return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3)));
    },
  ],
  'tf.batchNorm': [
    [2, 2, 2, 3],
    (x) => {
      const [mean, variance] = [tf.mean(x, [0, 1, 2]), tf.tensor1d([1, 2, 3])];
      return tf.batchNorm(x, mean as tf.Tensor1D, variance, tf.tensor1d([0, 1, 0]), tf.tensor1d([3, 2, 1]));
    },
  ],
  relu: [[9], (x) => tf.relu(x)],
  relu6: [[9], (x) => tf.relu6(tf.mul(x, 4))],
  'leaky relu': [[9], (x) => tf.leakyRelu(x, 0.1)],
  elu: [[9], (x) => tf.elu(x)],
  sigmoid: [[9], (x) => tf.sigmoid(x)],
  softplus: [[9], (x) => tf.softplus(x)],
  softmax: [[3, 4], (x) => tf.softmax(x)],
  'log-softmax': [[3, 4], (x) => tf.logSoftmax(x)],
  'the error function': [[9], (x) => tf.erf(x)],
  'sines and logarithms': [[9], (x) => tf.add(tf.sin(x), tf.log1p(tf.abs(tf.cos(x))))],
  'powers and roots': [[9], (x) => tf.sqrt(tf.add(tf.pow(x, tf.scalar(4)), tf.reciprocal(tf.exp(x))))],
  'largest and smallest': [[4, 5], (x) => tf.sub(tf.max(x, 1), tf.min(x, 1))],
  'maximum, minimum and clipping': [[9], (x) => tf.maximum(tf.minimum(x, 1), tf.clipByValue(x, -2, 0.5))],
  'a quotient with broadcasting': [[4, 3], (x) => tf.div(x, tf.add(tf.sum(tf.square(x), 0, true), 1))],
  'gather with repeated rows': [[4, 3], (x) => tf.gather(x, tf.tensor1d([1, 3, 1], 'int32'))],
  'slices, pads and joins': [
    [4, 3],
    (x) => {
      const middle = tf.slice(x, [1, 0], [2, 2]);
      const widths: [number, number][] = [
        [0, 1],
        [1, 0],
      ];
      return tf.concat([tf.pad(middle, widths), x], 0);
    },
  ],
  'stack, unstack and split': [
    [4, 6],
    (x) => tf.stack([tf.unstack(x, 0)[1]!, tf.concat(tf.split(tf.unstack(x)[2]!, 2))]),
  ],
  'tile, transpose and reverse': [[2, 3], (x) => tf.reverse(tf.transpose(tf.tile(x, [2, 1])), 0)],
  'a choice': [[9], (x) => tf.where(tf.tensor1d([1, 0, 0, 1, 0, 1, 1, 0, 1], 'bool'), tf.square(x), tf.mul(x, 3))],
  'a product of batches': [[2, 3, 4], (x) => tf.matMul(x, x, false, true)],
};

describe('traceFunction', () => {
  onCpuBackend();

  it('traces loss and every gradient of a network', async () => {
    await assertSameAsEager(network, networkInputs());
  });

  for (const [name, [shape, fn]] of Object.entries(differentiable))
    it(`traces the gradient of ${name}`, async () => {
      const weighted = (x: tf.Tensor) => {
        const y = fn(x);
        return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
      };
      const x = floats(seeded(5), shape);
      await assertSameAsEager((v) => tf.grad(weighted)(v!), [x], { absolute: 1e-5 });
    });

  it('traces a gradient that the function defines itself', async () => {
    const op = tf.customGrad((x, save) => {
      (save as tf.GradSaveFunc)([x as tf.Tensor]);
      return { value: tf.square(x as tf.Tensor), gradFunc: (dy, saved) => tf.mul(dy, tf.mul(saved[0]!, 5)) };
    });
    await assertSameAsEager((x) => tf.grad((v) => tf.sum(op(v)))(x!), [floats(seeded(1), [4])]);
  });

  it('makes a linear layer one Gemm, and its gradients one each', () => {
    const graph = traceLike(
      (x, w, b) => {
        const layer = (...p: tf.Tensor[]) => tf.sum(tf.fused.matMul({ a: x!, b: p[0]!, bias: p[1]! })) as tf.Scalar;
        return tf.grads(layer as () => tf.Scalar)([w!, b!])[0]!;
      },
      [tf.ones([7, 5]), tf.ones([5, 3]), tf.ones([3])],
    );
    // The gradient of the sum by the kernel: x^T by ones [7, 3]. The forward product is not needed.
    assert.deepEqual(
      opsOf(graph).filter((op) => op !== 'Mul'),
      ['Gemm'],
    );
    const forward = traceLike(
      (x, w, b) => tf.fused.matMul({ a: x!, b: w!, bias: b! }),
      [tf.ones([7, 5]), tf.ones([5, 3]), tf.ones([3])],
    );
    assert.deepEqual(opsOf(forward), ['Gemm']);
  });

  it('emits no Reshape for unit axes that no operator needs', () => {
    const graph = traceLike(
      (x) => tf.reshape(tf.tanh(tf.reshape(tf.exp(tf.reshape(x!, [1, 6])), [6, 1, 1])), [6]),
      [tf.ones([6])],
    );
    assert.deepEqual(opsOf(graph), ['Exp', 'Tanh']);
  });

  it('emits no Identity for copies, and drops what no output needs', () => {
    const graph = traceLike(
      (x) => {
        tf.exp(x!);
        return tf.clone(tf.clone(tf.tanh(tf.clone(x!))));
      },
      [tf.ones([2])],
    );
    assert.deepEqual(opsOf(graph), ['Tanh']);
    assert.equal(graph.nodes[0]!.outputs[0], 'output0');
    assert.deepEqual(graph.initializers, []);
  });

  it('returns an input, a constant and one value twice as outputs of their own', async () => {
    const fn: TensorFunction = (x) => {
      const y = tf.exp(x!);
      return [x!, tf.tensor1d([1, 2]), y, y];
    };
    await assertSameAsEager(fn, [tf.tensor1d([3, 4])]);
  });

  it('cancels transpositions between convolutions that follow each other', () => {
    const graph = traceLike(
      (x, f) => {
        const conv = (v: tf.Tensor) => tf.conv2d(v as tf.Tensor4D, f as tf.Tensor4D, 1, 'same');
        return conv(conv(x!));
      },
      [tf.ones([1, 5, 5, 2]), tf.ones([3, 3, 2, 2])],
    );
    const transposed = graph.nodes.filter(({ op }) => op === 'Transpose').map(({ inputs }) => inputs[0]);
    assert.equal(transposed.filter((name) => name !== 'input1').length, 2);
  });

  it('writes the same bytes for the same function, whatever was traced in between', () => {
    const bytes = () => encodeModel(traceLike(network, networkInputs()));
    const first = bytes();
    traceLike((x) => tf.exp(x!), [tf.ones([3])]);
    assert.deepEqual(bytes(), first);
  });

  it('makes tensors that the function holds constants, shares equal ones, and leaves them usable', async () => {
    const weights = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const same = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    const x = floats(seeded(2), [4, 3]);
    const fn: TensorFunction = (v) => tf.add(tf.matMul(v!, weights), tf.matMul(v!, same));
    const graph = traceLike(fn, [x]);
    assert.deepEqual(
      graph.initializers.map(({ type, shape }) => [type, shape]),
      [['float32', [3, 2]]],
    );
    assert.deepEqual(Array.from(weights.dataSync()), [1, 2, 3, 4, 5, 6]);
    await assertSameAsEager(fn, [x]);
    const variable = tf.variable(tf.scalar(2));
    await assertSameAsEager((v) => tf.mul(v!, variable), [x]);
    assert.equal(variable.dataSync()[0], 2);
    variable.dispose();
  });

  it('takes int32 and bool inputs, and names inputs, outputs and graph as told', () => {
    const fn: TensorFunction = (c, i) => tf.where(c!, tf.cast(i!, 'float32'), tf.zerosLike(tf.cast(i!, 'float32')));
    const inputs = [
      { name: 'mask', shape: [2], dtype: 'bool' },
      { name: 'count', shape: [2], dtype: 'int32' },
    ] as const;
    const graph = traceFunction(fn, inputs, { outputs: ['kept'], graphName: 'masking' });
    assert.equal(graph.name, 'masking');
    assert.deepEqual(
      [...graph.inputs, ...graph.outputs].map(({ name, type }) => `${name} ${type}`),
      ['mask bool', 'count int32', 'kept float32'],
    );
  });

  it('indexes and steps at once, which the tfjs CPU backend cannot', async () => {
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const graph = traceLike((v) => tf.stridedSlice(v!, [1, 0], [2, 3], [1, 2], 0, 0, 0, 0, 1), [x]);
    const [result] = await runGraph(graph, [x]);
    assert.deepEqual([result!.shape, result!.values], [[2], [4, 6]]);
  });

  it('spreads the gradient of an average pool over the pixels that each window has', async () => {
    // The pool is linear: its gradient at a pixel is what a 1 at that pixel adds to the weighted output.
    const x = floats(seeded(3), [1, 4, 5, 1]);
    const pool = (v: tf.Tensor) => tf.avgPool(v as tf.Tensor4D, [3, 2], [1, 2], 'same');
    const weighted = (v: tf.Tensor) => {
      const y = pool(v);
      return tf.sum(tf.mul(y, tf.reshape(tf.cos(tf.range(0, y.size)), y.shape)));
    };
    const [gradient] = await runGraph(
      traceLike((v) => tf.grad(weighted)(v!), [x]),
      [x],
    );
    const expected = Array.from({ length: 20 }, (_, i) => {
      const one = tf.reshape(tf.oneHot(tf.scalar(i, 'int32'), 20), [1, 4, 5, 1]);
      return weighted(tf.cast(one, 'float32')).dataSync()[0]!;
    });
    assertClose(gradient!.values, expected);
  });

  it('lets NaN pass through, so that damage shows in the result', async () => {
    const x = tf.tensor1d([Number.NaN, 1, -1]);
    const functions: TensorFunction[] = [
      (v) => tf.relu(v!),
      (v) => tf.relu6(v!),
      (v) => tf.sigmoid(v!),
      (v) => tf.tanh(v!),
      (v) => tf.softmax(v!),
      (v) => tf.max(v!),
      (v) => tf.min(v!),
      (v) => tf.sum(v!),
      (v) => tf.clipByValue(v!, 0, 1),
      (v) => tf.maximum(v!, tf.scalar(0)),
      (v) => tf.softplus(v!),
      (v) => tf.matMul(tf.reshape(v!, [1, 3]), tf.ones([3, 1])),
    ];
    for (const fn of functions) {
      const [result] = await runGraph(traceLike(fn, [x]), [x]);
      assert.ok(Number.isNaN(result!.values[0]), `${fn}`);
    }
  });

  it('leaves the active backend, its tensors and their number alone', () => {
    const before = tf.memory();
    const weights = tf.tensor1d([1, 2, 3]);
    traceFunction((x) => tf.mul(x!, weights), [{ name: 'x', shape: [3] }]);
    weights.dispose();
    const after = tf.memory();
    assert.deepEqual(
      [after.numTensors, after.numBytes, after.numDataBuffers],
      [before.numTensors, before.numBytes, before.numDataBuffers],
    );
    assert.equal(tf.getBackend(), 'cpu');
    assert.equal(tf.getKernelsForBackend('egunet-trace').length, 0);
    assert.deepEqual(runEagerly((x) => tf.exp(x!), [tf.scalar(0)])[0]!.values, [1]);
  });
});
