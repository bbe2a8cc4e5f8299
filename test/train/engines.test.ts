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
import {
  createEagerEngine,
  createOnnxEngine,
  createRandom,
  type Engine,
  type EpochResult,
  fit,
  type Problem,
} from '@egunet/train';
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

  /**
   * Random parameters at which every gradient is well determined in float32: gains of 3 in layers 5 to 7. With gains of 1 their sigmoids are all but
   * linear, and the next layer's batch-norm takes out what an offset adds to all pixels alike: the gradient of layer 7's offsets is then a sum over
   * pixels that cancels to 1/14 of its terms, and the engines' roundings (float32 sums in onnxruntime, float64 ones in tfjs) show 14 times as large: up to
   * 3.7e-5 over the seeds 1 to 12. With gains of 3 it cancels to a third, and the largest difference over these seeds is 7.2e-6.
   */
  function parametersOf(network: ReturnType<typeof pixelwiseNetwork>, random: ReturnType<typeof createRandom>) {
    const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.1 * random.normal());
    for (const { name, offset, size } of parameterList(network))
      if (/layer[567]\/gamma/.test(name)) for (let i = offset; i < offset + size; i++) parameters[i]! *= 3;
    return parameters;
  }

  for (const seed of [3, 6, 7])
    it(`give the same loss and every gradient, traced and eager, within 1e-5 of the gradient's largest entry, seed ${seed}`, async () => {
      const [bands, endmembers, n, m] = [13, 4, 37, 29];
      const network = pixelwiseNetwork(bands, endmembers);
      const random = createRandom(seed);
      const draw = (rows: number, cols: number) => Float32Array.from({ length: rows * cols }, () => random.uniform());
      const keep = (rows: number) => draw(rows, 256).map((u) => (u < 0.1 ? 0 : 1));
      const parameters = parametersOf(network, random);
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

  /** Ten steps in one epoch: their losses [10, 3] and the state after them. */
  async function tenSteps(
    create: (problem: Problem) => Promise<Engine>,
    { candidates = 31, candidateBatch = 31 } = {},
  ): Promise<EpochResult> {
    const { set, facts } = mixtures({ pixels: 310, candidates });
    let result: EpochResult | undefined;
    const engine = async (problem: Problem): Promise<Engine> => {
      const inner = await create(problem);
      return {
        ...inner,
        runEpoch: async (state, plan) => {
          result = await inner.runEpoch(state, plan);
          return result;
        },
      };
    };
    await fit(set, facts, { epochs: 1, batch: 31, candidateBatch, learningRate: 0.001, seed: 4, engine });
    return result!;
  }

  it('give the same losses in each of 10 steps, within 1e-5', async () => {
    // What parts the traces: Adam's first step is the learning rate times the gradient's sign. Half of the 80,000 gradients are above 1e-3, but 4 to 10 of
    // them are below 1e-7, where they are rounding: the engines move those weights apart by up to the whole rate, and the next steps spread it.
    // Largest difference of a loss over the seeds 1 to 6: 1.3e-6 at .001, 2.1e-6 at .002, 2.2e-6 at .003, but 2.5e-4 at .01.
    // Of the moving averages at .001: 8.8e-6 with seed 1, 4.2e-7 with seed 4, as here.
    const compiled = await tenSteps((problem) => createOnnxEngine(problem, { threads: 1 }));
    const reference = await tenSteps(eager);
    assert.equal(compiled.losses.length, 30);
    compiled.losses.forEach((loss, i) => {
      const expected = reference.losses[i]!;
      const error = Math.abs(loss - expected) / Math.abs(expected);
      assert.ok(error < 1e-5, `loss ${i % 3} of step ${Math.floor(i / 3)}: ${loss} but ${expected}`);
    });
    const moving = relativeDifference(compiled.state.moving, reference.state.moving);
    assert.ok(moving < 1e-5, `moving averages: relative difference ${moving}`);
  });

  it('give the same losses where a step takes some of the candidates alone, within 1e-5', async () => {
    const some = { candidates: 50, candidateBatch: 19 };
    const compiled = await tenSteps((problem) => createOnnxEngine(problem, { threads: 1 }), some);
    const reference = await tenSteps(eager, some);
    assert.ok(relativeDifference(compiled.losses, reference.losses) < 1e-5);
    assert.ok(relativeDifference(compiled.state.moving, reference.state.moving) < 1e-5);
  });

  it('train on the candidates of a step as if there were no others', async () => {
    const { set, facts } = mixtures({ pixels: 40, candidates: 30 });
    const chosen = [7, 2, 28, 11];
    const rows = (values: Float32Array, width: number) =>
      Float32Array.from(chosen.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]));
    const results: EpochResult[] = [];
    /** Runs one step on what `change` makes of the problem and of the plan's first candidates. */
    const step = (change: (problem: Problem) => Problem, order: number[]) =>
      fit(set, facts, {
        ...{ epochs: 1, batch: 40, candidateBatch: chosen.length },
        engine: async (problem) => {
          const inner = await createOnnxEngine(change(problem), { threads: 1 });
          const runEpoch: Engine['runEpoch'] = async (state, plan) => {
            const result = await inner.runEpoch(state, { ...plan, candidateOrder: Int32Array.from(order) });
            results.push(result);
            return result;
          };
          return { ...inner, runEpoch };
        },
      });
    await step((problem) => problem, chosen);
    const only = ({ candidates, labels, ...data }: Problem['data']) => ({
      ...data,
      ...{ candidates: rows(candidates, set.bands), labels: rows(labels, set.endmembers) },
    });
    await step((problem) => ({ ...problem, data: only(problem.data) }), [0, 1, 2, 3]);
    assert.deepEqual(results[0], results[1]);
    await step((problem) => problem, [7, 2, 28, 12]);
    assert.notDeepEqual(results[2]!.losses, results[0]!.losses);
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

  it('tell a lack of memory by a batch to try', async () => {
    const { set, facts } = mixtures({ pixels: 60, candidates: 30 });
    const giant = traceFunction((x) => [tf.matMul(x!, tf.transpose(x!))], [{ name: 'x', shape: [1e6, 1] }], {
      graphName: 'giant',
      outputs: ['y'],
    });
    const session = await ort.InferenceSession.create(encodeModel(giant), { logSeverityLevel: 4 });
    const x = new ort.Tensor('float32', new Float32Array(1e6), [1e6, 1]);
    /** Wants 4 TB in its first step. */
    const greedy = async (problem: Problem): Promise<Engine> => ({
      ...(await createOnnxEngine(problem, { threads: 1 })),
      runEpoch: async () => (await session.run({ x })) as never,
    });
    await assert.rejects(fit(set, facts, { epochs: 1, batch: 30, candidateBatch: 20, engine: greedy }), {
      _tag: 'TrainError',
      message:
        'training: onnxruntime cpu has too little memory for steps of 30 pixels and 20 candidates; train anew with a smaller batch (--batch 15)',
    });
    await assert.rejects(fit(set, facts, { epochs: 1, batch: 2, engine: greedy }), /fewer pixels \(--max-pixels\)$/);
    await session.release();
  });

  it('leak no tensors in the eager engine', async () => {
    const { set, facts } = mixtures({ pixels: 20, candidates: 10 });
    await fit(set, facts, { epochs: 1, engine: eager });
    const before = tf.memory().numTensors;
    await fit(set, facts, { epochs: 3, engine: eager });
    assert.equal(tf.memory().numTensors, before);
  });
});
