// Exact least squares as a model file. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeModel } from '@egunet/export';
import { exactAbundances } from '@egunet/models';
import type { ExactMethod } from '@egunet/models/card';
import {
  type Checkpoint,
  createRandom,
  exactHeadGraph,
  exactUnmixing,
  exportExactHead,
  fclsAbundances,
  fit,
  nnls,
  nnlsAbundances,
  stacItem,
} from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { root } from '../support/index.js';
import { mixtures } from './training-set.js';

interface Case {
  readonly count: number;
  readonly bands: number;
  readonly endmembers: number[];
  readonly pixels: number[];
  /** Of scipy.optimize.nnls, or of trying every support in numpy. */
  readonly solutions?: number[];
  readonly abundances?: number[];
}

const goldens = (name: string): Case[] =>
  JSON.parse(readFileSync(join(root, `fixtures/golden/train/${name}.json`), 'utf8'));

/** Abundances [N, C] of pixels [N, B] by the graph, in onnxruntime. */
async function solve(
  endmembers: Float32Array,
  pixels: Float32Array,
  { bands, method }: { bands: number; method: ExactMethod },
) {
  const exact = exactUnmixing(endmembers, endmembers.length / bands, method);
  const session = await ort.InferenceSession.create(encodeModel(exactHeadGraph(exact, method)));
  const spectra = new ort.Tensor('float32', pixels, [pixels.length / bands, bands]);
  const { abundances } = await session.run({ spectra });
  await session.release();
  return abundances!.data as Float32Array;
}

function assertNear(got: Float32Array, expected: ArrayLike<number>, tolerance: number): void {
  assert.equal(got.length, expected.length);
  got.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `${i}: ${value}, expected ${expected[i]}`);
  });
}

/** Rows of `width` values divided by their sums; alike where that is 0. */
const shares = (values: readonly number[], width: number): number[] =>
  values.map((value, i) => {
    const start = i - (i % width);
    const sum = values.slice(start, start + width).reduce((a, b) => a + b);
    return sum === 0 ? 1 / width : value / sum;
  });

