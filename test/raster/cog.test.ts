import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SampleArray, SampleType } from '@egunet/raster';
import { createMapFile, type MapFileOptions } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import {
  arrays,
  assertSameBits,
  cut,
  gdalInfo,
  readWithGdal,
  type Size,
  stopAt,
  translate,
  windowsOf,
} from './geotiff-support.js';

const NO_DATA: Partial<Record<SampleType, number>> = { float32: Number.NaN, uint16: 65535, uint8: 255 };

/** Smooth surfaces with a slanted edge, beyond which there is no data. */
function surfaces(type: SampleType, { rows, cols, bands }: Size): SampleArray {
  const top = type === 'float32' ? 1 : type === 'uint16' ? 10_000 : 200;
  return new arrays[type](rows * cols * bands).map((_: number, i: number) => {
    const [row, col, band] = [Math.floor(i / bands / cols), Math.floor(i / bands) % cols, i % bands];
    if (3 * row + col < (cols + rows) / 3) return NO_DATA[type]!;
    return top * (0.5 + 0.5 * Math.sin(row / 37 + band) * Math.cos(col / 23 - band));
  });
}

interface Case extends Size {
  readonly type: SampleType;
  readonly tile: number;
}

const optionsOf = ({ rows, cols, bands, type, tile }: Case): MapFileOptions => ({
  rows,
  cols,
  tile,
  sampleType: type,
  bands: Array.from({ length: bands }, (_, i) => ({ name: `material ${i + 1}` })),
  noData: NO_DATA[type]!,
  georeference: { affine: [30, 0, 300_000, 0, -30, 5_800_000], epsg: 32633 },
  metadata: { EGUNET_TEST: 'yes' },
  format: 'cog',
  identity: { scene: 'a' },
  overwrite: true,
});

/** Writes all windows; returns the statistics. */
async function write(path: string, one: Case, values: SampleArray, step = 100) {
  const file = await createMapFile(path, optionsOf(one));
  for (const window of windowsOf(one, step)) await file.writeWindow(window, cut(values, one, window));
  return file.close();
}

