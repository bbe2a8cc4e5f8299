// The compiled engine: whole epochs inside onnxruntime.
import { encodeModel } from '@egunet/export';
import * as ort from 'onnxruntime-node';
import { TrainError } from '../error.js';
import { type Engine, type EpochPlan, type EpochResult, type Problem, STATE_KEYS, type TrainState } from './engine.js';
import { EPOCH_INPUTS, epochGraph } from './onnx-graph.js';

/** Where onnxruntime trains: its execution providers of these names. */
export type TrainingDevice = 'cpu' | 'cuda' | 'webgpu';

/** Parts that WebGPU's shaders make of a tensor at most. */
const WEBGPU_PARTS = 7;

export interface OnnxEngineOptions {
  /** Of the CPU; 0: all cores. */
  readonly threads?: number;
  /**
   * Where to train; the CPU when absent. On a GPU the loop over batches itself, and what it does with whole numbers, stays on the CPU.
   */
  readonly device?: TrainingDevice;
}

/** Compiles the problem's epoch. Throws TrainError where the device is not there. */
export async function createOnnxEngine(
  problem: Problem,
  { threads = 0, device = 'cpu' }: OnnxEngineOptions = {},
): Promise<Engine> {
  const graph = epochGraph(problem, device === 'webgpu' ? { mostParts: WEBGPU_PARTS } : {});
  if (device !== 'cpu') ort.env.logLevel = 'fatal'; // what fails is thrown besides
  const session = await ort.InferenceSession.create(encodeModel(graph), {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // The graph dequantises keep bits alone: nothing in it should be turned into computing with integers.
    extra: { session: { disable_quant_qdq: '1' } },
  }).catch((cause: Error) => {
    // Without the places in its source that it names.
    const reason = cause.message
      .split('\n')[0]!
      .replace(/^.* was false\. /, '')
      .replace(/^.*(CUDA failure \d+: .*?) *; GPU=.*$/, '$1');
    throw new TrainError(
      `training: onnxruntime cannot train on '${device}': ${reason}; egunet doctor says what is missing`,
      {
        cause,
      },
    );
  });
  const fixed = dataFeeds(problem);
  return {
    name: `onnxruntime ${device}`,
    runEpoch: (state, plan) => runEpoch({ session, fixed, problem }, state, plan),
    release: () => session.release(),
  };
}

function dataFeeds({ network, data }: Problem): ort.InferenceSession.OnnxValueMapType {
  const { bands, endmembers } = network;
  const matrix = (values: Float32Array, width: number) =>
    new ort.Tensor('float32', values, [values.length / width, width]);
  return {
    [EPOCH_INPUTS.mixed]: matrix(data.mixed, bands),
    [EPOCH_INPUTS.candidates]: matrix(data.candidates, bands),
    [EPOCH_INPUTS.labels]: matrix(data.labels, endmembers),
  };
}

interface Compiled {
  readonly session: ort.InferenceSession;
  readonly fixed: ort.InferenceSession.OnnxValueMapType;
  readonly problem: Problem;
}

async function runEpoch(
  { session, fixed, problem }: Compiled,
  state: TrainState,
  plan: EpochPlan,
): Promise<EpochResult> {
  const { steps, batch, candidateBatch, network } = problem;
  const width = network.widths[0]!;
  const feeds = {
    ...fixed,
    [EPOCH_INPUTS.stepSizes]: new ort.Tensor('float32', plan.stepSizes, [steps]),
    [EPOCH_INPUTS.order]: new ort.Tensor('int32', plan.order, [steps, batch]),
    [EPOCH_INPUTS.candidateOrder]: new ort.Tensor('int32', plan.candidateOrder, [steps, candidateBatch]),
    [EPOCH_INPUTS.mixedKeep]: new ort.Tensor('uint8', plan.mixedKeep, [steps, width, batch]),
    [EPOCH_INPUTS.candidateKeep]: new ort.Tensor('uint8', plan.candidateKeep, [steps, width, candidateBatch]),
    ...Object.fromEntries(
      STATE_KEYS.map((key) => [`initial_${key}`, new ort.Tensor('float32', state[key], [state[key].length])]),
    ),
  };
  const results = await session.run(feeds);
  const next = Object.fromEntries(STATE_KEYS.map((key) => [key, results[`next_${key}`]!.data as Float32Array]));
  return { state: next as unknown as TrainState, losses: results.losses!.data as Float32Array };
}
