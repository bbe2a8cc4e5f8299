import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { createWebMap } from '@egunet/raster/web-map';
import { temporaryFolder } from '../support/index.js';
import { cut, windowsOf } from './geotiff-support.js';
import { type Case, optionsOf, surfaces, writeMap } from './map-formats-support.js';

describe('A map in a browser', () => {
  const folder = temporaryFolder();
  const one: Case = { rows: 150, cols: 210, bands: 3, type: 'float32', tile: 64 };
  const options = optionsOf(one);

  /** Writes it window by window. */
  async function write(of: Case): Promise<Uint8Array> {
    const map = createWebMap('map.tif', optionsOf(of));
    const values = surfaces(of);
    for (const window of windowsOf(of, 41)) await map.writeWindow(window, cut(values, of, window));
    const file = await map.close();
    assert.equal(file.type, 'image/tiff');
    return new Uint8Array(await file.arrayBuffer());
  }

  afterEach(() => mock.restoreAll());

  // A tile of 256 holds the whole image, whose statistics are made of the tile as it is stored.
  for (const [type, tile] of [
    ['float32', 64],
    ['uint16', 64],
    ['uint8', 256],
  ] as const)
    it(`of ${type} in tiles of ${tile} is the file that Node.js writes, byte for byte`, async () => {
      const of = { ...one, type, tile };
      const path = join(folder, `${type}.tif`);
      await writeMap(path, of, { format: 'cog', values: surfaces(of) });
      assert.ok(readFileSync(path).equals(await write(of)));
    });

  it('is refused where a pixel is missing, or an option makes no sense', async () => {
    const map = createWebMap('map.tif', options);
    await assert.rejects(map.close(), /^RasterError: map\.tif: 12 of 12 tiles lack pixels/);
    assert.throws(() => createWebMap('map.tif', { ...options, noData: 1e300 }), /map\.tif: NoData 1e\+300 is not/);
  });

  it('stops when it is told to', async () => {
    const map = createWebMap('map.tif', options);
    const window = { row: 0, col: 0, rows: one.rows, cols: one.cols };
    await map.writeWindow(window, surfaces(one));
    const reason = new Error('enough');
    await assert.rejects(map.close(AbortSignal.abort(reason)), reason);
  });

  it('says what to do where the browser has no room to keep it', async () => {
    const map = createWebMap('map.tif', options);
    await map.writeWindow({ row: 0, col: 0, rows: one.rows, cols: one.cols }, surfaces(one));
    mock.method(Blob.prototype, 'arrayBuffer', async () => {
      throw new DOMException('The requested file could not be read', 'NotReadableError');
    });
    await assert.rejects(
      map.close(),
      /map\.tif: the browser cannot keep the map: memory or disk are full; close other/,
    );
  });
});
