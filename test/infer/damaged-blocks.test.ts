// Scenes with blocks that cannot be decoded. Legend: C endmembers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Window } from '@egunet/infer';
import { type InferSceneOptions, inferScene } from '@egunet/infer-node';
import { parseMaskRule } from '@egunet/raster';
import { createMap } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { readRaw, writeEnvi } from './envi.js';
import { hashedSpectra, modelCard, modelPath } from './support.js';
import { blocksOf, damageBlocks } from './tiff-blocks.js';

const C = 3;
const B = 8;
const [ROWS, COLS] = [75, 50];
const TILED = '-co TILED=YES -co BLOCKXSIZE=16 -co BLOCKYSIZE=32';
const TILES_ACROSS = 4;

/** The pixels of a tile of `TILED`. */
function tileWindow(index: number): Window {
  const [row, col] = [32 * Math.floor(index / TILES_ACROSS), 16 * (index % TILES_ACROSS)];
  return { row, col, rows: Math.min(32, ROWS - row), cols: Math.min(16, COLS - col) };
}

describe('a scene with damaged blocks', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const [scene, output] = [at('scene.tif'), at('map.tif')];
  const options = { scene, model: modelPath, output, workers: 2, onError: 'nodata' } satisfies InferSceneOptions;
  const header = at('raw.hdr');
  const wavelengths = modelCard().bands.map(({ wavelength }) => wavelength!);
  let whole: Float32Array;

  before(async function () {
    requireGdal(this);
    const data = hashedSpectra(ROWS * COLS * B);
    writeEnvi(header, { rows: ROWS, cols: COLS, wavelengths, fwhm: 10, noData: -1, data });
    await inferScene({ scene: header, model: modelPath, output: at('whole.tif') });
    whole = readRaw(at('whole.tif'), folder);
  });

  afterEach(() => {
    for (const path of [output, `${output}.part`]) rmSync(path, { recursive: true, force: true });
  });

  /** Makes the scene, with these blocks overwritten from their middle on. */
  function makeScene(storage: string, damaged: readonly number[]): void {
    run('gdal_translate', ['-q', ...storage.split(' '), at('raw.img'), scene]);
    damageBlocks(scene, damaged);
  }

  /** The map is that of the whole scene but for these pixels, which are NaN. */
  function assertLost(windows: readonly Window[]): void {
    const expected = Float32Array.from(whole);
    for (const { row, col, rows, cols } of windows)
      for (let r = row; r < row + rows; r++)
        expected.fill(Number.NaN, (r * COLS + col) * C, (r * COLS + col + cols) * C);
    assert.deepEqual(readRaw(output, folder), expected);
  }

  const pixelsOf = (windows: readonly Window[]) => windows.reduce((sum, { rows, cols }) => sum + rows * cols, 0);

  for (const [how, storage, compression] of [
    ['DEFLATE, pixel-interleaved', `${TILED} -co COMPRESS=DEFLATE`, 'deflate'],
    ['LZW with predictor', `${TILED} -co COMPRESS=LZW -co PREDICTOR=3`, 'lzw'],
    ['ZSTD', `${TILED} -co COMPRESS=ZSTD`, 'zstd'],
    ['DEFLATE, band-interleaved', `${TILED} -co COMPRESS=DEFLATE -co INTERLEAVE=BAND`, 'deflate'],
  ] as const)
    it(`loses the pixels of those blocks alone: ${how}`, async () => {
      const damaged = [0, 5, 6, 11]; // of 4 x 3: a corner, two neighbours, one that the edge cuts
      makeScene(storage, damaged);
      const windows = damaged.map(tileWindow);
      for (const tile of [undefined, { rows: 32, cols: 16 }, { rows: 64, cols: 48 }]) {
        const { damage, validPixels } = await inferScene({ ...options, ...(tile && { tile }) });
        assertLost(windows);
        assert.equal(validPixels, ROWS * COLS - pixelsOf(windows));
        assert.deepEqual(damage, {
          blocks: 4,
          pixels: pixelsOf(windows),
          list: damaged.map((index, i) => ({
            block: `tile ${index} (${compression})`,
            window: windows[i]!,
            pixels: pixelsOf([windows[i]!]),
          })),
        });
        rmSync(output);
      }
      await assert.rejects(inferScene({ ...options, onError: 'fail', workers: 1 }), {
        _tag: 'RasterError',
        message: /scene\.tif: tile 0 \(\w+\) cannot be decoded: .*; the file is damaged, get it again$/,
      });
      assert.ok(!existsSync(output));
    });

  /** Writes `mask.tif`, which leaves out what `marked` says. */
  async function makeMask(marked: (row: number, col: number) => boolean): Promise<Uint8Array> {
    const georeference = { affine: [30, 0, 500000, 0, -30, 4100000], epsg: 32632 } as const;
    const how = { rows: ROWS, cols: COLS, sampleType: 'uint8', bands: [{}], georeference } as const;
    const mask = await createMap(at('mask.tif'), { ...how, overwrite: true });
    const marks = Uint8Array.from({ length: ROWS * COLS }, (_, i) => Number(marked(Math.floor(i / COLS), i % COLS)));
    await mask.writeWindow({ row: 0, col: 0, rows: ROWS, cols: COLS }, marks);
    await mask.close();
    return marks;
  }

  it('counts what those blocks took from the map: nothing outside the area, nothing masked', async () => {
    await makeMask((_, col) => col % 2 === 0 || col >= 48);
    const box = (row: number, col: number, to: [row: number, col: number]) => {
      const [west, north, east, south] = [col, row, to[1], to[0]].map((n, i) => (i % 2 ? 4100000 - 30 * n : 500000 + 30 * n)); // biome-ignore format: one line
      return [[[west, north], [east, north], [east, south], [west, south], [west, north]]]; // biome-ignore format: a ring
    };
    const coordinates = [box(40, 20, [ROWS, COLS]), box(32, 40, [40, COLS])];
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::32632' } };
    writeFileSync(at('area.json'), JSON.stringify({ type: 'MultiPolygon', coordinates, crs }));
    makeScene(`${TILED} -co COMPRESS=DEFLATE`, [5, 7]); // tile 7 begins at column 48
    const how = { ...options, masks: [parseMaskRule(at('mask.tif'))], aoi: at('area.json') };
    const [rows, cols] = [64 - 40, (32 - 20) / 2]; // of tile 5, inside the area and not masked
    for (const tile of [undefined, { rows: 16, cols: 16 }]) {
      const { damage, noDataPixels, validPixels } = await inferScene({ ...how, ...(tile && { tile }) });
      assert.equal(damage!.pixels, rows * cols);
      assert.equal(damage!.blocks, 1);
      assert.equal(noDataPixels, rows * cols);
      assert.equal(validPixels, ((48 - 20) / 2) * (ROWS - 40) + ((48 - 40) / 2) * (40 - 32) - rows * cols);
      if (!tile)
        assert.deepEqual(damage!.list, [
          { block: 'tile 5 (deflate)', window: { row: 32, col: 20, rows: 32, cols: 12 }, pixels: rows * cols },
        ]);
      rmSync(output);
    }
  });

  it('is refused where nothing can be decoded of what is to be unmixed', async () => {
    await makeMask((row, col) => row >= 32 || col >= 16 || col % 2 === 0);
    makeScene(`${TILED} -co COMPRESS=DEFLATE`, [0]);
    await assert.rejects(inferScene({ ...options, masks: [parseMaskRule(at('mask.tif'))] }), {
      _tag: 'InferError',
      message: `${scene}: not one of its ${32 * 8} pixels can be decoded, tile 0 (deflate) first; the file is damaged, get it again`,
    });
  });

  it('loses the pixels of those blocks alone where masks leave pixels out and bands of quality are added, too', async () => {
    const marks = await makeMask((row, col) => (row * COLS + col) % 7 === 0 || col > 47);
    const how = { masks: [parseMaskRule(at('mask.tif'))], quality: true };
    await inferScene({ ...how, scene: header, model: modelPath, output: at('masked.tif') });
    const expected = readRaw(at('masked.tif'), folder);
    const D = expected.length / ROWS / COLS;
    assert.equal(D, C + 2);
    const windows = [5, 6].map(tileWindow);
    for (const { row, col, rows, cols } of windows)
      for (let r = row; r < row + rows; r++)
        expected.fill(Number.NaN, (r * COLS + col) * D, (r * COLS + col + cols) * D);
    const left = Array.from({ length: ROWS * COLS }, (_, i) => !Number.isNaN(expected[i * D]));
    assert.ok(left.every((some, i) => !some || marks[i] === 0));
    makeScene(`${TILED} -co COMPRESS=DEFLATE`, [5, 6]);
    const { damage, validPixels } = await inferScene({ ...options, ...how });
    assert.deepEqual(readRaw(output, folder), expected);
    assert.equal(validPixels, left.filter(Boolean).length);
    assert.deepEqual(
      damage?.list.map(({ window }) => window),
      windows,
    );
  });

  it('loses a band’s block with all bands of its pixels', async () => {
    makeScene(`${TILED} -co COMPRESS=DEFLATE -co INTERLEAVE=BAND`, [5 * 12 + 7]);
    const { damage } = await inferScene(options);
    assertLost([tileWindow(7)]);
    const window = tileWindow(7);
    assert.deepEqual(damage?.list, [{ block: 'tile 67 (deflate)', window, pixels: window.rows * window.cols }]);
  });

  it('loses what lies behind the end of a file that is cut off, in strips or tiles, compressed or not', async () => {
    for (const [storage, rows] of [
      ['-co BLOCKYSIZE=10', 10],
      ['-co BLOCKYSIZE=10 -co COMPRESS=DEFLATE', 10],
      ['-co BLOCKYSIZE=1', 1],
      ['-co BLOCKYSIZE=10 -co INTERLEAVE=BAND', 10],
    ] as const) {
      // Its directory lies before the blocks.
      makeScene(`${storage} -co COPY_SRC_OVERVIEWS=YES`, []);
      const bytes = readFileSync(scene);
      const { offset } = blocksOf(bytes)
        .filter((_, i) => i % Math.ceil(ROWS / rows) === 40 / rows)
        .at(-1)!;
      writeFileSync(scene, bytes.subarray(0, offset + 100));
      const { damage } = await inferScene(options);
      assertLost([{ row: 40, col: 0, rows: ROWS - 40, cols: COLS }]);
      assert.equal(damage?.pixels, (ROWS - 40) * COLS);
      assert.equal(damage?.blocks, Math.ceil((ROWS - 40) / rows));
      rmSync(output);
      await assert.rejects(inferScene({ ...options, onError: 'fail' }), {
        message: /strip \d+ of \d+ should lie at bytes .*, but the file has \d+ bytes/,
      });
    }
  });

  it('is refused where nothing of it can be decoded, and nothing is left', async () => {
    makeScene(
      `${TILED} -co COMPRESS=DEFLATE`,
      Array.from({ length: 12 }, (_, i) => i),
    );
    await assert.rejects(inferScene(options), {
      _tag: 'InferError',
      message: `${scene}: not one of its 3750 pixels can be decoded, tile 0 (deflate) first; the file is damaged, get it again`,
    });
    assert.ok(!existsSync(output) && !existsSync(`${output}.part`));
  });

  it('is unmixed as any other where no block is damaged', async () => {
    makeScene(`${TILED} -co COMPRESS=DEFLATE`, []);
    const { damage } = await inferScene(options);
    assert.deepEqual(damage, { blocks: 0, pixels: 0, list: [] });
    assertLost([]);
  });

  it('in large tiles, which are read as streams, loses each as a whole; what an earlier go found is told by the one that ends', async () => {
    const [rows, cols] = [600, 1100];
    const data = hashedSpectra(rows * cols * B);
    const large = at('large.hdr');
    writeEnvi(large, { rows, cols, wavelengths, fwhm: 10, noData: -1, data });
    await inferScene({ scene: large, model: modelPath, output });
    const expected = readRaw(output, folder);
    rmSync(output);
    run('gdal_translate', ['-q', ...'-co TILED=YES -co BLOCKXSIZE=512 -co BLOCKYSIZE=512 -co COMPRESS=DEFLATE -co ZLEVEL=1'.split(' '), at('large.img'), scene]); // biome-ignore format: one command
    const bytes = readFileSync(scene);
    for (const index of [0, 4]) bytes[blocksOf(bytes)[index]!.offset + 500_000]! ^= 0xff;
    writeFileSync(scene, bytes);
    const windows = [
      { row: 0, col: 0, rows: 512, cols: 512 },
      { row: 512, col: 512, rows: 88, cols: 512 },
    ];
    const stop = new AbortController();
    let done = 0;
    const onProgress = () => ++done === 5 && stop.abort(new Error('stopped by hand'));
    await assert.rejects(inferScene({ ...options, workers: 1, onProgress, signal: stop.signal }), /stopped by hand/);
    await assert.rejects(inferScene({ ...options, onError: 'fail' }), { message: /on error was "nodata", is "fail"/ });
    const { keptPixels, damage } = await inferScene(options);
    assert.ok(keptPixels >= 512 * 512);
    assert.deepEqual(
      damage?.list.map(({ window }) => window),
      windows,
    );
    for (const { row, col, rows: R, cols: K } of windows)
      for (let r = row; r < row + R; r++) expected.fill(Number.NaN, (r * cols + col) * C, (r * cols + col + K) * C);
    assert.ok(Buffer.from(readRaw(output, folder).buffer).equals(Buffer.from(expected.buffer)));
  });
});
