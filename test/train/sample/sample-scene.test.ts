import assert from 'node:assert/strict';
import { type SampleOptions, sampleScene } from '@egunet/train';
import fc from 'fast-check';
import { type FakeOptions, type FakeScene, fakeScene } from './support.js';

const bands = [2, 0];
const sample = (scene: FakeScene, options: Partial<SampleOptions> = {}) =>
  sampleScene(scene, { bands, seed: 1, ...options });

/** Fails unless the spectra are those of the pixels at the positions. */
function assertSpectra(scene: FakeScene, spectra: Float32Array, positions: Float64Array): void {
  assert.deepEqual(
    [...spectra],
    [...positions].flatMap((position) => scene.spectrum(position, bands)),
  );
}

const small: FakeOptions = { rows: 12, cols: 17, bands: 3 };

describe('sampleScene', () => {
  it('keeps all pixels in scene order where they are few', async () => {
    const scene = fakeScene({ ...small, valid: (position) => position % 5 !== 0 });
    const { pixels, positions, validPixels, totalPixels } = await sample(scene);
    const expected = Array.from({ length: 204 }, (_, p) => p).filter((p) => p % 5 !== 0);
    assert.deepEqual([...positions], expected);
    assertSpectra(scene, pixels, positions);
    assert.deepEqual([validPixels, totalPixels], [163, 204]);
  });

  it('draws many pixels uniformly and without repeats, other ones for another seed', async () => {
    const scene = fakeScene({ rows: 100, cols: 100, bands: 3 });
    const drawn = await sample(scene, { maxPixels: 1000 });
    assertSpectra(scene, drawn.pixels, drawn.positions);
    assert.equal(new Set(drawn.positions).size, 1000);
    assert.deepEqual(
      [...drawn.positions],
      [...drawn.positions].sort((a, b) => a - b),
    );
    const tenths = new Array<number>(10).fill(0);
    for (const position of drawn.positions) tenths[Math.floor(position / 1000)]!++;
    const chi = tenths.reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0);
    // 9 degrees of freedom: above 33.7 with probability 1e-4.
    assert.ok(chi < 33.7, `chi squared ${chi}`);
    const other = await sample(scene, { maxPixels: 1000, seed: 2 });
    const common = other.positions.filter((p) => drawn.positions.includes(p)).length;
    assert.ok(common > 50 && common < 150, `${common} in common, 100 expected`);
  });

  it('keeps patches where they are asked for: of a small scene all pixels with data, of a large one 16 of 64 x 64', async () => {
    const scene = fakeScene({ ...small, valid: (position) => position % 5 !== 0 });
    assert.equal((await sample(scene)).patches, undefined);
    const { patches } = await sample(scene, { patches: true });
    assert.equal(patches!.length, 1);
    assert.equal(patches![0]!.positions.length, 163);
    assertSpectra(scene, patches![0]!.spectra, patches![0]!.positions);
    const large = fakeScene({ rows: 330, cols: 400, bands: 3 });
    const drawn = (seed: number) => sample(large, { patches: true, seed, windowValues: 40_000 });
    const [first, again, other] = [await drawn(1), await drawn(1), await drawn(2)];
    assert.deepEqual(
      first.patches!.map(({ positions }) => positions.length),
      new Array(16).fill(4096),
    );
    assert.deepEqual(first.patches, again.patches);
    assert.notDeepEqual(first.patches, other.patches);
    const patch = first.patches![3]!;
    assert.equal(patch.positions[64]! - patch.positions[0]!, 400); // 64 columns, then the next row
    assertSpectra(large, patch.spectra, patch.positions);
  });

  it('keeps no patch of which less than a quarter has data', async () => {
    const scene = fakeScene({ ...small, valid: (position) => position < 50 });
    assert.deepEqual((await sample(scene, { patches: true })).patches, []);
  });

  it('covers the scene with blocks, the last ones shifted inwards', async () => {
    const scene = fakeScene(small);
    const { blocks } = await sample(scene);
    // Rows 0, 5, 7 (shifted from 10); columns 0, 5, 10, 12 (shifted from 15).
    assert.deepEqual(
      blocks.map(({ positions }) => positions[0]),
      [0, 5, 7].flatMap((row) => [0, 5, 10, 12].map((col) => row * 17 + col)),
    );
    for (const { spectra, positions } of blocks) {
      const first = positions[0]!;
      assert.deepEqual(
        [...positions],
        Array.from({ length: 25 }, (_, k) => first + Math.floor(k / 5) * 17 + (k % 5)),
      );
      assertSpectra(scene, spectra, positions);
    }
  });

  it('keeps the valid pixels of a block where they are at least half', async () => {
    // Block (0, 0) keeps 13 of 25 pixels, block (0, 5) 12.
    const scene = fakeScene({
      rows: 5,
      cols: 10,
      bands: 3,
      valid: (position) => {
        const [row, col] = [Math.floor(position / 10), position % 10];
        return row * 5 + (col % 5) < (col < 5 ? 13 : 12);
      },
    });
    const { blocks } = await sample(scene);
    assert.equal(blocks.length, 1);
    assert.equal(blocks[0]!.positions.length, 13);
    assertSpectra(scene, blocks[0]!.spectra, blocks[0]!.positions);
  });

  it('draws at most maxBlocks blocks, in scene order, of any size', async () => {
    const scene = fakeScene({ rows: 90, cols: 90, bands: 3 });
    const { blocks } = await sample(scene, { maxBlocks: 50, blockSize: 3 });
    const firsts = blocks.map(({ positions }) => positions[0]!);
    assert.equal(new Set(firsts).size, 50);
    assert.deepEqual(
      firsts,
      [...firsts].sort((a, b) => a - b),
    );
    for (const { positions } of blocks) assert.equal(positions.length, 9);
  });

  it('makes one block of a scene smaller than a block', async () => {
    const { blocks } = await sample(fakeScene({ rows: 2, cols: 3, bands: 3 }));
    assert.deepEqual(
      blocks.map(({ positions }) => [...positions]),
      [[0, 1, 2, 3, 4, 5]],
    );
  });

  it('gives the same sample however the scene is stored', async () => {
    const side = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(side, side, fc.nat(), async (height, width, seed) => {
        const base: FakeOptions = { rows: 37, cols: 43, bands: 3, valid: (p) => p % 7 !== 3 && p > 200 };
        const options = { seed, maxPixels: 300, maxBlocks: 20 };
        const whole = await sample(fakeScene(base), options);
        const scene = fakeScene({ ...base, block: { rows: height, cols: width } });
        const pieces = await sample(scene, { ...options, windowValues: 1 });
        assert.ok(scene.read.length > 1);
        assert.deepEqual(pieces, whole);
      }),
      { numRuns: 40 },
    );
  });

  it('reads windows of at most 16 MB, one after the other into one memory', async () => {
    const scene = fakeScene({ rows: 2000, cols: 1000, bands: 3, block: { rows: 1, cols: 1000 } });
    const memories = new Set<ArrayBufferLike>();
    const readSpectra: typeof scene.readSpectra = async (window, bands, into) => {
      assert.ok(window.rows * window.cols * bands.length <= 2 ** 22);
      memories.add(into!.buffer);
      return scene.readSpectra(window, bands, into);
    };
    await sample({ ...scene, readSpectra }, { bands: [0, 1, 2], maxPixels: 10, maxBlocks: 2 });
    assert.equal(memories.size, 1);
    assert.ok(scene.read.length > 1);
  });

  it('measures least, largest and mean reflectance of all valid pixels', async () => {
    const scene = fakeScene({ ...small, valid: (position) => position >= 100 && position < 103 });
    const { bandStatistics } = await sample(scene, { maxPixels: 2, blockSize: 1 });
    assert.deepEqual(bandStatistics, {
      min: Float32Array.of(100.02, 100),
      max: Float32Array.of(102.02, 102),
      mean: Float32Array.of(101.02, 101),
    });
  });

  it('takes NaN and infinite pixels as without data, and counts them', async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const scene = fakeScene({ ...small, value: (p, band) => (band === 2 ? (values[p] ?? p) : p) });
    const { positions, nonFinitePixels, validPixels, blocks } = await sample(scene);
    assert.deepEqual([nonFinitePixels, validPixels, positions[0]], [3, 201, 3]);
    assert.equal(blocks[0]!.positions.length, 22);
  });

  it('reports progress and stops when asked', async () => {
    const scene = fakeScene({ rows: 600, cols: 1, bands: 3, block: { rows: 1, cols: 1 } });
    const done: number[] = [];
    const stop = new AbortController();
    const running = sample(scene, {
      windowValues: 1,
      signal: stop.signal,
      onProgress: (progress) => {
        done.push(progress.done);
        assert.equal(progress.total, 600);
        if (done.length === 2) stop.abort(new Error('enough'));
      },
    });
    await assert.rejects(running, /enough/);
    assert.deepEqual(done, [1, 2]);
  });

  it('refuses scenes without data, without variety, and options that are none', async () => {
    const refused = (options: FakeOptions, message: RegExp, change: Partial<SampleOptions> = {}) =>
      assert.rejects(sample(fakeScene(options), change), { _tag: 'TrainError', message });
    await refused(
      { ...small, valid: () => false },
      /12 rows x 17 cols: no pixel has data in every band used; check its NoData/,
    );
    await refused({ ...small, value: () => Number.NaN }, /all 204 pixels with data are NaN or infinite/);
    await refused(
      { ...small, value: (_, band) => band },
      /all 204 pixels with data hold the same spectrum; there is nothing/,
    );
    // 12 pixels of a block of 25 are one too few.
    await refused(
      { ...small, valid: (p) => p % 17 < 4 && Math.floor(p / 17) < 3 },
      /12 rows x 17 cols: 12 pixels have data, but no block of 5 x 5 has data in 13 of its pixels.*use a scene with more data/,
    );
    await refused(small, /bands should be a whole number >= 1, got 0/, { bands: [] });
    await refused(small, /maxPixels should be a whole number >= 1, got 0/, { maxPixels: 0 });
    await refused(small, /maxBlocks .* got 1\.5/, { maxBlocks: 1.5 });
    await refused(small, /blockSize .* got -5/, { blockSize: -5 });
    await refused(small, /seed: expected/, { seed: -5 });
  });
});
