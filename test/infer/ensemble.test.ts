// Ensembles: what their networks disagree by, from the session to maps on disk. Legend: N pixels, B bands, C endmembers, D bands of a map.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { abundanceBands, mapBands, planUnmixing, type Session, unmix, unmixWindow } from '@egunet/infer';
import { type InferProgress, type InferSceneOptions, inferScene, openModel } from '@egunet/infer-node';
import type { ModelCard } from '@egunet/models/card';
import { openScene } from '@egunet/raster/node';
import { exportExactHead } from '@egunet/train';
import { asEnsemble, ensemblePlainly } from '../support/ensembles.js';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { readArray, readStore } from '../support/maps.js';
import { modelFile, untrained } from '../support/models.js';
import { readRaw, writeEnvi } from './envi.js';
import { cardBands, hashedSpectra, memoryReader, proportionSession, withCard } from './support.js';
import { damageBlocks } from './tiff-blocks.js';

const [ROWS, COLS, B, C] = [53, 47, 8, 4];
const NO_DATA = -1;
const WAVELENGTHS = Array.from({ length: B }, (_, b) => 500 + 100 * b);
const BANDS = WAVELENGTHS.map((wavelength) => ({ wavelength, fwhm: 10 }));
const NAMES = [1, 2, 3, 4].map((c) => `material ${c}`);
const SPREADS = NAMES.map((name) => `${name} spread`);
const QUALITY = ['reconstruction RMSE', 'spectral angle'];

const spectra = hashedSpectra(ROWS * COLS * B);
const probe = spectra.slice(0, 64 * B);
const checkpoint = asEnsemble(untrained({ bands: BANDS, endmembers: C, probe, scene: { rows: ROWS, cols: COLS } }));
/** A row without data, and single pixels. */
const valid = Uint8Array.from({ length: ROWS * COLS }, (_, i) => (i < COLS || i % 11 === 3 ? 0 : 1));

