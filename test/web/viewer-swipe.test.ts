// The viewer's divider between abundances and true colour.
import assert from 'node:assert/strict';
import { type DecodedPng, decode } from 'fast-png';
import type { Page } from 'playwright-core';
import { makeModel } from './scene.js';
import { said, unmixed, withViewer } from './viewer-page.js';

/** Samples of a picture's columns from..to, all rows: [height, to - from, channels]. */
function columns({ data, width, height, channels }: DecodedPng, from: number, to: number): Buffer {
  const rows = Array.from({ length: height }, (_, row) =>
    data.subarray((row * width + from) * channels, (row * width + to) * channels),
  );
  return Buffer.concat(rows as Uint8Array[]);
}

/** Beside the line, half a thumb is left out. */
const THUMB = 24;

describe("the viewer's divider", function () {
  this.timeout(60_000);
  const site = withViewer({ gpu: 'none' });
  const look = async (page: Page) => decode(await page.locator('#stage').screenshot());

  /** The map with the divider at x: abundances left of it, true colour right. */
  function assertDivided(got: DecodedPng, whole: { abundances: DecodedPng; colours: DecodedPng }, x: number): void {
    assert.ok(columns(got, 0, x - THUMB).equals(columns(whole.abundances, 0, x - THUMB)));
    assert.ok(columns(got, x + THUMB, got.width).equals(columns(whole.colours, x + THUMB, got.width)));
  }

  it('cuts the abundances where it is dragged to, or moved by the keyboard', async () => {
    const page = await site.open();
    await unmixed(page);
    const abundances = await look(page);
    await page.getByLabel('Opacity').fill('0');
    const colours = await look(page);
    assert.ok(!columns(colours, 0, 400).equals(columns(abundances, 0, 400)));
    await page.getByLabel('Opacity').fill('100');
    const divider = page.getByRole('slider', { name: /^Divider/ });
    assert.equal(await divider.isVisible(), false);
    await page.getByRole('checkbox', { name: 'Swipe against true colour' }).check();
    const { x, y, width, height } = (await page.locator('#stage').boundingBox())!;
    const whole = { abundances, colours };
    assertDivided(await look(page), whole, Math.round(width / 2));
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + 0.3 * width, y + height / 2, { steps: 4 });
    await page.mouse.up();
    assert.equal(await divider.inputValue(), '30');
    await page.mouse.move(x, y);
    assertDivided(await look(page), whole, Math.round(0.3 * width));
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
    assert.equal(await divider.getAttribute('aria-valuetext'), '35 % of the map show abundances');
    assertDivided(await look(page), whole, Math.round(0.35 * width));
    await page.getByRole('checkbox', { name: 'Swipe against true colour' }).uncheck();
    assert.ok(columns(await look(page), 0, abundances.width).equals(columns(abundances, 0, abundances.width)));
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('lets the map have the pointer beside its handle, and hides where there is nothing to compare', async () => {
    const page = await site.open();
    await unmixed(page);
    await page.getByRole('checkbox', { name: 'Swipe against true colour' }).check();
    const { x, y, width, height } = (await page.locator('#stage').boundingBox())!;
    await page.mouse.click(x + 0.6 * width, y + height / 2);
    await page.locator('.bars').waitFor();
    const divider = page.getByRole('slider', { name: /^Divider/ });
    assert.equal(await divider.isVisible(), true);
    await page.getByText('By URL, or files').click();
    const another = { name: 'other.onnx', mimeType: '', buffer: Buffer.from(await makeModel(500)) };
    await page.getByLabel('Files of a scene, or a model').setInputFiles(another);
    assert.match(await said(page), /no band within half a FWHM/);
    assert.equal(await divider.isVisible(), false);
    await page.close();
  });
});