describe('A cloud-optimised GeoTIFF', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'map.tif');

  before(function () {
    requireGdal(this);
  });

  for (const type of ['float32', 'uint16', 'uint8'] as const)
    it(`of ${type} is valid for GDAL, holds every bit, and its overviews are GDAL's averages`, async () => {
      const one: Case = { rows: 640, cols: 1024, bands: 3, type, tile: 128 };
      const values = surfaces(type, one);
      await write(path, one, values);
      const { metadata, bands } = gdalInfo(path) as ReturnType<typeof gdalInfo> & {
        bands: { overviews: { size: number[] }[] }[];
      };
      assert.equal(metadata.IMAGE_STRUCTURE!.LAYOUT, 'COG');
      assert.equal(metadata.IMAGE_STRUCTURE!.INTERLEAVE, 'PIXEL');
      assert.equal(metadata.IMAGE_STRUCTURE!.COMPRESSION, 'DEFLATE');
      assert.deepEqual(
        bands[0]!.overviews.map(({ size }) => size),
        [
          [512, 320],
          [256, 160],
          [128, 80],
        ],
      );
      assertSameBits(readWithGdal(folder, path, type), values);
      translate(path, join(folder, 'ours.tif'), '-ovr 0');
      // GDAL averages the full image where it finds no overviews.
      translate(path, join(folder, 'flat.tif'), '-of GTiff -ovr NONE');
      run('gdal_translate', [
        '-q',
        '-r',
        'average',
        '-outsize',
        '50%',
        '50%',
        join(folder, 'flat.tif'),
        join(folder, 'theirs.tif'),
      ]);
      const ours = readWithGdal(folder, join(folder, 'ours.tif'), type);
      const theirs = readWithGdal(folder, join(folder, 'theirs.tif'), type);
      assert.equal(ours.length, theirs.length);
      const tolerance = type === 'float32' ? 1e-6 : 1; // of integers, halves may be rounded either way
      const far = ours.findIndex(
        (value, i) => !Object.is(value, theirs[i]) && !(Math.abs(value - theirs[i]!) <= tolerance),
      );
      assert.equal(far, -1, `pixel value ${far} is ${ours[far]}, GDAL has ${theirs[far]}`);
    });

  it('is the same for windows of any size and order, and tells the statistics of what it holds', async () => {
    const one: Case = { rows: 150, cols: 210, bands: 2, type: 'float32', tile: 64 };
    const values = surfaces('float32', one);
    const statistics = await write(path, one, values, 64);
    const bytes = readFileSync(path);
    const file = await createMapFile(path, optionsOf(one));
    for (const window of windowsOf(one, 41).reverse()) await file.writeWindow(window, cut(values, one, window));
    await file.close();
    assert.ok(readFileSync(path).equals(bytes));
    const info = JSON.parse(run('gdalinfo', ['-json', '-stats', '--config', 'GDAL_PAM_ENABLED', 'NO', path]));
    for (const [b, { count, min, max, mean, deviation }] of statistics.entries()) {
      const { minimum, maximum, mean: average, stdDev } = info.bands[b];
      const known = Array.from(values as Float32Array).filter((value, i) => i % 2 === b && !Number.isNaN(value));
      assert.equal(count, known.length);
      for (const [ours, theirs] of [
        [min, minimum],
        [max, maximum],
        [mean, average],
        [deviation, stdDev],
      ])
        assert.ok(Math.abs(ours - theirs) < 1e-3, `${ours} ${theirs}`);
      assert.ok(Math.abs(mean - known.reduce((sum, v) => sum + v, 0) / known.length) < 1e-9);
    }
  });

  it('reads back by GDAL as what was written, for any size, tile and number of bands', async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 70 }),
      cols: fc.integer({ min: 1, max: 70 }),
      bands: fc.integer({ min: 1, max: 4 }),
      tile: fc.constantFrom(16, 32, 48),
      type: fc.constantFrom<SampleType>('float32', 'uint16', 'uint8'),
    });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 80 }), async (one, step) => {
        const values = surfaces(one.type, one);
        await write(path, one, values, step);
        assertSameBits(readWithGdal(folder, path, one.type), values);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  describe('whose writing was interrupted', () => {
    const one: Case = { rows: 200, cols: 300, bands: 2, type: 'float32', tile: 64 };
    const values = surfaces('float32', one);
    const part = `${path}.part`;
    const saved = join(folder, 'saved');
    let whole: Buffer;

    before(async () => {
      await write(path, one, values);
      whole = readFileSync(path);
      const file = await createMapFile(path, optionsOf(one));
      for (const window of windowsOf(one, 64).slice(0, 11)) await file.writeWindow(window, cut(values, one, window));
      await file.stop();
      mkdirSync(saved);
      for (const name of readdirSync(part)) copyFileSync(join(part, name), join(saved, name));
    });

    /** Puts the interrupted state back. */
    function interrupted(): string {
      mkdirSync(part, { recursive: true });
      for (const name of readdirSync(saved)) copyFileSync(join(saved, name), join(part, name));
      return join(part, 'journal');
    }

    /** Goes on, skipping what is held; returns how many windows had to be written. */
    async function finish(): Promise<number> {
      const file = await createMapFile(path, optionsOf(one));
      const windows = windowsOf(one, 64).filter((window) => !file.holds(window));
      for (const window of windows) await file.writeWindow(window, cut(values, one, window));
      await file.close();
      assert.ok(readFileSync(path).equals(whole));
      assert.ok(!existsSync(part));
      return windows.length;
    }

    it('goes on from the finished tiles and ends with the same bytes', async () => {
      interrupted();
      assert.equal(await finish(), windowsOf(one, 64).length - 11);
    });

    it('also where windows straddle finished tiles', async () => {
      interrupted();
      const file = await createMapFile(path, optionsOf(one));
      for (const window of windowsOf(one, 100)) await file.writeWindow(window, cut(values, one, window));
      await file.close();
      assert.ok(readFileSync(path).equals(whole));
    });

    it('also where it was stopped while it was put together, at any tile', async () => {
      for (const count of [1, 5, 20, 30]) {
        const file = await createMapFile(path, optionsOf(one));
        for (const window of windowsOf(one, 64))
          if (!file.holds(window)) await file.writeWindow(window, cut(values, one, window));
        const signal = stopAt(count);
        await assert.rejects(file.close(signal), signal.stopped);
        await file.stop();
        assert.deepEqual(
          readdirSync(folder).filter((name) => name.includes('partial')),
          [],
        );
      }
      assert.equal(await finish(), 0);
    });

    it('wherever the journal was cut off or damaged', async () => {
      const length = readFileSync(join(saved, 'journal')).length;
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: length - 1 }), fc.boolean(), async (at, cutOff) => {
          const journal = interrupted();
          if (cutOff) truncateSync(journal, at);
          else {
            const bytes = readFileSync(journal);
            bytes[at] = bytes[at]! ^ 0xff;
            writeFileSync(journal, bytes);
          }
          assert.ok((await finish()) >= windowsOf(one, 64).length - 11);
        }),
        { numRuns: 25, seed: 2 },
      );
    });

    it('refuses other work and says what differs', async () => {
      const other = { ...optionsOf(one), identity: { scene: 'b', model: 1 } };
      rmSync(path, { force: true });
      interrupted();
      await assert.rejects(createMapFile(path, { ...other, overwrite: false }), {
        _tag: 'RasterError',
        message: `${path}.part: holds finished tiles of other work: scene was "a", is "b"; model was nothing, is 1; finish that, or remove the folder`,
        remedy: 'overwrite',
      });
      await finish();
    });

    it('removes the tiles of other work where it overwrites', async () => {
      interrupted();
      const file = await createMapFile(path, { ...optionsOf(one), identity: { scene: 'b' } });
      assert.ok(windowsOf(one, 64).every((window) => !file.holds(window)));
      await file.stop();
      assert.ok(!existsSync(`${path}.part`));
    });

    it('keeps notes with the tiles, and leaves nothing where there are notes alone', async () => {
      rmSync(path, { force: true });
      for (const [i, tile] of windowsOf(one, 64).slice(0, 2).entries()) {
        const file = await createMapFile(path, optionsOf(one));
        assert.deepEqual(file.notes(), ['first', 'second: 2 \u00d7 3'].slice(0, i));
        await file.note(['first', 'second: 2 \u00d7 3'][i]!);
        await file.writeWindow(tile, cut(values, one, tile));
        await file.stop();
      }
      const file = await createMapFile(path, optionsOf(one));
      assert.equal(file.notes().length, 2);
      assert.deepEqual(windowsOf(one, 64).map(file.holds).slice(0, 3), [true, true, false]);
      await file.discard();
      const other = await createMapFile(path, optionsOf(one));
      await other.note('alone');
      await other.stop();
      assert.ok(!existsSync(`${path}.part`));
    });
  });
});
