// How often a block is decoded, and how much of what was decoded is kept.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { planTiles, tileShape } from '@egunet/infer';
import { type Codecs, openGeoTiff, type Scene } from '@egunet/raster';
import { nodeCodecs, openFile } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertSameBits, openPath, sampleValues, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused } from './memory.js';

const size = { rows: 70, cols: 90, bands: 5 };

describe('GeoTIFF blocks', () => {
  const folder = temporaryFolder();
  const values = sampleValues('int16', size);
  let raw = '';

  before(function () {
    requireGdal(this);
    raw = writeEnvi(join(folder, 'raw'), values, { type: 'int16', size });
  });

  /** Opens the scene, stored in a way of GDAL's, with a cache and a count of what is inflated. */
  async function open(options: string, cacheBytes?: number): Promise<{ scene: Scene; inflated: () => number }> {
    const path = translate(raw, join(folder, 'made.tif'), `-of GTiff -co COMPRESS=DEFLATE ${options}`);
    let inflated = 0;
    const counting: Codecs = {
      ...nodeCodecs,
      inflate: (bytes, most) => {
        inflated++;
        return nodeCodecs.inflate(bytes, most);
      },
    };
    const scene = await openGeoTiff(await openFile(path), counting, cacheBytes === undefined ? {} : { cacheBytes });
    return { scene, inflated: () => inflated };
  }

  it('are decoded once for neighbouring windows, and only the bands asked for of a planar file', async () => {
    const { scene, inflated } = await open('-co INTERLEAVE=BAND -co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=32');
    for (let row = 0; row < 32; row += 8) await scene.readWindow({ row, col: 0, rows: 8, cols: size.cols }, [4, 1]);
    assert.equal(inflated(), 2 * 3, '2 bands of the 3 tiles across, once each');
    await scene.close();
  });

  for (const [what, options, blocks] of [
    ['one strip of all bands', '-co INTERLEAVE=PIXEL -co BLOCKYSIZE=70', 1],
    ['one strip a band', '-co INTERLEAVE=BAND -co BLOCKYSIZE=70', 5],
    ['two tiles a band', '-co INTERLEAVE=BAND -co TILED=YES -co BLOCKXSIZE=48 -co BLOCKYSIZE=80', 10],
  ] as const)
    it(`are decoded once, tile by tile of an inference, where the file is ${what}, larger than the cache`, async () => {
      const { scene, inflated } = await open(options, 1);
      const got = new Int16Array(values.length);
      const { block } = scene;
      const tiles = planTiles({ ...size, block, tile: tileShape({ ...size, block, maxPixels: 1000 }) });
      assert.ok(tiles.length > 6);
      for (const { inner } of tiles) {
        const { data } = await scene.readWindow(inner);
        for (let i = 0; i < inner.rows * inner.cols; i++) {
          const pixel = (inner.row + Math.floor(i / inner.cols)) * size.cols + inner.col + (i % inner.cols);
          got.set(data.subarray(i * size.bands, (i + 1) * size.bands), pixel * size.bands);
        }
      }
      assertSameBits(got, values);
      assert.equal(inflated(), blocks);
      await scene.close();
    });

  it('are refused, with the command that converts them, where every window would decode more than 1 GiB anew', async () => {
    // 400 strips of 3000 x 500 int16: 1.2 GB. Never written, so that the file is small.
    const path = join(folder, 'huge.tif');
    const options = '-of GTiff -ot Int16 -outsize 500 3000 -bands 400 -co INTERLEAVE=BAND -co COMPRESS=DEFLATE';
    run('gdal_create', [...options.split(' '), '-co', 'BLOCKYSIZE=3000', '-co', 'SPARSE_OK=TRUE', path]);
    const scene = await openPath(path);
    const window = { row: 0, col: 0, rows: 10, cols: 500 };
    await assertRefused(
      () => scene.readWindow(window),
      /huge\.tif: a window of 400 bands takes parts of as many strips, 1200000000 bytes together, more than the 1073741824 .*; convert it: gdal_translate -co TILED=YES/,
    );
    const few = await scene.readWindow(window, [0, 399]);
    assert.equal(few.data.length, 10 * 500 * 2);
    await scene.close();
  });
});
