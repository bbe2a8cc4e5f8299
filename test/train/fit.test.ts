import assert from 'node:assert/strict';
import { type Engine, fit, loadRun, saveRun, TrainError } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { mixtures } from './training-set.js';

const refused = (pattern: RegExp) => (error: unknown) => error instanceof TrainError && pattern.test(error.message);

/** An engine that changes nothing. */
const idle = async (): Promise<Engine> => ({
  name: 'idle',
  runEpoch: async (state) => ({ state, losses: new Float32Array(6) }),
  release: async () => {},
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
    ['a model of another kind', /model must be one of pw, ss, ss-paper, got x/, { model: 'x' as 'pw' }],
    ['a batch larger than the scene', /must not exceed the 60 training pixels, got 61/, { batch: 61 }],
    ['a batch of one pixel', /at least 2 pixels, got 1/, { batch: 1 }],
    ['a batch of no pixels', /at least 2 pixels, got 0/, { batch: 0 }],
    ['one candidate a step', /at least 2 candidates, got 1/, { candidateBatch: 1 }],
    ['more candidates a step than there are', /must not exceed the 30 candidates, got 31/, { candidateBatch: 31 }],
    ['an unknown schedule', /one of released, poly, got cosine/, { schedule: 'cosine' as never }],
    ['a negative learning rate', /must be positive, got -1/, { learningRate: -1 }],
    ['a drop rate of 1', /in \[0, 1\), got 1/, { dropRate: 1 }],
    ['a negative weight decay', />= 0, got -1/, { weightDecay: -1 }],
    ['a fractional seed', /whole number >= 0, got 0.5/, { seed: 0.5 }],
    [
      'a learning rate that blows up',
      /not finite in epoch \d+ of 20; train anew with a smaller learning rate than 1e\+38/,
      { learningRate: 1e38, epochs: 20 },
    ],
  ];
  for (const [what, pattern, options] of bad)
    it(`refuses ${what}`, async () => {
      const { set, facts } = mixtures();
      await assert.rejects(fit(set, facts, options), refused(pattern));
    });

  it('refuses a batch so small that the dropout masks of an epoch do not fit, naming one that works', async () => {
    const { set, facts } = mixtures({ pixels: 5000, candidates: 2000 });
    // With all candidates in every step 2500 steps x 2002 pixels x 256 is 1.19 GiB, 1666 x 2003 x 256 is 0.80 GiB.
    await assert.rejects(
      fit(set, facts, { batch: 2, candidateBatch: 2000, epochs: 1 }),
      refused(
        /batch of 2 of 5000 pixels needs 1\.19 GiB of dropout masks.*smallest batch that works here is 3 \(--batch 3 --candidate-batch 2000\)/,
      ),
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

  it('hands on no state that is not finite, even where the losses before its last update are', async () => {
    const { set, facts } = mixtures();
    const engine = async (): Promise<Engine> => {
      let epoch = 0;
      return {
        name: 'diverges in epoch 3',
        runEpoch: async (state) => {
          const bad = ++epoch === 3 ? { parameters: state.parameters.map(() => Number.POSITIVE_INFINITY) } : {};
          return { state: { ...state, ...bad }, losses: new Float32Array(6) };
        },
        release: async () => {},
      };
    };
    const seen: number[] = [];
    const onEpoch = ({ epoch }: { epoch: number }) => seen.push(epoch);
    const options = { epochs: 5, engine, onEpoch: (progress: { epoch: number }) => void onEpoch(progress) };
    await assert.rejects(fit(set, facts, options), refused(/not finite in epoch 3 of 5/));
    assert.deepEqual(seen, [1, 2]);
  });

  it('keeps 1024 of the pixels as its probe, others for another seed, and all where they are fewer', async () => {
    const probeOf = async (pixels: number, seed: number) => {
      const { set, facts } = mixtures({ pixels, candidates: 30 });
      const { checkpoint } = await fit(set, facts, { epochs: 1, seed, batch: 1000, engine: idle });
      const at = (values: Float32Array, i: number) => values.subarray(i * set.bands, (i + 1) * set.bands).join();
      const all = Array.from({ length: pixels }, (_, i) => at(set.pixels, i));
      const drawn = Array.from({ length: checkpoint.probe.length / set.bands }, (_, i) =>
        all.indexOf(at(checkpoint.probe, i)),
      );
      assert.ok(
        drawn.every((pixel, i) => pixel > (drawn[i - 1] ?? -1)),
        'pixels of the data, in its order, none twice',
      );
      return drawn;
    };
    const [one, same, other] = [await probeOf(3000, 1), await probeOf(3000, 1), await probeOf(3000, 2)];
    assert.equal(one.length, 1024);
    assert.deepEqual(one, same);
    assert.notDeepEqual(one, other);
    // From everywhere: 341 of each thousand are expected, standard deviation 12.
    for (const from of [0, 1000, 2000])
      assert.ok(Math.abs(one.filter((pixel) => pixel >= from && pixel < from + 1000).length - 341) < 60);
    assert.equal((await probeOf(1000, 1)).length, 1000);
  });

  it('counts its seconds from the first epoch of the call, and its pixels over just those', async () => {
    const { set, facts } = mixtures();
    const { checkpoint: resume } = await fit(set, facts, { epochs: 4, engine: idle, signal: AbortSignal.abort() });
    const slow = async (): Promise<Engine> => {
      await new Promise((resolve) => setTimeout(resolve, 300)); // set-up
      return idle();
    };
    let started = Number.NaN;
    let epochs = 0;
    const onStart = () => {
      started = performance.now();
    };
    const onEpoch = ({ seconds, pixelsPerSecond }: { seconds: number; pixelsPerSecond: number }) => {
      epochs++;
      assert.ok(seconds <= (performance.now() - started) / 1000, 'set-up is not counted');
      // 60 pixels in batches of 30 are 2 steps of 30 + 30 pixels.
      assert.ok(Math.abs(pixelsPerSecond * seconds - epochs * 2 * 60) < 1e-6);
    };
    await fit(set, facts, { resume, engine: slow, onStart, onEpoch });
    assert.equal(epochs, 4);
  });
});
