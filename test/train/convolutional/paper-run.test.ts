import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Checkpoint,
  EXPORT_TOLERANCE,
  exportHead,
  type FitOptions,
  fit,
  fitImages,
  isComplete,
  loadRun,
  type RunFacts,
  type SpectraReader,
  saveRun,
  TrainError,
  type TrainingSet,
} from '@egunet/train';
import { temporaryFolder } from '../../support/index.js';
import { mixtures } from '../training-set.js';
import { firstBands, imageScene } from './image-scene.js';
import { hasData } from './tiny-problem.js';

/** Mixtures laid out as an image, some of its pixels without data. */
function sceneOf({ rows = 14, cols = 13 } = {}) {
  const { set: pixels, facts: ofPixels } = mixtures({ pixels: rows * cols, candidates: 20 });
  const reader = imageScene(pixels, { rows, cols, valid: hasData });
  const positions = Float64Array.from({ length: 20 }, (_, i) => i);
  const set: TrainingSet = { ...pixels, image: { reader, bands: firstBands(pixels.bands), positions } };
  const facts: RunFacts = { ...ofPixels, scene: { ...ofPixels.scene, rows, cols } };
  return { set, facts };
}

const { set, facts } = sceneOf();
const PAPER = { model: 'ss-paper', epochs: 4, threads: 1 } as const satisfies FitOptions;
const origin = { softwareVersion: '1.2.3', created: new Date('2026-01-02T03:04:05Z') };
const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TrainError);
  assert.match(error.message, pattern);
  return true;
};

/** The same set with a scene that is read by `read`. */
const readBy = (read: SpectraReader['readSpectra'], from = set): TrainingSet => ({
  ...from,
  image: { ...from.image!, reader: { ...from.image!.reader, readSpectra: read } },
});

