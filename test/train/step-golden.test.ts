// Three training steps against the float64 reference of fixtures/golden/train/make_step.py, written from the published method alone.
// Both engines run the same step function, so their agreement proves nothing about its formulas: these goldens do.
// Legend: N pixels, n of them a batch (UR-Net), m pseudo-endmembers (E-Net), B bands, C endmembers, S steps.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { type PixelwiseNetwork, parameterList, pixelwiseNetwork, statisticsList } from '@egunet/models';
import {
  createEagerEngine,
  createOnnxEngine,
  type Engine,
  type EpochPlan,
  type EpochResult,
  fit,
  type Problem,
  type TrainState,
} from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import { root } from '../support/index.js';
import { mixtures } from './training-set.js';

/** Sum, sum of squares, and some elements of an array. */
interface Digest {
  readonly sum: number;
  readonly squares: number;
  readonly at: readonly number[];
  readonly values: readonly number[];
}

interface Golden {
  readonly bands: number;
  readonly endmembers: number;
  readonly pixels: number;
  readonly batch: number;
  readonly candidates: number;
  readonly steps: number;
  readonly dropRate: number;
  readonly weightDecay: number;
  readonly learningRate: number;
  readonly stepSizes: readonly number[];
  /** [S, 3]: total, cross-entropy, reconstruction. */
  readonly losses: readonly (readonly number[])[];
  /** Change from the start, and both moments, after S steps. */
  readonly parameters: readonly { name: string; change: Digest; first: Digest; second: Digest }[];
  readonly statistics: readonly { layer: number; mean: Digest; variance: Digest }[];
}

const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/step.json'), 'utf8')) as Golden;
const { bands, endmembers, batch, candidates, steps, dropRate, weightDecay } = golden;
const network = pixelwiseNetwork(bands, endmembers);

/** Numbers in [-1, 1), exact in float64: the reference's formula. */
function formula(stream: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => {
    const k = i + 1 + 1000 * stream;
    return (2 * ((k * k * 7919) % 10007)) / 10007 - 1;
  });
}

/** The reference's dropout: 1 = keep, 0 = drop, of stream 0 (UR-Net) and 1 (E-Net). */
function keep(stream: number, { step, pixel, feature }: { step: number; pixel: number; feature: number }): number {
  const k = 131 * step + 17 * pixel + 7 * feature + 61 * stream;
  return (k * k) % 97 >= 10 ? 1 : 0;
}

// ---- The layout of EpochPlan's masks: [S, 256, rows]. It stands here alone. ----
function layOut(stream: number, rows: number): Uint8Array {
  const width = network.widths[0]!;
  const masks = new Uint8Array(steps * rows * width);
  for (let step = 0; step < steps; step++)
    for (let pixel = 0; pixel < rows; pixel++)
      for (let feature = 0; feature < width; feature++)
        masks[(step * width + feature) * rows + pixel] = keep(stream, { step, pixel, feature });
  return masks;
}

function startOf(net: PixelwiseNetwork): TrainState {
  const parameters = parameterList(net).flatMap(({ role, shape, size }, index) => {
    const u = formula(index, size);
    const limit = Math.sqrt(6 / shape.reduce((a, b) => a + b, 0));
    return u.map((v) => (role === 'kernel' ? limit * v : role === 'gamma' ? 1 + 0.2 * v : 0.1 * v));
  });
  const moving = statisticsList(net).flatMap(({ layer, size }) => [
    ...formula(100 + 2 * layer, size).map((v) => 0.3 * v),
    ...formula(101 + 2 * layer, size).map((v) => 1 + 0.3 * v),
  ]);
  const zeros = () => new Float32Array(parameters.length);
  return {
    parameters: new Float32Array(parameters),
    first: zeros(),
    second: zeros(),
    moving: new Float32Array(moving),
  };
}

function problemAndPlan(): { problem: Problem; plan: EpochPlan } {
  const spectra = (stream: number, rows: number) =>
    new Float32Array(formula(stream, rows * bands).map((v) => 0.5 + 0.45 * v));
  const weights = formula(202, candidates * endmembers).map((v) => 1.1 + v);
  const labels = weights.map((weight, i) => {
    const row = i - (i % endmembers);
    return weight / weights.slice(row, row + endmembers).reduce((a, b) => a + b, 0);
  });
  const data = {
    mixed: spectra(200, golden.pixels),
    candidates: spectra(201, candidates),
    labels: new Float32Array(labels),
  };
  const plan = {
    order: Int32Array.from({ length: steps * batch }, (_, i) => (8 * i + 5) % golden.pixels),
    candidateOrder: Int32Array.from({ length: steps * candidates }, (_, i) => i % candidates),
    stepSizes: Float32Array.from(golden.stepSizes),
    mixedKeep: layOut(0, batch),
    candidateKeep: layOut(1, candidates),
  };
  return { problem: { network, data, batch, candidateBatch: candidates, steps, dropRate, weightDecay }, plan };
}

