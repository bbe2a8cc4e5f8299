import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, root, temporaryFolder } from '../support/index.js';
import { arrays, bytesOf, ENVI_CODES } from './geotiff-support.js';
import { assertSame } from './same-spectra.js';

interface Image {
  readonly type: keyof typeof ENVI_CODES;
  readonly rows: number;
  readonly cols: number;
  readonly bands: number;
  readonly interleave: string;
  readonly bigEndian: boolean;
  /** In the range of the samples, or out of it. */
  readonly noData: number;
  /** So large that some reflectances are beyond float32. */
  readonly hugeGain: boolean;
  readonly seed: number;
}

/** An ENVI image of small whole numbers, many of which are NoData where it is one of them. */
function writeImage(folder: string, image: Image): string {
  const { type, rows, cols, bands, interleave, bigEndian, noData, hugeGain, seed } = image;
  const values = new arrays[type](rows * cols * bands).map((_: number, i: number) => (i * 31 + seed * 7) % 97);
  if (type === 'float32' || type === 'float64') values[seed % values.length] = Number.NaN;
  const bytes = Buffer.from(bytesOf(values));
  if (bigEndian && values.BYTES_PER_ELEMENT === 2) bytes.swap16();
  if (bigEndian && values.BYTES_PER_ELEMENT === 4) bytes.swap32();
  if (bigEndian && values.BYTES_PER_ELEMENT === 8) bytes.swap64();
  const gains = Array.from({ length: bands }, (_, b) => (hugeGain && b === bands - 1 ? 1e38 : 1e-4 * (b + 1)));
  const offsets = gains.map((_, b) => (b % 3) * 0.01 - 0.02);
  const path = join(folder, 'image.img');
  writeFileSync(path, bytes);
  writeFileSync(
    join(folder, 'image.hdr'),
    `ENVI\nsamples = ${cols}\nlines = ${rows}\nbands = ${bands}\ndata type = ${ENVI_CODES[type]}\ninterleave = ${interleave}\nbyte order = ${Number(bigEndian)}\ndata ignore value = ${noData}\ndata gain values = {${gains}}\ndata offset values = {${offsets}}\n`,
  );
  return path;
}

describe('Packing spectra', () => {
  const folder = temporaryFolder();

  it('gives what reading windows gives, for any sample type, interleave, size, calibration, NoData, bands and pack', async () => {
    const image = fc.record({
      type: fc.constantFrom(...(Object.keys(ENVI_CODES) as (keyof typeof ENVI_CODES)[])),
      rows: fc.integer({ min: 1, max: 9 }),
      cols: fc.integer({ min: 1, max: 150 }),
      bands: fc.integer({ min: 1, max: 40 }),
      interleave: fc.constantFrom('bip', 'bil', 'bsq'),
      bigEndian: fc.boolean(),
      noData: fc.constantFrom(3, 96, -32768, 65535, 1e6, 0.5),
      hugeGain: fc.boolean(),
      seed: fc.nat(1000),
    });
    const choice = fc.record({
      order: fc.boolean(),
      every: fc.constantFrom(1, 2, 3),
      pixels: fc.integer({ min: 1, max: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(image, choice, async (one, { order, every, pixels }) => {
        const scene = await openScene(writeImage(folder, one));
        const bands = Array.from({ length: one.bands }, (_, b) => b).filter((b) => b % every === 0 || b > 20);
        if (order) bands.reverse();
        const left = one.seed % Math.ceil(one.cols / 2);
        const top = one.seed % one.rows;
        const window = { row: top, col: left, rows: one.rows - top, cols: one.cols - left };
        await assertSame(scene, window, { bands, pixels });
        await scene.close();
      }),
      { numRuns: 400, seed: 11 },
    );
  });

  for (const options of [
    ['COMPRESS=LZW', 'INTERLEAVE=PIXEL'],
    ['COMPRESS=LZW', 'INTERLEAVE=BAND', 'PREDICTOR=2'],
    ['COMPRESS=LZW', 'INTERLEAVE=PIXEL', 'PREDICTOR=2', 'ENDIANNESS=BIG'],
    ['COMPRESS=DEFLATE', 'INTERLEAVE=BAND', 'TILED=YES', 'BLOCKXSIZE=64', 'BLOCKYSIZE=64', 'PREDICTOR=2'],
    ['COMPRESS=ZSTD', 'INTERLEAVE=PIXEL', 'TILED=YES', 'BLOCKXSIZE=64', 'BLOCKYSIZE=64'],
    ['COMPRESS=NONE', 'INTERLEAVE=BAND'],
    ['COMPRESS=DEFLATE', 'INTERLEAVE=BAND', 'SPARSE_OK=TRUE'],
  ])
    it(`gives what reading windows gives, of GDAL's ${options.join(' ')}`, async function () {
      requireGdal(this);
      const [rows, cols, bands] = [130, 200, 11];
      const source = writeImage(folder, {
        ...{ type: 'int16', rows, cols, bands, interleave: 'bsq', bigEndian: false },
        ...{ noData: 3, hugeGain: false, seed: 5 },
      });
      // Half of it is empty in every band: blocks that need not be read, or were never written.
      const samples = new Int16Array(readFileSync(source).buffer.slice(0));
      for (let b = 0; b < bands; b++) samples.fill(3, b * rows * cols, b * rows * cols + 70 * cols);
      writeFileSync(source, bytesOf(samples));
      const path = join(folder, 'gdal.tif');
      const made = spawnSync('gdal_translate', ['-q', ...options.flatMap((o) => ['-co', o]), source, path]);
      assert.equal(made.status, 0, `${made.stderr}`);
      const scene = await openScene(path);
      const all = Array.from({ length: bands }, (_, b) => b);
      await assertSame(scene, { row: 0, col: 0, rows, cols }, { bands: all, pixels: 512 });
      await assertSame(scene, { row: 0, col: 0, rows, cols }, { bands: [10, 2, 3, 0], pixels: 77 });
      await assertSame(scene, { row: 63, col: 5, rows: 40, cols: 130 }, { bands: all, pixels: 512 });
      await scene.close();
    });
});

describe('the code generated from the kernels', () => {
  const made = temporaryFolder();

  it('is what AssemblyScript makes of them', () => {
    const script = join(root, 'raster/kernels/generate.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, made], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.equal(
      readFileSync(join(made, 'kernels.ts'), 'utf8'),
      readFileSync(join(root, 'raster/src/generated/kernels.ts'), 'utf8'),
      'run node raster/kernels/generate.mjs',
    );
  });
});
