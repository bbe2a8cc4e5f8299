import assert from 'node:assert/strict';
import '@tensorflow/tfjs-backend-cpu';
import {
  convolutionalLayers,
  convolutionalLoss,
  listStatistics,
  markKernels,
  reconstructionHalo,
} from '@egunet/models';
import {
  exactStatistics,
  fitImages,
  type ImageArrays,
  type ImageEngine,
  type ImageFitOptions,
  type ImageProblem,
  TrainError,
} from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { mixtures, relativeDifference } from '../training-set.js';
import { firstBands, imageScene } from './image-scene.js';
import { hasData } from './tiny-problem.js';

const [ROWS, COLS] = [9, 10];
const { set } = mixtures({ pixels: ROWS * COLS, candidates: 20 });
const B = set.bands;
const bands = firstBands(B);

const sceneOf = (rubbish: number, valid = hasData) => imageScene(set, { rows: ROWS, cols: COLS, valid, rubbish });

/** Candidates lie at every fourth pixel; two of them at the same. */
const positions = Float64Array.from({ length: 20 }, (_, i) => (i === 1 ? 0 : 4 * i));
const image = (rubbish = 0) => ({ reader: sceneOf(rubbish), bands, positions });
const SMALL: ImageFitOptions = { steps: 4, threads: 1, kernels: [3, 3, 1], decoderKernels: [1, 1, 1] };
const PATCHES: ImageFitOptions = { ...SMALL, mostPixels: 0, patchSize: 4, patches: 2, steps: 3 };

