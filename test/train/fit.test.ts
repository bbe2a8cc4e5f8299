import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, drawKept, fit, gapTable, learningRateAt, loadRun, saveRun, TrainError } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { mixtures } from './training-set.js';

const refused = (pattern: RegExp) => (error: unknown) => error instanceof TrainError && pattern.test(error.message);

describe('schedules', () => {
  const options = { learningRate: 0.1, candidates: 1600, steps: 1000 };

  it('lets the released rate fall by 0.99 every candidates / 8000 steps', () => {
    const at = (step: number) => learningRateAt(step, { ...options, schedule: 'released' });
    assert.equal(at(0), 0.1);
    // 1600 candidates: 100 steps are 100 / 0.2 = 500 powers of 0.99.
    assert.ok(Math.abs(at(100) - 0.1 * 0.99 ** 500) < 1e-15);
  });

  it('lets the paper’s rate fall to zero at the last step', () => {
    const at = (step: number) => learningRateAt(step, { ...options, schedule: 'poly' });
    assert.equal(at(0), 0.1);
    assert.ok(Math.abs(at(500) - 0.1 * 0.5 ** 0.99) < 1e-15);
    assert.equal(at(1000), 0);
  });
});

describe('fit', () => {
  const folder = temporaryFolder();

  it('learns the abundances of exact mixtures', async () => {
    const { set, facts } = mixtures({ pixels: 400, candidates: 200 });
    const { checkpoint, finished } = await fit(set, facts, { epochs: 60, schedule: 'poly', learningRate: 0.02 });
    assert.ok(finished);
    const [first] = checkpoint.history;
    const last = checkpoint.history.at(-1)!;
    assert.ok(last.crossEntropy < 0.8 * first!.crossEntropy, `${first!.crossEntropy} -> ${last.crossEntropy}`);
    assert.ok(last.reconstruction < first!.reconstruction);
  });

  it('gives the same weights from the same seed and others from another', async () => {
    const { set, facts } = mixtures();
    const weights = async (seed: number) => (await fit(set, facts, { epochs: 2, seed, threads: 1 })).checkpoint.state;
    const [a, b, c] = [await weights(1), await weights(1), await weights(2)];
    assert.deepEqual(a, b);
    assert.notDeepEqual(a.parameters, c.parameters);
  });

  it('stops on a signal and, resumed from disk, ends with the weights of an uninterrupted run', async () => {
    const { set, facts } = mixtures();
    const options = { epochs: 6, threads: 1 };
    const whole = await fit(set, facts, options);
    const abort = new AbortController();
    const onEpoch = ({ epoch }: { epoch: number }) => {
      if (epoch === 2) abort.abort();
    };
    const part = await fit(set, facts, { ...options, onEpoch, signal: abort.signal });
    assert.equal(part.finished, false);
    assert.equal(part.checkpoint.epoch, 2);
    await saveRun(folder, { checkpoint: part.checkpoint, request: { scene: 'here' } });
    const { checkpoint: resume, request } = await loadRun(folder);
    assert.deepEqual(request, { scene: 'here' });
    const resumed = await fit(set, facts, { resume, threads: 1 });
    assert.deepEqual(resumed.checkpoint, whole.checkpoint);
  });

  it('scales by the brightest of 99.9 % of the pixels: one glint in 2000 does not darken the rest', async () => {
    const { set, facts } = mixtures({ pixels: 2000, candidates: 100 });
    const calm = await fit(set, facts, { epochs: 1, batch: 1000 });
    const glint = { ...set, pixels: set.pixels.map((v, i) => (i < set.bands ? 40 : v)) };
    const { checkpoint } = await fit(glint, facts, { epochs: 1, batch: 1000 });
    assert.ok(Math.abs(checkpoint.inputScale / calm.checkpoint.inputScale - 1) < 0.02);
  });

  it('refuses to resume with other data', async () => {
    const { set, facts } = mixtures();
    const { checkpoint } = await fit(set, facts, { epochs: 1 });
    const other = mixtures({ seed: 8 });
    await assert.rejects(fit(other.set, other.facts, { resume: checkpoint }), refused(/not what this run began with/));
  });

  const bad: [string, RegExp, Parameters<typeof fit>[2]][] = [
    ['no epochs', /at least 1 epoch, got 0/, { epochs: 0 }],
    ['a batch larger than the scene', /must not exceed the 60 training pixels, got 61/, { batch: 61 }],
    ['a batch of one pixel', /at least 2 pixels, got 1/, { batch: 1 }],
    ['an unknown schedule', /one of released, poly, got cosine/, { schedule: 'cosine' as never }],
    ['a negative learning rate', /must be positive, got -1/, { learningRate: -1 }],
    ['a drop rate of 1', /in \[0, 1\), got 1/, { dropRate: 1 }],
    ['a negative weight decay', />= 0, got -1/, { weightDecay: -1 }],
    ['a fractional seed', /whole number >= 0, got 0.5/, { seed: 0.5 }],
    ['a learning rate that blows up', /not finite in epoch \d+; try a lower/, { learningRate: 1e38, epochs: 20 }],
  ];
  for (const [what, pattern, options] of bad)
    it(`refuses ${what}`, async () => {
      const { set, facts } = mixtures();
      await assert.rejects(fit(set, facts, options), refused(pattern));
    });

  it('refuses a batch so small that the dropout masks of an epoch do not fit, naming one that works', async () => {
    const { set, facts } = mixtures({ pixels: 5000, candidates: 2000 });
    // 2500 steps x 2002 pixels x 256 is 1.19 GiB, 1666 x 2003 x 256 is 0.80 GiB.
    await assert.rejects(
      fit(set, facts, { batch: 2, epochs: 1 }),
      refused(/batch of 2 of 5000 pixels needs 1\.19 GiB of dropout masks.*smallest batch that works here is 3 /),
    );
  });

  it('refuses values that are not finite, a black scene, and data that does not fit its facts', async () => {
    const { set, facts } = mixtures();
    const nan = { ...set, pixels: set.pixels.map((v, i) => (i === 5 ? Number.NaN : v)) };
    await assert.rejects(fit(nan, facts), refused(/not finite/));
    await assert.rejects(fit({ ...set, pixels: set.pixels.map(() => 0) }, facts), refused(/brighter than 0/));
    await assert.rejects(fit({ ...set, labels: set.labels.slice(3) }, facts), refused(/candidates \[m, 12\]/));
    await assert.rejects(fit(set, { ...facts, bands: facts.bands.slice(1) }), refused(/the facts name 11 bands/));
    const few = { ...set, candidates: set.candidates.slice(0, 12), labels: set.labels.slice(0, 3) };
    await assert.rejects(fit(few, facts), refused(/too few/));
  });
});

