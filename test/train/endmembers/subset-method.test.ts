// What the subset method makes of whole samples: its conventions, its settings, and scenes that are poor or damaged.
import assert from 'node:assert/strict';
import {
  BRIGHTNESS,
  type Brightness,
  createRandom,
  DEFAULT_SUBSET_SETTINGS,
  type FindEndmembersOptions,
  findEndmembers,
  nnlsAbundances,
  type SpectraReader,
  type SpectraSample,
  type SubsetSettings,
  sampleScene,
} from '@egunet/train';
import { angle, materials, mixedSample } from './golden.js';

const bands = 12;
const row = (x: Float32Array, c: number) => x.subarray(c * bands, (c + 1) * bands);
const length = (x: Float32Array) => Math.hypot(...x);

/** `sample` with each spectrum, of the pixels and of the blocks, changed by `change`, which knows the pixel's number in its part. */
function changed(sample: SpectraSample, change: (spectrum: Float32Array, n: number) => void): SpectraSample {
  const all = (spectra: Float32Array) => {
    const copy = Float32Array.from(spectra);
    for (let n = 0; n < copy.length / bands; n++) change(row(copy, n), n);
    return copy;
  };
  const { pixels, blocks } = sample;
  return { bands, pixels: all(pixels), blocks: blocks.map((block) => ({ ...block, spectra: all(block.spectra) })) };
}

/** The angle in radians from each of the four materials to the nearest endmember. */
const missing = (endmembers: Float32Array) =>
  [0, 1, 2, 3].map((c) =>
    Math.min(
      ...Array.from({ length: endmembers.length / bands }, (_, i) => angle(row(endmembers, i), row(materials, c))),
    ),
  );

const find = (sample: SpectraSample, options: Partial<FindEndmembersOptions> = {}) =>
  findEndmembers(sample, { seed: 1, count: 4, ...options });

/** A scene in memory of pure and mixed pixels. */
function sceneOf(rows: number, cols: number, spectrum: (row: number, col: number) => Float32Array): SpectraReader {
  return {
    rows,
    cols,
    block: { rows, cols },
    async readSpectra(window) {
      const spectra = new Float32Array(window.rows * window.cols * bands);
      for (let r = 0; r < window.rows; r++)
        for (let c = 0; c < window.cols; c++)
          spectra.set(spectrum(window.row + r, window.col + c), (r * window.cols + c) * bands);
      return { spectra, valid: new Uint8Array(window.rows * window.cols).fill(1) };
    },
  };
}

const allBands = Array.from({ length: bands }, (_, b) => b);