describe("a run of the paper's form", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let whole: Checkpoint;
  before(async () => {
    ({ checkpoint: whole } = await fit(set, facts, PAPER));
  });

  it('is the training on images that it names, a step an epoch', async () => {
    const settings = { pooling: 'same', kernels: [5, 3, 1], decoderKernels: [1, 3, 5] } as const;
    const alone = await fitImages(set, set.image!, { form: 'paper', ...settings, steps: 4, threads: 1 });
    assert.deepEqual(whole.state.parameters, alone.parameters);
    assert.deepEqual(whole.state.moving, alone.averages);
    assert.deepEqual(whole.statistics, [...alone.moving.subarray(0, 2 * (256 + 128 + 32))]);
    assert.equal(whole.history.length, 4);
    const { model, epochs, batch, learningRate, weightDecay, schedule } = whole.settings;
    assert.deepEqual([model, epochs, batch, learningRate], ['ss-paper', 4, 14 * 13, alone.settings.learningRate]);
    assert.deepEqual([weightDecay, schedule], [alone.settings.weightDecay, alone.settings.schedule]);
    assert.ok(isComplete(whole));
  });

  it('comes back from disk', async () => {
    await saveRun(folder, { checkpoint: whole, request: null });
    assert.deepEqual((await loadRun(folder)).checkpoint, whole);
    assert.equal(whole.probe.length, 12 * 12 * set.bands);
    assert.ok(whole.probe.some(Number.isNaN), 'pixels without data are kept as such');
  });

  /** Stops a training after an epoch, and goes on from what disk gives back. */
  async function inTwoParts({ set, facts }: { set: TrainingSet; facts: RunFacts }, options: FitOptions, after: number) {
    const abort = new AbortController();
    const onEpoch = ({ epoch }: { epoch: number }) => {
      if (epoch === after) abort.abort();
    };
    const part = await fit(set, facts, { ...options, onEpoch, signal: abort.signal });
    assert.ok(!part.finished && !isComplete(part.checkpoint));
    assert.deepEqual([part.checkpoint.epoch, part.checkpoint.statistics], [after, undefined]);
    const run = join(folder, `after ${after} of ${options.epochs}`);
    await saveRun(run, { checkpoint: part.checkpoint, request: null });
    const resume = (await loadRun(run)).checkpoint;
    return fit(set, facts, { resume, threads: 1 });
  }

  it('ends with the same weights when it was interrupted', async () => {
    for (const after of [1, 4]) {
      const { checkpoint, finished } = await inTwoParts({ set, facts }, PAPER, after);
      assert.ok(finished);
      assert.deepEqual(checkpoint, whole);
    }
  });

  it('of a large scene takes patches, with the same weights when it was interrupted', async () => {
    const large = sceneOf({ rows: 201, cols: 200 });
    const options = { ...PAPER, epochs: 2 };
    const { checkpoint } = await fit(large.set, large.facts, options);
    assert.equal(checkpoint.settings.batch, 4 * 64 * 64);
    assert.deepEqual((await inTwoParts(large, options, 1)).checkpoint, checkpoint);
  });

  it('that is stopped while its statistics are summed makes up for them alone', async () => {
    const abort = new AbortController();
    const part = await fit(set, facts, { ...PAPER, signal: abort.signal, onStatistics: () => abort.abort() });
    assert.ok(!part.finished);
    assert.equal(part.checkpoint.epoch, 4);
    const { checkpoint } = await fit(set, facts, { resume: part.checkpoint, threads: 1 });
    assert.deepEqual(checkpoint, whole);
  });

  it('that is stopped while the scene is read keeps the epochs before', async () => {
    const large = sceneOf({ rows: 201, cols: 200 });
    const { reader } = large.set.image!;
    const abort = new AbortController();
    let reads = 0;
    const stopped = readBy((...args) => {
      if (++reads === 2) abort.abort();
      return abort.signal.aborted ? Promise.reject(new Error('stopped')) : reader.readSpectra(...args);
    }, large.set);
    const { checkpoint, finished } = await fit(stopped, large.facts, { ...PAPER, signal: abort.signal });
    assert.deepEqual([checkpoint.epoch, finished], [0, false]);
  });

  it('fails where the scene can no longer be read, in an epoch and behind the last', async () => {
    const { reader } = set.image!;
    const failing = (good: number) => {
      let reads = 0;
      return readBy((...args) => {
        if (++reads > good) return Promise.reject(new TrainError('gone'));
        return reader.readSpectra(...args);
      });
    };
    for (const good of [1, 2])
      await assert.rejects(fit(failing(good), facts, { ...PAPER, epochs: 1 }), refused(/gone/));
  });

  it('is exported to a spatial model that says how far it looks', async () => {
    const { card, maxDifference } = await exportHead(whole, origin);
    assert.ok(maxDifference <= EXPORT_TOLERANCE);
    assert.deepEqual([card.kind, card.halo, card.network.name], ['spatial', 6, 'egunet-ss-paper']); // 2 + 1 of the kernels, 3 of the pools
    assert.deepEqual([card.training.epochs, card.training.steps], [4, 4]);
  });

  it('is not exported before its statistics are summed, nor in less than float32', async () => {
    const { statistics: _, ...cut } = whole;
    await assert.rejects(exportHead(cut, origin), refused(/statistics .* when a training ends.*--resume/));
    for (const precision of ['int8', 'float16'] as const)
      await assert.rejects(
        exportHead(whole, { ...origin, precision }),
        refused(new RegExp(`in float32 alone, not in ${precision}; .*--model ss`)),
      );
  });

  it('needs its scene, large enough, and no batch', async () => {
    const { image: _, ...without } = set;
    await assert.rejects(fit(without, facts, PAPER), refused(/--model ss-paper needs the scene itself/));
    const elsewhere = { ...facts, scene: { ...facts.scene, cols: 12 } };
    await assert.rejects(fit(set, elsewhere, PAPER), refused(/image has 14 rows x 13 columns, the facts name 14 x 12/));
    const narrow = sceneOf({ rows: 40, cols: 4 });
    await assert.rejects(
      fit(narrow.set, narrow.facts, PAPER),
      refused(
        /looks at 5 x 5 pixels at once, and the scene has 40 rows x 4 columns; use a larger scene, or --model pw/,
      ),
    );
    for (const batch of ['batch', 'candidateBatch'])
      await assert.rejects(fit(set, facts, { ...PAPER, [batch]: 8 }), refused(/got a batch of 8; leave it out/));
    await assert.rejects(fit(set, facts, { ...PAPER, learningRate: 0 }), refused(/learning rate must be positive/));
  });

  interface Editable {
    statistics: number[];
    settings: Record<string, unknown>;
    facts: { scene: { rows: number; cols: number } };
    probe: { file: string; sha256: string };
  }
  const wrong: [what: string, change: (json: Editable) => void, says: RegExp][] = [
    ['too few statistics', (j) => j.statistics.pop(), /manifest\.statistics should be 832 values, got 831; train anew/],
    ['a statistic that is none', (j) => Object.assign(j.statistics, { 3: null }), /statistics\[3\] should be a finite/],
    ['a negative variance', (j) => Object.assign(j.statistics, { 256: -1 }), /statistics\[256\] should be a variance/],
    [
      'statistics of another model',
      (j) => Object.assign(j.settings, { model: 'ss' }),
      /statistics should be absent from a run of model ss/,
    ],
    [
      'another batch',
      (j) => Object.assign(j.settings, { batch: 8 }),
      /takes 182 pixels of this scene, got a batch of 8/,
    ],
    [
      'another batch of candidates',
      (j) => Object.assign(j.settings, { candidateBatch: 3 }),
      /takes all \d+ candidates, got a batch of 3/,
    ],
    ['a scene too small', (j) => Object.assign(j.facts.scene, { rows: 3 }), /the scene has 3 rows x 13 columns/],
    ['a wrong setting', (j) => Object.assign(j.settings, { dropRate: 1 }), /drop rate must be in \[0, 1\), got 1/],
  ];
  for (const [what, change, says] of wrong)
    it(`is refused with ${what}`, async () => {
      const path = join(folder, 'manifest.json');
      const text = readFileSync(path, 'utf8');
      const json = JSON.parse(text);
      change(json);
      writeFileSync(path, JSON.stringify(json));
      await assert.rejects(loadRun(folder), refused(says));
      writeFileSync(path, text);
    });

  it('is refused with a probe of another size, and with a state of another network', async () => {
    const run = join(folder, 'other');
    await saveRun(run, { checkpoint: { ...whole, probe: whole.probe.subarray(set.bands) }, request: null });
    await assert.rejects(loadRun(run), refused(/probe should be pixels of 12 bands, got 1716 values/));
    const state = { ...whole.state, first: whole.state.first.subarray(1) };
    await saveRun(run, { checkpoint: { ...whole, state }, request: null });
    await assert.rejects(loadRun(run), refused(/the state holds \d+ values, 12 bands and 3 endmembers need \d+/));
    assert.equal(readdirSync(run).length, 3);
  });
});