describe('training on images', () => {
  before(async () => {
    tf.enableProdMode();
    await tf.setBackend('cpu');
  });

  for (const [name, options] of [
    ['the whole image', SMALL],
    ['patches', PATCHES],
    ["the whole image in the paper's form", { ...SMALL, form: 'paper', pooling: 'centred' }],
  ] as const)
    it(`on ${name} gives the same for the same seed, whatever stands in pixels without data`, async () => {
      const first = await fitImages(set, image(0), options);
      const again = await fitImages(set, image(0), options);
      const rubbish = await fitImages(set, image(1e30), options);
      const other = await fitImages(set, image(0), { ...options, seed: 2 });
      for (const key of ['parameters', 'moving', 'averages'] as const) {
        assert.deepEqual(again[key], first[key]);
        assert.deepEqual(rubbish[key], first[key]);
        assert.notDeepEqual(other[key], first[key]);
      }
    });

  it('makes the loss fall', async () => {
    const losses: number[] = [];
    await fitImages(set, image(), { ...SMALL, steps: 30, onStep: ({ losses: [total] }) => losses.push(total!) });
    assert.equal(losses.length, 30);
    assert.ok(losses.at(-1)! < 0.8 * losses[0]!, `${losses}`);
  });

  it('ends with the statistics that one batch of all valid pixels has, by tiles too', async () => {
    const trained = await fitImages(set, image(), SMALL);
    const { network, inputScale } = trained;
    const layers = convolutionalLayers(network);
    const valid = Float32Array.from({ length: ROWS * COLS }, (_, i) =>
      hasData(Math.floor(i / COLS), i % COLS) ? 1 : 0,
    );
    const scaled = set.pixels.map((v, i) => Math.min(1, Math.max(0, v * inputScale)) * valid[Math.floor(i / B)]!);
    const mask = tf.tensor4d(valid, [1, ROWS, COLS, 1]);
    const { statistics } = convolutionalLoss(network, tf.tensor1d(trained.parameters), {
      batch: {
        images: tf.tensor4d(scaled, [1, ROWS, COLS, B]),
        valid: mask,
        counted: mask,
        keep: tf.ones([1, ROWS, COLS, network.widths[0]!]) as tf.Tensor4D,
        targets: tf.zeros([1, ROWS, COLS, 3]) as tf.Tensor4D,
      },
      decayMask: tf.tensor1d(markKernels(layers)),
      weightDecay: 0,
      dropRate: 0,
    });
    const tiled = await exactStatistics({ ...trained, moving: trained.averages }, image(), { tileSize: 4, threads: 1 });
    for (const { layer, offset, size } of listStatistics(layers).slice(0, 3)) {
      const { mean, variance } = statistics[layer]![0]!;
      const expected = [...mean.dataSync(), ...variance.dataSync()];
      for (const actual of [trained.moving, tiled]) {
        const difference = relativeDifference(actual.subarray(offset, offset + 2 * size), expected);
        assert.ok(difference < 1e-5, `layer ${layer + 1}: ${difference}`);
      }
    }
  });

  it('sums as many tiles as hold the pixels wanted, drawn by the seed, and says how far it is', async () => {
    const trained = await fitImages(set, image(), SMALL);
    const state = { ...trained, moving: trained.averages };
    const sums = async (mostPixels: number, seed = 1) => {
      const shares: number[] = [];
      const onProgress = ({ done, total }: { done: number; total: number }) => shares.push(done / total);
      const options = { tileSize: 3, threads: 1, mostPixels, seed, onProgress };
      return { moving: await exactStatistics(state, image(), options), shares };
    };
    const [few, again, other, all] = [await sums(20), await sums(20), await sums(20, 2), await sums(1000)];
    assert.deepEqual(few.moving, again.moving);
    assert.notDeepEqual(few.moving, other.moving);
    assert.ok(relativeDifference(all.moving, trained.moving) < 1e-5);
    for (const { shares } of [few, all]) {
      assert.equal(shares.at(-1), 1);
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => a - b),
      );
    }
    assert.equal(all.shares.length, 3 * 12); // 9 x 10 pixels in tiles of 3 x 3, for each of the layers
    assert.ok(few.shares.length >= 9 && few.shares.length < 3 * 6, `${few.shares.length}`); // 20 pixels are 3 tiles or more
  });

  it("stops between tiles with the signal's reason", async () => {
    const control = new AbortController();
    const onProgress = () => control.abort(new Error('enough'));
    const state = await fitImages(set, image(), SMALL);
    const options = { tileSize: 3, threads: 1, signal: control.signal, onProgress };
    await assert.rejects(exactStatistics(state, image(), options), /enough/);
  });

  /** Does nothing but remember what it is given. */
  function spy(seen: { problems: ImageProblem[]; arrays: ImageArrays[] }, loss = 1) {
    return async (problem: ImageProblem): Promise<ImageEngine> => {
      seen.problems.push(problem);
      const step: ImageEngine['step'] = async (state, arrays) => {
        seen.arrays.push(arrays);
        return { state, losses: Float32Array.of(loss, 1, 1) };
      };
      return { name: 'spy', step, release: async () => {} };
    };
  }

  it('gives each candidate to the pixel that it lies at, and the halo of a patch neither losses nor statistics', async () => {
    const seen = { problems: [], arrays: [] as ImageArrays[] };
    await fitImages(set, image(), { ...SMALL, engine: spy(seen) });
    const valid = (i: number) => hasData(Math.floor(i / COLS), i % COLS);
    const total = seen.arrays[0]!.targets!.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(total - positions.filter(valid).length) < 1e-4, `${total}`);
    const places = new Map([...positions].map((position, i) => [position, i]));
    for (let n = 0; n < ROWS * COLS; n++) {
      const target = seen.arrays[0]!.targets!.slice(n * 3, n * 3 + 3);
      const from = valid(n) && n !== 0 ? places.get(n) : undefined; // at 0 there are two
      if (n !== 0)
        assert.deepEqual([...target], from === undefined ? [0, 0, 0] : [...set.labels.slice(from * 3, from * 3 + 3)]);
    }
    const patched = { problems: [] as ImageProblem[], arrays: [] as ImageArrays[] };
    await fitImages(set, image(), { ...PATCHES, engine: spy(patched) });
    const halo = reconstructionHalo(patched.problems[0]!.network);
    assert.equal(halo, 2);
    const side = 4 + 2 * halo;
    assert.deepEqual(patched.problems[0]!.shape, [2, side, side]);
    patched.arrays[0]!.counted.forEach((counted, i) => {
      const [row, col] = [Math.floor(i / side) % side, i % side];
      const inCore = Math.min(row, col) >= halo && Math.max(row, col) < side - halo;
      if (!inCore) assert.equal(counted, 0);
      else assert.equal(counted, patched.arrays[0]!.valid[i]);
    });
  });

  it('cuts patches out of the scene with their neighbours and the labels that belong there', async () => {
    const seen = { problems: [], arrays: [] as ImageArrays[] };
    const { inputScale } = await fitImages(set, image(), { ...PATCHES, steps: 6, engine: spy(seen) });
    const scaled = set.pixels.map((v) => Math.min(1, v * inputScale));
    const placeOf = (spectrum: Float32Array) =>
      Array.from({ length: ROWS * COLS }, (_, n) => n).find((n) =>
        spectrum.every((v, b) => Math.abs(v - scaled[n * B + b]!) < 1e-6),
      );
    const [side, halo] = [8, 2];
    let beyond = 0;
    for (const { images, valid, counted, targets } of seen.arrays)
      for (let patch = 0; patch < valid.length; patch += side * side) {
        const at = (i: number) => (valid[i] === 1 ? placeOf(images.subarray(i * B, (i + 1) * B))! : -1);
        const one = Array.from({ length: side * side }, (_, i) => i).find((i) => at(patch + i) >= 0)!;
        const [row, col] = [0, 1].map((axis) => {
          const [n, i] = [at(patch + one), one];
          return axis === 0 ? Math.floor(n / COLS) - Math.floor(i / side) : (n % COLS) - (i % side);
        }) as [number, number];
        assert.ok(row >= -halo && col >= -halo && row <= ROWS - side + halo && col <= COLS - side + halo);
        for (let i = 0; i < side * side; i++) {
          const [r, c] = [row + Math.floor(i / side), col + (i % side)];
          const inside = r >= 0 && c >= 0 && r < ROWS && c < COLS;
          if (!inside) beyond++;
          const n = inside && hasData(r, c) ? r * COLS + c : -1;
          assert.equal(at(patch + i), n);
          const total = [0, 1, 2].reduce((sum, e) => sum + targets![(patch + i) * 3 + e]!, 0);
          const expected = counted[patch + i] === 1 ? positions.filter((position) => position === n).length : 0;
          assert.ok(Math.abs(total - expected) < 1e-5);
        }
      }
    assert.ok(beyond > 0, 'some patch lies at the border');
  });

  it('refuses what cannot be trained', async () => {
    const fails = (what: RegExp, options: ImageFitOptions, scene = image()) =>
      assert.rejects(fitImages(set, scene, { ...SMALL, ...options }), (error) => {
        assert.ok(error instanceof TrainError);
        assert.match(error.message, what);
        return true;
      });
    await fails(/seed must be a whole number >= 0, got -1/, { seed: -1 });
    await fails(/at least 1 step, got 0/, { steps: 0 });
    await fails(/schedule must be one of released, poly, got x/, { schedule: 'x' as 'poly' });
    await fails(/learning rate must be positive, got 0/, { learningRate: 0 });
    await fails(/drop rate must be in \[0, 1\), got 1/, { dropRate: 1 });
    await fails(/weight decay must be >= 0, got -1/, { weightDecay: -1 });
    await fails(/most pixels of one image must be a whole number >= 0, got -1/, { mostPixels: -1 });
    await fails(/patch must be at least 1 pixel wide, got 0/, { patchSize: 0 });
    await fails(/at least 1 patch a step, got 0/, { patches: 0 });
    await fails(/19 places of candidates, expected 12 and 20/, {}, { ...image(), positions: positions.slice(1) });
    await fails(/no pixel with data; crop the scene/, PATCHES, { ...image(), reader: sceneOf(0, () => false) });
    await fails(/loss is not finite in step 1 of 4/, { engine: spy({ problems: [], arrays: [] }, Number.NaN) });
  });

  it("stops between steps with the signal's reason", async () => {
    const control = new AbortController();
    const onStep = () => control.abort(new Error('enough'));
    await assert.rejects(fitImages(set, image(), { ...SMALL, signal: control.signal, onStep }), /enough/);
  });
});
