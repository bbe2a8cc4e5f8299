import assert from 'node:assert/strict';
import {
  allocate,
  createRandom,
  decodeSample,
  encodeSample,
  poolSamples,
  type SceneSample,
  sampleScene,
  shareOf,
} from '@egunet/train';
import fc from 'fast-check';
import { type FakeOptions, fakeScene } from './support.js';

const B = 6;
const BANDS = [...Array(B).keys()];

/** Three shapes of spectra, of any brightness. */
const SHAPES = [
  [1, 1, 1, 1, 1, 1],
  [1, 2, 3, 4, 5, 6],
  [6, 1, 6, 1, 6, 1],
];

/** A scene that has `rare` pixels of the last shape, and as many of the others. */
function scene(seed: number, rare: number, more: Partial<FakeOptions> = {}): FakeOptions {
  const random = createRandom(seed);
  const [rows, cols] = [more.rows ?? 60, more.cols ?? 50];
  const kinds = Int32Array.from({ length: rows * cols }, (_, p) => (p < rare ? 2 : p % 2));
  random.shuffle(kinds);
  const brightness = Float64Array.from(kinds, () => 0.02 + 0.1 * random.uniform());
  return {
    ...{ rows, cols, bands: B, ...more },
    value: (position, band) => brightness[position]! * SHAPES[kinds[position]!]![band]!,
  };
}

/** Which shape a spectrum has. */
function kindOf(spectrum: ArrayLike<number>): number {
  const cosine = (shape: readonly number[]) => {
    const dot = shape.reduce((sum, value, b) => sum + value * spectrum[b]!, 0);
    return dot / Math.hypot(...shape) / Math.hypot(...Array.from(spectrum));
  };
  return SHAPES.findIndex((shape) => cosine(shape) > 0.9999);
}

const sampleOf = (options: FakeOptions, name: string, maxPixels = 4000): Promise<SceneSample> =>
  sampleScene(fakeScene(options), { bands: BANDS, seed: 1, maxPixels, maxBlocks: 64, patches: true, pooledAs: name });

async function pool(scenes: readonly FakeOptions[], limits: { maxPixels?: number; maxBlocks?: number } = {}) {
  const samples = await Promise.all(scenes.map((one, s) => sampleOf(one, `scene ${s}`)));
  return poolSamples(
    scenes.map(({ rows, cols }, s) => ({ rows, cols, read: async () => samples[s]! })),
    { bands: B, seed: 1, maxPixels: 1000, maxBlocks: 40, ...limits },
  );
}

describe('quotas of strata', () => {
  it('are the roots of their sizes, cut to what there is, as a search for the common factor has them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 40 }), fc.nat(20_000), (sizes, total) => {
        const quotas = allocate(sizes, total);
        const all = sizes.reduce((sum, size) => sum + size, 0);
        assert.equal(
          quotas.reduce((sum, quota) => sum + quota, 0),
          Math.min(all, total),
        );
        let [low, high] = [0, 1e4];
        const at = (factor: number) => sizes.map((size) => Math.min(size, factor * Math.sqrt(size)));
        for (let i = 0; i < 100; i++) {
          const factor = (low + high) / 2;
          if (at(factor).reduce((sum, quota) => sum + quota, 0) < total) low = factor;
          else high = factor;
        }
        for (const [k, quota] of at(high).entries())
          assert.ok(Math.abs(quotas[k]! - quota) <= 1.01, `${quotas[k]} of ${sizes[k]}, ${quota} expected`);
      }),
    );
  });
});

