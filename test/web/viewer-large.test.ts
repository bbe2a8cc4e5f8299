// The viewer and scenes that no screen holds.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireGdal, run } from '../support/index.js';
import { withViewer } from './viewer-page.js';

/** Pixels a side. */
const SIDE = 30_000;

describe('the viewer, with a scene of 900 million pixels', function () {
  this.timeout(120_000);
  const site = withViewer({ gpu: false });

  before(function () {
    requireGdal(this);
    const path = join(site.folder, 'large.tif');
    const layout = ['-co', 'TILED=YES', '-co', 'SPARSE_OK=TRUE', '-co', 'INTERLEAVE=PIXEL', '-co', 'BLOCKXSIZE=512'];
    const place = ['-a_srs', 'EPSG:32633', '-a_ullr', '300000', '6200000', '1200000', '5300000'];
    const size = ['-outsize', `${SIDE}`, `${SIDE}`, '-bands', '4', '-ot', 'Int16', '-a_nodata', '-1'];
    run('gdal_create', ['-q', ...size, ...layout, '-co', 'BLOCKYSIZE=512', ...place, path]);
    site.files['large.tif'] = readFileSync(path);
    site.files['api/list.json'] = Buffer.from(
      JSON.stringify({ scenes: [{ name: 'large.tif', url: '/large.tif', bytes: 1 }], models: [] }),
    );
  });

  it('shows a part of one without overviews, and says so', async () => {
    const page = await site.open();
    await page.evaluate(() => {
      const post = Worker.prototype.postMessage;
      const windows = { asked: 0 };
      Worker.prototype.postMessage = function (this: Worker, message: { ask?: string }, ...rest: unknown[]) {
        if (message.ask === 'readWindow') windows.asked++;
        Reflect.apply(post, this, [message, ...rest]);
      };
      Object.assign(window, { windows });
    });
    await page.locator('#notes', { hasText: 'The scene is too large to be seen as a whole' }).waitFor();
    await page.locator('#map').focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press('-');
    await page.waitForFunction(() => (window as unknown as { windows: { asked: number } }).windows.asked > 0);
    await page.waitForTimeout(1000); // for those that should not be asked for
    const { asked } = await page.evaluate(() => (window as unknown as { windows: { asked: number } }).windows);
    assert.ok(asked > 0 && asked < 60, `${asked} windows of ${(SIDE / 512) ** 2}`);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});
