// Scenes on disk to maps on disk by a spatial model. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InferProgress, type InferSceneOptions, inferScene } from '@egunet/infer-node';
import { parseMaskRule } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import { requireGdal, requireSwiftShader, run, temporaryFolder } from '../support/index.js';
import { readStore } from '../support/maps.js';
import { modelFile } from '../support/models.js';
import { readRaw, writeEnvi } from './envi.js';
import { B, BANDS, C, COLS, difference, ROWS, SPECTRA, spatialCheckpoint, VALID, wholeMap } from './spatial-scene.js';
import { damageBlocks } from './tiff-blocks.js';

const TOLERANCE = 1e-5;
const NO_DATA = -1;

/** The pixels [N] whose row and column hold. */
const pixelsWhere = (holds: (row: number, col: number) => boolean) =>
  Uint8Array.from({ length: ROWS * COLS }, (_, i) => Number(holds(Math.floor(i / COLS), i % COLS)));

const WINDOW = { row: 33, col: 50, rows: 60, cols: 93 };

/** The part of a map [N, C] in `WINDOW`. */
function ofWindow(map: Float32Array): Float32Array {
  const kept = pixelsWhere((row, col) => row >= 33 && row < 93 && col >= 50);
  return map.filter((_, i) => kept[Math.floor(i / C)] === 1);
}

/** A map [N, C] with NaN where `kept` [N] is 0. */
const cut = (map: Float32Array, kept: Uint8Array) =>
  map.map((value, i) => (kept[Math.floor(i / C)] === 1 ? value : Number.NaN));