describe('the subset method', () => {
  it('lengthens dark endmembers as the brightness says, without turning them', async () => {
    // Material 1 a twentieth as bright.
    const random = createRandom(4);
    const shades = [1, 0.05, 0.8, 0.9];
    const sample = (seed: number) => {
      const base = mixedSample(seed);
      const remix = (spectra: Float32Array) => {
        const { abundances } = nnlsAbundances(materials, spectra, bands);
        return Float32Array.from(spectra, (_, i) => {
          const [n, b] = [Math.floor(i / bands), i % bands];
          const value = shades.reduce((sum, s, c) => sum + s * abundances[n * 4 + c]! * materials[c * bands + b]!, 0);
          return value + 1e-4 * random.normal();
        });
      };
      return {
        bands,
        pixels: remix(base.pixels),
        blocks: base.blocks.map((b) => ({ ...b, spectra: remix(b.spectra) })),
      };
    };
    const ratios = async (brightness: Brightness) => {
      const found = await find(sample(1), { brightness });
      assert.equal(found.brightness, brightness);
      for (const left of missing(found.endmembers)) assert.ok(left < 0.1, `${left} rad`);
      const lengths = [0, 1, 2, 3].map((c) => length(row(found.endmembers, c)));
      return Math.min(...lengths) / Math.max(...lengths);
    };
    // The materials' own lengths differ by less than 1.3.
    const absolute = await ratios('absolute');
    assert.ok(absolute < 0.1, `${absolute}`);
    assert.ok(Math.abs((await ratios('bounded')) - 0.5) < 1e-5);
    assert.ok(Math.abs((await ratios('equalised')) - 1) < 1e-5);
  });

  it('takes `bounded` where nothing is said', async () => {
    const sample = mixedSample(2);
    assert.deepEqual(await find(sample), await find(sample, { brightness: 'bounded' }));
    assert.deepEqual(BRIGHTNESS, { absolute: 0, bounded: 0.5, equalised: 1 });
  });

  it('labels by NNLS on the endmembers that it gives, divided by the sum', async () => {
    const { endmembers, candidates, labels } = await find(mixedSample(3), { brightness: 'equalised' });
    assert.deepEqual(labels, nnlsAbundances(endmembers, candidates, bands).abundances);
  });

  it('heeds each of its settings', async () => {
    const sample = mixedSample(4);
    const found = async (subset: Partial<SubsetSettings>) => (await find(sample, { subset, restarts: 2 })).endmembers;
    assert.deepEqual(await found(DEFAULT_SUBSET_SETTINGS), await found({}));
    // Purification hides what was chosen before it, where that was nearly right: here it is left out.
    const chosen = await found({ passes: 0 });
    const choosing = {
      clusters: 6,
      directions: 2,
      leastMembers: 12,
      leastShare: 0.1,
      selectionPixels: 30,
    };
    for (const [name, value] of Object.entries(choosing))
      assert.notDeepEqual(await found({ passes: 0, [name]: value }), chosen, name);
    // With fewer endmembers than materials the directions beyond C hold signal.
    const two = (extraDirections: number) => find(sample, { count: 2, subset: { passes: 0, extraDirections } });
    assert.notDeepEqual((await two(0)).endmembers, (await two(4)).endmembers);
    const purified = await found({});
    for (const [name, value] of Object.entries({ purifyPixels: 100, nearPure: 0.7, leastNearPure: 10_000, passes: 0 }))
      assert.notDeepEqual(await found({ [name]: value }), purified, name);
  });

  it('judges by as many pixels as it is told: one decides for the restart that explains it best', async () => {
    const sample = mixedSample(4);
    const found = async (judgePixels: number) =>
      (await find(sample, { subset: { judgePixels, passes: 0, clusters: 8 } })).endmembers;
    assert.notDeepEqual(await found(1), await found(5000));
  });

  it('is repeatable to the bit', async () => {
    const sample = mixedSample(5);
    const at = (seed: number) => find(sample, { seed, subset: { passes: 0 } });
    const first = await at(7);
    assert.deepEqual(await at(7), first);
    assert.notDeepEqual((await at(8)).endmembers, first.endmembers);
  });

  it('refuses methods and conventions that are none, and settings that would be of no use or are out of range', async () => {
    const refused = (message: RegExp, options: Partial<FindEndmembersOptions>) =>
      assert.rejects(find(mixedSample(13), options), { _tag: 'TrainError', message });
    await refused(/subset\.clusters: expected a whole number >= 1, got 0/, { subset: { clusters: 0 } });
    await refused(/subset\.passes: expected a whole number >= 0, got 1\.5/, { subset: { passes: 1.5 } });
    await refused(/subset\.nearPure: expected a number >= 0\.5 and < 1, got 1/, { subset: { nearPure: 1 } });
    await refused(/subset\.leastShare: expected a number >= 0 and < 1/, { subset: { leastShare: -1 } });
    const unknown = (options: object) => options as Partial<FindEndmembersOptions>;
    await refused(/method: expected agreed or refined or subset or kmeans, got 'vca'/, unknown({ method: 'vca' }));
    await refused(
      /brightness: expected absolute, bounded, equalised, got 'toString'/,
      unknown({ brightness: 'toString' }),
    );
    await refused(/brightness: of no use to kmeans; leave it out/, {
      method: 'kmeans',
      brightness: 'bounded',
    });
    await refused(/subset: of no use to a given library/, {
      given: Float32Array.from(materials),
      subset: { passes: 1 },
    });
  });

  describe('with poor or damaged scenes', () => {
    it('is led astray neither by saturated nor by negative pixels', async () => {
      const clean = mixedSample(6);
      const saturated = changed(clean, (spectrum, n) => {
        if (n % 97 === 5) spectrum.fill(6.5535);
      });
      const negative = changed(clean, (spectrum, n) => {
        if (n % 97 === 5) spectrum.fill(-0.2);
        if (n % 31 === 3) spectrum[2] = -0.01;
      });
      for (const sample of [clean, saturated, negative]) {
        const { endmembers } = await find(sample);
        assert.ok(endmembers.every((value) => value >= 0));
        for (const left of missing(endmembers)) assert.ok(left < 0.06, `${left} rad`);
      }
    });

    it('takes bands of zeros and spectra of zeros', async () => {
      const zeros = changed(mixedSample(7), (spectrum, n) => {
        spectrum[0] = 0;
        spectrum[7] = 0;
        if (n % 10 === 9) spectrum.fill(0);
      });
      const { endmembers, labels } = await find(zeros);
      assert.ok([...endmembers, ...labels].every(Number.isFinite));
      for (let c = 0; c < 4; c++) assert.deepEqual([endmembers[c * bands], endmembers[c * bands + 7]], [0, 0]);
    });

    it('gives back the materials of noise-free pure pixels', async () => {
      const scene = sceneOf(20, 20, (r, c) => row(materials, (Math.floor(r / 2) + Math.floor(c / 3)) % 4));
      const { endmembers, dropped } = await find(await sampleScene(scene, { bands: allBands, seed: 1 }));
      assert.equal(dropped, 0);
      for (const left of missing(endmembers)) assert.ok(left < 1e-3, `${left} rad`);
    });

    it('takes scenes two pixels wide, of one block, and of rows that repeat', async () => {
      const random = createRandom(8);
      const mixed = (purity: number) => {
        const weights = [0, 1, 2, 3].map(() => Math.exp(purity * random.normal()));
        const sum = weights.reduce((a, b) => a + b, 0);
        return Float32Array.from({ length: bands }, (_, b) =>
          weights.reduce((value, w, c) => value + (w / sum) * materials[c * bands + b]!, 0.002 * random.normal()),
        );
      };
      const line = Array.from({ length: 30 }, () => mixed(4));
      const scenes: Record<string, SpectraReader> = {
        'two wide': sceneOf(60, 2, () => mixed(4)),
        'one block': sceneOf(5, 5, () => mixed(4)),
        'the same row': sceneOf(30, 30, (_, c) => line[c]!),
        'the same column': sceneOf(30, 30, (r) => line[r]!),
      };
      for (const [name, scene] of Object.entries(scenes)) {
        const sample = await sampleScene(scene, { bands: allBands, seed: 1 });
        const { endmembers, labels } = await find(sample, { count: 3 });
        assert.ok(
          [...endmembers, ...labels].every((value) => Number.isFinite(value) && value >= 0),
          name,
        );
      }
    });

    it('refuses a scene of one material, however bright its pixels', async () => {
      const random = createRandom(9);
      const shaded = Array.from({ length: 400 }, () => {
        const brightness = 0.2 + random.uniform();
        return row(materials, 2).map((value) => brightness * value);
      });
      const sample = await sampleScene(
        sceneOf(20, 20, (r, c) => shaded[20 * r + c]!),
        { bands: allBands, seed: 1 },
      );
      const refused = (options: Partial<FindEndmembersOptions>, message: RegExp) =>
        assert.rejects(findEndmembers(sample, { seed: 1, ...options }), { _tag: 'TrainError', message });
      await refused({}, /HySime finds 1 in this scene, unmixing needs 2 or more/);
      await refused({ count: 2 }, /2 asked for, but the pixels span 1 independent spectra; give a smaller number/);
    });

    it('finds the noise of one material where it is told to look for two', async () => {
      const random = createRandom(12);
      const noisy = Array.from({ length: 400 }, () => {
        const brightness = 0.2 + random.uniform();
        return row(materials, 2).map((value) => brightness * value + 0.005 * random.normal());
      });
      const sample = await sampleScene(
        sceneOf(20, 20, (r, c) => noisy[20 * r + c]!),
        { bands: allBands, seed: 1 },
      );
      await assert.rejects(findEndmembers(sample, { seed: 1 }), { message: /HySime finds 1 in this scene/ });
      const { endmembers } = await find(sample, { count: 2 });
      for (let c = 0; c < 2; c++) assert.ok(angle(row(endmembers, c), row(materials, 2)) < 0.1);
    });

    it('refuses more endmembers than the pixels have independent spectra', async () => {
      const random = createRandom(10);
      const pairs = Array.from({ length: 400 }, () => {
        const [a, b] = [random.uniform(), random.uniform()];
        return Float32Array.from({ length: bands }, (_, i) => a * materials[i]! + b * materials[bands + i]!);
      });
      const sample = await sampleScene(
        sceneOf(20, 20, (r, c) => pairs[20 * r + c]!),
        { bands: allBands, seed: 1 },
      );
      await assert.rejects(find(sample, { count: 4 }), {
        _tag: 'TrainError',
        message: /4 asked for, but the pixels span [23] independent spectra; give a smaller number/,
      });
    });

    it('refuses fewer blocks than the endmembers need', async () => {
      const { blocks, ...rest } = mixedSample(11);
      const block = blocks[0]!;
      const poor = { ...block, spectra: Float32Array.from(block.spectra) };
      for (let n = 2; n < 25; n++) row(poor.spectra, n).set(row(poor.spectra, n % 2));
      await assert.rejects(find({ ...rest, blocks: [poor] }), {
        _tag: 'TrainError',
        message: /1 blocks gave 2 candidate spectra for 4 endmembers; ask for fewer endmembers or give a larger scene/,
      });
    });
  });
});
