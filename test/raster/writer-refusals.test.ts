import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createGeoTiff, type GeoTiffOptions } from '@egunet/raster';
import { createMap } from '@egunet/raster/node';
import { root, temporaryFolder } from '../support/index.js';
import { noise } from './geotiff-support.js';
import { assertRefused } from './memory.js';
import { memorySink } from './memory-sink.js';

const options = { rows: 20, cols: 30, sampleType: 'int16', bands: [{}, {}], tile: 16 } as const;
const whole = { row: 0, col: 0, rows: 20, cols: 30 };
const values = () => new Int16Array(20 * 30 * 2);

describe('GeoTIFF writing refuses', () => {
  const folder = temporaryFolder();

  it('a file that exists, unless it may be overwritten, and leaves it untouched until then', async () => {
    const path = join(folder, 'taken.tif');
    writeFileSync(path, 'precious');
    await assert.rejects(createMap(path, options), {
      _tag: 'RasterError',
      message: `${path}: exists already; choose another name`,
      path,
      remedy: 'overwrite',
    });
    const writer = await createMap(path, { ...options, overwrite: true });
    await writer.writeWindow(whole, values());
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    await writer.close();
    assert.equal(readFileSync(path).toString('latin1', 0, 2), 'II');
  });

  it('a file that came to exist while it was written', async () => {
    const path = join(folder, 'raced.tif');
    const writer = await createMap(path, options);
    await writer.writeWindow(whole, values());
    writeFileSync(path, 'from someone else');
    await assertRefused(() => writer.close(), /exists already/);
    assert.equal(readFileSync(path, 'utf8'), 'from someone else');
  });

  it('a folder in place of a file, a folder that is absent, a file in place of a folder', async () => {
    mkdirSync(join(folder, 'inner'));
    await assertRefused(
      () => createMap(join(folder, 'inner'), { ...options, overwrite: true }),
      /is a folder; name a file/,
    );
    await assertRefused(
      () => createMap(join(folder, 'absent', 'map.tif'), options),
      /cannot write into .*absent: there is no such/,
    );
    writeFileSync(join(folder, 'file'), '');
    await assertRefused(
      () => createMap(join(folder, 'file', 'map.tif'), options),
      /file is not a folder; choose another place/,
    );
    await assertRefused(() => createMap('/proc/map.tif', options), /\/proc\/map\.tif: cannot create it/);
  });

  it('leaves no file behind when it is aborted or an option is wrong', async () => {
    const place = join(folder, 'empty');
    mkdirSync(place);
    const writer = await createMap(join(place, 'map.tif'), options);
    await writer.writeWindow(whole, values());
    await writer.abort();
    await writer.abort();
    await assertRefused(() => createMap(join(place, 'map.tif'), { ...options, rows: 0 }), /cannot write 0 rows/);
    assert.deepEqual(readdirSync(place), []);
  });

  it('to close before every pixel was written, and leaves no file then', async () => {
    const sink = memorySink();
    const writer = createGeoTiff(sink, options);
    await writer.writeWindow({ row: 0, col: 0, rows: 16, cols: 30 }, new Int16Array(16 * 30 * 2));
    await assertRefused(() => writer.close(), /2 of 4 tiles lack pixels; write every pixel before closing/);
    assert.equal(sink.state, 'discarded');
    await assertRefused(() => writer.close(), /already closed/);
    await assertRefused(() => writer.writeWindow(whole, values()), /already closed/);
  });

  it('a pixel that was written before, in an open tile and in a finished one', async () => {
    const writer = createGeoTiff(memorySink(), options);
    await writer.writeWindow({ row: 0, col: 0, rows: 16, cols: 20 }, new Int16Array(16 * 20 * 2));
    for (const [row, col] of [
      [15, 19],
      [0, 0],
    ] as const)
      await assertRefused(
        () => writer.writeWindow({ row, col, rows: 2, cols: 2 }, new Int16Array(8)),
        /pixels that were written before; write each once/,
      );
    await writer.writeWindow({ row: 16, col: 0, rows: 4, cols: 30 }, new Int16Array(4 * 30 * 2));
    await writer.writeWindow({ row: 0, col: 20, rows: 16, cols: 10 }, new Int16Array(16 * 10 * 2));
    await writer.close();
  });

  it('values of another type or number, and windows outside', async () => {
    const writer = createGeoTiff(memorySink(), options);
    await assertRefused(
      () => writer.writeWindow(whole, new Float32Array(1200)),
      /1200 values of int16, got 1200 in Float32Array/,
    );
    await assertRefused(() => writer.writeWindow(whole, new Int16Array(7)), /expected 1200 values of int16, got 7/);
    await assertRefused(() => writer.writeWindow({ ...whole, row: 1 }, values()), /is not inside the scene of 20 rows/);
    await writer.abort();
  });

  it('options that no GeoTIFF can hold, naming the option', async () => {
    const wrong: [Partial<GeoTiffOptions>, RegExp][] = [
      [{ cols: 1.5 }, /cannot write 1.5 columns/],
      [{ bands: [] }, /cannot write 0 bands/],
      [{ tile: 100 }, /a tile of 100 pixels a side is not allowed; give a multiple of 16/],
      [{ tile: 32768 }, /bytes, more than 1073741824; give a smaller tile/],
      [{ predictor: 3 }, /predictor 3 is for floats, not for int16/],
      [{ sampleType: 'float64', predictor: 2 }, /predictor 2 is not for float64/],
      [{ noData: Number.NaN }, /NoData NaN is not a value of int16/],
      [{ noData: 40000 }, /NoData 40000 is not a value of int16/],
      [{ sampleType: 'float32', noData: 1e300 }, /NoData 1e\+300 is not a value of float32/],
      [{ georeference: { affine: [1, 0, Number.NaN, 0, 1, 0] } }, /affine .* should be six finite numbers/],
      [{ georeference: { affine: [1, 0, 0, 0, 1, 0], epsg: 102001 } }, /EPSG code 102001 cannot stand in a GeoTIFF/],
      [{ bands: [{ name: 'bell\u0007' }] }, /metadata 'DESCRIPTION' holds a control character/],
    ];
    for (const [change, message] of wrong)
      await assertRefused(() => createGeoTiff(memorySink(), { ...options, ...change }), message);
  });

  it('to pretend after a write failed: the error shows in the next call and in close, and no file is left', async () => {
    const sink = memorySink(2000);
    const writer = createGeoTiff(sink, { ...options, rows: 60 });
    await writer.writeWindow(whole, noise(1200));
    const next = writer.writeWindow({ ...whole, row: 20 }, noise(1200));
    await assert.rejects(
      next.then(() => writer.writeWindow({ ...whole, row: 40 }, noise(1200))),
      /disk full/,
    );
    await assert.rejects(() => writer.close(), /disk full/);
    assert.equal(sink.state, 'discarded');
  });

  it('to pretend after a tile could not be compressed', async () => {
    const sink = memorySink();
    let tiles = 0;
    const deflate = () => {
      if (tiles++ > 0) throw new Error('no memory');
      return new Uint8Array(10);
    };
    const size = { rows: 16, cols: 64, tile: 16, bands: [{}] };
    const writer = createGeoTiff(sink, { ...options, ...size }, deflate);
    await writer.writeWindow({ row: 0, col: 0, rows: 16, cols: 64 }, new Int16Array(16 * 64));
    await assert.rejects(() => writer.close(), /no memory/);
    assert.equal(sink.state, 'discarded');
  });

  it('to grow a classic TIFF over 4 GiB', async () => {
    const gibibyte = new Uint8Array(2 ** 30);
    const sink = { ...memorySink(), write: async () => {} };
    const writer = createGeoTiff(sink, { ...options, bands: [{}], cols: 64, bigTiff: false }, () => gibibyte);
    await writer.writeWindow({ row: 0, col: 0, rows: 20, cols: 64 }, new Int16Array(20 * 64));
    await assertRefused(() => writer.close(), /grows over the 4 GiB of a classic TIFF; write it with bigTiff/);
  });

  it('a disk that takes no more, with the reason', () => {
    const place = join(folder, 'limited');
    mkdirSync(place);
    const node = pathToFileURL(join(root, 'raster', 'dist', 'node.js')).href;
    const script = `
      process.on('SIGXFSZ', () => {});
      const { createMap } = await import(${JSON.stringify(node)});
      const values = new Int16Array(await import('node:crypto').then((c) => c.randomBytes(80000).buffer));
      const options = { rows: 200, cols: 200, sampleType: 'int16', bands: [{}] };
      const writer = await createMap(${JSON.stringify(join(place, 'map.tif'))}, options);
      try {
        await writer.writeWindow({ row: 0, col: 0, rows: 200, cols: 200 }, values);
        await writer.close();
      } catch (error) {
        console.log(error._tag, error.message);
      }`;
    const limited = ['-c', 'ulimit -f 8; exec "$0" --input-type=module -e "$1"', process.execPath, script];
    const { stdout } = spawnSync('bash', limited, { encoding: 'utf8' });
    assert.match(stdout, /^RasterError .*map\.tif: cannot write it: the file would be larger than is allowed here/);
    assert.deepEqual(readdirSync(place), []);
  });
});