describe('inferring a scene with a spatial model', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const [scene, model, output] = [at('scene.hdr'), at('model.onnx'), at('map.tif')];
  let expected: Float32Array;

  /** Writes `NAME.hdr`, with data where `valid` [N] is 1. */
  function writeScene(name: string, { valid = VALID, data = SPECTRA, corner = { row: 0, col: 0 } } = {}): void {
    const wavelengths = BANDS.map(({ wavelength }) => wavelength);
    const stored = data.map((value, i) => (valid[Math.floor(i / B)] === 1 ? value : NO_DATA));
    writeEnvi(at(`${name}.hdr`), {
      rows: ROWS,
      cols: COLS,
      wavelengths,
      fwhm: 10,
      noData: NO_DATA,
      corner,
      data: stored,
    });
  }

  before(async function () {
    requireGdal(this);
    writeFileSync(model, await modelFile(spatialCheckpoint()));
    writeScene('scene');
    expected = await wholeMap(VALID);
  });

  afterEach(() => {
    for (const path of [output, `${output}.part`]) rmSync(path, { recursive: true, force: true });
  });

  const infer = (options: Partial<InferSceneOptions> = {}) =>
    inferScene({ scene, model, output, workers: 1, ...options });

  /** The map is this one, within the tolerance. */
  function assertMap(wanted: Float32Array, tolerance = TOLERANCE): void {
    const found = difference(readRaw(output, folder), wanted);
    assert.ok(found <= tolerance, `${found}`);
  }

  for (const [storage, options] of [
    [
      'tiles of 32 x 48, band by band',
      '-co TILED=YES -co BLOCKXSIZE=48 -co BLOCKYSIZE=32 -co COMPRESS=DEFLATE -co INTERLEAVE=BAND',
    ],
    ['tiles of 64 x 64, pixel by pixel', '-co TILED=YES -co BLOCKXSIZE=64 -co BLOCKYSIZE=64 -co COMPRESS=DEFLATE'],
    ['strips', '-co BLOCKYSIZE=7 -co COMPRESS=LZW'],
  ] as const)
    it(`is the whole map, whatever the windows, from a GeoTIFF in ${storage}`, async () => {
      run('gdal_translate', ['-q', ...options.split(' '), at('scene.img'), at('scene.tif')]);
      for (const [tile, workers] of [
        [undefined, 1],
        [{ rows: 32, cols: 48 }, 2],
        [{ rows: 1, cols: 1000 }, 2],
        [{ rows: 50, cols: 7 }, 1],
      ] as const) {
        // biome-ignore format: a list
        const { validPixels } = await infer({ scene: at('scene.tif'), workers, ...(tile && { tile }), overwrite: true });
        assertMap(expected);
        assert.equal(validPixels, VALID.filter((one) => one === 1).length);
      }
    });

  it('is the whole map from ENVI, in every format and sample type', async () => {
    for (const name of ['map.tif', 'map.img', 'map.zarr']) {
      await infer({ output: at(name) });
      const got = name.endsWith('zarr') ? ((await readStore(at(name))) as Float32Array) : readRaw(at(name), folder);
      assert.ok(difference(got, expected) <= TOLERANCE);
    }
    await infer({ sampleType: 'uint16', overwrite: true });
    const map = await openScene(output);
    const { spectra, valid } = await map.readSpectra({ row: 0, col: 0, rows: ROWS, cols: COLS });
    await map.close();
    const stored = cut(spectra, valid);
    assert.ok(difference(stored, expected) <= 0.5e-4 + TOLERANCE);
  });

  it('of a window is the crop of the whole map', async () => {
    await infer({ window: WINDOW });
    assertMap(ofWindow(expected));
  });

  it('sees what lies outside an area, and does not see what is masked', async () => {
    const corner = (row: number, col: number) => [500000 + 30 * col, 4100000 - 30 * row];
    const ring = [corner(0, 0), corner(0, 100), corner(ROWS, 20), corner(ROWS, 0), corner(0, 0)];
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32632' } };
    writeFileSync(at('area.json'), JSON.stringify({ type: 'Polygon', coordinates: [ring], crs }));
    // The edge runs from column 100 to 20: a pixel is inside where its centre is.
    const inside = pixelsWhere((row, col) => col + 0.5 < 100 - (80 * (row + 0.5)) / ROWS);
    const georeference = { affine: [30, 0, 500000, 0, -30, 4100000], epsg: 32632 } as const;
    const mask = await createMap(at('mask.tif'), {
      rows: ROWS,
      cols: COLS,
      sampleType: 'uint8',
      bands: [{}],
      georeference,
    });
    const masked = pixelsWhere((row, col) => (row * 7 + col * 3) % 11 === 0 || (row > 100 && col < 9));
    await mask.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, masked);
    await mask.close();
    const unmasked = VALID.map((one, i) => one & ~masked[i]!);
    const withMask = await wholeMap(unmasked);
    assert.ok(difference(cut(expected, unmasked), withMask) > 0.01, 'the mask makes a difference to neighbours');
    for (const tile of [undefined, { rows: 20, cols: 31 }])
      for (const [masks, whole] of [
        [[], expected],
        [[parseMaskRule(at('mask.tif'))], withMask],
      ] as const) {
        // biome-ignore format: a list
        await infer({ aoi: at('area.json'), masks, workers: 2, overwrite: true, ...(tile && { tile }) });
        assertMap(cropToCols(cut(whole, inside), 100));
      }
  });

  /** The first columns of a map. */
  const cropToCols = (map: Float32Array, cols: number) => map.filter((_, i) => Math.floor(i / C) % COLS < cols);

  it('does not see pixels of blocks that are damaged', async () => {
    const storage = '-co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=32 -co COMPRESS=DEFLATE';
    run('gdal_translate', ['-q', ...storage.split(' '), at('scene.img'), at('damaged.tif')]);
    damageBlocks(at('damaged.tif'), [7]); // of five across: the second row, the third column
    const lost = pixelsWhere((row, col) => row >= 32 && row < 64 && col >= 64 && col < 96);
    const whole = await wholeMap(VALID.map((one, i) => one & ~lost[i]!));
    for (const tile of [undefined, { rows: 32, cols: 32 }, { rows: 20, cols: 31 }]) {
      const how = { scene: at('damaged.tif'), onError: 'nodata', overwrite: true, workers: 2 } as const;
      const { damage } = await infer({ ...how, ...(tile && { tile }) });
      assertMap(whole);
      assert.deepEqual([damage!.blocks, damage!.pixels], [1, 32 * 32]);
    }
    await assert.rejects(infer({ scene: at('damaged.tif'), overwrite: true }), {
      _tag: 'RasterError',
      message: /cannot be decoded/,
    });
  });

  describe('of several scenes', () => {
    const [down, right] = [40, 50];
    const [rows, cols] = [ROWS + down, COLS + right];
    const scenes = [at('below.hdr'), at('above.hdr')];
    /** Of each scene alone, abundances and quality [N, C + 2]. */
    const alone: Float32Array[] = [];
    before(async () => {
      const below = pixelsWhere((row, col) => (row + 2 * col) % 17 !== 0);
      // Of another sun and another haze: either scene fits the model better somewhere.
      writeScene('below', { valid: below, data: SPECTRA.map((value, i) => 0.9 * value + 0.05 * Math.sin(i >> 9)) });
      writeScene('above', { corner: { row: down, col: right } });
      for (const scene of scenes) {
        await infer({ scene, quality: true, overwrite: true });
        alone.push(readRaw(output, folder));
      }
    });

    /** What scene `s` has alone at pixel `i` of both: [C + 2], NaN beside it. */
    function ownAt(s: number, i: number): Float32Array {
      const [row, col] = [Math.floor(i / cols) - s * down, (i % cols) - s * right];
      if (row < 0 || row >= ROWS || col < 0 || col >= COLS) return new Float32Array(C + 2).fill(Number.NaN);
      return alone[s]!.subarray((row * COLS + col) * (C + 2), (row * COLS + col + 1) * (C + 2));
    }

    it('gives each pixel what it has when its scene is unmixed alone', async () => {
      const whole = Float32Array.from({ length: rows * cols * C }, (_, i) => {
        const [below, above] = [0, 1].map((s) => ownAt(s, Math.floor(i / C))[i % C]!);
        return Number.isNaN(above) ? below! : above!;
      });
      for (const tile of [undefined, { rows: 33, cols: 21 }]) {
        await infer({ scene: scenes, workers: 2, overwrite: true, ...(tile && { tile }) });
        assertMap(whole);
      }
    });

    it('gives by quality each pixel what the scene of the least RMSE gives it', async () => {
      await infer({ scene: scenes, overlap: 'quality', quality: true, workers: 2, tile: { rows: 33, cols: 21 } });
      const best = readRaw(output, folder);
      const won = [0, 0];
      for (let i = 0; i < rows * cols; i++) {
        const own = [ownAt(0, i), ownAt(1, i)];
        const [below, above] = own.map((values) => (Number.isNaN(values[C]) ? Number.POSITIVE_INFINITY : values[C]!));
        if (Math.abs(below! - above!) < 1e-6) continue; // either may be the better one
        const from = below! < above! ? 0 : 1;
        if (Number.isFinite(below! + above!)) won[from]!++;
        for (const [b, value] of own[from]!.entries()) {
          const got = best[i * (C + 2) + b]!;
          assert.ok(Object.is(got, value) || Math.abs(got - value) <= TOLERANCE, `pixel ${i}: ${got}, not ${value}`);
        }
      }
      assert.ok(Math.min(...won) > 1000, `${won}`);
    });
  });

  it('goes on from its finished tiles and ends with the same bytes', async () => {
    const [times, window] = [8, { row: 0, col: 0, rows: 8 * ROWS, cols: COLS }]; // three tiles of the map
    const tall = await createMap(at('tall.tif'), {
      rows: times * ROWS,
      cols: COLS,
      sampleType: 'float32',
      bands: BANDS,
    });
    for (let row = 0; row < window.rows; row += ROWS) await tall.writeWindow({ ...window, row, rows: ROWS }, SPECTRA);
    await tall.close();
    const options = { scene: at('tall.tif'), tile: { rows: 60, cols: COLS } };
    await infer({ ...options, output: at('uncut.tif') });
    const stop = new AbortController();
    const onProgress = ({ pixels }: InferProgress) => pixels > 600 * COLS && stop.abort(new Error('stopped by hand'));
    await assert.rejects(infer({ ...options, signal: stop.signal, onProgress }), /stopped by hand/);
    const { keptPixels } = await infer(options);
    assert.ok(keptPixels >= 512 * COLS, `${keptPixels}`);
    assert.ok(readFileSync(output).equals(readFileSync(at('uncut.tif'))));
  });

  it('is refused with a batch', async () => {
    const message = /^a spatial model is run on pieces of an image, not on 64 pixels; leave the batch out$/;
    await assert.rejects(infer({ batch: 64 }), { _tag: 'InferError', message });
  });

  it('runs on a GPU', function () {
    const gpu = requireSwiftShader(this);
    const script = `import { inferScene } from '@egunet/infer-node';
      await inferScene({ scene: ${JSON.stringify(scene)}, model: ${JSON.stringify(model)}, output: ${JSON.stringify(output)}, device: 'webgpu', workers: 2, window: ${JSON.stringify(WINDOW)} });`;
    run('env', [...Object.entries(gpu).map(([name, value]) => `${name}=${value}`), process.execPath, '--input-type=module', '-e', script]); // biome-ignore format: one call
    assertMap(ofWindow(expected), 1e-4);
  });
});
