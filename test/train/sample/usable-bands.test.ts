import assert from 'node:assert/strict';
import { usableBands } from '@egunet/train';
import { type FakeOptions, fakeScene } from './support.js';

const small: FakeOptions = { rows: 10, cols: 10, bands: 6 };
/** Nine tiles, each so large that none is joined to another. */
const large: FakeOptions = { rows: 3, cols: 9_000_000, bands: 6, block: { rows: 1, cols: 3_000_000 } };

describe('usableBands', () => {
  it('keeps every band of a clean scene, after one look', async () => {
    const scene = fakeScene(large);
    assert.deepEqual(await usableBands(scene), { bands: [0, 1, 2, 3, 4, 5], dropped: [] });
    assert.deepEqual(
      scene.read.map(({ rows, cols }) => [rows, cols]),
      [[1, 512]],
    );
  });

  it('drops bands flagged bad and bands in excluded intervals, ends included, in any order of wavelength', async () => {
    const wavelengths = [900, 1400, 993, 950, 1350, 2450];
    const scene = fakeScene({ ...small, describe: (band) => ({ wavelength: wavelengths[band]!, bad: band === 3 }) });
    assert.deepEqual(
      await usableBands(scene, {
        exclude: [
          [1350, 1400],
          [2400, 3000],
        ],
      }),
      {
        bands: [0, 2],
        dropped: [
          { band: 1, reason: 'excluded by wavelength' },
          { band: 3, reason: 'flagged bad' },
          { band: 4, reason: 'excluded by wavelength' },
          { band: 5, reason: 'excluded by wavelength' },
        ],
      },
    );
  });

  it('drops bands without data everywhere, by the NoData value of each and by NaN', async () => {
    const scene = fakeScene({
      ...small,
      describe: (band) => (band === 1 ? { noData: -32768 } : band === 2 ? { noData: 0 } : {}),
      value: (position, band) => [position, -32768, 0, Number.NaN, position + 4, Number.POSITIVE_INFINITY][band]!,
    });
    const { bands, dropped } = await usableBands(scene);
    assert.deepEqual(bands, [0, 4]);
    assert.deepEqual(
      dropped.map(({ band, reason }) => `${band} ${reason}`),
      ['1 no data', '2 no data', '3 no data', '5 no data'],
    );
  });

  it('measures missing data against the footprint, not against the scene', async () => {
    // 20 of 100 pixels have data; band 1 has 11 of them, band 2 has 10.
    const scene = fakeScene({
      ...small,
      describe: () => ({ noData: -1 }),
      value: (position, band) => (position >= (band === 1 ? 11 : band === 2 ? 10 : 20) ? -1 : position),
    });
    assert.deepEqual((await usableBands(scene)).dropped, [{ band: 2, reason: 'no data' }]);
  });

  it('drops constant bands', async () => {
    const scene = fakeScene({ ...small, value: (position, band) => (band === 3 ? -0.01 : position) });
    assert.deepEqual((await usableBands(scene)).dropped, [{ band: 3, reason: 'constant' }]);
  });

  it('looks at up to four windows before it gives a band up', async () => {
    // Band 0 is 0 over the water in the middle; band 1 is 0 everywhere.
    const scene = fakeScene({
      ...large,
      value: (position, band) => (band === 1 || (band === 0 && position >= 9e6 && position < 18e6) ? 0 : position),
    });
    assert.deepEqual((await usableBands(scene)).dropped, [{ band: 1, reason: 'constant' }]);
    assert.equal(scene.read.length, 4);
    assert.equal(new Set(scene.read.map(({ row, col }) => `${row} ${col}`)).size, 4);
  });

  it('goes on through windows without any data', async () => {
    const scene = fakeScene({
      ...large,
      describe: () => ({ noData: -1 }),
      value: (position) => (position < 3_000_000 ? position : -1),
    });
    assert.equal((await usableBands(scene)).bands.length, 6);
  });

  it('stops when asked', async () => {
    await assert.rejects(usableBands(fakeScene(small), { signal: AbortSignal.abort(new Error('enough')) }), /enough/);
  });

  it('refuses scenes and intervals of which nothing is left, with the remedy', async () => {
    const refused = (options: FakeOptions, exclude: [number, number][], message: RegExp) =>
      assert.rejects(usableBands(fakeScene(options), { exclude }), { _tag: 'TrainError', message });
    await refused(
      { ...small, value: () => Number.NaN },
      [],
      /no pixel of the scene \(10 rows x 10 cols\) has data in any band/,
    );
    await refused({ ...small, value: () => 7 }, [], /none of 6 can be used \(6 constant\)/);
    await refused(
      { ...small, describe: (band) => ({ bad: band < 2, wavelength: 500 }) },
      [[400, 600]],
      /none of 6 can be used \(2 flagged bad, 4 excluded by wavelength\)/,
    );
    await refused(small, [[400, 600]], /this scene has no wavelengths; leave the exclusion out/);
    await refused(
      { ...small, describe: () => ({ wavelength: 500 }) },
      [[600, 400]],
      /expected FROM <= TO in nm, got 600 to 400/,
    );
  });
});
