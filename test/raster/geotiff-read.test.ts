import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGeoTiff, type SampleType } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import {
  assertSameBits,
  gdalInfo,
  openPath,
  readAll,
  readWithGdal,
  sampleTypes,
  sampleValues,
  translate,
  writeEnvi,
} from './geotiff-support.js';
import { assertRefused } from './memory.js';

// Not a multiple of any tile or strip, and large enough that LZW's table fills up.
const size = { rows: 70, cols: 90, bands: 5 };

describe('GeoTIFF reading', () => {
  const folder = temporaryFolder();
  let files = 0;

  before(function () {
    requireGdal(this);
  });

  /** A GeoTIFF that GDAL makes of known values. */
  function make(type: SampleType, options: string, shape = size) {
    const values = sampleValues(type, shape);
    const raw = writeEnvi(join(folder, `raw-${files++}`), values, { type, size: shape });
    const signed = type === 'int8' ? ' -co PIXELTYPE=SIGNEDBYTE' : '';
    return { values, path: translate(raw, `${raw}.tif`, `-of GTiff${signed} ${options}`) };
  }

  async function assertReads(type: SampleType, options: string): Promise<void> {
    const { values, path } = make(type, options);
    const scene = await openPath(path);
    assert.deepEqual(
      [scene.format, scene.rows, scene.cols, scene.bands.length, scene.sampleType],
      ['GeoTIFF', size.rows, size.cols, size.bands, type],
    );
    assertSameBits(await readAll(scene), values);
  }

  const storages = ['PIXEL', 'BAND'].flatMap((interleave) =>
    ['-co TILED=YES -co BLOCKXSIZE=64 -co BLOCKYSIZE=32', '-co BLOCKYSIZE=16'].map(
      (blocks) => `-co INTERLEAVE=${interleave} ${blocks}`,
    ),
  );
  const codings = (predictors: readonly number[]) => [
    '-co COMPRESS=NONE',
    ...['DEFLATE', 'LZW', 'ZSTD'].flatMap((c) => predictors.map((p) => `-co COMPRESS=${c} -co PREDICTOR=${p}`)),
  ];

  for (const [type, predictors] of [
    ['int16', [1, 2]],
    ['float32', [1, 2, 3]],
  ] as const)
    for (const storage of storages)
      it(`reads ${type} in every compression and predictor, stored as ${storage}`, async () => {
        for (const coding of codings(predictors)) await assertReads(type, `${coding} ${storage}`);
      });

  for (const type of sampleTypes)
    it(`reads ${type} in both byte orders`, async () => {
      for (const order of ['LITTLE', 'BIG'])
        for (const coding of [
          'COMPRESS=NONE',
          'COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES',
          'COMPRESS=LZW -co PREDICTOR=2 -co INTERLEAVE=BAND',
        ])
          await assertReads(type, `-co ENDIANNESS=${order} -co ${coding}`);
    });

  for (const type of ['float32', 'float64'] as const)
    it(`reads ${type} with predictor 3 as GDAL does, whatever the byte order`, async () => {
      await assertReads(type, '-co COMPRESS=DEFLATE -co PREDICTOR=3');
      // GDAL 3.6 turns the bytes around once too often when it writes this, so its own reading is what to compare with.
      const { path } = make(type, '-co ENDIANNESS=BIG -co COMPRESS=DEFLATE -co PREDICTOR=3');
      assertSameBits(await readAll(await openPath(path)), readWithGdal(folder, path, type));
    });

  it('reads BigTIFF in both byte orders', async () => {
    for (const order of ['LITTLE', 'BIG'])
      await assertReads('uint16', `-co BIGTIFF=YES -co ENDIANNESS=${order} -co COMPRESS=DEFLATE -co TILED=YES`);
  });

  it('reads blocks that are large enough to be inflated on another thread', async () => {
    const shape = { rows: 400, cols: 410, bands: 1 };
    const { values, path } = make('uint16', '-co COMPRESS=DEFLATE -co PREDICTOR=2 -co BLOCKYSIZE=400', shape);
    assertSameBits(await readAll(await openPath(path)), values);
  });

  it('reads more bands than are interleaved at once', async () => {
    const shape = { rows: 9, cols: 11, bands: 70 };
    for (const coding of ['-co COMPRESS=NONE', '-co COMPRESS=DEFLATE -co PREDICTOR=2']) {
      const { values, path } = make('int16', `${coding} -co INTERLEAVE=BAND`, shape);
      assertSameBits(await readAll(await openPath(path)), values);
    }
  });

  it('reads the full resolution of a cloud-optimised GeoTIFF', async () => {
    const { values, path } = make('int16', '', { rows: 600, cols: 700, bands: 1 });
    const cog = translate(path, join(folder, 'cog.tif'), '-of COG -co BLOCKSIZE=128 -co COMPRESS=DEFLATE');
    const scene = await openPath(cog);
    assert.deepEqual(scene.block, { rows: 128, cols: 128 });
    assertSameBits(await readAll(scene), values);
  });

  it('fills blocks that were never written with NoData, or with 0 where there is none', async () => {
    for (const [noData, expected] of [['-a_nodata -7', -7] as const, ['', 0] as const]) {
      const path = join(folder, `sparse${expected}.tif`);
      const options = `-of GTiff -ot Int16 -outsize 50 40 -bands 2 -co SPARSE_OK=TRUE -co TILED=YES -co COMPRESS=LZW ${noData}`;
      run('gdal_create', [...options.split(' ').filter(Boolean), path]);
      const data = await readAll(await openPath(path));
      assert.equal(data.length, 50 * 40 * 2);
      assert.ok(data.every((value) => value === expected));
      assertSameBits(data, readWithGdal(folder, path, 'int16'));
    }
  });

  it('reads any window and any bands as the part of the whole that they are', async () => {
    const layouts = [
      '-co COMPRESS=DEFLATE -co PREDICTOR=2 -co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=16',
      '-co COMPRESS=LZW -co INTERLEAVE=BAND -co BLOCKYSIZE=13',
      '-co COMPRESS=NONE -co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=48',
      '-co COMPRESS=NONE -co INTERLEAVE=BAND -co BLOCKYSIZE=70',
    ];
    const { rows, cols, bands } = size;
    for (const layout of layouts) {
      const { values, path } = make('int16', layout);
      // A cache of one byte keeps one block of every plane, the default keeps all.
      for (const cacheBytes of [1, undefined]) {
        const scene = await openGeoTiff(await openFile(path), nodeCodecs, { ...(cacheBytes && { cacheBytes }) });
        const windows = fc
          .tuple(fc.nat(rows - 1), fc.nat(cols - 1), fc.array(fc.nat(bands - 1), { minLength: 1, maxLength: 7 }))
          .chain(([row, col, picked]) =>
            fc.record({
              window: fc.record({
                row: fc.constant(row),
                col: fc.constant(col),
                rows: fc.integer({ min: 1, max: rows - row }),
                cols: fc.integer({ min: 1, max: cols - col }),
              }),
              picked: fc.constant(picked),
            }),
          );
        await fc.assert(
          fc.asyncProperty(windows, async ({ window, picked }) => {
            const block = await scene.readWindow(window, picked);
            const expected = new Int16Array(window.rows * window.cols * picked.length);
            let i = 0;
            for (let r = window.row; r < window.row + window.rows; r++)
              for (let c = window.col; c < window.col + window.cols; c++)
                for (const b of picked) expected[i++] = values[(r * cols + c) * bands + b]!;
            assertSameBits(block.data, expected);
          }),
          { numRuns: 40, seed: 7 },
        );
        await scene.close();
      }
    }
  });

  it('refuses windows and bands that are not in the scene', async () => {
    const scene = await openPath(make('uint8', '').path);
    const window = { row: 0, col: 0, rows: 1, cols: 1 };
    for (const wrong of [{ row: -1 }, { col: 90 }, { rows: 71 }, { cols: 0 }, { row: 0.5 }, { rows: Number.NaN }])
      await assertRefused(
        () => scene.readWindow({ ...window, ...wrong }),
        /window rows .* is not inside the scene of 70 rows x 90/,
      );
    for (const band of [5, -1, 0.5])
      await assertRefused(() => scene.readSpectra(window, [band]), /band index .* 5 bands/);
    await scene.close();
  });

  it('agrees with GDAL on where the pixels lie', async () => {
    const { path } = make('uint8', '-a_srs EPSG:32633 -a_ullr 366015 5809965 368715 5807865');
    const point = translate(path, join(folder, 'point.tif'), '-mo AREA_OR_POINT=Point');
    const degrees = translate(path, join(folder, 'degrees.tif'), '-a_srs EPSG:4326 -a_ullr 13 52 13.9 51.3');
    const rotated = join(folder, 'rotated.vrt');
    translate(path, rotated, '-of VRT -a_ullr 0 1 1 0');
    const turned = '<GeoTransform>500000, 20, 15, 5000000, 15, -20</GeoTransform>';
    writeFileSync(rotated, readFileSync(rotated, 'utf8').replace(/<GeoTransform>.*<\/GeoTransform>/, turned));
    const matrix = translate(rotated, join(folder, 'rotated.tif'), '');
    for (const [file, epsg] of [
      [path, 32633],
      [point, 32633],
      [degrees, 4326],
      [matrix, 32633],
    ] as const) {
      const scene = await openPath(file);
      const { georeference } = scene;
      await scene.close();
      const [c, a, b, f, d, e] = gdalInfo(file).geoTransform!;
      // gdalinfo prints 15 digits.
      for (const [i, value] of [a!, b!, c!, d!, e!, f!].entries())
        assert.ok(Math.abs(georeference!.affine[i]! - value) <= 1e-14 * Math.abs(value), `${file}: ${i}`);
      assert.equal(georeference!.epsg, epsg, file);
      assert.ok(georeference!.geoKeys!.directory.length >= 8);
    }
    const nowhere = await openPath(make('uint8', '').path);
    assert.equal(nowhere.georeference, undefined);
    await nowhere.close();
  });

  it('turns stored values into reflectance and finds pixels without data', async () => {
    const values = new Int16Array([0, 5000, -7, 100, 10000, -7, 1, 2]); // 4 pixels, 2 bands
    const shape = { rows: 1, cols: 4, bands: 2 };
    const raw = writeEnvi(join(folder, 'spectra'), values, { type: 'int16', size: shape });
    const path = translate(raw, `${raw}.tif`, '-of GTiff -a_nodata -7 -a_scale 0.0001 -a_offset 0.5');
    const scene = await openPath(path);
    const block = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 4 });
    assert.deepEqual([...block.valid], [1, 0, 0, 1]);
    assert.deepEqual(block.spectra, Float32Array.of(0.5, 1, 0, 0, 0, 0, 0.5001, 0.5002));
    // In memory that was used before; too little of it is left alone.
    const used = new Float32Array(10).fill(9);
    const again = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 4 }, [0, 1], used);
    assert.equal(again.spectra.buffer, used.buffer);
    assert.deepEqual(again.spectra, block.spectra);
    assert.deepEqual([...used.subarray(8)], [9, 9]);
    const little = new Float32Array(7);
    const aside = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 4 }, [0, 1], little);
    assert.deepEqual([aside.spectra, little], [block.spectra, new Float32Array(7)]);
    // The NoData of a band that is not asked for does not count.
    const first = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 4 }, [1]);
    assert.deepEqual([...first.valid], [1, 1, 0, 1]);
    await scene.close();
  });

  it('counts NaN, infinities and NoData that float32 rounds as no data', async () => {
    const values = Float32Array.of(1, Number.NaN, Infinity, -Infinity, -3.4028234663852886e38, 0.1);
    const shape = { rows: 2, cols: 3, bands: 1 };
    const raw = writeEnvi(join(folder, 'floats'), values, { type: 'float32', size: shape });
    const scene = await openPath(translate(raw, `${raw}.tif`, '-of GTiff -a_nodata 0.1'));
    const { valid, spectra } = await scene.readSpectra({ row: 0, col: 0, rows: 2, cols: 3 });
    assert.deepEqual([...valid], [1, 0, 0, 0, 1, 0]);
    assert.deepEqual(spectra, Float32Array.of(1, 0, 0, 0, -3.4028234663852886e38, 0));
    await scene.close();
  });
});
