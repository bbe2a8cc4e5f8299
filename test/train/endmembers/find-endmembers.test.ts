import assert from 'node:assert/strict';
import {
  countByResidual,
  createRandom,
  DEFAULT_SUBSET_SETTINGS,
  type EndmemberMethodName,
  endmemberMethods,
  findEndmembers,
  labelCandidates,
  MAX_ESTIMATED,
  type SpectraSample,
} from '@egunet/train';
import { angle, materials, mixedSample } from './golden.js';

const bands = 12;
const row = (x: Float32Array, c: number) => x.subarray(c * bands, (c + 1) * bands);

/** Which material each endmember is nearest to. */
const nearest = (endmembers: Float32Array) =>
  Array.from({ length: endmembers.length / bands }, (_, i) => {
    const angles = [0, 1, 2, 3].map((c) => angle(row(endmembers, i), row(materials, c)));
    return { material: angles.indexOf(Math.min(...angles)), angle: Math.min(...angles) };
  });

/** `sample` with every block cut to its first `pixels`. */
const cut = (sample: SpectraSample, pixels: number): SpectraSample => ({
  ...sample,
  blocks: sample.blocks.map(({ spectra, positions }) => ({
    spectra: spectra.subarray(0, pixels * bands),
    positions: positions.subarray(0, pixels),
  })),
});

