// The page of the README, as it stands there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { root, temporaryFolder } from '../support/index.js';
import { COLS, ENDMEMBERS, makeModel, ROWS, writeScene } from './scene.js';

describe("the README's page", function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser({ gpu: 'none' });

  it('unmixes a window', async () => {
    const [, block] = /```html\n(.*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8'))!;
    files['index.html'] = Buffer.from(`<!doctype html><link rel="icon" href="data:,"><body>${block}`);
    files['model.onnx'] = await makeModel();
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
    const page = await chromium.open(`${server.url}index.html`);
    const text = `wasm: ${32 * 32 * ENDMEMBERS} abundances of ${ROWS} x ${COLS} pixels`;
    await page.waitForFunction(() => document.body.innerText.includes('abundances of'));
    assert.equal((await page.locator('body').innerText()).trim(), text);
    assert.deepEqual(page.complaints, []);
  });
});
