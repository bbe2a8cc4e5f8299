// The compiled engine of images: a traced step inside onnxruntime, on the CPU.
import { encodeModel, type Graph, traceFunction } from '@egunet/export';
import type * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { STATE_KEYS, type TrainState } from '../engines/engine.js';
import type { StepState } from '../fit/step.js';
import { type ImageEngine, type ImageProblem, imageStateSizes, imageStep, stepInputs, stepValues } from './engine.js';

/** One step as a graph: forward, gradients, Adam, moving averages. */
export function traceImageStep(problem: ImageProblem): Graph {
  const sizes = imageStateSizes(problem.network);
  const data = stepInputs(problem);
  const inputs = [
    ...data,
    { name: 'stepSize', shape: [] },
    ...STATE_KEYS.map((name) => ({ name, shape: [sizes[name]] })),
  ];
  const step = (...tensors: tf.Tensor[]) => {
    const given = Object.fromEntries(inputs.map(({ name }, i) => [name, tensors[i]!]));
    const result = imageStep(problem, {
      state: given as unknown as StepState,
      data: Object.fromEntries(data.map(({ name }) => [name, given[name]!])),
      stepSize: given.stepSize as tf.Scalar,
    });
    return [...STATE_KEYS.map((key) => result[key]), result.losses];
  };
  const outputs = [...STATE_KEYS.map((key) => `next_${key}`), 'losses'];
  return traceFunction(step, inputs, { graphName: 'step', outputs });
}

/** Compiles the problem's step. `threads` 0: all cores. */
export async function createOnnxImageEngine(problem: ImageProblem, { threads = 0 } = {}): Promise<ImageEngine> {
  const session = await ort.InferenceSession.create(encodeModel(traceImageStep(problem)), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  return {
    name: 'onnxruntime cpu',
    step: async (state, arrays, stepSize) => {
      const values = stepValues(problem, arrays);
      const feeds: Record<string, ort.Tensor> = {
        stepSize: new ort.Tensor('float32', [stepSize], []),
      };
      for (const { name, shape, dtype } of stepInputs(problem))
        feeds[name] = new ort.Tensor(dtype, values[name] as never, shape);
      for (const key of STATE_KEYS) feeds[key] = new ort.Tensor('float32', state[key], [state[key].length]);
      const results = await session.run(feeds);
      const next = Object.fromEntries(STATE_KEYS.map((key) => [key, results[`next_${key}`]!.data as Float32Array]));
      return { state: next as unknown as TrainState, losses: results.losses!.data as Float32Array };
    },
    release: () => session.release(),
  };
}
