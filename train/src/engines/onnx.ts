// The compiled engine: whole epochs inside onnxruntime.
import { encodeModel } from '@egunet/export';
import * as ort from 'onnxruntime-node';
import { type Engine, type EpochPlan, type EpochResult, type Problem, STATE_KEYS, type TrainState } from './engine.js';
import { EPOCH_INPUTS, epochGraph } from './onnx-graph.js';
import { createTrainingSession, type OnnxEngineOptions, WEBGPU_PARTS } from './training-session.js';

/** Compiles the problem's epoch. Throws TrainError where the device is not there. */
export async function createOnnxEngine(problem: Problem, options: OnnxEngineOptions = {}): Promise<Engine> {
  const { device = 'cpu' } = options;
  const graph = epochGraph(problem, device === 'webgpu' ? { mostParts: WEBGPU_PARTS } : {});
  const session = await createTrainingSession(encodeModel(graph), options);
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
