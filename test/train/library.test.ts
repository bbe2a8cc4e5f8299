// Training on mixtures of a library's classes. Legend: S spectra, n mixtures, B bands, C classes.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import { decodeModel } from '@egunet/export';
import {
  type ClassLibrary,
  classMeans,
  createEagerStepEngine,
  createMixer,
  createRandom,
  DEFAULT_MIXTURES,
  evaluateNetwork,
  exportHead,
  filterLibrary,
  fitLibrary,
  loadRun,
  type RunFacts,
  saveRun,
} from '@egunet/train';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-node';
import { temporaryFolder } from '../support/index.js';

const BANDS = 12;
const CLASSES = ['leaf', 'soil', 'water'];
/** A class is a curve of its own in several brightnesses; `leaf` has two sources, one of them nine times as large. */
function tinyLibrary(): ClassLibrary {
  const curves = [(b: number) => 0.1 + 0.04 * b, (b: number) => 0.4 - 0.01 * b, () => 0.05];
  const sizes = [20, 10, 5];
  const classOf = sizes.flatMap((size, c) => Array.from({ length: size }, () => c));
  const spectra = Float32Array.from({ length: classOf.length * BANDS }, (_, i) => {
    const s = Math.floor(i / BANDS);
    return curves[classOf[s]!]!(i % BANDS) * (1 + 0.02 * (s % 5));
  });
  return {
    ...{ bands: BANDS, classes: CLASSES, spectra, classOf },
    sourceOf: classOf.map((c, s) => (c === 0 && s < 2 ? 'small' : 'large')),
  };
}

function factsOf(library: ClassLibrary): RunFacts {
  const means = classMeans(library);
  return {
    sensor: 'test',
    bands: Array.from({ length: BANDS }, (_, b) => ({ wavelength: 500 + 10 * b, fwhm: 10, index: b })),
    endmembers: CLASSES.map((name, c) => ({ name, spectrum: [...means.subarray(c * BANDS, (c + 1) * BANDS)] })),
    endmemberMethod: 'classes',
    scene: { name: 'test', rows: 0, cols: 0, pixelSize: null, bands: BANDS },
    ...{ pixels: 0, candidates: library.classOf.length },
  };
}

const plain = { ...DEFAULT_MIXTURES, pairShare: 0, componentBrightness: 0, brightness: 0, smoothError: 0 };

describe('mixtures of a library', () => {
  const library = tinyLibrary();

  it('are the sums of their parts, weighted by their labels, where nothing else is drawn', () => {
    const single = filterLibrary(library, (_, s) => [0, 20, 30].includes(s));
    const random = createRandom(3);
    const { spectra, labels } = createMixer(single, { mixtures: plain, random })(random.fork('a'), 50);
    for (let i = 0; i < 50; i++)
      for (let b = 0; b < BANDS; b++) {
        const expected = [0, 1, 2].reduce((sum, c) => sum + labels[3 * i + c]! * single.spectra[c * BANDS + b]!, 0);
        assert.ok(Math.abs(spectra[i * BANDS + b]! - expected) < 1e-6);
      }
  });

  it('have as many classes as the shares say, and fractions that sum to 1', () => {
    const random = createRandom(4);
    const draw = createMixer(library, { mixtures: { ...plain, classShares: [0.2, 0.5, 0.3] }, random });
    const { labels } = draw(random.fork('a'), 20_000);
    const counts = [0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const row = labels.subarray(3 * i, 3 * i + 3);
      counts[row.filter((value) => value > 0).length - 1]!++;
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-6);
    }
    // Binomial deviations of 20,000 draws are below .004.
    for (const [i, share] of [0.2, 0.5, 0.3].entries()) assert.ok(Math.abs(counts[i]! / 20_000 - share) < 0.015);
  });

  it('take the sources of a class equally often, whatever their size', () => {
    const random = createRandom(5);
    const draw = createMixer(library, { mixtures: { ...plain, classShares: [1] }, random });
    const { spectra, labels } = draw(random.fork('a'), 9000);
    const brightness = (s: number) => library.spectra[s * BANDS]!;
    let [small, all] = [0, 0];
    for (let i = 0; i < 9000; i++) {
      if (labels[3 * i] !== 1) continue;
      all++;
      // Spectra 0 and 1 are the small source; the large one repeats their brightness in 6 of its 18.
      if ([0, 1].some((s) => Math.abs(spectra[i * BANDS]! - brightness(s)) < 1e-7)) small++;
    }
    // 1/2 of the small source and 1/2 x 6/18 of the large: 2/3. By size it would be 8/20.
    assert.ok(Math.abs(small / all - 2 / 3) < 0.03, `${small / all}`);
  });

  it('carry noise of the deviation asked for, and are never negative', () => {
    const random = createRandom(6);
    const noise = Array.from({ length: BANDS }, (_, b) => 0.001 * (b + 1));
    const noisy = createMixer(library, { mixtures: plain, noise, random })(createRandom(7), 4000).spectra;
    const clean = createMixer(library, { mixtures: plain, random })(createRandom(7), 4000).spectra;
    assert.ok(noisy.every((value) => value >= 0));
    let squares = 0;
    let [count, differs] = [0, 0];
    // The noise takes a draw of its own: only the first mixtures of both are the same.
    for (let b = 0; b < BANDS; b++) if (noisy[b] !== clean[b]) differs++;
    const bright = 9;
    const only = { ...plain, classShares: [1] };
    const one = filterLibrary(library, (_, s) => [0, 20, 30].includes(s));
    const draws = createMixer(one, { mixtures: only, noise, random })(createRandom(8), 6000);
    for (let i = 0; i < 6000; i++) {
      const c = [0, 1, 2].find((k) => draws.labels[3 * i + k] === 1)!;
      if (c === 2) continue; // dark: clipped at 0
      squares += (draws.spectra[i * BANDS + bright]! - one.spectra[c * BANDS + bright]!) ** 2;
      count++;
    }
    assert.ok(differs > 0);
    assert.ok(Math.abs(Math.sqrt(squares / count) / noise[bright]! - 1) < 0.05);
  });
});

