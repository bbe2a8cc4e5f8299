// Pictures of the viewer with the demo's scene: for the documentation where EGUNET_UPDATE=1 asks for it, else of a quick demo, to see that it can be done.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startViewer, type Viewer } from 'egunet/dist/serve/server.js';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { withBrowser } from '../support/browser.js';
import { root, run, temporaryFolder } from '../support/index.js';
import { PHONE } from './viewer-page.js';

const UPDATE = !!process.env.EGUNET_UPDATE;
/** They are part of the repository. */
const MOST_BYTES = 300_000;

const LAPTOP = { width: 1280, height: 800 };

describe('pictures of the viewer', function () {
  this.timeout(UPDATE ? 900_000 : 180_000);
  const folder = temporaryFolder();
  const chromium = withBrowser({ gpu: 'none' });
  const images = UPDATE ? join(root, 'docs/images') : folder;
  let viewer: Viewer;

  before(async () => {
    const demo = join(folder, 'demo');
    const quick = UPDATE ? [] : ['--size', '48', '--epochs', '2'];
    run(process.execPath, [join(root, 'cli/bin/egunet.js'), 'demo', '-o', demo, ...quick]);
    const product = readdirSync(join(demo, 'scene')).find((name) => name.startsWith('ENMAP'))!;
    mkdirSync(images, { recursive: true });
    viewer = await startViewer({
      scenes: [join(demo, 'scene', product)],
      models: [join(demo, 'model.onnx')],
      page: join(root, 'infer/web/viewer/dist'),
      runtime: join(root, 'node_modules/onnxruntime-web/dist'),
      port: 0,
    });
  });
  after(() => viewer?.close());

  async function picture(name: string, options: BrowserContextOptions, act: (page: Page) => Promise<void>) {
    const page = await chromium.open(`${viewer.url}?device=wasm`, options);
    await page.locator('#progress', { hasText: /^1 tile done/ }).waitFor();
    await act(page);
    await page.mouse.move(0, 0);
    const path = join(images, `${name}.png`);
    await page.screenshot({ path, fullPage: true });
    assert.ok(statSync(path).size < MOST_BYTES, `${statSync(path).size} bytes`);
    assert.deepEqual(page.complaints, []);
    await page.close();
  }

  /** Clicks at parts of the map's width and height. */
  async function click(page: Page, right: number, down: number): Promise<void> {
    const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
    await page.mouse.click(x + right * width, y + down * height);
    await page.locator('.bars').waitFor();
  }

  it('show abundances with the plot of a pixel', () =>
    picture('viewer', { viewport: LAPTOP, colorScheme: 'light' }, (page) => click(page, 0.55, 0.62)));

  it('show the divider, and three endmembers as colours, in the dark', () =>
    picture('viewer-swipe', { viewport: LAPTOP, colorScheme: 'dark' }, async (page) => {
      await page.getByRole('combobox', { name: 'Show' }).selectOption('three as red, green, blue');
      await page.getByRole('checkbox', { name: 'Swipe against true colour' }).check();
      await page.getByRole('button', { name: 'Take the view' }).click();
      await page.locator('.figures').waitFor();
    }));

  it('show a phone', () =>
    picture('viewer-phone', { ...PHONE, colorScheme: 'light' }, async (page) => {
      await click(page, 0.6, 0.4);
    }));
});
