// Models that PyPI's onnx has checked and onnxruntime's Python build has run: see fixtures/golden/export/check.py.

import {
  addConstant,
  addInput,
  addInt64,
  addNode,
  addNodes,
  addOutput,
  appendGraph,
  attr,
  boolTensor,
  byteGrid,
  createBuilder,
  encodeModel,
  finishGraph,
  type Graph,
  halveWeights,
  prefixNames,
  quantiseBias,
  quantiseGemms,
  quantiseKernel,
  traceFunction,
} from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import { floats, ints, seeded } from './support.js';

export interface GoldenModel {
  readonly name: string;
  readonly graph: () => Graph;
  /** By position. */
  readonly inputs: () => tf.Tensor[];
}

/** Three layers with batch-norm and softmax, any number of pixels. */
function headGraph(): Graph {
  const random = seeded(21);
  const layers = [
    [6, 8],
    [8, 5],
    [5, 3],
  ].map(([i, o]) => [floats(random, [i!, o!], -1, 1), floats(random, [o!], -1, 1)] as const);
  const [mean, variance] = [floats(random, [8], -1, 1), floats(random, [8], 0.1, 1)];
  const head = (x: tf.Tensor) => {
    let h = tf.clipByValue(tf.mul(x, 0.5), 0, 1);
    for (const [i, [b, bias]] of layers.entries()) {
      h = tf.fused.matMul({ a: h, b, bias });
      if (i === 0) h = tf.tanh(tf.batchNorm(h as tf.Tensor2D, mean as tf.Tensor1D, variance as tf.Tensor1D));
      if (i === 1) h = tf.relu(h);
    }
    return tf.softmax(h);
  };
  const inputs = [{ name: 'spectra', shape: ['pixels', 6] }];
  return traceFunction((x) => head(x!), inputs, { outputs: ['abundances'], graphName: 'head' });
}

/** Steps of gradient descent as an ONNX Loop around a traced step. */
function descentGraph(): Graph {
  const step = (x: tf.Tensor, y: tf.Tensor, w: tf.Tensor, b: tf.Tensor) => {
    const loss = (...p: tf.Tensor[]) =>
      tf.mean(tf.square(tf.sub(tf.sigmoid(tf.fused.matMul({ a: x, b: p[0]!, bias: p[1]! })), y))) as tf.Scalar;
    const { value, grads } = tf.valueAndGrads(loss)([w, b]);
    return [tf.sub(w, tf.mul(grads[0]!, 0.5)), tf.sub(b, tf.mul(grads[1]!, 0.5)), value];
  };
  const shapes = { x: [4, 3], y: [4, 2], w: [3, 2], b: [2] };
  const specs = Object.entries(shapes).map(([name, shape]) => ({ name, shape }));
  const traced = traceFunction((x, y, w, b) => step(x!, y!, w!, b!), specs, { outputs: ['w_next', 'b_next', 'loss'] });

  const body = createBuilder('step');
  addInput(body, { name: 'iteration', type: 'int64', shape: [] });
  addInput(body, { name: 'go_on', type: 'bool', shape: [] });
  for (const name of ['w', 'b'] as const) addInput(body, { name, type: 'float32', shape: shapes[name] });
  for (const name of ['x', 'y'])
    addNode(body, 'Gather', [`all_${name}`, 'iteration'], { outputs: [name], attributes: { axis: attr.int(0) } });
  const inner = prefixNames(traced, 'step_', Object.keys(shapes));
  appendGraph(body, inner);
  addOutput(body, { name: addNode(body, 'Identity', ['go_on']), type: 'bool', shape: [] });
  for (const output of inner.outputs) addOutput(body, output);

  const outer = createBuilder('descent');
  for (const name of ['x', 'y'] as const)
    addInput(outer, { name: `all_${name}`, type: 'float32', shape: [3, ...shapes[name]] });
  for (const name of ['w', 'b'] as const) addInput(outer, { name: `${name}_0`, type: 'float32', shape: shapes[name] });
  const go = addConstant(outer, boolTensor([true], []));
  const outputs = ['w_end', 'b_end', 'losses'];
  const attributes = { body: attr.graph(finishGraph(body)) };
  addNodes(outer, 'Loop', [addInt64(outer, [3], []), go, 'w_0', 'b_0'], { outputs, attributes });
  addOutput(outer, { name: 'w_end', type: 'float32', shape: shapes.w });
  addOutput(outer, { name: 'b_end', type: 'float32', shape: shapes.b });
  addOutput(outer, { name: 'losses', type: 'float32', shape: [3] });
  return finishGraph(outer);
}