describe('training on a library', () => {
  const library = tinyLibrary();
  const facts = factsOf(library);
  const folder = temporaryFolder();
  before(() => tf.setBackend('cpu'));

  it('learns fractions of mixtures that it has not seen, and exports what it learnt', async () => {
    const { checkpoint, finished } = await fitLibrary(library, facts, { epochs: 150, batch: 128 });
    assert.ok(finished);
    const random = createRandom(99);
    const { spectra, labels } = createMixer(library, { mixtures: DEFAULT_MIXTURES, random })(random, 500);
    const found = await evaluateNetwork(checkpoint, spectra);
    const rmse = Math.sqrt(found.reduce((sum, value, i) => sum + (value - labels[i]!) ** 2, 0) / found.length);
    // Always guessing the mean gives .31.
    assert.ok(rmse < 0.1, `RMSE ${rmse}`);
    const head = await exportHead(checkpoint, { softwareVersion: '1', created: new Date(0) });
    assert.ok(head.maxDifference < 1e-5);
    assert.equal(head.card.network.name, 'egunet-library');
    assert.equal(head.card.training.steps, 150);
    const { mixtures, rmse: scored, perClass } = checkpoint.library!.scores!;
    assert.equal(mixtures, 4096);
    assert.ok(Math.abs(scored - rmse) < 0.1 * rmse, `${scored} on its own mixtures, ${rmse} on others`);
    assert.ok(Math.abs(Math.hypot(...perClass) / Math.sqrt(3) - scored) < 1e-9);
    assert.deepEqual(
      head.card.metrics.map(({ name, value }) => [name, value]),
      [['RMSE', scored], ...CLASSES.map((name, c) => [`RMSE of ${name}`, perClass[c]!] as const)].map(
        ([name, value]) => [name, Number((value as number).toPrecision(4))],
      ),
    );
    assert.ok(head.card.metrics.every(({ definition, unit }) => unit === '1' && /over 4096 mixtures/.test(definition)));
  });

  it('goes on from any step to the same weights', async () => {
    const options = { epochs: 6, batch: 16, members: 2 };
    const whole = await fitLibrary(library, facts, options);
    const stop = new AbortController();
    const part = await fitLibrary(library, facts, {
      ...options,
      signal: stop.signal,
      onEpoch: ({ epoch }) => {
        if (epoch === 3) stop.abort();
      },
    });
    assert.equal(part.finished, false);
    assert.equal(part.checkpoint.library!.scores, undefined);
    const rest = await fitLibrary(library, facts, { resume: part.checkpoint });
    assert.deepEqual(rest.checkpoint.state, whole.checkpoint.state);
    assert.deepEqual(rest.checkpoint.library, whole.checkpoint.library);
  });

  it('takes the same steps compiled as eager', async () => {
    const options = { epochs: 10, batch: 32 };
    const [compiled, eager] = [
      await fitLibrary(library, facts, { ...options, threads: 1 }),
      await fitLibrary(library, facts, { ...options, engine: async (problem) => createEagerStepEngine(problem) }),
    ].map(({ checkpoint }) => checkpoint.history.map(({ total }) => total));
    for (const [i, loss] of compiled!.entries()) assert.ok(Math.abs(loss / eager![i]! - 1) < 1e-4, `step ${i}`);
    assert.ok(eager!.at(-1)! < eager![0]!);
  });

  it('makes an ensemble one graph: the mean of its members, and their standard deviation', async () => {
    const members = 3;
    const { checkpoint } = await fitLibrary(library, facts, { epochs: 8, batch: 32, members });
    const head = await exportHead(checkpoint, { softwareVersion: '1', created: new Date(0) });
    const session = await ort.InferenceSession.create(head.bytes);
    const n = 20;
    const pixels = checkpoint.probe.subarray(0, n * BANDS);
    const { abundances, spread } = await session.run({ spectra: new ort.Tensor('float32', pixels, [n, BANDS]) });
    await session.release();
    const single = await Promise.all(
      Array.from({ length: members }, (_, k) => {
        const size = checkpoint.state.parameters.length / members;
        const rest = checkpoint.state.moving.length / members;
        const state = {
          ...checkpoint.state,
          parameters: checkpoint.state.parameters.slice(k * size, (k + 1) * size),
          moving: checkpoint.state.moving.slice(k * rest, (k + 1) * rest),
        };
        return evaluateNetwork({ ...checkpoint, state, library: { ...checkpoint.library!, members: 1 } }, pixels);
      }),
    );
    for (let i = 0; i < n * CLASSES.length; i++) {
      const values = single.map((found) => found[i]!);
      const mean = values.reduce((a, b) => a + b) / members;
      const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / members);
      assert.ok(Math.abs((abundances!.data[i] as number) - mean) < 1e-5);
      assert.ok(Math.abs((spread!.data[i] as number) - deviation) < 1e-4);
    }
  });

  it('stores an ensemble in less than float32 as it stores each member by itself, close to float32', async () => {
    const members = 3;
    const { checkpoint } = await fitLibrary(library, facts, { epochs: 40, batch: 64, members });
    const origin = { softwareVersion: '1', created: new Date(0) };
    const n = checkpoint.probe.length / BANDS;
    const run = async (bytes: Uint8Array) => {
      const session = await ort.InferenceSession.create(bytes);
      const found = await session.run({ spectra: new ort.Tensor('float32', checkpoint.probe, [n, BANDS]) });
      await session.release();
      return [found.abundances, found.spread].map((value) => value?.data as Float32Array);
    };
    const of = (values: Float32Array, k: number) =>
      values.slice((k * values.length) / members, ((k + 1) * values.length) / members);
    const full = await run((await exportHead(checkpoint, origin)).bytes);
    for (const [precision, kernels, near, far] of [
      ['int8', 2 * members, 0.005, 0.05],
      ['float16', 0, 0.0005, 0.005],
    ] as const) {
      const { bytes, card } = await exportHead(checkpoint, { ...origin, precision });
      const [abundances, spread] = (await run(bytes)) as [Float32Array, Float32Array];
      const { state } = checkpoint;
      const single: Float32Array[] = [];
      for (let k = 0; k < members; k++) {
        const alone = { ...state, parameters: of(state.parameters, k), moving: of(state.moving, k) };
        const member = { ...checkpoint, state: alone, library: { ...checkpoint.library!, members: 1 } };
        const limits = { maxMeanError: 1, maxError: 1 };
        single.push((await run((await exportHead(member, { ...origin, precision, ...limits })).bytes))[0]!);
      }
      for (let i = 0; i < n * CLASSES.length; i++) {
        const values = single.map((found) => found[i]!);
        const mean = values.reduce((a, b) => a + b) / members;
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / members);
        assert.ok(Math.abs(abundances[i]! - mean) < 1e-5, `${precision}, abundance ${i}`);
        assert.ok(Math.abs(spread[i]! - deviation) < 1e-4, `${precision}, spread ${i}`);
      }
      for (const [found, exact] of [
        [abundances, full[0]!],
        [spread, full[1]!],
      ] as const) {
        const off = found.map((value, i) => Math.abs(value - exact[i]!));
        assert.ok(off.reduce((a, b) => a + b) / off.length < near, precision);
        assert.ok(Math.max(...off) < far, precision);
      }
      const { initializers } = decodeModel(bytes).graph;
      assert.equal(initializers.filter(({ type, shape }) => type === 'int8' && shape.length === 2).length, kernels);
      assert.equal(card.quantisation!.precision, precision);
    }
  });

  it('is saved and loaded as it is, and refused where the manifest was changed', async () => {
    const facts = {
      ...factsOf(library),
      library: {
        files: [{ name: 'l.csv', sha256: 'x' }],
        classes: CLASSES.map((name) => ({ name, spectra: 1, sources: ['s'] })),
        members: 2,
      },
    };
    const { checkpoint } = await fitLibrary(library, facts, { epochs: 2, batch: 8, members: 2 });
    await saveRun(folder, { checkpoint, request: {} });
    assert.deepEqual((await loadRun(folder)).checkpoint, checkpoint);
    const path = join(folder, 'manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    const changed = (change: object) => ({ ...manifest, library: { ...manifest.library, ...change } });
    const cases: [object, RegExp][] = [
      [{ ...manifest, library: undefined }, /manifest.library should be how a run of model library is trained/],
      [changed({ members: 0 }), /1 to 16 members, got 0/],
      [changed({ scores: { mixtures: 1, rmse: 1, perClass: [1] } }), /scores.perClass should be 3 values, one a class/],
      [changed({ members: 3 }), /the state holds \d+ values/],
      [changed({ mixtures: { ...manifest.library.mixtures, pairShare: 7 } }), /share of pairs/],
      [changed({ standard: { ...manifest.library.standard, mean: [1] } }), /standard.mean should be 12 values/],
      [{ ...manifest, settings: { ...manifest.settings, model: 'pw' } }, /absent from a run of model pw/],
      [{ ...manifest, settings: { ...manifest.settings, schedule: 'poly' } }, /must be one-cycle/],
      [{ ...manifest, facts: { ...facts, library: { files: 3 } } }, /facts.library should be the files and classes/],
    ];
    for (const [value, message] of cases) {
      writeFileSync(path, JSON.stringify(value));
      await assert.rejects(loadRun(folder), message);
    }
  });

  it('refuses libraries and settings that make no sense, by name', async () => {
    const cases: [ClassLibrary, Parameters<typeof fitLibrary>[2], RegExp][] = [
      [{ ...library, classes: ['leaf'] }, {}, /needs 2 classes or more, got 1/],
      [{ ...library, classes: ['leaf', 'soil', 'leaf'] }, {}, /two classes are called 'leaf'/],
      [{ ...library, classes: [...CLASSES, 'rock'] }, {}, /class 'rock' has no spectrum/],
      [{ ...library, spectra: library.spectra.map(() => Number.NaN) }, {}, /not finite/],
      [{ ...library, sourceOf: [] }, {}, /0 sources/],
      [library, { batch: 1 }, /2 to 65536 mixtures, got 1/],
      [library, { epochs: 0 }, /at least 1 step/],
      [library, { learningRate: 0 }, /learning rate/],
      [library, { weightDecay: -1 }, /weight decay/],
      [library, { seed: -1 }, /seed/],
      [library, { members: 17 }, /1 to 16 members, got 17/],
      [library, { mixtures: { classShares: [0.5, 0.4] } }, /sum to 1, got 0.5, 0.4/],
      [library, { mixtures: { pairShare: 2 } }, /share of pairs/],
      [library, { mixtures: { componentBrightness: 1 } }, /component's brightness/],
      [library, { mixtures: { brightness: -0.1 } }, /mixture's brightness/],
      [library, { mixtures: { smoothError: 0.3 } }, /smooth error/],
    ];
    for (const [of, options, message] of cases) await assert.rejects(fitLibrary(of, facts, options), message);
    const { checkpoint } = await fitLibrary(library, facts, { epochs: 1, batch: 8 });
    const other = { ...library, spectra: library.spectra.map((value) => value * 2) };
    await assert.rejects(fitLibrary(other, facts, { resume: checkpoint }), /not what this run began with/);
  });
});
