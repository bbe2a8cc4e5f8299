// `egunet serve` and its page together, as a person has them: under its headers and its policy.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startViewer, type Viewer } from 'egunet/dist/serve/server.js';
import { withBrowser } from '../support/browser.js';
import { root, temporaryFolder } from '../support/index.js';
import { COLS, makeModel, ROWS, writeScene } from './scene.js';

describe('the viewer of egunet serve', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const chromium = withBrowser({ gpu: 'none' });
  let viewer: Viewer;

  before(async () => {
    const [scene, model] = [join(folder, 'scene.tif'), join(folder, 'model.onnx')];
    await writeScene(scene);
    writeFileSync(model, await makeModel());
    viewer = await startViewer({
      scenes: [scene],
      models: [model],
      page: join(root, 'infer/web/viewer/dist'),
      runtime: join(root, 'node_modules/onnxruntime-web/dist'),
      port: 0,
    });
  });
  after(() => viewer?.close());

  it('unmixes what it serves by itself, with threads, under its own policy', async () => {
    const page = await chromium.open(viewer.url);
    await page.waitForFunction(() => /tiles? done/.test(document.body.innerText));
    const text = await page.locator('body').innerText();
    assert.match(text, new RegExp(`${COLS} x ${ROWS} pixels, 224 bands`));
    assert.match(text, /WebAssembly, \d+ threads/);
    assert.ok(await page.evaluate(() => crossOriginIsolated));
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('says of a scene that is not served what became of it', async () => {
    const page = await chromium.open(`${viewer.url}?scene=/files/99/nothing.tif`);
    await page.locator('[role=alert]').first().waitFor();
    assert.match(await page.locator('[role=alert]').first().innerText(), /nothing\.tif: .*404/s);
    await page.close();
  });
});