describe('a pool of scenes', () => {
  it('takes rare spectra at a higher rate than common ones, of whatever brightness', async () => {
    const scenes = [scene(1, 0), scene(2, 60), scene(3, 0)];
    const { pixels } = await pool(scenes);
    assert.equal(pixels.length, 1000 * B);
    const counts = [0, 0, 0];
    for (let n = 0; n < 1000; n++) counts[kindOf(pixels.subarray(n * B, (n + 1) * B))]!++;
    // 60 of 9000 pixels: 7 of 1000 in proportion; their cluster alone, by the root, gives sqrt(60) / sum of roots, and more.
    assert.ok(counts[2]! >= 20, `${counts}`);
    assert.ok(counts[0]! > 100 && counts[1]! > 100, `${counts}`);
  });

  it('says where each pixel and block lies, in an image of the scenes below each other', async () => {
    const scenes = [scene(1, 20), scene(2, 20, { rows: 33, cols: 70 }), scene(3, 5, { rows: 20, cols: 20 })];
    const { pixels, positions, blocks, patches, rows, cols, scenes: gave, totalPixels } = await pool(scenes);
    assert.deepEqual([rows, cols, totalPixels], [113, 70, 60 * 50 + 33 * 70 + 400]);
    const images = scenes.map((one) => fakeScene(one));
    const tops = [0, 60, 93];
    const counts = [0, 0, 0];
    const spectrumAt = (position: number) => {
      const [row, col] = [Math.floor(position / cols), position % cols];
      const s = row < 60 ? 0 : row < 93 ? 1 : 2;
      counts[s]!++;
      assert.ok(col < scenes[s]!.cols);
      return images[s]!.spectrum((row - tops[s]!) * scenes[s]!.cols + col, BANDS);
    };
    assert.deepEqual([...pixels], [...positions].flatMap(spectrumAt));
    assert.deepEqual(
      gave.map((one) => one.pixels),
      counts,
    );
    assert.equal(new Set(positions).size, 1000);
    assert.equal(blocks.length, 40);
    assert.equal(
      gave.reduce((sum, one) => sum + one.blocks, 0),
      40,
    );
    for (const { spectra, positions: at } of [...blocks, ...patches!])
      assert.deepEqual([...spectra], [...at].flatMap(spectrumAt));
    assert.ok(patches!.length <= 16 && patches!.length > 0);
  });

  it('measures all pixels of all scenes, and keeps them all where they are few', async () => {
    const scenes = [scene(1, 20, { rows: 10, cols: 10 }), scene(2, 0, { rows: 5, cols: 9, valid: (p) => p % 3 > 0 })];
    const { pixels, bandStatistics, validPixels, nonFinitePixels } = await pool(scenes);
    assert.deepEqual([validPixels, nonFinitePixels, pixels.length], [130, 0, 130 * B]);
    for (let b = 0; b < B; b++) {
      const values = [...pixels].filter((_, i) => i % B === b);
      assert.equal(bandStatistics.min[b], Math.min(...values));
      assert.equal(bandStatistics.max[b], Math.max(...values));
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      assert.ok(Math.abs(bandStatistics.mean[b]! - mean) < 1e-6);
    }
  });

  it('is the same for the same seed, another for another, and takes scenes without data for what they are', async () => {
    const empty = { rows: 8, cols: 8, bands: B, valid: () => false };
    const scenes = [scene(1, 20), empty, scene(3, 20)];
    const [one, again] = [await pool(scenes), await pool(scenes)];
    assert.deepEqual(one, again);
    assert.deepEqual(one.scenes[1], { pixels: 0, blocks: 0 });
    const samples = await Promise.all(scenes.map((options, s) => sampleOf(options, `scene ${s}`)));
    const read = scenes.map(({ rows, cols }, s) => ({ rows, cols, read: async () => samples[s]! }));
    const other = await poolSamples(read, { bands: B, seed: 2, maxPixels: 1000, maxBlocks: 40 });
    assert.notDeepEqual(other.positions, one.positions);
  });

  it('holds one scene at a time, tells how far it is, and stops when asked', async () => {
    const samples = [await sampleOf(scene(1, 20), 'a'), await sampleOf(scene(2, 20), 'b')];
    let [open, reads] = [0, 0];
    const scenes = samples.map((sample) => ({
      ...{ rows: 60, cols: 50 },
      async read() {
        assert.equal(open++, 0);
        reads++;
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        return sample;
      },
    }));
    const done: number[] = [];
    const options = { bands: B, seed: 1, maxPixels: 1000, maxBlocks: 40 };
    await poolSamples(scenes, { ...options, onProgress: (progress) => done.push(progress.done / progress.total) });
    assert.deepEqual(done, [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1]);
    assert.equal(reads, 6);
    const control = new AbortController();
    const stopped = poolSamples(scenes, {
      ...options,
      signal: control.signal,
      onProgress: () => control.abort('enough'),
    });
    await assert.rejects(stopped, (reason) => reason === 'enough');
    assert.equal(reads, 7);
  });

  it('is refused where there is no pixel, or no difference between them', async () => {
    const empty = { rows: 8, cols: 8, bands: B, valid: () => false };
    const plain = { rows: 8, cols: 8, bands: B, value: (_: number, band: number) => band / 10 };
    await assert.rejects(pool([empty, empty]), /no scene has a pixel with data in every band used/);
    await assert.rejects(pool([plain, plain]), /all pixels of all scenes hold the same spectrum/);
  });

  it('asks each scene for four times its share, as a power of 2, so that one scene more hardly ever changes it', () => {
    assert.deepEqual(
      [1, 2, 3, 12, 13, 100, 1e6].map((scenes) => shareOf(65_536, scenes)),
      [262_144, 131_072, 131_072, 32_768, 32_768, 4096, 1],
    );
  });
});

describe('a sample on disk', () => {
  it('comes back as it was, with patches and without', async () => {
    const sample = await sampleOf(scene(1, 20, { valid: (p) => p % 7 > 0 }), 'a');
    assert.deepEqual(decodeSample(encodeSample(sample, 'key'), 'key'), sample);
    const { patches: _, ...plain } = sample;
    assert.deepEqual(decodeSample(Buffer.from(encodeSample(plain, 'key')), 'key'), plain);
    const empty = await sampleOf({ rows: 8, cols: 8, bands: B, valid: () => false }, 'b');
    assert.deepEqual(decodeSample(encodeSample(empty, 'key'), 'key'), empty);
  });

  it('is none where it was made by another key, is cut off, or any of its bytes is another', async () => {
    const bytes = encodeSample(await sampleOf(scene(1, 2, { rows: 6, cols: 7 }), 'a'), 'key');
    assert.equal(decodeSample(bytes, 'other'), undefined);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        assert.equal(decodeSample(bytes.slice(0, at), 'key'), undefined);
        const damaged = Uint8Array.from(bytes);
        damaged[at]! ^= change;
        assert.equal(decodeSample(damaged, 'key'), undefined);
      }),
      { numRuns: 300 },
    );
  });
});