describe('exact least squares as a graph', () => {
  for (const { count, bands, endmembers, pixels, solutions } of goldens('nnls').filter((one) => one.count <= 8))
    it(`nnls equals scipy.optimize.nnls, divided by its sum, with ${count} endmembers`, async () => {
      const got = await solve(Float32Array.from(endmembers), Float32Array.from(pixels), { bands, method: 'nnls' });
      assertNear(got, shares(solutions!, count), 2e-4); // float32 and the conditioning of random endmembers
    });

  for (const { count, bands, endmembers, pixels, abundances } of goldens('fcls').filter((one) => one.count <= 8))
    it(`fcls equals trying every support in numpy, with ${count} endmembers`, async () => {
      const got = await solve(Float32Array.from(endmembers), Float32Array.from(pixels), { bands, method: 'fcls' });
      assertNear(got, abundances!, 2e-4);
    });

  it('gives abundances for any pixels, and equals the solver in float64', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.integer({ min: 2, max: 8 }),
        fc.constantFrom('nnls', 'fcls'),
        async (seed, count, method) => {
          const random = createRandom(seed);
          const bands = count + 20;
          const endmembers = Float32Array.from({ length: count * bands }, random.uniform);
          // Mixtures with noise, dark ones too, far-away ones, and one without light.
          const pixels = new Float32Array(13 * bands);
          for (let n = 0; n < 12; n++) {
            const weights = Array.from({ length: count }, () => Math.max(0, random.normal()) * (n % 3 === 0 ? 0.1 : 1));
            for (let b = 0; b < bands; b++) {
              const mixture = weights.reduce((sum, weight, c) => sum + weight * endmembers[c * bands + b]!, 0);
              pixels[n * bands + b] = mixture + (n > 8 ? 1 : 0.02) * random.normal();
            }
          }
          const got = await solve(endmembers, pixels, { bands, method });
          const expected =
            method === 'fcls'
              ? fclsAbundances(endmembers, pixels, bands)
              : nnlsAbundances(endmembers, pixels, bands).abundances;
          for (let n = 0; n < 13; n++) {
            const own = got.subarray(n * count, (n + 1) * count);
            assert.ok(own.every((value) => value >= 0) && Math.abs(own.reduce((a, b) => a + b) - 1) <= 1e-5);
          }
          // Where next to nothing is explained, shares of it are shares of rounding.
          const energy = nnls(endmembers, pixels, bands);
          for (let n = 0; n < 12; n++)
            if (method === 'fcls' || energy.subarray(n * count, (n + 1) * count).reduce((a, b) => a + b) > 0.05)
              assertNear(got.subarray(n * count, (n + 1) * count), expected.subarray(n * count, (n + 1) * count), 2e-3);
        },
      ),
      { seed: 4, numRuns: 60 },
    );
  });

  it('is the function that tfjs computes', async () => {
    const random = createRandom(3);
    const [bands, count] = [30, 5];
    const endmembers = Float32Array.from({ length: count * bands }, random.uniform);
    const pixels = Float32Array.from({ length: 40 * bands }, random.uniform);
    await tf.setBackend('cpu');
    for (const method of ['nnls', 'fcls'] as const) {
      const exact = exactUnmixing(endmembers, count, method);
      const abundances = tf.tidy(() => exactAbundances(tf.tensor2d(pixels, [40, bands]), exact));
      assertNear(await solve(endmembers, pixels, { bands, method }), await abundances.data(), 1e-4);
    }
  });

  it('solves with endmembers that depend on each other: the mixture is as near', async () => {
    const random = createRandom(9);
    const bands = 12;
    const two = Float32Array.from({ length: 2 * bands }, random.uniform);
    const endmembers = Float32Array.from([...two, ...two.subarray(0, bands)]); // the third is the first again
    const pixels = Float32Array.from({ length: 5 * bands }, random.uniform);
    for (const method of ['nnls', 'fcls'] as const) {
      const got = await solve(endmembers, pixels, { bands, method });
      const pair = await solve(two, pixels, { bands, method });
      for (let n = 0; n < 5; n++) {
        assert.ok(Math.abs(got[3 * n]! + got[3 * n + 2]! - pair[2 * n]!) < 1e-4);
        assert.ok(Math.abs(got[3 * n + 1]! - pair[2 * n + 1]!) < 1e-4);
      }
    }
  });

  it('is refused for more endmembers than supports can be tried of, and for one that is given several times', () => {
    const bands = 12;
    const many = Float32Array.from({ length: 9 * bands }, createRandom(1).uniform);
    const tagged = (message: RegExp) => ({ _tag: 'TrainError', message });
    assert.throws(() => exactUnmixing(many, 9, 'nnls'), tagged(/of at most 8 endmembers, got 9; export the network/));
    const alike = Float32Array.from({ length: 2 * bands }, (_, i) => 0.1 + (i % bands) / bands);
    assert.throws(() => exactUnmixing(alike, 2, 'fcls'), tagged(/the endmembers are all alike/));
    assert.throws(() => exactUnmixing(new Float32Array(2 * bands), 2, 'nnls'), tagged(/the endmembers are all alike/));
  });
});

describe('the exported exact head', () => {
  const { set, facts } = mixtures({ pixels: 300, candidates: 100, bands: 15 });
  const options = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };
  let checkpoint: Checkpoint;
  before(async () => {
    ({ checkpoint } = await fit(set, facts, { epochs: 1 }));
  });

  for (const method of ['nnls', 'fcls'] as const)
    it(`${method} is compared on the run's pixels, and says what it is`, async () => {
      const { bytes, card, maxDifference } = await exportExactHead(checkpoint, method, options);
      assert.ok(maxDifference <= 1e-4 && bytes.length > 1000);
      assert.deepEqual(card.network, { name: method, layers: [3] });
      assert.deepEqual([card.training.epochs, card.training.steps], [0, 0]);
      const item = stacItem(card, { href: 'm.onnx', bytes: bytes.length, sha256: 'ab' });
      const { properties } = item as { properties: Record<string, unknown> };
      assert.equal(properties['mlm:architecture'], method.toUpperCase());
      assert.equal(properties['mlm:total_parameters'], 3 * 15);
      assert.match(properties.title as string, new RegExp(`^${method.toUpperCase()} abundances of`));
    });
});
