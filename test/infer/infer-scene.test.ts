// Scenes on disk to maps on disk, read back by GDAL. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { type InferError, unmix } from '@egunet/infer';
import { type InferProgress, type InferSceneOptions, inferScene, openModel } from '@egunet/infer-node';
import { parseMaskRule } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { readArray, readStore } from '../support/maps.js';
import { readRaw, writeEnvi } from './envi.js';
import { cardBands, hashedSpectra, memoryReader, modelCard, modelPath, withCard } from './support.js';

const ROWS = 37;
const COLS = 41;
const B = 8;
const C = 3;
const NO_DATA = -9999;
const card = modelCard();

/** The scene has the model's bands in another order. */
const ORDER = [5, 0, 7, 2, 1, 6, 4, 3];
const wavelengths = ORDER.map((b) => card.bands[b]!.wavelength!);

/** A block without data at the top, and single pixels. */
const valid = Uint8Array.from({ length: ROWS * COLS }, (_, i) => (i % 7 === 3 || i < 60 ? 0 : 1));

/** Stored values [rows * cols, B] in the scene's band order; some pixels lack one band only. */
function stored(mask = valid): Float32Array {
  const values = hashedSpectra(ROWS * COLS * B);
  for (const [i, ok] of mask.entries()) if (!ok) values.fill(NO_DATA, i * B + (i % 3), (i + 1) * B);
  return values;
}

/** What the loop gives for the same scene in memory, untiled: [rows * cols, C]. */
async function expectedMap(): Promise<Float32Array> {
  const { session, release } = await openModel(modelPath);
  const bands = ORDER.map((b) => cardBands(card)[b]!);
  const reader = memoryReader({ rows: ROWS, cols: COLS, bands, valid, spectra: stored() });
  const maps: Float32Array[] = [];
  for await (const tile of unmix(session, reader, { card, tile: { rows: ROWS, cols: COLS } }))
    maps.push(tile.abundances);
  await release();
  assert.equal(maps.length, 1);
  return maps[0]!;
}

const sameBits = (a: Float32Array, b: Float32Array) =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

interface GdalInfo {
  size: [number, number];
  geoTransform: number[];
  coordinateSystem: { wkt: string };
  metadata: Record<string, Record<string, string>>;
  bands: { type: string; description: string; noDataValue: unknown; scale?: number; block: number[] }[];
}
const gdalInfo = (path: string): GdalInfo =>
  JSON.parse(run('gdalinfo', ['-json', path]).replaceAll(': nan', ': "NaN"'));

