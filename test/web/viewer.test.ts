// What the viewer shows, beside the abundances that Node makes of the same scene.
import assert from 'node:assert/strict';
import { decode } from 'fast-png';
import { makeSpatialModel } from './scene.js';
import { assertSame, MIDDLE, pickMiddle, shownAbundances, unmixed, viridis, withViewer } from './viewer-page.js';

describe('the viewer', function () {
  this.timeout(180_000);
  const site = withViewer();

  it('draws abundances in the colours of the legend, and tells of the pixel that is clicked', async () => {
    const page = await site.open();
    await unmixed(page);
    const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
    const picture = decode(await page.screenshot());
    for (const [right, down] of [
      [0.42, 0.51],
      [0.5, 0.4],
      [0.57, 0.55],
    ] as const) {
      const [px, py] = [Math.round(x + right * width), Math.round(y + down * height)];
      await page.mouse.click(px + 0.5, py + 0.5);
      const place = page.locator('.place', { hasText: /^row/ });
      const before = await place.textContent({ timeout: 50 }).catch(() => '');
      await page.waitForFunction(
        (old) =>
          [...document.querySelectorAll('.place')].some(
            (one) => /^row/.test(one.textContent) && one.textContent !== old,
          ),
        before,
      );
      const [row, col] = (await place.textContent())!.match(/\d+/g)!.map((one) => Number(one) - 1) as [number, number];
      assertSame(await shownAbundances(page), site.inNode({ row, col }));
      const from = (py * picture.width + px) * picture.channels;
      const colour = viridis(site.inNode({ row, col })[0]!);
      for (const [i, part] of colour.entries())
        assert.ok(Math.abs(picture.data[from + i]! - part) <= 2, `${picture.data.subarray(from, from + 3)}: ${colour}`);
    }
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('shows three endmembers as colours, and another one, without unmixing again', async () => {
    const page = await site.open();
    await unmixed(page);
    const picture = () => page.locator('#map canvas').last().screenshot();
    const one = await picture();
    await page.getByRole('combobox', { name: 'Show' }).selectOption('three as red, green, blue');
    await page.getByRole('combobox', { name: /^Red/ }).selectOption('material 4');
    assert.notDeepEqual(await picture(), one);
    await page.getByRole('combobox', { name: 'Show' }).selectOption('one endmember');
    await page.getByRole('combobox', { name: /^Endmember/ }).selectOption('material 2');
    assert.equal(await page.locator('#ramp-name').textContent(), 'material 2');
    const second = await picture();
    assert.notDeepEqual(second, one);
    await page.getByLabel('Opacity').fill('0');
    assert.notDeepEqual(await picture(), second);
    await unmixed(page);
    await page.close();
  });

  it('takes the GPU where there is one', async () => {
    const page = await site.open('');
    await unmixed(page);
    assert.match((await page.locator('#device').textContent())!, /^WebGPU, \S/);
    assert.equal(await page.locator('#notes .notice').count(), 0);
    assertSame(await pickMiddle(page), site.inNode(MIDDLE), 1e-4);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('moves by the keyboard, and is one column on a phone', async () => {
    const page = await site.open();
    await page.setViewportSize({ width: 390, height: 844 });
    await unmixed(page);
    assertSame(await pickMiddle(page), site.inNode(MIDDLE));
    const row = page.locator('.place', { hasText: /^row/ });
    const before = await row.textContent();
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowUp');
    await page.waitForTimeout(500); // animations of the view
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      (old) => [...document.querySelectorAll('.place')].every((one) => one.textContent !== old),
      before,
    );
    assert.ok(Number((await row.textContent())!.match(/\d+/)![0]) < MIDDLE.row + 1);
    const [map, panel] = [(await page.locator('#map').boundingBox())!, (await page.locator('#panel').boundingBox())!];
    assert.equal(map.width, panel.width);
    assert.ok(panel.y >= map.y + map.height);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    await page.close();
  });
});

describe('the viewer with a spatial model', function () {
  this.timeout(180_000);
  const site = withViewer({ model: makeSpatialModel });

  for (const [device, query, limit] of [
    ['WebAssembly', '?device=wasm', 1e-5],
    ['WebGPU', '', 1e-4],
  ] as const)
    it(`tells of a pixel what Node's map has, on ${device}`, async () => {
      const page = await site.open(query);
      await unmixed(page);
      assert.match((await page.locator('#device').textContent())!, new RegExp(`^${device}`));
      assertSame(await pickMiddle(page), site.inNode(MIDDLE), limit);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
});

describe('the viewer without WebGPU', function () {
  this.timeout(60_000);
  const site = withViewer({ gpu: false });

  it('says so once, and goes on with WebAssembly', async () => {
    const page = await site.chromium.open(`${site.server.url}index.html`);
    await unmixed(page);
    assert.match((await page.locator('#device').textContent())!, /^WebAssembly, \d+ threads$/);
    assert.match((await page.locator('#notes').textContent())!, /^Slower than it could be: no WebGPU: /);
    await page.locator('#models').selectOption('choose');
    await page.locator('#models').selectOption('model.onnx');
    await unmixed(page);
    assert.equal(await page.locator('#notes .notice').count(), 1);
    await page.close();
  });

  it('says that no map can be drawn where there is no WebGL', async () => {
    const page = await site.chromium.browser.newPage();
    await page.addInitScript(() => {
      HTMLCanvasElement.prototype.getContext = () => null;
    });
    await page.goto(`${site.server.url}index.html`);
    await page.locator('#notes', { hasText: 'No map can be drawn: this browser has no WebGL; turn on' }).waitFor();
    await page.close();
  });
});
