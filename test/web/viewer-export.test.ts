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
    await page.evaluate(() => {
      const left = document.getElementById('export-left')!;
      const told: (string | null)[] = [];
      new MutationObserver(() => told.push(left.textContent)).observe(left, { childList: true });
      Object.assign(window, { told });
    });
    await save('Export the scene', 'whole.tif');
    const told = await page.evaluate(() => (window as unknown as { readonly told: string[] }).told);
    assert.equal(told[0], '0 % of 0.078 Mpixel');
    assert.match(told[1]!, /^[1-9]\d? % of 0\.078 Mpixel, about \d+ s left$/);
    assert.equal(told.at(-1), '100 % of 0.078 Mpixel, the file is being completed');
    assert.deepEqual(downloads, ['scene-abundances.tif']);
    assertClose(pixelsOf(at('whole.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.deepEqual(factsOf(at('whole.tif')).facts, factsOf(at('node.tif')).facts);
    assert.equal(await page.locator('#export-work').isVisible(), false);
    assert.equal(await page.getByRole('button', { name: 'Export the view' }).isEnabled(), true);
    assert.deepEqual(page.complaints, []);
  });

  it('of the view is the part of it that is seen, and its link saves it again', async () => {
    // The whole scene and 8 % fit the map, which is magnified twice by 2.
    const { width, height } = (await page.locator('#map').boundingBox())!;
    const resolution = (1.08 * Math.max(COLS / width, ROWS / height)) / 4;
    await page.locator('#map').focus();
    for (const key of ['+', '+']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(1000); // an animation of the view, during which keys do nothing
    }
    await save('Export the view', 'view.tif');
    const { size, geoTransform, coordinateSystem } = factsOf(at('view.tif')).facts;
    const [cols, rows] = size;
    const left = COLS / 2 - (width / 2) * resolution;
    const top = ROWS / 2 - (height / 2) * resolution;
    // Pixels whose centres are seen.
    const [col, row] = [Math.ceil(left - 0.5), Math.max(0, Math.ceil(top - 0.5))];
    assert.equal(cols, Math.ceil(left + width * resolution - 0.5) - col);
    assert.equal(rows, Math.min(ROWS, Math.ceil(top + height * resolution - 0.5)) - row);
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
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('ArrowLeft');
      await page.waitForTimeout(150); // the map glides
    }
    await page.getByRole('button', { name: 'Export the view' }).click();
    await said(/^Nothing of the scene is in view/);
    assert.deepEqual(downloads, []);
  });

  it('can be cancelled, and ends when something else is opened: nothing is saved then', async () => {
    await save('Export the view', 'before.tif'); // what writes maps is loaded then
    downloads.length = 0;
    // Without a network it goes on asking for the scene for half a minute.
    const begin = async () => {
      await page.context().setOffline(true);
      await page.getByRole('button', { name: 'Export the scene' }).click();
      await page.locator('#export-left', { hasText: /^0 % of 0\.078 Mpixel$/ }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Export the scene' }).isEnabled(), false);
    };
    await begin();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await said(/^Cancelled; nothing was saved\.$/);
    assert.equal(await page.locator('#export-work').isVisible(), false);
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'export-scene');
    await begin();
    await page.context().setOffline(false);
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

  it('goes on with the last of two exports, one of which is begun anew while the other runs', async () => {
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Export the scene' }).click();
    const again = page.getByRole('button', { name: 'Export again' });
    await again.waitFor({ timeout: 90_000 });
    await page.context().setOffline(false);
    const download = page.waitForEvent('download');
    await page.evaluate(() => {
      const named = (name: string) => [...document.querySelectorAll('button')].find((one) => one.textContent === name)!;
      const again = named('Export again');
      named('Export the scene').click();
      again.click(); // gone from the page meanwhile, but held by whoever pressed it
    });
    await download;
    await page.locator('#export-work').waitFor({ state: 'hidden' });
    assert.deepEqual(downloads, ['scene-abundances.tif']);
    assert.deepEqual(
      page.complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text)),
      [],
    );
  });

  it('says what is wrong where the network breaks, and begins again when asked to', async () => {
    await save('Export the view', 'before.tif');
    downloads.length = 0;
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Export the scene' }).click();
    const alert = page.locator('#alerts .notice p').first();
    await alert.waitFor({ timeout: 90_000 });
    assert.match((await alert.textContent())!, /scene\.tif: the connection failed .*; try again later/);
    assert.deepEqual(downloads, []);
    await page.context().setOffline(false);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export again' }).click();
    await (await download).saveAs(at('late.tif'));
    assertClose(pixelsOf(at('late.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.equal(await alert.count(), 0);
  });

  it('says so where the page cannot load what writes maps', async () => {
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Export the scene' }).click();
    const alert = page.locator('#alerts .notice p').first();
    await alert.waitFor();
    assert.match((await alert.textContent())!, /^what writes maps cannot be loaded: .*; reload the page$/);
    await page.context().setOffline(false);
  });
});
