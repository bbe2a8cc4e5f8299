// What the viewer says of a pixel. Legend: C endmembers.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GAIN } from '@egunet/fixtures';
import type { Page } from 'playwright-core';
import { requireGdal } from '../support/index.js';
import { COLS, checkpoint, ENDMEMBERS, modelBands, simulated, writeScene } from './scene.js';
import { MIDDLE, pickMiddle, unmixed, withViewer } from './viewer-page.js';

/** Places whose degrees are compared, by EPSG code: the corner of the scene and the size of its pixels. */
const PLACES: Readonly<Record<number, readonly [x: number, y: number, size: number]>> = {
  3035: [4528000, 3270000, 30],
  3857: [1450000, 6870000, 50],
  3413: [-300000, -1900000, 30],
  25832: [698000, 5790000, 30],
  32733: [366000, 7000000, 30],
};

function degreesByGdal(epsg: string, at: readonly number[]): [lon: number, lat: number] {
  const systems = ['-s_srs', `EPSG:${epsg}`, '-t_srs', 'EPSG:4326', '-output_xy'];
  const { stdout } = spawnSync('gdaltransform', systems, { input: at.join(' '), encoding: 'utf8' });
  return stdout.trim().split(' ').map(Number) as [number, number];
}

/** Heights of a line's points in the picture, which fall with reflectance. */
async function heightsOf(page: Page, line: string): Promise<number[]> {
  const path = await page.locator(`.line.${line}`).first().getAttribute('d');
  return [...path!.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
}

describe("the viewer's pixel", function () {
  this.timeout(120_000);
  const site = withViewer({ gpu: 'none' });

  before(async function () {
    requireGdal(this);
    for (const [epsg, [x, y, size]] of [...Object.entries(PLACES), ['4258', [13, 52, 0.0004]] as const]) {
      const file = join(site.folder, `${epsg}.tif`);
      await writeScene(file, { georeference: { affine: [size, 0, x, 0, -size, y], epsg: Number(epsg) } });
      site.files[`${epsg}.tif`] = readFileSync(file);
    }
  });

  it('has its reflectance, the mixture of the endmembers, and the endmembers in one plot', async () => {
    const page = await site.open();
    await unmixed(page);
    await pickMiddle(page);
    const [B, { row, col }] = [simulated.bands.length, MIDDLE];
    const order = [...modelBands].sort((a, b) => simulated.bands[a]!.wavelength - simulated.bands[b]!.wavelength);
    const measured = order.map((band) => simulated.stored[(row * COLS + col) * B + band]! * GAIN);
    const spectra = checkpoint().facts.endmembers.map(({ spectrum }) =>
      order.map((band) => spectrum[modelBands.indexOf(band)]!),
    );
    const mixed = order.map((_, b) =>
      spectra.reduce((sum, spectrum, c) => sum + site.inNode(MIDDLE)[c]! * spectrum[b]!, 0),
    );
    const lines = { measured, modelled: mixed, ...Object.fromEntries(spectra.map((one, c) => [`tone-${c}`, one])) };
    const of: number[] = Object.values(lines).flat();
    /** The same line between reflectance and height holds for all; heights are rounded to a tenth. */
    const assertDrawn = async (names: readonly string[], values: readonly number[]) => {
      const got = (await Promise.all(names.map((name) => heightsOf(page, name)))).flat();
      assert.equal(got.length, values.length);
      const [low, high] = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))];
      const slope = (got[high]! - got[low]!) / (values[high]! - values[low]!);
      assert.ok(slope < 0);
      for (const [i, value] of values.entries())
        assert.ok(Math.abs(got[i]! - got[low]! - slope * (value - values[low]!)) <= 0.2, `value ${i}`);
    };
    await assertDrawn(Object.keys(lines), of);
    assert.deepEqual(
      (await page.locator('.chart .mark').allTextContents()).sort(),
      Array.from({ length: ENDMEMBERS }, (_, c) => String(c + 1)),
    );
    assert.deepEqual(
      await page.locator('.bars th').allTextContents(),
      Array.from({ length: ENDMEMBERS }, (_, c) => `${c + 1} material ${c + 1}`),
    );
    const title = () => page.getByRole('img', { name: /^Reflectance over wavelength, nm/ }).getAttribute('aria-label');
    assert.match((await title())!, /material 1, .*, measured, mixture of endmembers$/);
    const tick = page.getByRole('checkbox', { name: 'Endmembers in the plot' });
    await tick.uncheck();
    assert.equal(await page.locator('.line.endmember').count(), 0);
    assert.match((await title())!, /: measured, mixture of endmembers$/);
    await assertDrawn(['measured', 'modelled'], [...measured, ...mixed]);
    await page.locator('#map').focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    assert.equal(await tick.isChecked(), false, 'as it was chosen, for the next pixel, too');
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  for (const [epsg, [x, y, size]] of Object.entries(PLACES))
    it(`has the longitude and latitude that GDAL makes of EPSG:${epsg}`, async () => {
      const page = await site.open(`?device=wasm&scene=${epsg}.tif`);
      await unmixed(page);
      await pickMiddle(page);
      const at = [x + (MIDDLE.col + 0.5) * size, y - (MIDDLE.row + 0.5) * size] as const;
      const [lon, lat] = degreesByGdal(epsg, at);
      const [ground, degrees] = await page.locator('.place').allTextContents();
      assert.equal(ground, `${at[0].toFixed(1)}, ${at[1].toFixed(1)} (EPSG:${epsg})`);
      const [, shownLat, ns, shownLon, ew] = /^([\d.]+)° ([NS]), ([\d.]+)° ([EW])$/.exec(degrees!)!;
      // Five digits are a metre; GDAL takes ETRS89 for WGS 84, too.
      assert.ok(Math.abs((ns === 'S' ? -1 : 1) * Number(shownLat) - lat) < 1.1e-5, degrees);
      assert.ok(Math.abs((ew === 'W' ? -1 : 1) * Number(shownLon) - lon) < 1.1e-5, degrees);
      await page.close();
    });

  it('in degrees of another datum is in degrees, on a map with the right scale', async () => {
    const page = await site.open('?device=wasm&scene=4258.tif');
    await unmixed(page);
    await pickMiddle(page);
    const [first, second] = await page.locator('.place').allTextContents();
    assert.equal(first, '51.98500° N, 13.01660° E (EPSG:4258)');
    assert.match(second!, /^row/);
    // 83 pixels of 0.0004 degrees are 2.3 km at this latitude: the line is part of that.
    assert.match((await page.locator('.ol-scale-line-inner').textContent())!, /^(200|500) m$/);
    await page.close();
  });
});
