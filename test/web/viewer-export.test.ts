// Maps that a person saves from the viewer of `egunet serve`, beside those of `egunet infer`.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import { startViewer, type Viewer } from 'egunet/dist/serve/server.js';
import type { Page } from 'playwright-core';
import { withBrowser } from '../support/browser.js';
import { requireGdal, root, temporaryFolder } from '../support/index.js';
import { assertClose, factsOf, pixelsOf } from './gdal-map.js';
import { COLS, makeWideModel, ROWS, writeWideScene } from './wide-scene.js';

describe("the viewer's export", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const chromium = withBrowser({ gpu: false });
  let viewer: Viewer;
  let page: Page & { readonly complaints: string[] };
  const downloads: string[] = [];

  const serve = () =>
    startViewer({
      scenes: [at('scene.tif'), at('nowhere.tif')],
      models: [at('model.onnx')],
      page: join(root, 'infer/web/viewer/dist'),
      runtime: join(root, 'node_modules/onnxruntime-web/dist'),
      port: 0,
    });

  before(async function () {
    requireGdal(this);
    writeFileSync(at('model.onnx'), await makeWideModel());
    await writeWideScene(at('scene.tif'));
    await writeWideScene(at('nowhere.tif'), { placed: false });
    await inferScene({ scene: at('scene.tif'), model: at('model.onnx'), output: at('node.tif'), workers: 1 });
    viewer = await serve();
  });
  after(() => viewer?.close());

  beforeEach(async () => {
    downloads.length = 0;
    page = await chromium.open(`${viewer.url}?device=wasm`);
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    await page.locator('#progress', { hasText: /^\d+ tiles? done/ }).waitFor();
  });
  afterEach(() => page.close());

  const said = (text: RegExp) => page.locator('#export-said', { hasText: text }).waitFor();

  /** Saves what a button offers. */
  async function save(button: string, to: string): Promise<void> {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: button, exact: true }).click();
    await (await download).saveAs(at(to));
    await said(/^Saved with the downloads: \w+-abundances\.tif, [\d.]+ [kM]B$/);
  }

  it('of the whole scene is the map of egunet infer', async () => {
    await save('Export the scene', 'whole.tif');
    assert.deepEqual(downloads, ['scene-abundances.tif']);
    assertClose(pixelsOf(at('whole.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.deepEqual(factsOf(at('whole.tif')).facts, factsOf(at('node.tif')).facts);
    assert.equal(await page.locator('#export-work').isVisible(), false);
    assert.equal(await page.getByRole('button', { name: 'Export the view' }).isEnabled(), true);
    assert.deepEqual(page.complaints, []);
  });

  it('of the view is the part of it that is seen, and its link saves it again', async () => {
    await page.locator('#map').focus();
    for (const key of ['+', '+', 'ArrowLeft']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(500); // animations of the view
    }
    await save('Export the view', 'view.tif');
    const { size, geoTransform, coordinateSystem } = factsOf(at('view.tif')).facts;
    const [cols, rows] = size;
    // The whole scene and 8 % fit the map; magnified twice by 2; the view's middle was the scene's, and an arrow moves it by 128 of the screen's pixels.
    const { width, height } = (await page.locator('#map').boundingBox())!;
    const resolution = (1.08 * Math.max(COLS / width, ROWS / height)) / 4;
    const left = COLS / 2 - (width / 2 + 128) * resolution;
    const top = ROWS / 2 - (height / 2) * resolution;
    const [col, row] = [Math.max(0, Math.floor(left)), Math.floor(top)];
    assert.deepEqual(
      [cols, rows],
      [Math.ceil(left + width * resolution) - col, Math.ceil(top + height * resolution) - row],
    );
    assert.deepEqual(geoTransform, [366000 + 30 * col, 30, 0, 5807000 - 30 * row, 0, -30]);
    assert.deepEqual(coordinateSystem, factsOf(at('node.tif')).facts.coordinateSystem);
    assertClose(pixelsOf(at('view.tif')), pixelsOf(at('node.tif'), [col, row, cols, rows]), 1e-5);
    const again = page.waitForEvent('download');
    await page.getByRole('link', { name: 'scene-abundances.tif' }).click();
    await (await again).saveAs(at('again.tif'));
    assertClose(pixelsOf(at('again.tif')), pixelsOf(at('view.tif')), 0);
    assert.deepEqual(page.complaints, []);
  });

  it('of nothing says so', async () => {
    await page.locator('#map').focus();
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowLeft');
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Export the view' }).click();
    await said(/^Nothing of the scene is in view/);
    assert.deepEqual(downloads, []);
  });

  it('can be cancelled, and ends when something else is opened: nothing is saved then', async () => {
    const begin = async () => {
      await page.getByRole('button', { name: 'Export the scene' }).click();
      await page.locator('#export-left', { hasText: /^\d+ % of 0\.29 Mpixel, about \d+ s left$/ }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Export the scene' }).isEnabled(), false);
    };
    await begin();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await said(/^Cancelled; nothing was saved\.$/);
    assert.equal(await page.locator('#export-work').isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'export-scene');
    await begin();
    await page.locator('#scenes').selectOption('nowhere.tif');
    await said(/^Stopped, as something else was opened; nothing was saved\.$/);
    await page.locator('#notes', { hasText: 'The scene says not where it lies' }).waitFor();
    await page.locator('#progress', { hasText: /^\d+ tiles? done/ }).waitFor();
    assert.deepEqual(downloads, []);
    await save('Export the scene', 'nowhere-web.tif');
    assert.equal(factsOf(at('nowhere-web.tif')).facts.geoTransform, undefined);
    assertClose(pixelsOf(at('nowhere-web.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.deepEqual(downloads, ['nowhere-abundances.tif']);
    assert.deepEqual(page.complaints, []);
  });

  it('says what is wrong where the network breaks, and begins again when asked to', async () => {
    await page.getByRole('button', { name: 'Export the scene' }).click();
    await page.locator('#export-left', { hasText: 'left' }).waitFor();
    await page.context().setOffline(true);
    const alert = page.locator('#alerts .notice p').first();
    await alert.waitFor({ timeout: 60_000 });
    assert.match((await alert.textContent())!, /scene\.tif: the connection failed .*; try again later/);
    assert.deepEqual(downloads, []);
    await page.context().setOffline(false);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export again' }).click();
    await (await download).saveAs(at('late.tif'));
    assertClose(pixelsOf(at('late.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.equal(await alert.count(), 0);
  });
});
