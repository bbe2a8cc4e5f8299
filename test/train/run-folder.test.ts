import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checkpoint, fit, isPart, loadRun, saveRun, TrainError } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { mixtures } from './training-set.js';

const refused = (pattern: RegExp) => (error: unknown) => error instanceof TrainError && pattern.test(error.message);

/** Checkpoints of a training of 2 epochs, after the first and the second. */
async function checkpoints(): Promise<[Checkpoint, Checkpoint]> {
  const { set, facts } = mixtures();
  const seen: Checkpoint[] = [];
  await fit(set, facts, { epochs: 2, onEpoch: ({ checkpoint }) => void seen.push(checkpoint) });
  return [seen[0]!, seen[1]!];
}

describe('a run folder', () => {
  const folder = temporaryFolder();
  const run = join(folder, 'run');
  const manifest = join(run, 'manifest.json');
  let first: Checkpoint;
  let second: Checkpoint;

  before(async () => {
    [first, second] = await checkpoints();
    await saveRun(run, { checkpoint: first, request: null });
    await saveRun(run, { checkpoint: second, request: { scene: 'here' } });
  });

  it('gives back what was saved last', async () => {
    assert.deepEqual(await loadRun(run), { checkpoint: second, request: { scene: 'here' } });
  });

  it('holds a manifest, the newest state and the probe, each under the first digits of its sha256', () => {
    const names = readdirSync(run).sort();
    const digits = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(run, name)))
        .digest('hex')
        .slice(0, 8);
    assert.equal(names.length, 3);
    assert.equal(names[0], 'manifest.json');
    assert.equal(names[1], `probe-${digits(names[1]!)}.bin`);
    assert.equal(names[2], `state-00002-${digits(names[2]!)}.bin`);
    // 60 pixels of 12 bands, float32.
    assert.equal(readFileSync(join(run, names[1]!)).length, 60 * 12 * 4);
  });

  it('is free of parts that a killed process left, and only of those, when it is saved again', async () => {
    const part = join(run, 'manifest.json.00000000-0000-4000-8000-000000000000.part');
    writeFileSync(part, 'half');
    const notes = ['probe.bin', 'state-1.bin', 'thesis.tex.00000000-0000-4000-8000-000000000000.part'];
    for (const name of notes) writeFileSync(join(run, name), 'years of work');
    assert.deepEqual(readdirSync(run).filter(isPart), ['manifest.json.00000000-0000-4000-8000-000000000000.part']);
    await saveRun(run, { checkpoint: second, request: { scene: 'here' } });
    assert.equal(readdirSync(run).length, 3 + notes.length);
    for (const name of notes) rmSync(join(run, name));
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

  it('is refused where there is none, and where its manifest is no JSON of this version', async () => {
    await assert.rejects(loadRun(folder), refused(/not a run of egunet train/));
    await withChange(manifest, () => '{', /not valid JSON/);
    await withChange(manifest, () => 'null', /manifest should be an object, got null/);
  });

  interface Editable {
    version: number;
    epoch: number;
    inputScale: number;
    history: unknown[];
    settings: Record<string, unknown>;
    state: { file: string; sha256: string };
    probe: { file: string; sha256: string };
    facts: { bands: unknown[]; endmembers: { spectrum: number[] }[]; pixels: number };
  }
  /** Gives the run a spatial layer that is right but for what is given. */
  const withLayer = (json: Editable, wrong: object, model = 'ss') => {
    const right = {
      radius: 1,
      toFactors: [1, 0, -1],
      fromFactors: [1, 0, -1],
      weights: [1, 1, 0, 0, 0, 0, 0, 0, 0],
      noiseShares: [1],
    };
    Object.assign(json, { spatial: { ...right, ...wrong } });
    Object.assign(json.settings, { model });
  };
  const wrong: [what: string, change: (json: Editable) => void, says: RegExp][] = [
    ['a newer version', (j) => Object.assign(j, { version: 99 }), /version 99 is newer than 3.*update egunet/],
    ['an older version', (j) => Object.assign(j, { version: 1 }), /version should be one of 2, 3, got 1; train anew/],
    ['a negative scale', (j) => Object.assign(j, { inputScale: -1 }), /inputScale should be a positive number/],
    [
      'a state elsewhere',
      (j) => Object.assign(j.state, { file: '../other.bin' }),
      /state\.file should be state-<epoch>/,
    ],
    ['a probe elsewhere', (j) => Object.assign(j.probe, { file: '../other.bin' }), /probe\.file should be probe-</],
    ['a state that is gone', (j) => Object.assign(j.state, { file: 'state-00009-00000000.bin' }), /cannot be read/],
    ['an epoch too many', (j) => Object.assign(j, { epoch: 3 }), /epoch should be at most settings\.epochs, 2, got 3/],
    ['a history too short', (j) => j.history.pop(), /history should be 2 entries, one an epoch, got 1/],
    [
      'a spectrum too short',
      (j) => j.facts.endmembers[1]!.spectrum.pop(),
      /endmembers\[1\]\.spectrum should be 12 values, .*got 11/,
    ],
    [
      'no batch',
      (j) => Object.assign(j.settings, { batch: 0 }),
      /batch must hold at least 2 pixels, got 0; train anew/,
    ],
    [
      'no batch of candidates',
      (j) => {
        delete j.settings.candidateBatch;
      },
      /settings\.candidateBatch should be a whole number >= 0, got nothing/,
    ],
    [
      'more batch than pixels',
      (j) => Object.assign(j.facts, { pixels: 20 }),
      /batch must not exceed the 20 training pixels/,
    ],
    ['a drop rate of 1', (j) => Object.assign(j.settings, { dropRate: 1 }), /drop rate must be in \[0, 1\), got 1/],
    [
      'a negative weight decay',
      (j) => Object.assign(j.settings, { weightDecay: -1 }),
      /weight decay must be >= 0, got -1/,
    ],
    [
      'no learning rate',
      (j) => Object.assign(j.settings, { learningRate: 0 }),
      /learning rate must be positive, got 0/,
    ],
    [
      'a model of another kind',
      (j) => Object.assign(j.settings, { model: 'x' }),
      /model should be one of "pw", "ss", "ss-paper"/,
    ],
    [
      'a layer of a pixel-wise network',
      (j) => withLayer(j, {}, 'pw'),
      /spatial should be absent from a run of model pw, got some/,
    ],
    [
      'a spatial layer whose lists do not fit',
      (j) => withLayer(j, { weights: [0] }),
      /spatial\.weights should be 9 values for 3 endmembers, 1 factors and radius 1, got 1/,
    ],
    ['a layer that looks too far', (j) => withLayer(j, { radius: 17 }), /spatial\.radius should be 1 to 16, got 17/],
    ['a share beyond 1', (j) => withLayer(j, { noiseShares: [42] }), /noiseShares\[0\] should be 0 to 1, got 42/],
    [
      'weights of no filter',
      (j) => withLayer(j, { weights: [9, 0, 0, 0, 0, 0, 0, 0, 0] }),
      /weights should be weights of a filter, 0 in the middle, got 9 and 0/,
    ],
    [
      'a weight in the middle',
      (j) => withLayer(j, { weights: [0, 0, 0, 0, 0.1, 0, 0, 0, 0] }),
      /0 in the middle, got 0.1 and 0.1/,
    ],
    [
      'abundances that do not sum to 1 any more',
      (j) => withLayer(j, { fromFactors: [1, 0, 0] }),
      /fromFactors should be rows that sum to 0, got 1/,
    ],
    ['a schedule of another kind', (j) => Object.assign(j.settings, { schedule: 'x' }), /schedule should be one of/],
    [
      'fewer bands than its state and probe',
      ({ facts }) => {
        facts.bands.pop();
        for (const { spectrum } of facts.endmembers) spectrum.pop();
      },
      /the state holds \d+ values, 11 bands and 3 endmembers need \d+/,
    ],
  ];
  it('of a version that knew one network alone is of that network, and took all candidates in every step', async () => {
    const original = readFileSync(manifest);
    const json = JSON.parse(original.toString()) as Editable;
    delete json.settings.model;
    delete json.settings.candidateBatch;
    writeFileSync(manifest, JSON.stringify({ ...json, version: 2 }));
    try {
      const { settings, facts } = (await loadRun(run)).checkpoint;
      assert.equal(settings.model, 'pw');
      assert.equal(settings.candidateBatch, facts.candidates);
    } finally {
      writeFileSync(manifest, original);
    }
  });

  for (const [what, change, says] of wrong)
    it(`is refused with ${what}`, () =>
      withChange(
        manifest,
        (text) => {
          const json = JSON.parse(text.toString());
          change(json);
          return JSON.stringify(json);
        },
        says,
      ));

  it('is refused where its state or its probe is not what was saved', async () => {
    for (const kind of ['state', 'probe']) {
      const name = readdirSync(run).find((file) => file.startsWith(kind))!;
      await withChange(
        join(run, name),
        (bytes) => bytes.subarray(4),
        new RegExp(`${kind}-.* is damaged \\(sha256 differs`),
      );
    }
  });

  it('is refused with a probe that is no whole pixels', async () => {
    const half = join(folder, 'half');
    await saveRun(half, { checkpoint: { ...second, probe: second.probe.subarray(0, 18) }, request: null });
    await assert.rejects(loadRun(half), refused(/probe should be pixels of 12 bands, got 18 values/));
  });

  it('says so when it cannot be written', async () => {
    const path = join(manifest, 'run');
    await assert.rejects(saveRun(path, { checkpoint: first, request: null }), refused(/cannot be saved/));
  });

  it('keeps its former checkpoint where a new one cannot be completed, of the same epoch too', async () => {
    const kept = join(folder, 'kept');
    await saveRun(kept, { checkpoint: second, request: null });
    // A name that leads nowhere where the new state belongs: the state is renamed over it, the manifest's place is a folder.
    const other = { ...second, state: { ...second.state, parameters: second.state.parameters.map((v) => -v) } };
    const before = readdirSync(kept);
    const aside = readFileSync(join(kept, 'manifest.json'));
    rmSync(join(kept, 'manifest.json'));
    mkdirSync(join(kept, 'manifest.json'));
    await assert.rejects(saveRun(kept, { checkpoint: other, request: null }), refused(/cannot be saved/));
    assert.deepEqual(readdirSync(kept), before);
    rmSync(join(kept, 'manifest.json'), { recursive: true });
    writeFileSync(join(kept, 'manifest.json'), aside);
    assert.deepEqual((await loadRun(kept)).checkpoint, second);
  });
});