describe('an ensemble', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const [scene, model] = [at('scene.hdr'), at('model.onnx')];
  /** What the map should be [N, 2 C], NaN where there is no data. */
  let expected: Float32Array;

  before(async function () {
    requireGdal(this);
    writeFileSync(model, await modelFile(checkpoint));
    const data = spectra.map((value, i) => (valid[Math.floor(i / B)] === 1 ? value : NO_DATA));
    writeEnvi(scene, { rows: ROWS, cols: COLS, wavelengths: WAVELENGTHS, fwhm: 10, noData: NO_DATA, data });
    const plain = await ensemblePlainly(checkpoint, spectra);
    expected = Float32Array.from({ length: ROWS * COLS * 2 * C }, (_, i) => {
      const [pixel, band] = [Math.floor(i / (2 * C)), i % (2 * C)];
      if (valid[pixel] === 0) return Number.NaN;
      return band < C ? plain.abundances[pixel * C + band]! : plain.spread[pixel * C + band - C]!;
    });
    const largest = expected.filter((value, i) => i % (2 * C) >= C && value > 0.05).length;
    assert.ok(largest > ROWS * COLS, 'the members disagree');
  });

  const infer = (name: string, options: Partial<InferSceneOptions> = {}) =>
    inferScene({ scene, model, output: at(name), overwrite: true, workers: 1, ...options });
  const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, limit: number) => {
    assert.equal(got.length, wanted.length);
    for (let i = 0; i < wanted.length; i++)
      assert.ok(
        Number.isNaN(wanted[i]) ? Number.isNaN(got[i]) : Math.abs(got[i]! - wanted[i]!) <= limit,
        `value ${i}: ${got[i]}, expected ${wanted[i]}`,
      );
  };
  /** Some bands of each pixel of D. */
  const bandsOf = <T extends Float32Array | Uint16Array | Uint8Array>(values: T, D: number, from: number, to: number) =>
    values.filter((_, i) => i % D >= from && i % D < to) as T;
  const gdalBands = (path: string): { description: string; type: string; scale?: number; noDataValue: unknown }[] =>
    JSON.parse(run('gdalinfo', ['-json', path]).replaceAll(': nan', ': "NaN"')).bands;

  it('has the mean of its members and their standard deviation in a map, which GDAL reads with names', async () => {
    const { means, spread } = await infer('map.tif', { command: 'egunet infer' });
    near(readRaw(at('map.tif'), folder), expected, 1e-5);
    assert.deepEqual(
      gdalBands(at('map.tif')).map(({ description, type, noDataValue }) => [description, type, noDataValue]),
      [...NAMES, ...SPREADS].map((name) => [name, 'Float32', 'NaN']),
    );
    const { metadata } = JSON.parse(run('gdalinfo', ['-json', at('map.tif')]).replaceAll(': nan', ': "NaN"'));
    assert.match(metadata[''].EGUNET_SPREAD, /^standard deviation of the abundances of 3 networks .* no error bar$/);
    const meanOf = (band: number) => {
      const values = bandsOf(expected, 2 * C, band, band + 1).filter((value) => !Number.isNaN(value));
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    for (const [found, from] of [
      [means, 0],
      [spread!, C],
    ] as const) {
      assert.deepEqual(
        found.map(({ name }) => name),
        NAMES,
      );
      near(
        found.map(({ mean }) => mean),
        NAMES.map((_, c) => meanOf(from + c)),
        1e-5,
      );
    }
  });

  it('may leave the spread out: the abundances are the same bits', async () => {
    await infer('with.tif');
    const summary = await infer('without.tif', { spread: false });
    assert.equal(summary.spread, undefined);
    assert.deepEqual(
      gdalBands(at('without.tif')).map(({ description }) => description),
      NAMES,
    );
    assert.doesNotMatch(run('gdalinfo', [at('without.tif')]), /EGUNET_SPREAD/);
    assert.deepEqual(readRaw(at('without.tif'), folder), bandsOf(readRaw(at('with.tif'), folder), 2 * C, 0, C));
  });

  it('has quality behind its spread, as without', async () => {
    const [both, alone] = [await infer('both.tif', { quality: true }), await infer('quality.tif', { quality: true, spread: false })]; // biome-ignore format: one line says more
    const D = 2 * C + 2;
    assert.deepEqual(
      gdalBands(at('both.tif')).map(({ description }) => description),
      [...NAMES, ...SPREADS, ...QUALITY],
    );
    const values = readRaw(at('both.tif'), folder);
    near(bandsOf(values, D, 0, 2 * C), expected, 1e-5);
    assert.deepEqual(bandsOf(values, D, 2 * C, D), bandsOf(readRaw(at('quality.tif'), folder), C + 2, C, C + 2));
    assert.deepEqual(both.quality, alone.quality);
    assert.equal(both.quality!.length, 2);
  });

  for (const [sampleType, step, noData] of [
    ['uint8', 0.005, 255],
    ['uint16', 1e-4, 65535],
  ] as const)
    it(`stores spread in ${sampleType} with the scale of abundances, in every format`, async () => {
      for (const name of ['map.tif', 'map.img', 'map.zarr']) await infer(name, { sampleType });
      for (const name of ['map.tif', 'map.img'])
        for (const [i, { description, scale, type }] of gdalBands(at(name)).entries()) {
          assert.equal(description, [...NAMES, ...SPREADS][i]);
          assert.equal(type, sampleType === 'uint8' ? 'Byte' : 'UInt16');
          if (name === 'map.tif') assert.equal(scale, step);
        }
      const stored = await readStore(at('map.zarr'));
      for (const [i, value] of expected.entries())
        if (Number.isNaN(value)) assert.equal(stored[i], noData);
        else assert.ok(Math.abs(stored[i]! * step - value) <= step / 2 + 1e-5, `value ${i}`);
      const raw = at('stored.bip');
      for (const name of ['map.tif', 'map.img']) {
        run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', at(name), raw]);
        assert.deepEqual(readFileSync(raw), Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength), name);
      }
    });

  it('is the same in a Zarr store and an ENVI image, with names that their readers know', async () => {
    for (const name of ['map.tif', 'map.img', 'map.zarr']) await infer(name);
    const values = readRaw(at('map.tif'), folder);
    assert.deepEqual(readRaw(at('map.img'), folder), values);
    assert.deepEqual(await readStore(at('map.zarr')), values);
    assert.deepEqual([...((await readArray(at('map.zarr'), 'endmember')).data as string[])], [...NAMES, ...SPREADS]);
    const opened = await openScene(at('map.zarr'));
    assert.equal(abundanceBands(opened.bands.map(({ name }) => name)), C);
    await opened.close();
  });

  it('has the same bytes with other tiles, several workers, and interrupted; what lacks the spread is other work', async () => {
    await infer('whole.tif');
    const whole = readFileSync(at('whole.tif'));
    await infer('whole.tif', { workers: 2, tile: { rows: 16, cols: 13 } });
    assert.ok(readFileSync(at('whole.tif')).equals(whole));
    // Two tiles of the map side by side, so that one is kept.
    const wide = at('wide.hdr');
    const cols = 1100;
    const data = hashedSpectra(20 * cols * B);
    writeEnvi(wide, { rows: 20, cols, wavelengths: WAVELENGTHS, fwhm: 10, noData: NO_DATA, data });
    const how = { scene: wide, tile: { rows: 20, cols: 100 } };
    await infer('wide.tif', how);
    const stopped = async () => {
      const controller = new AbortController();
      const onProgress = ({ pixels }: InferProgress) => pixels >= 20 * 800 && controller.abort(new Error('stopped'));
      await assert.rejects(infer('part.tif', { ...how, onProgress, signal: controller.signal }), /stopped/);
    };
    await stopped();
    await assert.rejects(infer('part.tif', { ...how, spread: false, overwrite: false }), /other work: spread was true, is false/); // biome-ignore format: one line says more
    const { keptPixels } = await infer('part.tif', { ...how, overwrite: false });
    assert.ok(keptPixels > 0);
    assert.ok(readFileSync(at('part.tif')).equals(readFileSync(at('wide.tif'))));
  });

  it('gives each pixel of several scenes what its own map has, by quality too', async () => {
    const second = at('second.hdr');
    const data = hashedSpectra(ROWS * COLS * B + 5).slice(5);
    writeEnvi(second, { rows: ROWS, cols: COLS, wavelengths: WAVELENGTHS, fwhm: 10, noData: NO_DATA, data });
    const D = 2 * C + 2;
    const maps: Float32Array[] = [];
    for (const one of [scene, second]) {
      await infer('one.tif', { scene: one, quality: true });
      maps.push(readRaw(at('one.tif'), folder));
    }
    const [below, above] = maps as [Float32Array, Float32Array];
    await infer('best.tif', { scene: [scene, second], overlap: 'quality' });
    const best = readRaw(at('best.tif'), folder);
    await infer('last.tif', { scene: [second, scene], overlap: 'last', quality: true });
    const last = readRaw(at('last.tif'), folder);
    for (let i = 0; i < ROWS * COLS; i++) {
      const [a, b] = [below, above].map((map) => map.slice(i * D, (i + 1) * D)) as [Float32Array, Float32Array];
      const winner = a[2 * C]! < b[2 * C]! ? a : b; // the RMSE; NaN loses
      assert.deepEqual(best.slice(i * 2 * C, (i + 1) * 2 * C), winner.slice(0, 2 * C), `pixel ${i}`);
      assert.deepEqual(last.slice(i * D, (i + 1) * D), valid[i] === 1 ? a : b, `pixel ${i}`);
    }
  });

  it('loses to a damaged block what lies in it alone', async () => {
    const tiled = at('tiled.tif');
    run('gdal_translate', ['-q', '-co', 'TILED=YES', '-co', 'BLOCKXSIZE=16', '-co', 'BLOCKYSIZE=16', '-co', 'COMPRESS=DEFLATE', at('scene.img'), tiled]); // biome-ignore format: one line says more
    damageBlocks(tiled, [5]); // the second of the second row
    await infer('around.tif', { scene: tiled, onError: 'nodata' });
    const lost = expected.map((value, i) => {
      const pixel = Math.floor(i / (2 * C));
      const [row, col] = [Math.floor(pixel / COLS), pixel % COLS];
      return row >= 16 && row < 32 && col >= 32 && col < 48 ? Number.NaN : value;
    });
    near(readRaw(at('around.tif'), folder), lost, 1e-5);
  });

  it('gives a program abundances, then spread; and the loop over a scene both where they are wanted', async () => {
    const opened = await openModel(model, { threads: 1 });
    const { card, session } = opened;
    const n = 5;
    const output = await session.run([{ name: 'spectra', data: spectra.slice(0, n * B), shape: [n, B] }]);
    const { abundances, spread } = await ensemblePlainly(checkpoint, spectra.slice(0, n * B));
    near(output, [...abundances, ...spread], 1e-5);
    const reader = memoryReader({ rows: ROWS, cols: COLS, bands: cardBands(card), spectra, valid });
    for (const wanted of [true, false])
      for await (const tile of unmix(session, reader, { card, spread: wanted, tile: { rows: ROWS, cols: COLS } }))
        near(tile.abundances, wanted ? expected : bandsOf(expected, 2 * C, 0, C), 1e-5);
    await opened.release();
  });

  it('is refused where its graph has no spread, or another model has one', async () => {
    const { card, release } = await openModel(model);
    await release();
    const single: ModelCard = { ...card, library: { ...card.library!, members: 1 } };
    writeFileSync(at('single.onnx'), withCard(readFileSync(model), single));
    await assert.rejects(
      infer('none.tif', { model: at('single.onnx') }),
      /expected spectra: float32 \[pixels, 8\] -> abundances: float32 \[pixels, 4\], got .*; spread: float32 \[pixels, 4\]/,
    );
    const exact = await exportExactHead(checkpoint, 'nnls', { softwareVersion: '1', created: new Date(0) });
    writeFileSync(at('exact.onnx'), exact.bytes);
    assert.equal((await infer('exact.tif', { model: at('exact.onnx') })).spread, undefined);
    writeFileSync(at('claims.onnx'), withCard(exact.bytes, card));
    await assert.rejects(infer('none.tif', { model: at('claims.onnx') }), /the model does not fit its card/);
  });

  it('that gives no deviations is refused as damaged', async () => {
    const { card, release } = await openModel(model);
    await release();
    const reader = memoryReader({ rows: 2, cols: 3, bands: cardBands(card), spectra: spectra.slice(0, 6 * B) });
    const window = { row: 0, col: 0, rows: 2, cols: 3 };
    const work = { ...planUnmixing(reader, { card, batch: 4 }), card, spread: true };
    const plain = proportionSession(B, C);
    const withSpread = (value: number): Session => ({
      ...plain,
      run: async (inputs) => {
        const abundances = await plain.run(inputs);
        return Float32Array.from([...abundances, ...abundances.map(() => value)]);
      },
    });
    const { abundances } = await unmixWindow(withSpread(0), { reader, window }, work);
    assert.ok(bandsOf(abundances, 2 * C, C, 2 * C).every((value) => value === 0));
    for (const value of [-0.1, Number.NaN])
      await assert.rejects(unmixWindow(withSpread(value), { reader, window }, work), /^InferError: the model's spread is (-0\.1|NaN).*, expected >= 0; it is damaged/); // biome-ignore format: one line says more
    await assert.rejects(
      unmixWindow(plain, { reader, window }, work),
      /the model gave 8 values for 4 pixels, expected 16/,
    );
  });
});

describe('the bands of a map', () => {
  const card = { endmembers: [{ name: 'a' }, { name: 'b' }], network: { name: 'x' }, library: { members: 2 } } as ModelCard; // biome-ignore format: one line says more
  const names = (wanted: Parameters<typeof mapBands>[1], of = card) => mapBands(of, wanted).map(({ name }) => name);

  it('are abundances, spread of ensembles, quality; and are told apart by their names', () => {
    assert.deepEqual(names({}), ['a', 'b']);
    assert.deepEqual(names({ spread: true, quality: true }), ['a', 'b', 'a spread', 'b spread', ...QUALITY]);
    const { library: _, ...single } = card;
    assert.deepEqual(names({ spread: true }, single), ['a', 'b']);
    for (const wanted of [{}, { spread: true }, { quality: true }, { spread: true, quality: true }])
      assert.equal(abundanceBands(names(wanted)), 2);
    assert.equal(abundanceBands(['a', 'a spread', 'b']), 3); // a map has two endmembers or more
    assert.equal(abundanceBands(['a', 'b', 'a spread']), 3);
  });
});
