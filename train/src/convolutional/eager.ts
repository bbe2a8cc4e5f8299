// The eager engine of images: the step on whichever tfjs backend is active. The reference for the compiled one.
import * as tf from '@tensorflow/tfjs-core';
import { STATE_KEYS, type TrainState } from '../engines/engine.js';
import type { StepState } from '../fit/step.js';
import { type ImageEngine, type ImageProblem, imageStep, stepInputs, stepValues } from './engine.js';

/** Creates the engine on tfjs's active backend. */
export function createEagerImageEngine(problem: ImageProblem): ImageEngine {
  return {
    name: `tfjs ${tf.getBackend()}`,
    step: async (state, arrays, stepSize) => {
      const values = stepValues(problem, arrays);
      const next = tf.tidy(() => {
        const data = Object.fromEntries(
          stepInputs(problem).map(({ name, shape, dtype }) => [
            name,
            tf.tensor(values[name] as tf.TypedArray, [...shape], dtype),
          ]),
        );
        const tensors = Object.fromEntries(STATE_KEYS.map((key) => [key, tf.tensor1d(state[key])]));
        return imageStep(problem, { state: tensors as unknown as StepState, data, stepSize: tf.scalar(stepSize) });
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
