// The eager engine: the training step on whichever tfjs backend is active. The reference for the compiled engine.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers tfjs's gradients
import { type StepState, trainStep } from '../fit/step.js';
import { type Engine, type EpochPlan, type EpochResult, type Problem, STATE_KEYS, type TrainState } from './engine.js';

/** The training data where the backend computes. */
interface HeldData {
  readonly mixed: tf.Tensor2D;
  readonly candidates: tf.Tensor2D;
  readonly labels: tf.Tensor2D;
}

/** Creates the engine on tfjs's active backend, which holds the data until it is released. */
export function createEagerEngine(problem: Problem): Engine {
  const { bands, endmembers } = problem.network;
  const matrix = (values: Float32Array, width: number) => tf.tensor2d(values, [values.length / width, width]);
  const { mixed, candidates, labels } = problem.data;
  const held: HeldData = {
    mixed: matrix(mixed, bands),
    candidates: matrix(candidates, bands),
    labels: matrix(labels, endmembers),
  };
  return {
    name: `tfjs ${tf.getBackend()}`,
    runEpoch: (state, plan) => runEpoch(problem, held, { state, plan }),
    release: async () => tf.dispose(Object.values(held)),
  };
}

async function runEpoch(
  problem: Problem,
  held: HeldData,
  { state: start, plan }: { state: TrainState; plan: EpochPlan },
): Promise<EpochResult> {
  let state = Object.fromEntries(STATE_KEYS.map((key) => [key, tf.tensor1d(start[key])])) as unknown as StepState;
  const losses: tf.Tensor1D[] = [];
  const { network, weightDecay, dropRate } = problem;
  try {
    for (let step = 0; step < problem.steps; step++) {
      const next = tf.tidy(() => {
        const stepSize = tf.scalar(plan.stepSizes[step]!);
        const batch = batchOf(problem, held, { plan, step });
        return trainStep(network, { state, batch, stepSize, weightDecay, dropRate });
      });
      tf.dispose(Object.values(state));
      losses.push(next.losses);
      state = { parameters: next.parameters, first: next.first, second: next.second, moving: next.moving };
    }
    const all = tf.tidy(() => tf.concat(losses));
    const arrays = await Promise.all([...STATE_KEYS.map((key) => state[key]), all].map((tensor) => tensor.data()));
    all.dispose();
    const ended = Object.fromEntries(STATE_KEYS.map((key, i) => [key, arrays[i]!]));
    return { state: ended as unknown as TrainState, losses: arrays.at(-1) as Float32Array };
  } finally {
    tf.dispose([...Object.values(state), ...losses]);
  }
}

function batchOf(
  { network, batch, candidateBatch }: Problem,
  held: HeldData,
  { plan, step }: { plan: EpochPlan; step: number },
) {
  const width = network.widths[0]!;
  const chosenOf = (order: Int32Array, count: number) =>
    tf.tensor1d(order.subarray(step * count, (step + 1) * count), 'int32');
  const chosen = chosenOf(plan.candidateOrder, candidateBatch);
  const keep = (bits: Uint8Array, pixels: number) => {
    const size = width * pixels;
    return tf.cast(tf.tensor2d(bits.subarray(step * size, (step + 1) * size), [width, pixels], 'bool'), 'float32');
  };
  return {
    mixed: tf.transpose(tf.gather(held.mixed, chosenOf(plan.order, batch))),
    candidates: tf.transpose(tf.gather(held.candidates, chosen)),
    labels: tf.gather(held.labels, chosen),
    mixedKeep: keep(plan.mixedKeep, batch),
    candidateKeep: keep(plan.candidateKeep, candidateBatch),
  };
}
