// Whether an engine trains rightly on this machine: a few steps of a small problem beside tfjs's own CPU backend. Legend: S steps.
import '@tensorflow/tfjs-backend-cpu';
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import { createPlanner } from '../fit/plan.js';
import { DEFAULT_SIZES } from '../fit/settings.js';
import { createRandom } from '../random.js';
import { createEagerEngine } from './eager.js';
import type { Engine, Problem, TrainState } from './engine.js';

/** What came of a check. */
export interface EngineCheck {
  /** The engine's name for itself. */
  readonly name: string;
  /** The largest difference of a loss from the reference's, divided by that. */
  readonly difference: number;
  /** `difference` is within the tolerance. */
  readonly passed: boolean;
  /** Median time of a step, ms. */
  readonly stepMs: number;
}

/** What losses may differ by, relatively: roundings, which a few steps spread. */
const TOLERANCE = 1e-4;

interface Size {
  readonly bands: number;
  readonly batch: number;
  readonly steps: number;
}

/** What is compared: enough steps that an error of a gradient shows. */
const SMALL: Size = { bands: 12, batch: 32, steps: 10 };
/** What is timed: EnMAP's bands. */
const TIMED = { bands: 224, steps: 2 };
const ENDMEMBERS = 4;
const LEARNING_RATE = 1e-3;

/** Seeded mixtures of smooth spectra, their labels, and where training begins. */
function sampleProblem({ bands, batch, steps }: Size): { problem: Problem; state: TrainState } {
  const random = createRandom(1);
  const network = pixelwiseNetwork(bands, ENDMEMBERS);
  const spectrum = (c: number, b: number) => 0.2 + 0.15 * Math.sin(c + (5 * (c + 1) * b) / bands) + 0.1 * c;
  const mix = (pixels: number, purity: number) => {
    const labels = new Float32Array(pixels * ENDMEMBERS);
    const values = new Float32Array(pixels * bands);
    for (let p = 0; p < pixels; p++) {
      const weights = Array.from({ length: ENDMEMBERS }, () => Math.exp(purity * random.uniform()));
      const sum = weights.reduce((a, b) => a + b);
      for (const [c, weight] of weights.entries()) {
        labels[p * ENDMEMBERS + c] = weight / sum;
        for (let b = 0; b < bands; b++) values[p * bands + b]! += (weight / sum) * spectrum(c, b);
      }
    }
    return { labels, values };
  };
  const { values: mixed } = mix(steps * batch, 3);
  const { values: candidates, labels } = mix(2 * batch, 9);
  const parameters = initialParameters(network, () => random.uniform());
  const zeros = () => new Float32Array(parameters.length);
  return {
    problem: {
      network,
      data: { mixed, candidates, labels },
      ...{ batch, candidateBatch: batch, steps, dropRate: 0.1, weightDecay: 1e-4 },
    },
    state: { parameters, first: zeros(), second: zeros(), moving: initialStatistics(network) },
  };
}

/** Epochs that are timed at most, and how long more of them are begun, ms: a GPU in software takes seconds a step. */
const ROUNDS = 9;
const LONG_ENOUGH = 500;

/** Losses [S, 3] of an epoch; where `timed`, the median time of a step over more of them, ms, else 0. */
async function runSample(
  make: (problem: Problem) => Promise<Engine>,
  { size, timed }: { size: Size; timed: boolean },
): Promise<{ name: string; losses: Float32Array; stepMs: number }> {
  const { problem, state } = sampleProblem(size);
  const schedule = { schedule: 'poly', learningRate: LEARNING_RATE, candidates: 2 * size.batch, steps: 100 } as const;
  const plan = createPlanner(problem, { random: createRandom(2), schedule })(0);
  const engine = await make(problem);
  try {
    const { losses } = await engine.runEpoch(state, plan);
    const times: number[] = [];
    const begun = performance.now();
    while (timed && times.length < ROUNDS && performance.now() - begun < LONG_ENOUGH) {
      const started = performance.now();
      await engine.runEpoch(state, plan);
      times.push((performance.now() - started) / size.steps);
    }
    times.sort((a, b) => a - b);
    return { name: engine.name, losses, stepMs: times[Math.floor(times.length / 2)] ?? 0 };
  } finally {
    await engine.release();
  }
}

/** Trains ten steps of a small problem on an engine and on tfjs's CPU backend, and times steps of `batch` pixels. Rejects with what the engine throws. */
export async function checkEngine(
  make: (problem: Problem) => Promise<Engine>,
  { batch = DEFAULT_SIZES.batch }: { readonly batch?: number } = {},
): Promise<EngineCheck> {
  tf.enableProdMode(); // tfjs's CPU backend says else that there are faster ones
  const { name, losses } = await runSample(make, { size: SMALL, timed: false });
  const before = tf.getBackend();
  await tf.setBackend('cpu');
  const reference = await runSample(async (problem) => createEagerEngine(problem), { size: SMALL, timed: false });
  if (before) await tf.setBackend(before);
  const difference = losses.reduce(
    (most, loss, i) => Math.max(most, Math.abs(loss - reference.losses[i]!) / Math.abs(reference.losses[i]!)),
    0,
  );
  const { stepMs } = await runSample(make, { size: { ...TIMED, batch }, timed: true });
  return { name, difference, passed: difference <= TOLERANCE, stepMs };
}