/** Images through convolutions, pools and their gradients, and most ways to move elements. */
function imageGraph(): Graph {
  const fn = (image: tf.Tensor, filter: tf.Tensor, places: tf.Tensor) => {
    const forward = (x: tf.Tensor, f: tf.Tensor) => {
      const y = tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 2, 'same');
      return tf.sum(tf.square(tf.maxPool(tf.avgPool(y, 2, 1, 'same'), 2, 1, 'valid'))) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(forward as () => tf.Scalar)([image, filter]);
    const rows = tf.reshape(image, [-1, 2]);
    const rowGradient = tf.grad((r) => tf.sum(tf.square(tf.gather(r, places as tf.Tensor1D))))(rows);
    const padded = tf.pad(tf.tile(rows, [1, 2]), [
      [0, 1],
      [1, 0],
    ]);
    const moved = tf.stack(tf.split(tf.reverse(padded, 0), 5, 1), 2);
    const chosen = tf.where(tf.greater(moved, 0), tf.log1p(tf.abs(moved)), tf.expm1(moved));
    const hot = tf.oneHot(tf.argMax(rows, 1), 2, 1, 0, 'float32');
    return [value, ...grads, rowGradient, chosen, hot, tf.stridedSlice(moved, [0, 4, 0], [9, 0, 1], [2, -2, 1])];
  };
  const specs = [
    { name: 'image', shape: [1, 5, 6, 2] },
    { name: 'filter', shape: [3, 3, 2, 3] },
    { name: 'places', shape: [4], dtype: 'int32' },
  ] as const;
  return traceFunction((i, f, p) => fn(i!, f!, p!), specs, { graphName: 'image' });
}

/** The head without its scaling, its first layer in integers. */
function integerGraph(): Graph {
  const random = seeded(23);
  const [kernel, bias] = [floats(random, [6, 8], -1, 1), floats(random, [8], -1, 1)];
  const last = floats(random, [8, 3], -3, 3);
  const inputs = [{ name: 'spectra', shape: ['pixels', 6] }];
  const head = (x: tf.Tensor) => tf.softmax(tf.matMul(tf.tanh(tf.fused.matMul({ a: x, b: kernel, bias })), last));
  const graph = traceFunction((x) => head(x!), inputs, { outputs: ['abundances'], graphName: 'integers' });
  const grid = byteGrid({ low: 0, high: 1 });
  const [weights, shift] = [kernel, bias].map((tensor) => tensor.dataSync() as Float32Array);
  const integers = quantiseKernel({ inputs: 6, outputs: 8, kernel: weights!, bias: shift! }, grid.step);
  const biases = quantiseBias(shift!, grid.step, integers.scales);
  return quantiseGemms(graph, [{ ...integers, grid, biases, factor: 0.5 }]);
}

const drawn = (seed: number, ...shapes: number[][]) => {
  const random = seeded(seed);
  return shapes.map((shape) => floats(random, shape, -1, 1));
};

export const goldenModels: readonly GoldenModel[] = [
  { name: 'head', graph: headGraph, inputs: () => [floats(seeded(1), [4, 6], 0, 2)] },
  { name: 'head-float16', graph: () => halveWeights(headGraph()), inputs: () => [floats(seeded(1), [4, 6], 0, 2)] },
  { name: 'integers', graph: integerGraph, inputs: () => [floats(seeded(5), [4, 6], -0.5, 2.5)] },
  { name: 'descent', graph: descentGraph, inputs: () => drawn(2, [3, 4, 3], [3, 4, 2], [3, 2], [2]) },
  {
    name: 'image',
    graph: imageGraph,
    inputs: () => [...drawn(3, [1, 5, 6, 2], [3, 3, 2, 3]), ints(seeded(4), [4], 0, 29)],
  },
];

/** The file of a golden model. */
export const goldenBytes = (model: GoldenModel): Uint8Array =>
  encodeModel(model.graph(), { metadata: { golden: model.name }, docString: 'test model', producerVersion: '0' });