describe('findEndmembers', () => {
  it('finds the materials of a scene, their number by HySime', async () => {
    const found = await findEndmembers(mixedSample(1), { seed: 5 });
    assert.equal(found.count, 4);
    assert.deepEqual([found.countSource, found.estimate], ['hysime', 4]);
    assert.deepEqual([found.method, found.brightness], ['agreed', 'bounded']);
    assert.deepEqual(found.names, ['endmember 1', 'endmember 2', 'endmember 3', 'endmember 4']);
    const matches = nearest(found.endmembers);
    assert.deepEqual(matches.map((match) => match.material).sort(), [0, 1, 2, 3]);
    // Near-pure pixels hold up to .15 of the other materials, which are .35 rad and more apart.
    for (const match of matches) assert.ok(match.angle < 0.05, `${match.angle} rad`);
  });

  it('finds them by K-means too, by its name', async () => {
    const found = await findEndmembers(mixedSample(1), { seed: 5, method: 'kmeans' });
    assert.deepEqual([found.count, found.method, found.brightness], [4, 'kmeans', undefined]);
    const matches = nearest(found.endmembers);
    assert.deepEqual(matches.map((match) => match.material).sort(), [0, 1, 2, 3]);
    // Near-pure candidates hold up to a fifth of the other materials, which are .35 rad and more apart.
    for (const match of matches) assert.ok(match.angle < 0.07, `${match.angle} rad`);
  });

  it('cuts an estimate above the limit to it, and keeps the estimate', async () => {
    const wide = 20; // 16 orthogonal materials
    const random = createRandom(3);
    const spectrum = () => {
      const shares = Array.from({ length: 16 }, () => -Math.log(1 - random.uniform()));
      const sum = shares.reduce((a, b) => a + b, 0);
      return Array.from({ length: wide }, (_, b) => 0.1 + (shares[b] ?? 0) / sum + 1e-4 * random.normal());
    };
    const blocks = Array.from({ length: 80 }, (_, i) => ({
      positions: Float64Array.from({ length: 25 }, (_, k) => 25 * i + k),
      spectra: Float32Array.from(Array.from({ length: 25 }, spectrum).flat()),
    }));
    const pixels = Float32Array.from(blocks.flatMap((block) => [...block.spectra]));
    const found = await findEndmembers({ bands: wide, pixels, blocks }, { seed: 1, restarts: 1 });
    assert.ok(found.estimate! > MAX_ESTIMATED, `${found.estimate}`);
    assert.deepEqual([found.count, found.countSource], [MAX_ESTIMATED, 'hysime']);
    assert.equal(found.endmembers.length, MAX_ESTIMATED * wide);
  });

  it('counts by the residual where asked: four materials in any noise, and says so', async () => {
    const found = await findEndmembers(mixedSample(2), { seed: 1, countBy: 'residual' });
    assert.deepEqual([found.count, found.countSource, found.estimate], [4, 'residual', 4]);
    assert.deepEqual(found, await findEndmembers(mixedSample(2), { seed: 1, countBy: 'residual' }));
  });

  it('counts by the residual no more than blocks hold, and at least two', async () => {
    const options = { random: createRandom(1), pause: async () => {}, subset: DEFAULT_SUBSET_SETTINGS };
    assert.equal(await countByResidual(cut(mixedSample(2), 3), { ...options, most: 10 }), 3);
    assert.equal(await countByResidual(mixedSample(2), { ...options, most: 2 }), 2);
  });

  it('refuses ways to count that are none, or where nothing is to be counted', async () => {
    const refused = (options: object, message: RegExp) =>
      assert.rejects(findEndmembers(mixedSample(2), { seed: 1, ...options }), { _tag: 'TrainError', message });
    await refused({ countBy: 'guess' }, /countBy: expected hysime or residual, got 'guess'/);
    await refused({ countBy: 'residual', count: 3 }, /countBy: of no use where the number of endmembers is given/);
  });

  it('takes a number that is given', async () => {
    const found = await findEndmembers(mixedSample(2), { seed: 1, count: 3 });
    assert.deepEqual([found.count, found.countSource, found.endmembers.length], [3, 'given', 3 * bands]);
    assert.equal(found.estimate, undefined);
  });

  it('labels each candidate: >= 0, sum 1, and near-pure candidates by their material', async () => {
    const { labels, candidates, positions, endmembers, dropped } = await findEndmembers(mixedSample(3), {
      seed: 1,
      count: 4,
    });
    assert.equal(labels.length, positions.length * 4);
    assert.equal(candidates.length, positions.length * bands);
    assert.equal(dropped, 0);
    const matches = nearest(endmembers);
    let pure = 0;
    positions.forEach((position, m) => {
      const label = [...labels.subarray(m * 4, m * 4 + 4)];
      assert.ok(label.every((a) => a >= 0));
      assert.ok(Math.abs(label.reduce((sum, a) => sum + a, 0) - 1) < 1e-6);
      // The first three pixels of block i are the materials i, i + 1 and i + 2.
      const [block, k] = [Math.floor(position / 25), position % 25];
      if (k >= 3) return;
      pure++;
      assert.equal(matches[label.indexOf(Math.max(...label))]!.material, (block + k) % 4);
    });
    assert.ok(pure > 50, `${pure} of 108 pure pixels are candidates`);
  });

  it('gives the same bytes for the same seed, others for another', async () => {
    const of = (seed: number) => findEndmembers(mixedSample(4), { seed, count: 4 });
    const first = await of(1);
    assert.deepEqual(await of(1), first);
    assert.notDeepEqual((await of(2)).candidates, first.candidates);
  });

  for (const [method, measure] of [
    ['agreed', 'mean abundance'],
    ['refined', 'mean abundance'],
    ['subset', 'mean abundance'],
    ['kmeans', 'the size of their clusters'],
  ] as const)
    it(`${method} orders the endmembers by ${measure}`, async () => {
      const random = createRandom(5);
      for (const share of [0.25, 0.75]) {
        const blocks = Array.from({ length: 40 }, (_, i) => ({
          positions: Float64Array.from({ length: 25 }, (_, k) => 25 * i + k),
          spectra: Float32Array.from(
            { length: 25 * bands },
            (_, k) => materials[(i < 40 * share ? 0 : bands) + (k % bands)]! + 0.001 * random.normal(),
          ),
        }));
        const pixels = Float32Array.from(blocks.flatMap((block) => [...block.spectra]));
        const { endmembers } = await findEndmembers({ bands, pixels, blocks }, { seed: 1, count: 2, method });
        assert.deepEqual(
          nearest(endmembers).map((match) => match.material),
          share > 0.5 ? [0, 1] : [1, 0],
        );
      }
    });

  it('agreed has restarts, selection pixels and a verdict of its own; the first two may be set', async () => {
    const of = async (method: EndmemberMethodName, restarts?: number, selectionPixels?: number) => {
      const subset = { passes: 0, ...(selectionPixels && { selectionPixels }) };
      const given = { seed: 1, count: 4, method, subset, ...(restarts && { restarts }) };
      return (await findEndmembers(mixedSample(4), given)).endmembers;
    };
    const found = await of('agreed');
    assert.deepEqual(await of('agreed', 14, 500), found);
    assert.notDeepEqual(await of('agreed', 1), found);
    assert.notDeepEqual(await of('agreed', 14, 40), found);
    assert.notDeepEqual(await of('refined', 14, 500), found);
  });

  it('uses a given library as it is', async () => {
    const given = Float32Array.from(materials);
    const found = await findEndmembers(mixedSample(6), { seed: 1, given });
    assert.equal(found.endmembers, given);
    assert.deepEqual([found.count, found.countSource, found.method], [4, 'library', 'library']);
    assert.equal(found.labels.length, found.positions.length * 4);
  });

  it('finds those that are missing beside given ones, which stay as they are and come first', async () => {
    for (const known of [[2], [0, 3], [3, 1, 0]]) {
      const given = Float32Array.from(known.flatMap((c) => [...row(materials, c)]));
      const found = await findEndmembers(mixedSample(1), { seed: 5, given, count: 4 });
      assert.deepEqual(
        [found.count, found.countSource, found.method, found.known],
        [4, 'given', 'library', known.length],
      );
      assert.equal(found.brightness, 'bounded');
      assert.deepEqual(found.endmembers.subarray(0, given.length), given);
      const matches = nearest(found.endmembers);
      assert.deepEqual(matches.map(({ material }) => material).sort(), [0, 1, 2, 3], `beside ${known}`);
      for (const match of matches) assert.ok(match.angle < 0.05, `${match.angle} rad`);
      assert.equal(found.labels.length, found.positions.length * 4);
      const lengths = [0, 1, 2, 3].map((c) => Math.hypot(...row(found.endmembers, c)));
      const least = Math.min(...lengths.slice(known.length));
      assert.ok(least > 0.499 * Math.max(...lengths), `${lengths}`);
    }
  });

  it('refuses to find more beside given ones by K-means, beside spectra of other bands, or more than there are', async () => {
    const given = row(materials, 0).slice();
    const refused = (options: object, message: RegExp) =>
      assert.rejects(findEndmembers(mixedSample(1), { seed: 1, given, count: 4, ...options }), {
        _tag: 'TrainError',
        message,
      });
    await refused({ method: 'kmeans' }, /kmeans finds all endmembers or none/);
    await refused({ given: given.subarray(0, 11), count: 3 }, /expected spectra of 12 bands, got 11 values/);
    await refused({ given: given.map(() => Number.NaN) }, /finite reflectance >= 0/);
    await refused({ count: 13 }, /13 asked for, but the spectra have 12 bands/);
    await refused({ brightness: 'dim' }, /brightness/);
  });

  it('drops candidates that no endmember explains, and counts them', () => {
    const spectra = Float32Array.of(1, 0, 0, -1, 0, 2);
    const candidates = { spectra, positions: Float64Array.of(7, 8, 9) };
    const { labels, dropped, candidates: kept } = labelCandidates(Float32Array.of(1, 0, 0, 1), candidates, 2);
    assert.equal(dropped, 1);
    assert.deepEqual([...labels], [1, 0, 0, 1]);
    assert.deepEqual([...kept.positions], [7, 9]);
    assert.deepEqual([...kept.spectra], [1, 0, 0, 2]);
  });

  it('leaves out blocks with fewer pixels than endmembers and blocks of zeros', async () => {
    const sample = mixedSample(7);
    const poor = cut(sample, 3).blocks[0]!;
    const dark = { spectra: new Float32Array(25 * bands), positions: Float64Array.from({ length: 25 }, (_, k) => k) };
    const found = await findEndmembers({ ...sample, blocks: [poor, dark, ...sample.blocks] }, { seed: 1, count: 4 });
    assert.deepEqual(found, await findEndmembers(sample, { seed: 1, count: 4 }));
  });

  it('reports its stages and stops when asked', async () => {
    for (const [method, last] of [
      ['agreed', ['restarts', 'growth']],
      ['refined', ['restarts', 'growth']],
      ['subset', ['restarts']],
      ['kmeans', ['clusters']],
    ] as const) {
      const stages = new Set<string>();
      await findEndmembers(mixedSample(8), {
        seed: 1,
        count: 4,
        restarts: 2,
        method,
        onProgress: ({ stage, done, total }) => {
          assert.ok(done <= total);
          stages.add(stage);
        },
      });
      assert.deepEqual([...stages], ['count', 'bundles', ...last]);
    }
    const stop = new AbortController();
    const reason = new Error('enough');
    const running = findEndmembers(mixedSample(8), {
      seed: 1,
      count: 4,
      signal: stop.signal,
      onProgress: ({ stage }) => {
        if (stage === 'restarts') stop.abort(reason);
      },
    });
    await assert.rejects(running, reason);
  });

  it('lists its methods', () => {
    assert.deepEqual(Object.keys(endmemberMethods), ['agreed', 'refined', 'subset', 'kmeans']);
  });

  describe('refuses, with the remedy', () => {
    const sample = mixedSample(9);
    const refused = (
      message: RegExp,
      options: Partial<Parameters<typeof findEndmembers>[1]>,
      from: SpectraSample = sample,
    ) => assert.rejects(findEndmembers(from, { seed: 1, ...options }), { _tag: 'TrainError', message });

    it('numbers that are none', async () => {
      for (const count of [1, 0, -2, 2.5, Number.NaN]) await refused(/expected a whole number >= 2, got/, { count });
      await refused(/restarts: expected a whole number >= 1/, { count: 4, restarts: 0 });
      await refused(/seed: expected a whole number/, { seed: -1 });
    });

    it('more endmembers than bands, pixels, block pixels or independent spectra', async () => {
      await refused(/13 asked for, but the spectra have 12 bands; give a smaller number/, { count: 13 });
      await refused(
        /4 asked for, but there are 4 pixels with data/,
        { count: 4 },
        { ...sample, pixels: sample.pixels.subarray(0, 4 * bands) },
      );
      await refused(
        /4 asked for, but the largest block has 3 pixels with data; give a smaller number \(-n\)/,
        { count: 4 },
        cut(sample, 3),
      );
      const flat = new Float32Array(30 * bands);
      for (let n = 0; n < 30; n++) flat.set(row(materials, n % 2), n * bands);
      await refused(
        /3 asked for, but the pixels span 2 independent spectra/,
        { count: 3 },
        { ...sample, pixels: flat },
      );
    });

    it('a number that HySime cannot find', async () => {
      await refused(/more pixels than bands/, {}, { ...sample, pixels: sample.pixels.subarray(0, 10 * bands) });
      const constant = new Float32Array(100 * bands);
      for (let n = 0; n < 100; n++) constant.set(row(materials, 0), n * bands);
      await refused(
        /HySime finds 1 in this scene, unmixing needs 2 or more; give the number of endmembers \(-n\)/,
        {},
        { ...sample, pixels: constant },
      );
      await refused(/4 estimated by HySime, but the largest block has 2 pixels/, {}, cut(sample, 2));
    });

    it('blocks that give too few candidates', async () => {
      await refused(
        /0 blocks gave 0 candidate spectra for 4 endmembers; ask for fewer endmembers/,
        { given: Float32Array.from(materials) },
        { ...sample, blocks: [] },
      );
      const block = sample.blocks[0]!;
      const one = { ...block, spectra: new Float32Array(25 * bands) };
      for (let k = 0; k < 25; k++) one.spectra.set(row(materials, 1), k * bands);
      await refused(/1 blocks gave 1 candidate spectra for 4/, { count: 4 }, { ...sample, blocks: [one] });
      await refused(
        /1 distinct directions, 4 endmembers are asked for/,
        { count: 4 },
        { ...sample, blocks: [one, one, one, one] },
      );
      await refused(
        /1 distinct directions, 4 endmembers are asked for/,
        { count: 4, method: 'kmeans' },
        { ...sample, blocks: [one, one, one, one] },
      );
    });

    it('libraries that do not fit', async () => {
      const given = Float32Array.from(materials);
      await refused(/the library has 1 spectrum, and unmixing needs 2 or more/, { given: given.subarray(0, 12) });
      await refused(/got 47 values; resample the library/, { given: given.subarray(0, 47) });
      const many = Float32Array.from({ length: 13 * bands }, (_, i) => (i % 7) / 7);
      await refused(/13 spectra of 12 bands; more than 12 cannot be told apart: give a smaller library/, {
        given: many,
      });
      await refused(/the library has 4 spectra, 3 endmembers are asked for; leave the number out/, { given, count: 3 });
      await refused(/finite reflectance >= 0/, { given: given.map((v, i) => (i === 5 ? Number.NaN : v)) });
      await refused(/endmember 2 is zero in every band/, { given: Float32Array.from(given).fill(0, 12, 24) });
      const twice = Float32Array.from(given);
      twice.set(row(given, 0), 36);
      await refused(/endmembers 1 and 4 are one spectrum/, { given: twice });
    });

    it('a scene that no endmember of the library explains', async () => {
      const given = new Float32Array(24);
      given[0] = 1;
      given[13] = 1;
      const blocks = sample.blocks.map((block) => ({
        ...block,
        spectra: block.spectra.map((v, i) => (i % bands < 2 ? 0 : v)),
      }));
      await refused(/none of \d+ candidate spectra is explained by the endmembers/, { given }, { ...sample, blocks });
    });
  });
});
