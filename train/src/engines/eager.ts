// The eager engine: the training step on whichever tfjs backend is active. The reference for the compiled engine.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients
import { type StepState, trainStep } from '../fit/step.js';
import { type Engine, type EpochPlan, type EpochResult, type Problem, STATE_KEYS, type TrainState } from './engine.js';

/** Creates the engine on tfjs's active backend. */
export function createEagerEngine(problem: Problem): Engine {
  return {
    name: `tfjs ${tf.getBackend()}`,
    runEpoch: (state, plan) => runEpoch(problem, state, plan),
    release: async () => {},
  };
}

async function runEpoch(problem: Problem, start: TrainState, plan: EpochPlan): Promise<EpochResult> {
  let state = Object.fromEntries(STATE_KEYS.map((key) => [key, tf.tensor1d(start[key])])) as unknown as StepState;
  const losses = new Float32Array(problem.steps * 3);
  for (let step = 0; step < problem.steps; step++) {
    const next = tf.tidy(() => {
      const stepSize = tf.scalar(plan.stepSizes[step]!);
      const batch = batchOf(problem, plan, step);
      return trainStep(problem.network, {
        state,
        batch,
        stepSize,
        weightDecay: problem.weightDecay,
        dropRate: problem.dropRate,
      });
    });
    losses.set(await next.losses.data(), step * 3);
    tf.dispose([Object.values(state), next.losses]);
    state = { parameters: next.parameters, first: next.first, second: next.second, moving: next.moving };
  }
  const arrays = await Promise.all(STATE_KEYS.map((key) => state[key].data()));
  tf.dispose(Object.values(state));
  return { state: Object.fromEntries(STATE_KEYS.map((key, i) => [key, arrays[i]!])) as unknown as TrainState, losses };
}

function batchOf({ network, data, batch, candidateBatch }: Problem, plan: EpochPlan, step: number) {
  const { bands, endmembers } = network;
  const width = network.widths[0]!;
  const m = data.labels.length / endmembers;
  const pixels = tf.tensor2d(data.mixed, [data.mixed.length / bands, bands]);
  const chosenOf = (order: Int32Array, count: number) =>
    tf.tensor1d(order.subarray(step * count, (step + 1) * count), 'int32');
  const chosen = chosenOf(plan.candidateOrder, candidateBatch);
  const keep = (bits: Uint8Array, pixels: number) => {
    const size = width * pixels;
    return tf.tensor2d(Float32Array.from(bits.subarray(step * size, (step + 1) * size)), [width, pixels]);
  };
  return {
    mixed: tf.transpose(tf.gather(pixels, chosenOf(plan.order, batch))),
    candidates: tf.transpose(tf.gather(tf.tensor2d(data.candidates, [m, bands]), chosen)),
    labels: tf.gather(tf.tensor2d(data.labels, [m, endmembers]), chosen),
    mixedKeep: keep(plan.mixedKeep, batch),
    candidateKeep: keep(plan.candidateKeep, candidateBatch),
  };
}