describe('a run folder', () => {
  const folder = temporaryFolder();
  const run = join(folder, 'run');
  const manifest = join(run, 'manifest.json');
  let stateFile = '';

  before(async () => {
    const { set, facts } = mixtures();
    const { checkpoint } = await fit(set, facts, { epochs: 1 });
    await saveRun(run, { checkpoint, request: null });
    await saveRun(run, { checkpoint: { ...checkpoint, epoch: 2 }, request: null });
    stateFile = join(run, 'state-00002.bin');
  });

  it('holds one manifest and the newest state', () => {
    assert.deepEqual(readdirSync(run).sort(), ['manifest.json', 'state-00002.bin']);
  });

  /** Loads the run with a file changed, then puts the file back. */
  async function withChange(path: string, change: (text: Buffer) => string | Buffer, pattern: RegExp) {
    const original = readFileSync(path);
    writeFileSync(path, change(original));
    try {
      await assert.rejects(loadRun(run), refused(pattern));
    } finally {
      writeFileSync(path, original);
    }
  }
  const edit = (change: (json: Record<string, never>) => void) => (text: Buffer) => {
    const json = JSON.parse(text.toString());
    change(json);
    return JSON.stringify(json);
  };

  it('says what is wrong with a folder that is no run, and with a damaged one', async () => {
    await assert.rejects(loadRun(folder), refused(/not a run of egunet train/));
    await withChange(manifest, () => '{', /not valid JSON/);
    await withChange(manifest, () => 'null', /manifest should be an object, got null/);
    await withChange(
      manifest,
      edit((j) => Object.assign(j, { version: 99 })),
      /newer than 1/,
    );
    await withChange(
      manifest,
      edit((j) => Object.assign(j, { inputScale: -1 })),
      /inputScale should be a positive number/,
    );
    await withChange(
      manifest,
      edit((j) => Object.assign(j.state!, { file: '../other.bin' })),
      /state\.file should be state-<epoch>\.bin/,
    );
    await withChange(
      manifest,
      edit((j) => (j.facts as { bands: unknown[] }).bands.pop()),
      /bytes, 11 bands/,
    );
    await withChange(stateFile, (bytes) => bytes.subarray(4), /sha256 differs/);
    await withChange(
      manifest,
      edit((j) => Object.assign(j.state!, { file: 'state-00009.bin' })),
      /cannot be read/,
    );
  });

  it('says so when it cannot be written', async () => {
    const { set, facts } = mixtures();
    const { checkpoint } = await fit(set, facts, { epochs: 1 });
    await assert.rejects(saveRun(join(manifest, 'run'), { checkpoint, request: null }), refused(/cannot be saved/));
  });

  it('leaves no part of a file that could not be completed', async () => {
    const { checkpoint } = await loadRun(run);
    const blocked = join(folder, 'blocked');
    mkdirSync(join(blocked, 'manifest.json'), { recursive: true });
    await assert.rejects(saveRun(blocked, { checkpoint, request: null }), refused(/cannot be saved/));
    assert.deepEqual(readdirSync(blocked), ['manifest.json', 'state-00002.bin']);
  });
});

describe('dropout', () => {
  it('drops a tenth of the units', () => {
    const kept = drawKept(1_000_000, gapTable(0.1), createRandom(5));
    const dropped = kept.length - kept.reduce((sum, k) => sum + k, 0);
    // Standard deviation of the share: sqrt(.1 * .9 / 1e6) = .0003.
    assert.ok(Math.abs(dropped / kept.length - 0.1) < 0.0012);
    // Neighbours are independent: P(both dropped) = .01, standard deviation .0001.
    let both = 0;
    for (let i = 1; i < kept.length; i++) if (!kept[i] && !kept[i - 1]) both++;
    assert.ok(Math.abs(both / kept.length - 0.01) < 0.0004);
    assert.ok(drawKept(100, gapTable(0), createRandom(5)).every((k) => k === 1));
  });
});
