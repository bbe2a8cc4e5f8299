// Single training steps of any network, as plain tfjs or compiled. Legend: P parameters.
import { encodeModel, type Graph, narrowSplits, traceFunction } from '@egunet/export';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients
import * as ort from 'onnxruntime-node';
import type { StepResult, StepState } from '../fit/step.js';
import { STATE_KEYS, type TrainState } from './engine.js';
import { createTrainingSession, type OnnxEngineOptions, WEBGPU_PARTS } from './training-session.js';

/** An array that a step takes: under this name in the graph. */
export interface StepInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'bool';
}

/** A step as a tfjs function, with the shapes of what it takes. */
export interface StepProblem {
  /** The data of a step, in order. */
  readonly inputs: readonly StepInput[];
  /** Length of each vector of the state. */
  readonly sizes: Record<keyof TrainState, number>;
  /** Forward, gradients, Adam and moving averages, of tensors by the names of `inputs`. */
  readonly step: (given: {
    readonly state: StepState;
    readonly data: Record<string, tf.Tensor>;
    readonly stepSize: tf.Scalar;
  }) => StepResult;
}

/** One step's outcome; losses: total, cross-entropy, reconstruction before it. */
export interface StepOutcome {
  readonly state: TrainState;
  readonly losses: Float32Array;
}

/** The data of a step by the names of its inputs: float32, or bytes of 1 and 0 for `bool`. */
export type StepValues = Readonly<Record<string, Float32Array | Uint8Array>>;

/** Runs steps of one problem. */
export interface StepEngine {
  readonly name: string;
  step(state: TrainState, values: StepValues, stepSize: number): Promise<StepOutcome>;
  release(): Promise<void>;
}

/** One step as a graph. */
export function traceStepProblem({ inputs: data, sizes, step }: StepProblem): Graph {
  const inputs = [
    ...data,
    { name: 'stepSize', shape: [] },
    ...STATE_KEYS.map((name) => ({ name, shape: [sizes[name]] })),
  ];
  const traced = (...tensors: tf.Tensor[]) => {
    const given = Object.fromEntries(inputs.map(({ name }, i) => [name, tensors[i]!]));
    const result = step({
      state: given as unknown as StepState,
      data: Object.fromEntries(data.map(({ name }) => [name, given[name]!])),
      stepSize: given.stepSize as tf.Scalar,
    });
    return [...STATE_KEYS.map((key) => result[key]), result.losses];
  };
  const outputs = [...STATE_KEYS.map((key) => `next_${key}`), 'losses'];
  return traceFunction(traced, inputs, { graphName: 'step', outputs });
}

/** Compiles the problem's step. Throws TrainError where the device is not there. */
export async function createOnnxStepEngine(problem: StepProblem, options: OnnxEngineOptions = {}): Promise<StepEngine> {
  const { device = 'cpu' } = options;
  const traced = traceStepProblem(problem);
  const graph = device === 'webgpu' ? narrowSplits(traced, WEBGPU_PARTS) : traced;
  const session = await createTrainingSession(encodeModel(graph), options);
  return {
    name: `onnxruntime ${device}`,
    step: async (state, values, stepSize) => {
      const feeds: Record<string, ort.Tensor> = { stepSize: new ort.Tensor('float32', [stepSize], []) };
      for (const { name, shape, dtype } of problem.inputs)
        feeds[name] = new ort.Tensor(dtype, values[name] as never, shape);
      for (const key of STATE_KEYS) feeds[key] = new ort.Tensor('float32', state[key], [state[key].length]);
      const results = await session.run(feeds);
      const next = Object.fromEntries(STATE_KEYS.map((key) => [key, results[`next_${key}`]!.data as Float32Array]));
      return { state: next as unknown as TrainState, losses: results.losses!.data as Float32Array };
    },
    release: () => session.release(),
  };
}

/** The step on tfjs's active backend: the reference for the compiled one. */
export function createEagerStepEngine(problem: StepProblem): StepEngine {
  return {
    name: `tfjs ${tf.getBackend()}`,
    step: async (state, values, stepSize) => {
      const next = tf.tidy(() => {
        const data = Object.fromEntries(
          problem.inputs.map(({ name, shape, dtype }) => [name, tf.tensor(values[name]!, [...shape], dtype)]),
        );
        const tensors = Object.fromEntries(STATE_KEYS.map((key) => [key, tf.tensor1d(state[key])]));
        return problem.step({ state: tensors as unknown as StepState, data, stepSize: tf.scalar(stepSize) });
      });
      const read = async (key: keyof typeof next) => (await next[key].data()) as Float32Array;
      const entries = await Promise.all(STATE_KEYS.map(async (key) => [key, await read(key)] as const));
      const losses = await read('losses');
      tf.dispose(Object.values(next));
      return { state: Object.fromEntries(entries) as unknown as TrainState, losses };
    },
    release: async () => {},
  };
}
