// The compiled engine against the eager one on tfjs's own CPU backend: two independent evaluations of the same functions.
import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import { encodeModel, traceFunction } from '@egunet/export';
import {
  decayMask,
  initialParameters,
  parameterCount,
  parameterList,
  pixelwiseLoss,
  pixelwiseNetwork,
} from '@egunet/models';
import { createEagerEngine, createRandom, type Engine, fit, type Problem } from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import * as ort from 'onnxruntime-node';
import { mixtures, relativeDifference } from './training-set.js';

const eager = async (problem: Problem): Promise<Engine> => createEagerEngine(problem);

/** [loss, gradient by every parameter] as one tfjs function of a batch and the flat parameters. */
function lossAndGradient(network: ReturnType<typeof pixelwiseNetwork>) {
  return (...[mixed, candidates, labels, mixedKeep, candidateKeep, parameters]: tf.Tensor[]) => {
    const byFeature = (x: tf.Tensor | undefined) => tf.transpose(x!);
    const batch = {
      mixed: byFeature(mixed),
      candidates: byFeature(candidates),
      labels,
      mixedKeep: byFeature(mixedKeep),
      candidateKeep: byFeature(candidateKeep),
    } as never;
    const mask = tf.tensor1d(decayMask(network));
    const { value, grad } = tf.valueAndGrad(
      (w) =>
        pixelwiseLoss(network, w as tf.Tensor1D, { batch, decayMask: mask, weightDecay: 0.005, dropRate: 0.1 }).total,
    )(parameters!);
    return [value, grad];
  };
}

describe('training engines', () => {
  before(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  it('give the same loss and every gradient, traced and eager, within 1e-5', async () => {
    const [bands, endmembers, n, m] = [13, 4, 37, 29];
    const network = pixelwiseNetwork(bands, endmembers);
    const random = createRandom(3);
    const draw = (rows: number, cols: number) => Float32Array.from({ length: rows * cols }, () => random.uniform());
    const keep = (rows: number) => draw(rows, 256).map((u) => (u < 0.1 ? 0 : 1));
    const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.1 * random.normal());
    const inputs: [string, number[], Float32Array][] = [
      ['mixed', [n, bands], draw(n, bands)],
      ['candidates', [m, bands], draw(m, bands)],
      ['labels', [m, endmembers], new Float32Array(m * endmembers).fill(1 / endmembers)],
      ['mixedKeep', [n, 256], keep(n)],
      ['candidateKeep', [m, 256], keep(m)],
      ['parameters', [parameterCount(network)], parameters],
    ];
    const [loss, gradient] = lossAndGradient(network)(...inputs.map(([, shape, data]) => tf.tensor(data, shape)));
    const graph = traceFunction(
      lossAndGradient(network),
      inputs.map(([name, shape]) => ({ name, shape })),
      {
        outputs: ['loss', 'gradient'],
      },
    );
    const session = await ort.InferenceSession.create(encodeModel(graph));
    const traced = await session.run(
      Object.fromEntries(inputs.map(([name, shape, data]) => [name, new ort.Tensor('float32', data, shape)])),
    );
    assert.ok(relativeDifference(traced.loss!.data as Float32Array, loss!.dataSync()) < 1e-5);
    const expected = gradient!.dataSync() as Float32Array;
    const actual = traced.gradient!.data as Float32Array;
    for (const { name, offset, size } of parameterList(network)) {
      const slice = [offset, offset + size] as const;
      const difference = relativeDifference(actual.slice(...slice), expected.slice(...slice));
      assert.ok(difference < 1e-5, `${name}: relative difference ${difference}`);
    }
  });

  it('give the same losses over 10 steps, within 1e-5', async () => {
    const { set, facts } = mixtures({ pixels: 62, candidates: 31 });
    // 62 pixels in batches of 31: 2 steps an epoch, so 5 epochs are 10 steps.
    const options = { epochs: 5, batch: 31, learningRate: 0.003 };
    const compiled = await fit(set, facts, options);
    const reference = await fit(set, facts, { ...options, engine: eager });
    assert.equal(compiled.checkpoint.history.length, 5);
    for (const key of ['total', 'crossEntropy', 'reconstruction'] as const) {
      const trace = compiled.checkpoint.history.map((losses) => losses[key]);
      const expected = reference.checkpoint.history.map((losses) => losses[key]);
      assert.ok(relativeDifference(trace, expected) < 1e-5, `${key}: ${trace} but ${expected}`);
    }
    const moving = relativeDifference(compiled.checkpoint.state.moving, reference.checkpoint.state.moving);
    assert.ok(moving < 1e-5, `moving averages: relative difference ${moving}`);
  });

  it('leave out the last incomplete batch: 65 pixels in batches of 31 make 2 steps', async () => {
    const { set, facts } = mixtures({ pixels: 65, candidates: 31 });
    let steps = 0;
    const spy = async (problem: Problem): Promise<Engine> => {
      steps = problem.steps;
      return createEagerEngine(problem);
    };
    await fit(set, facts, { epochs: 1, batch: 31, engine: spy });
    assert.equal(steps, 2);
  });

  it('leak no tensors in the eager engine', async () => {
    const { set, facts } = mixtures({ pixels: 20, candidates: 10 });
    await fit(set, facts, { epochs: 1, engine: eager });
    const before = tf.memory().numTensors;
    await fit(set, facts, { epochs: 3, engine: eager });
    assert.equal(tf.memory().numTensors, before);
  });
});