/**
 * Relative to an array's root mean square. Float32 rounds each addition by 6e-8 of its terms, and Adam's division by the root of the second
 * moment magnifies the rounding of the smallest gradients: measured up to 5e-5. Wrong constants and a wrong order of the streams move the digests by some 1e-3 to 1e-1.
 */
const TOLERANCE = 2e-4;

/** The array has the digest, to the tolerance. */
function assertDigest(what: string, actual: Float32Array | number[], digest: Digest) {
  const rms = Math.sqrt(digest.squares / actual.length);
  const near = (name: string, value: number, expected: number, scale: number) => {
    const error = Math.abs(value - expected) / scale;
    assert.ok(
      error < TOLERANCE,
      `${what}, ${name}: ${value}, expected ${expected} (${error.toExponential(1)} of ${scale})`,
    );
  };
  let [sum, squares] = [0, 0];
  for (const v of actual) {
    sum += v;
    squares += v * v;
  }
  near('sum', sum, digest.sum, rms * actual.length);
  near('sum of squares', squares, digest.squares, digest.squares);
  digest.at.forEach((index, i) => {
    near(`element ${index}`, actual[index]!, digest.values[i]!, Math.max(rms, Math.abs(digest.values[i]!)));
  });
}

const engines: [string, (problem: Problem) => Promise<Engine>][] = [
  ['the compiled engine', (problem) => createOnnxEngine(problem, { threads: 1 })],
  ['the eager engine', async (problem) => createEagerEngine(problem)],
];

for (const [name, create] of engines)
  describe(`${name}, three steps from the reference's start`, () => {
    const start = startOf(network);
    let result: EpochResult;

    before(async () => {
      tf.enableProdMode();
      await tf.setBackend('cpu');
      const { problem, plan } = problemAndPlan();
      const engine = await create(problem);
      result = await engine.runEpoch(start, plan);
      await engine.release();
    });

    it('has its losses before each step', () => {
      // Sums of at most a hundred terms, 6e-8 each, over eight layers: measured up to 1.3e-6.
      golden.losses.flat().forEach((expected, i) => {
        const error = Math.abs(result.losses[i]! - expected) / expected;
        assert.ok(
          error < 1e-5,
          `loss ${i % 3} of step ${Math.floor(i / 3)}: ${result.losses[i]}, expected ${expected}`,
        );
      });
    });

    it('has its parameters and both moments after the last step', () => {
      const list = parameterList(network);
      assert.deepEqual(
        list.map((entry) => entry.name),
        golden.parameters.map((entry) => entry.name),
      );
      list.forEach(({ name, offset, size }, i) => {
        const slice = (values: Float32Array) => values.subarray(offset, offset + size);
        const change = [...slice(result.state.parameters)].map((v, j) => v - start.parameters[offset + j]!);
        const { change: moved, first, second } = golden.parameters[i]!;
        assertDigest(`change of ${name}`, change, moved);
        assertDigest(`first moment of ${name}`, slice(result.state.first), first);
        assertDigest(`second moment of ${name}`, slice(result.state.second), second);
      });
    });

    it("has its moving averages: E-Net's batch first, then UR-Net's", () => {
      const list = statisticsList(network);
      assert.deepEqual(
        list.map((entry) => entry.layer),
        golden.statistics.map((entry) => entry.layer),
      );
      list.forEach(({ layer, offset, size }, i) => {
        const slice = (from: number) => result.state.moving.subarray(from, from + size);
        const { mean, variance } = golden.statistics[i]!;
        assertDigest(`moving mean of layer ${layer + 1}`, slice(offset), mean);
        assertDigest(`moving variance of layer ${layer + 1}`, slice(offset + size), variance);
      });
    });
  });

describe('the plan of a training', () => {
  it("has the reference's step sizes", async () => {
    const plans: EpochPlan[] = [];
    const spy = async (problem: Problem): Promise<Engine> => ({
      name: 'spy',
      runEpoch: async (state, plan) => {
        plans.push(plan);
        return { state, losses: new Float32Array(3 * problem.steps) };
      },
      release: async () => {},
    });
    const { set, facts } = mixtures({ pixels: golden.pixels, candidates });
    const { learningRate } = golden;
    await fit(set, facts, { epochs: 1, batch, schedule: 'poly', learningRate, engine: spy });
    assert.deepEqual(plans[0]!.stepSizes, Float32Array.from(golden.stepSizes));
  });
});
