// A scene of a thousand million pixels in the viewer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { writeHugeScene } from './huge-scene.js';
import { alert, PHONE, withViewer } from './viewer-page.js';

const SIDE = 32768;

/** Bytes that may be asked for until the scene is known: of its directories, not of its pixels or their index. */
const MOST_TO_OPEN = 1e6;

/** Of a page, from now on: tasks of its main thread that take longer than 50 ms, ms. Without a GPU drawing the map is most of them. */
async function watchLongTasks(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const found: number[] = [];
    Object.assign(window, { longTasks: found });
    new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
  });
  return () => page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks.map(Math.round));
}

describe('a huge scene in the viewer', function () {
  this.timeout(300_000);
  const site = withViewer({ gpu: 'none' });

  before(async () => {
    await writeHugeScene(join(site.folder, 'huge.tif'), SIDE);
    site.files['huge.tif'] = readFileSync(join(site.folder, 'huge.tif'));
  });

  /** The page on a small screen: fewer pixels to unmix, which takes its time where processors are busy. */
  async function open(query: string): ReturnType<typeof site.open> {
    const page = await site.open(query, PHONE);
    page.setDefaultTimeout(150_000);
    return page;
  }

  /** Bytes of the scene that were asked for. */
  const askedFor = () =>
    site.server.asked
      .filter(({ path }) => path === '/huge.tif')
      .map(({ range }) => /(\d+)-(\d+)/.exec(range!)!)
      .reduce((sum, [, from, to]) => sum + Number(to) - Number(from) + 1, 0);

  it('opens by its directories alone, and is shown and unmixed by its overviews', async () => {
    const page = await open('?device=wasm&model=none.onnx');
    await page.getByText('By URL, or files').click();
    await page.getByLabel('Scene or model (.onnx) by URL').fill('huge.tif');
    let known = Number.NaN;
    await page.exposeFunction('known', () => {
      if (Number.isNaN(known)) known = askedFor();
    });
    await page.evaluate(() => {
      const { known } = window as unknown as { known(): void };
      new MutationObserver(known).observe(document.getElementById('scene-facts')!, { childList: true });
    });
    await page.keyboard.press('Enter');
    await page.locator('#scene-facts', { hasText: `${SIDE} x ${SIDE} pixels, 224 bands` }).waitFor();
    assert.ok(known <= MOST_TO_OPEN, `${known} bytes`);
    await page.locator('#models').selectOption('model.onnx');
    await page.locator('#progress', { hasText: /^4 tiles done/ }).waitFor();
    // All of the smallest overview, and of the scene's index no more than where that lies.
    assert.ok(askedFor() < 16 * 4.5e6, `${askedFor()} bytes`);
    await page.close();
  });

  it('is summed over a rectangle as large as itself until that is cancelled, while the page goes on', async () => {
    const page = await open('?device=wasm&scene=huge.tif');
    await page.locator('#progress', { hasText: /^\d tiles done/ }).waitFor();
    const longTasks = await watchLongTasks(page);
    await page.getByRole('button', { name: 'Take the view' }).click();
    const bar = page.getByRole('progressbar', { name: /^Part of the rectangle/ });
    await bar.waitFor();
    await page.waitForFunction(() => document.querySelector('progress')!.value > 0);
    await page.locator('#map').focus();
    await page.keyboard.press('Enter');
    await page.locator('#pixel .place').first().waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled.').waitFor();
    assert.equal(await bar.isVisible(), false);
    assert.equal(await page.locator('.figures').count(), 0);
    assert.equal(await page.evaluate(() => document.activeElement!.id), 'draw');
    console.log(`      long tasks of the page while it sums, ms: ${(await longTasks()).join(', ') || 'none'}`);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('can be moved over while it is unmixed', async () => {
    const page = await open('?device=wasm&scene=huge.tif');
    await page.locator('#progress', { hasText: /done/ }).waitFor();
    await page.locator('#map').focus();
    for (let i = 0; i < 3; i++) await page.keyboard.press('+', { delay: 300 });
    const longTasks = await watchLongTasks(page);
    const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
    for (let i = 0; i < 3; i++) {
      await page.mouse.move(x + 0.8 * width, y + 0.6 * height);
      await page.mouse.down();
      await page.mouse.move(x + 0.3 * width, y + 0.4 * height, { steps: 8 });
      await page.mouse.up();
      await page.waitForTimeout(500);
    }
    console.log(`      long tasks of the page while it is moved, ms: ${(await longTasks()).join(', ') || 'none'}`);
    console.log(`      ${await page.locator('#progress').textContent()}`);
    assert.equal(await alert(page).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});