describe('inferring a scene', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const scene = join(folder, 'scene.hdr');
  const tiff = join(folder, 'tiled.tif');
  const inFolder = (name: string) => join(folder, name);

  before(function () {
    requireGdal(this);
    writeEnvi(scene, { rows: ROWS, cols: COLS, wavelengths, fwhm: 10, noData: NO_DATA, data: stored() });
  });

  it('writes a map that GDAL reads bit for bit, with names, NoData, georeference and origin', async () => {
    const output = inFolder('map.tif');
    const summary = await inferScene({ scene, model: modelPath, output });
    const pixels = ROWS * COLS;
    const validPixels = valid.filter((v) => v === 1).length;
    const { seconds, tiles, means, ...rest } = summary;
    assert.deepEqual(rest, {
      output,
      format: 'cog',
      rows: ROWS,
      cols: COLS,
      pixels,
      validPixels,
      noDataPixels: pixels - validPixels,
      outsidePixels: 0,
      maskedPixels: 0,
      masks: [],
      keptPixels: 0,
      sensor: 'Test imager',
      precision: 'float32',
      device: 'cpu',
      workers: 1,
    });
    assert.ok(seconds > 0 && tiles >= 1);
    const expected = await expectedMap();
    assert.ok(sameBits(readRaw(output, folder), expected));
    assert.deepEqual(
      means.map(({ name }) => name),
      card.endmembers.map(({ name }) => name),
    );
    for (const [c, { mean }] of means.entries()) {
      const column = expected.filter((value, i) => i % C === c && !Number.isNaN(value));
      assert.ok(Math.abs(mean - column.reduce((sum, value) => sum + value, 0) / validPixels) < 1e-9);
    }

    const info = gdalInfo(output);
    assert.deepEqual(info.size, [COLS, ROWS]);
    assert.deepEqual(info.geoTransform, [500000, 30, 0, 4100000, 0, -30]);
    assert.match(info.coordinateSystem.wkt, /32632/);
    assert.deepEqual(
      info.bands.map(({ type, description, noDataValue }) => [type, description, noDataValue]),
      ['tree', 'water', 'soil'].map((name) => ['Float32', name, 'NaN']),
    );
    const facts = info.metadata['']!;
    assert.match(facts.TIFFTAG_SOFTWARE!, /^egunet \d+\.\d+\.\d+/);
    assert.equal(facts.EGUNET_NETWORK, 'EGU-Net-pw');
    assert.equal(facts.EGUNET_SENSOR, 'Test imager');
    assert.equal(facts.EGUNET_SEED, '7');
    assert.equal(facts.EGUNET_MODEL_CREATED, card.created);
    assert.equal(facts.EGUNET_TRAINING_SCENE, 'random');
    assert.match(facts.EGUNET_SCENE!, /^scene\.(hdr|img)$/);
    assert.equal(facts.EGUNET_COMMAND, undefined);
  });

  it('keeps the command that it is told, however long, and GDAL reads what stands beside it', async () => {
    const command = `unmix <a> & "b" {c} ${'long '.repeat(400)}é`;
    for (const name of ['told.tif', 'told.img']) {
      await inferScene({ scene, model: modelPath, output: inFolder(name), command });
      const { bands } = gdalInfo(inFolder(name));
      assert.deepEqual(
        bands.map(({ description }) => description),
        ['tree', 'water', 'soil'],
      );
    }
    // Braces end a value in an ENVI header.
    assert.ok(
      readFileSync(inFolder('told.hdr'), 'utf8').includes(`; EGUNET_COMMAND=${command.replace('{c}', '(c)')}}`),
    );
    assert.equal(gdalInfo(inFolder('told.tif')).metadata['']!.EGUNET_COMMAND, command);
  });

  it('gives the same map from tiles of any size, and from a tiled GeoTIFF', async () => {
    const expected = await expectedMap();
    run('gdal_translate', ['-q', '-co', 'TILED=YES', '-co', 'BLOCKXSIZE=16', '-co', 'BLOCKYSIZE=16', '-co', 'COMPRESS=DEFLATE', inFolder('scene.img'), tiff]); // biome-ignore format: one command
    const opened = await openScene(tiff);
    assert.deepEqual(
      opened.bands.map((band) => band.wavelength),
      wavelengths,
    );
    await opened.close();
    for (const [i, tile] of [
      undefined,
      { rows: 5, cols: 7 },
      { rows: 16, cols: 16 },
      { rows: 40, cols: 1 },
    ].entries()) {
      const output = inFolder(`tiles-${i}.tif`);
      const progress: InferProgress[] = [];
      const options = { model: modelPath, output, tile, onProgress: (at: InferProgress) => progress.push(at) };
      const { tiles } = await inferScene({ scene: i === 1 ? tiff : scene, ...options });
      assert.ok(sameBits(readRaw(output, folder), expected), JSON.stringify(tile));
      assert.equal(progress.length, tiles);
      assert.equal(progress.at(-1)!.pixels, ROWS * COLS);
      assert.ok(progress.every((at, k) => k === 0 || at.pixels > progress[k - 1]!.pixels));
      assert.ok(progress.every((at) => at.totalPixels === ROWS * COLS && at.keptPixels === 0));
    }
  });

  it('writes a window of the scene where it lies on the ground', async () => {
    const output = inFolder('window.tif');
    const window = { row: 10, col: 20, rows: 20, cols: 15 };
    const { pixels } = await inferScene({ scene, model: modelPath, output, window, tile: { rows: 6, cols: 15 } });
    assert.equal(pixels, 300);
    assert.deepEqual(gdalInfo(output).geoTransform, [500000 + 20 * 30, 30, 0, 4100000 - 10 * 30, 0, -30]);
    const map = readRaw(output, folder);
    const whole = await expectedMap();
    for (let r = 0; r < 20; r++) {
      const from = ((10 + r) * COLS + 20) * C;
      assert.ok(sameBits(map.slice(r * 15 * C, (r + 1) * 15 * C), whole.slice(from, from + 15 * C)));
    }
  });

  it('gives the same bytes with any number of workers', async () => {
    for (const workers of [1, 3]) {
      const output = inFolder(`workers-${workers}.tif`);
      const summary = await inferScene({ scene, model: modelPath, output, workers, tile: { rows: 9, cols: 41 } });
      assert.equal(summary.workers, workers);
    }
    assert.ok(readFileSync(inFolder('workers-1.tif')).equals(readFileSync(inFolder('workers-3.tif'))));
  });

  for (const [sampleType, scale, noData] of [
    ['uint16', 1e-4, 65535],
    ['uint8', 0.005, 255],
  ] as const)
    it(`stores abundances as ${sampleType} with their scale, to the nearest step`, async () => {
      const output = inFolder(`${sampleType}.tif`);
      const { means } = await inferScene({ scene, model: modelPath, output, sampleType });
      const info = gdalInfo(output);
      for (const band of info.bands) {
        assert.equal(band.type, { uint16: 'UInt16', uint8: 'Byte' }[sampleType]);
        assert.equal(band.noDataValue, noData);
        assert.ok(Math.abs(band.scale! - scale) < 1e-12);
      }
      const expected = await expectedMap();
      const unscaled = join(folder, 'unscaled.tif');
      run('gdal_translate', ['-q', '-unscale', '-ot', 'Float64', '-a_nodata', 'nan', output, unscaled]);
      const raw = join(folder, 'unscaled.raw');
      run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', unscaled, raw]);
      const bytes = readFileSync(raw);
      const got = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      assert.equal(got.length, expected.length);
      const far = expected.findIndex((value, i) =>
        Number.isNaN(value) ? got[i]! < 1.1 : !(Math.abs(got[i]! - value) <= scale / 2 + 1e-7),
      );
      assert.equal(far, -1, `value ${far} is ${got[far]}, expected ${expected[far]}`);
      for (const { mean } of means) assert.ok(mean > 0.01 && mean < 0.99);
    });

  for (const sampleType of ['float32', 'uint16', 'uint8'] as const)
    it(`writes the same ${sampleType} of a product as GeoTIFF, Zarr and ENVI`, async () => {
      const { folder: product } = await makeEnmapProduct(inFolder(`enmap-${sampleType}`), {
        rows: 40,
        cols: 32,
        seed: 3,
      });
      const infos = [];
      const bytes: Buffer[] = [];
      for (const [name, format] of [
        ['p.tif', 'cog'],
        ['p.img', 'envi'],
        ['p.zarr', 'zarr'],
      ] as const) {
        const output = inFolder(`${sampleType}-${name}`);
        const summary = await inferScene({ scene: product, model: modelPath, output, resample: true, sampleType });
        assert.equal(summary.format, format);
        if (format === 'zarr') {
          const stored = await readStore(output);
          bytes.push(Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength));
          const { attrs } = (await readArray(output, 'abundance')).array;
          const twin = await openScene(inFolder(`${sampleType}-p.tif`));
          const { affine, epsg } = twin.georeference!;
          await twin.close();
          assert.deepEqual([attrs['spatial:transform'], attrs['proj:code']], [affine, `EPSG:${epsg}`]);
          const { data } = await readArray(output, 'endmember');
          assert.deepEqual(
            [...(data as Iterable<string>)],
            card.endmembers.map(({ name }) => name),
          );
          continue;
        }
        const raw = inFolder('same.bip');
        run('gdal_translate', ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', output, raw]);
        bytes.push(readFileSync(raw));
        const { size, geoTransform, coordinateSystem, bands } = gdalInfo(output);
        infos.push({
          size,
          geoTransform: geoTransform.map((value) => value + 0), // 0 for -0
          epsg: /ID\["EPSG",(\d+)\]\]$/.exec(coordinateSystem.wkt)![1],
          bands: bands.map(({ type, description, noDataValue, scale = 1 }) => [type, description, noDataValue, scale]),
        });
      }
      assert.deepEqual(infos[1], infos[0]);
      assert.ok(bytes[0]!.length > 0 && bytes[1]!.equals(bytes[0]!) && bytes[2]!.equals(bytes[0]!));
    });

  it('replaces an existing map only where asked, and with the whole of the new one', async () => {
    const output = inFolder('old.tif');
    writeFileSync(output, 'old');
    await assert.rejects(inferScene({ scene, model: modelPath, output }), {
      _tag: 'RasterError',
      message: `${output}: exists already; choose another name`,
      remedy: 'overwrite',
    });
    assert.equal(readFileSync(output, 'utf8'), 'old');
    await inferScene({ scene, model: modelPath, output, overwrite: true });
    assert.ok(sameBits(readRaw(output, folder), await expectedMap()));
  });

  describe('of an area and masks', () => {
    const mask = inFolder('mask.tif');
    const aoi = inFolder('area.geojson');
    /** 0 or more, of which 2 and 3 mask. */
    const values = Uint8Array.from({ length: ROWS * COLS }, (_, i) => (Math.floor(i / COLS) < 12 ? 3 : i % 3));
    const masks = [parseMaskRule(`${mask}>=2`)];
    /** Columns 6 to 34, rows 4 to 29, in the scene's own system. */
    const corners = [
      [500180, 4099880],
      [501050, 4099880],
      [501050, 4099100],
      [500180, 4099100],
      [500180, 4099880],
    ];

    before(async () => {
      const georeference = { affine: [30, 0, 500000, 0, -30, 4100000], epsg: 32632 } as const;
      const map = await createMap(mask, { rows: ROWS, cols: COLS, sampleType: 'uint8', bands: [{}], georeference });
      await map.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, values);
      await map.close();
      const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
      writeFileSync(aoi, JSON.stringify({ type: 'Polygon', crs, coordinates: [corners] }));
    });

    it('writes a map cut to the area, without data where masked, bit for bit the same elsewhere, whatever the tiles', async () => {
      const output = inFolder('chosen.tif');
      const [rows, cols] = [26, 29];
      const expected = await expectedMap();
      const cut = new Float32Array(rows * cols * C);
      let masked = 0;
      for (let i = 0; i < rows * cols; i++) {
        const from = (4 + Math.floor(i / cols)) * COLS + 6 + (i % cols);
        const out = values[from]! >= 2;
        masked += Number(out);
        for (let c = 0; c < C; c++) cut[i * C + c] = out ? Number.NaN : expected[from * C + c]!;
      }
      const valid = cut.filter((value) => !Number.isNaN(value)).length / C;
      let first: Buffer | undefined;
      for (const tile of [undefined, { rows: 4, cols: 41 }, { rows: 7, cols: 9 }]) {
        const options = { scene, model: modelPath, output, aoi, masks, workers: 2, overwrite: true };
        const summary = await inferScene({ ...options, ...(tile && { tile }) });
        assert.ok(sameBits(readRaw(output, folder), cut));
        assert.deepEqual([summary.rows, summary.cols, summary.validPixels], [rows, cols, valid]);
        assert.deepEqual([summary.outsidePixels, summary.maskedPixels], [0, masked]);
        assert.equal(summary.noDataPixels, rows * cols - valid - masked);
        assert.deepEqual(summary.masks, [{ name: `${mask}>=2`, pixels: masked }]);
        first ??= readFileSync(output);
        assert.ok(readFileSync(output).equals(first));
      }
    });

    it('never reads windows that are wholly masked', async () => {
      // Strips of 12 rows, of which the first, wholly masked, is damaged.
      const hollow = inFolder('hollow.tif');
      const strips = ['-co', 'COMPRESS=DEFLATE', '-co', 'INTERLEAVE=PIXEL', '-co', 'BLOCKYSIZE=12'];
      run('gdal_translate', ['-q', ...strips, inFolder('scene.img'), hollow]);
      const bytes = readFileSync(hollow);
      const at = Math.floor(0.15 * bytes.length);
      writeFileSync(hollow, bytes.fill(0x55, at, at + 1000));
      const options = { scene: hollow, model: modelPath, tile: { rows: 12, cols: COLS } };
      await inferScene({ ...options, output: inFolder('hollow-map.tif'), masks });
      await assert.rejects(inferScene({ ...options, output: inFolder('no-map.tif') }), { _tag: 'RasterError' });
    });

    it('refuses an area or masks that leave nothing', async () => {
      const options = { scene, model: modelPath, output: inFolder('nothing.tif') };
      await assert.rejects(inferScene({ ...options, masks: [parseMaskRule(`${mask}>=0`)] }), {
        _tag: 'InferError',
        message: /all of its 1517 pixels are masked \(.*mask\.tif>=0 1517\); give fewer masks/,
      });
      const small = inFolder('small.geojson');
      const triangle = [
        [500189, 4099870],
        [500200, 4099871],
        [500221, 4099850],
        [500189, 4099870],
      ];
      const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
      writeFileSync(small, JSON.stringify({ type: 'Polygon', crs, coordinates: [triangle] }));
      await assert.rejects(inferScene({ ...options, aoi: small }), {
        _tag: 'InferError',
        message: /no pixel's centre lies inside the area of interest/,
      });
      await assert.rejects(inferScene({ ...options, aoi, window: { row: 30, col: 0, rows: 7, cols: 41 } }), {
        message: /area\.geojson and the rest of the map have no pixel in common/,
      });
      for (const output of [mask, aoi])
        await assert.rejects(inferScene({ ...options, output, overwrite: true, aoi, masks: [parseMaskRule(mask)] }), {
          message: /is the (mask|area of interest) itself; choose another name/,
        });
    });

    it('is not gone on with under other masks or another area, by their content', async () => {
      const options = {
        scene,
        model: modelPath,
        output: inFolder('resumed.tif'),
        workers: 1,
        tile: { rows: 2, cols: COLS },
      };
      const tall = { ...options, scene: inFolder('tall.hdr'), aoi: inFolder('tall.geojson') };
      const [rows, cols] = [1100, COLS];
      writeEnvi(tall.scene, {
        rows,
        cols,
        wavelengths,
        fwhm: 10,
        noData: NO_DATA,
        data: hashedSpectra(rows * cols * B),
      });
      const crs = { type: 'name', properties: { name: 'EPSG:32632' } };
      const area = (x: number) =>
        writeFileSync(
          tall.aoi,
          JSON.stringify({
            type: 'Polygon',
            crs,
            coordinates: [
              [
                [500000, 4100000],
                [x, 4100000],
                [501230, 4067000],
                [500000, 4067000],
              ],
            ],
          }),
        );
      area(501230);
      const stop = new AbortController();
      const onProgress = ({ pixels }: InferProgress) => pixels > 600 * cols && stop.abort(new Error('stopped by hand'));
      await assert.rejects(
        inferScene({ ...tall, tile: { rows: 60, cols }, onProgress, signal: stop.signal }),
        /stopped by hand/,
      );
      area(501000);
      await assert.rejects(inferScene({ ...tall, tile: { rows: 60, cols } }), {
        _tag: 'RasterError',
        message:
          /resumed\.tif\.part: holds finished tiles of other work: area of interest was "[0-9a-f]{64}", is "[0-9a-f]{64}"; finish/,
      });
      area(501230);
      await assert.rejects(inferScene({ ...tall, quality: true }), /other work: quality was false, is true/);
      const { keptPixels, outsidePixels } = await inferScene({ ...tall, tile: { rows: 60, cols } });
      assert.ok(keptPixels >= 400 * cols, `${keptPixels}`);
      assert.equal(outsidePixels, 0);
    });
  });

  it('of a product, named by any of its files, is not gone on with when a quality layer has changed', async () => {
    const [rows, cols] = [600, 3];
    const { folder: product, name } = await makeEnmapProduct(folder, { seed: 1, rows, cols });
    const options = {
      scene: join(product, `${name}-METADATA.XML`),
      model: modelPath,
      output: inFolder('product.tif'),
      resample: true,
      masks: [parseMaskRule('cloud')],
      tile: { rows: 60, cols },
      workers: 1,
    };
    const stop = new AbortController();
    const onProgress = ({ pixels }: InferProgress) => pixels > 540 * cols && stop.abort(new Error('stopped by hand'));
    await assert.rejects(inferScene({ ...options, onProgress, signal: stop.signal }), /stopped by hand/);
    const cloud = join(product, `${name}-QL_QUALITY_CLOUD.TIF`);
    utimesSync(cloud, 1e9, 1e9);
    await assert.rejects(inferScene(options), {
      _tag: 'RasterError',
      message: /holds finished tiles of other work: scene was .*QL_QUALITY_CLOUD\.TIF/,
    });
  });

  it('refuses an area of a size that no outline has', async () => {
    const aoi = inFolder('huge.geojson');
    writeFileSync(aoi, '');
    truncateSync(aoi, 2 ** 28 + 1); // sparse
    await assert.rejects(inferScene({ scene, model: modelPath, output: inFolder('huge.tif'), aoi }), {
      _tag: 'InferError',
      message: /huge\.geojson: an area of 268435457 bytes, more than 268435456/,
    });
    rmSync(aoi);
  });

  describe('with bands of quality', () => {
    it('adds them behind the abundances, with their units, also as integers', async () => {
      const plain = await expectedMap();
      const float = inFolder('quality.tif');
      const { quality } = await inferScene({ scene, model: modelPath, output: float, quality: true });
      const values = readRaw(float, folder);
      const D = C + 2;
      for (let i = 0; i < ROWS * COLS; i++)
        assert.deepEqual(values.subarray(i * D, i * D + C), plain.subarray(i * C, (i + 1) * C));
      const info: { bands: { description: string; unit?: string; scale?: number }[] } = JSON.parse(
        run('gdalinfo', ['-json', float]).replaceAll(': nan', ': "NaN"'),
      );
      assert.deepEqual(
        info.bands.slice(C).map(({ description, unit }) => [description, unit]),
        [
          ['reconstruction RMSE', 'reflectance'],
          ['spectral angle', 'rad'],
        ],
      );
      const column = (at: number) => values.filter((value, i) => i % D === at && !Number.isNaN(value));
      for (const [q, { mean }] of quality!.entries()) {
        const all = column(C + q);
        assert.ok(all.length > 0 && all.every((value) => value > 0 && value < Math.PI));
        assert.ok(Math.abs(mean - all.reduce((sum, value) => sum + value, 0) / all.length) < 1e-6);
      }
      const integers = inFolder('quality-16.tif');
      await inferScene({ scene, model: modelPath, output: integers, quality: true, sampleType: 'uint16' });
      const reader = await openScene(integers);
      const { spectra, valid } = await reader.readSpectra({ row: 0, col: 0, rows: ROWS, cols: COLS });
      for (const [i, value] of spectra.entries())
        if (valid[Math.floor(i / D)]) assert.ok(Math.abs(value - values[i]!) <= 0.5e-4 + 1e-7, `${value} ${values[i]}`);
      await reader.close();
    });

    it('is refused with steps too coarse for them', async () => {
      const options = { scene, model: modelPath, output: inFolder('coarse.tif'), quality: true };
      await assert.rejects(inferScene({ ...options, sampleType: 'uint8' }), {
        _tag: 'InferError',
        message: /too coarse for bands of quality; store float32 or uint16/,
      });
    });
  });

  describe('refuses, and leaves the folder as it was:', () => {
    let count = 0;
    /** Each case has a folder of its own, and nothing may be added to it. */
    async function refused(options: Partial<InferSceneOptions>, message: RegExp, tag = 'InferError') {
      const own = inFolder(`case-${count++}`);
      mkdirSync(own);
      const all = { scene, model: modelPath, output: join(own, 'map.tif'), ...options };
      const snapshot = () => [readdirSync(own), readdirSync(folder)];
      const beforehand = snapshot();
      await assert.rejects(inferScene(all), (error: InferError) => {
        assert.equal(error._tag, tag, String(error.stack));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
      assert.deepEqual(snapshot(), beforehand);
    }
    const never = () => assert.fail('no work may be done');

    it('outputs in folders that cannot be written', async () => {
      await refused(
        { output: inFolder('none/map.tif'), onProgress: never },
        /cannot write into .*none: .*check the path/,
        'RasterError',
      );
      const plain = inFolder('plain');
      writeFileSync(plain, '');
      mkdirSync(inFolder('folder.tif'));
      for (const [output, message] of [
        [join(plain, 'map.tif'), /plain is not a folder; choose another/],
        [join(plain, 'deeper/map.tif'), /a part of the path is not a folder/],
        [inFolder('folder.tif'), /is a folder; name a file/],
      ] as const)
        await refused({ output, overwrite: true, onProgress: never }, message, 'RasterError');
    });

    it('outputs that are the inputs', async () => {
      const isScene = /is a file of the scene .*; choose another name/;
      const overwrite = true;
      for (const output of [scene, inFolder('scene.img'), join(folder, '..', folder.split('/').at(-1)!, 'scene.hdr')])
        await refused({ output, overwrite }, isScene);
      await refused({ scene: inFolder('scene.img'), output: scene, overwrite }, isScene);
      await refused({ scene: tiff, output: tiff, overwrite }, isScene);
      const product = inFolder('product');
      mkdirSync(product);
      for (const name of ['X-METADATA.XML', 'X-SPECTRAL_IMAGE.TIF', 'QL_QUALITY_CLOUD.TIF'])
        writeFileSync(join(product, name), 'x');
      const image = join(product, 'X-SPECTRAL_IMAGE.TIF');
      await refused({ scene: product, output: image, overwrite }, isScene);
      await refused(
        { scene: tiff, output: inFolder('tiled.img'), format: 'cog' },
        /is the name of an ENVI image/,
        'RasterError',
      );
      await refused({ output: inFolder('scene.bsq'), overwrite }, isScene); // its header would be the scene's
      await refused({ scene: join(product, 'X-METADATA.XML'), output: image, overwrite }, isScene);
      await refused({ scene: image, output: join(product, 'QL_QUALITY_CLOUD.TIF'), overwrite }, isScene);
      const model = inFolder('copy.onnx');
      copyFileSync(modelPath, model);
      await refused({ model, output: model, overwrite }, /is the model itself; choose another name/);
      const store = inFolder('store.zarr');
      mkdirSync(store);
      writeFileSync(join(store, 'zarr.json'), '{}');
      const holds = /store\.zarr\/?: holds the (scene|mask) .*store\.zarr.*; choose another name/;
      await refused({ scene: store, output: `${store}/`, overwrite }, holds);
      await refused({ scene: join(store, 'zarr.json'), output: store, overwrite }, holds);
      await refused({ masks: [parseMaskRule(store)], output: store, overwrite }, holds);
    });

    it('inputs that are not there, or wrong', async () => {
      await refused({ scene: inFolder('none.tif') }, /none\.tif/, 'RasterError');
      await refused({ model: inFolder('none.onnx') }, /none\.onnx: cannot read the model: there is no such file/);
      await refused({ model: scene }, /scene\.hdr: not (a complete|an) ONNX model/);
      await refused({ window: { row: 30, col: 0, rows: 8, cols: 1 } }, /is not inside the scene of 37 x 41 pixels/);
      await refused({ tile: { rows: 0, cols: 1 } }, /tile\.rows should be a whole number >= 1/);
      await refused({ batch: 0 }, /pixels a run should be a whole number >= 1/);
      await refused({ workers: 0 }, /workers should be a whole number >= 1/);
    });

    it('scenes without a valid pixel, or with other bands', async () => {
      const data = stored(new Uint8Array(ROWS * COLS));
      const none = inFolder('none.hdr');
      writeEnvi(none, { rows: ROWS, cols: COLS, wavelengths, fwhm: 10, noData: NO_DATA, data });
      await refused({ scene: none, tile: { rows: 7, cols: 41 } }, /no valid pixel/);
      const other = inFolder('other.hdr');
      const moved = wavelengths.map((wavelength) => wavelength + 6);
      writeEnvi(other, { rows: ROWS, cols: COLS, wavelengths: moved, fwhm: 10, noData: NO_DATA, data: stored() });
      await refused(
        { scene: other },
        /no band within half a FWHM for \d of the model's 8 bands \(sensor Test imager\)/,
      );
    });

    it('scenes that turn out to be damaged, before a tile is finished', async () => {
      const cut = inFolder('cut.hdr');
      writeEnvi(cut, { rows: ROWS, cols: COLS, wavelengths, fwhm: 10, noData: NO_DATA, data: stored() });
      const tiled = inFolder('cut.tif');
      run('gdal_translate', ['-q', '-co', 'COMPRESS=DEFLATE', inFolder('cut.img'), tiled]);
      const bytes = readFileSync(tiled);
      writeFileSync(tiled, bytes.fill(0x55, 200, bytes.length - 4000));
      await refused({ scene: tiled }, /cut\.tif: /, 'RasterError');
    });
  });

  describe('when it is interrupted', () => {
    const own = inFolder('stopped');
    const output = join(own, 'map.tif');
    const large = inFolder('large.hdr');
    const [rows, cols] = [600, 1100]; // six tiles of the map
    const options = { scene: large, model: modelPath, output, tile: { rows: 60, cols }, workers: 1 };

    before(() => {
      mkdirSync(own);
      writeEnvi(large, { rows, cols, wavelengths, fwhm: 10, noData: NO_DATA, data: hashedSpectra(rows * cols * B) });
    });

    /** Stops the work after so many tiles. */
    async function stopAfter(count: number): Promise<void> {
      const stop = new AbortController();
      let tiles = 0;
      const onProgress = () => {
        if (++tiles === count) stop.abort(new Error('stopped by hand'));
      };
      if (count === 0) stop.abort(new Error('stopped by hand'));
      await assert.rejects(inferScene({ ...options, onProgress, signal: stop.signal }), /stopped by hand/);
      assert.equal(tiles, count);
    }

    it('leaves an existing map as it was, and nothing where no tile was finished', async () => {
      writeFileSync(output, 'old');
      await assert.rejects(
        inferScene({ ...options, overwrite: true, signal: AbortSignal.abort(new Error('no')) }),
        /no/,
      );
      assert.deepEqual(readdirSync(own), ['map.tif']);
      assert.equal(readFileSync(output, 'utf8'), 'old');
      rmSync(output);
    });

    it('goes on from the finished tiles and ends with the same bytes', async () => {
      await inferScene(options);
      const whole = readFileSync(output);
      rmSync(output);
      await stopAfter(9);
      assert.deepEqual(readdirSync(own), ['map.tif.part']);
      const { keptPixels } = await inferScene(options);
      assert.ok(keptPixels === 480 * cols, `${keptPixels} pixels were kept`);
      assert.ok(readFileSync(output).equals(whole));
      assert.deepEqual(readdirSync(own), ['map.tif']);
      rmSync(output);
    });

    it('is judged by all goes together: values that are no reflectance are refused by the last one', async () => {
      const counts = inFolder('counts.hdr');
      const data = hashedSpectra(rows * cols * B).map((value) => 1e4 * value);
      writeEnvi(counts, { rows, cols, wavelengths, fwhm: 10, noData: NO_DATA, data });
      const raw = { ...options, scene: counts };
      const stop = new AbortController();
      let tiles = 0;
      const onProgress = () => {
        if (++tiles === 9) stop.abort(new Error('stopped by hand'));
      };
      await assert.rejects(inferScene({ ...raw, onProgress, signal: stop.signal }), /stopped by hand/);
      assert.deepEqual(readdirSync(own), ['map.tif.part']);
      await assert.rejects(inferScene(raw), /counts\.img: .* brighter than the model's largest input/);
      assert.deepEqual(readdirSync(own), []);
    });

    it('refuses to go on with another model, and says so', async () => {
      await stopAfter(9);
      const model = inFolder('other.onnx');
      writeFileSync(model, withCard(readFileSync(modelPath), { ...card, created: '2020-01-01T00:00:00.000Z' }));
      await assert.rejects(inferScene({ ...options, model }), {
        _tag: 'RasterError',
        message:
          /map\.tif\.part: holds finished tiles of other work: model was "[0-9a-f]{64}", is "[0-9a-f]{64}"; finish that, or remove the folder/,
      });
      await inferScene(options);
    });
  });
});
