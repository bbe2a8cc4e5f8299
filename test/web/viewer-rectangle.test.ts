// What the viewer says of a rectangle, beside the map that the command writes of it, as GDAL reads it. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pixelArea } from '@egunet/raster';
import type { Page } from 'playwright-core';
import { requireGdal, root, run } from '../support/index.js';
import { COLS, ENDMEMBERS, ROWS, simulated, writeScene } from './scene.js';
import { MIDDLE, pickMiddle, unmixed, withViewer } from './viewer-page.js';

/** Pixels of the footprint. */
const FOOTPRINT = simulated.footprint.reduce((sum, one) => sum + one, 0);

/** Abundances of a map [C, N] and its number of columns. */
function readByGdal(map: string): { values: Float32Array; cols: number; rows: number } {
  run('gdal_translate', ['-q', '-of', 'ENVI', '-ot', 'Float32', '-co', 'INTERLEAVE=BSQ', map, `${map}.raw`]);
  const bytes = readFileSync(`${map}.raw`);
  const { size } = JSON.parse(run('gdalinfo', ['-json', map])) as { size: [number, number] };
  return {
    values: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
    cols: size[0],
    rows: size[1],
  };
}

interface Expected {
  readonly means: number[];
  readonly areas: number[];
  readonly withData: number;
  readonly withoutData: number;
}

/** Of a map: mean abundances and hectares, by the area of a pixel in each row. */
function sumsOf(map: string, areaOf: (row: number) => number): Expected {
  const { values, cols, rows } = readByGdal(map);
  const N = rows * cols;
  const pixels = [...Array(N).keys()].filter((i) => !Number.isNaN(values[i]!));
  const sum = (c: number, of: (i: number) => number) =>
    pixels.reduce((total, i) => total + values[c * N + i]! * of(i), 0);
  const bands = [...Array(ENDMEMBERS).keys()];
  return {
    means: bands.map((c) => sum(c, () => 1) / pixels.length),
    areas: bands.map((c) => sum(c, (i) => areaOf(Math.floor(i / cols))) / 1e4),
    withData: pixels.length,
    withoutData: N - pixels.length,
  };
}

/** The lines of the CSV file that the page saves, by the names of their columns. */
async function savedCsv(page: Page): Promise<Record<string, string>[]> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'rectangle.csv');
  const [head, ...lines] = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n');
  const cells = (line: string) => [...line.matchAll(/"([^"]*)"|[^,]+/g)].map(([all, quoted]) => quoted ?? all);
  const names = cells(head!);
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [names[i], cell])));
}

const near = (got: number, expected: number, relative: number) =>
  assert.ok(Math.abs(got - expected) <= relative * expected, `${got} beside ${expected}`);

/** The numbers of the page's table: [C, 2]. */
async function shownFigures(page: Page): Promise<number[][]> {
  await page.locator('.figures').waitFor();
  const rows = await page.locator('.figures tbody tr').all();
  return Promise.all(rows.map(async (row) => (await row.locator('.number').allTextContents()).map(Number)));
}

describe("the viewer's rectangle", function () {
  this.timeout(120_000);
  const site = withViewer({ gpu: false });
  const DEGREES = [0.0004, 0, 13.1, 0, -0.0003, 52.4] as const;

  before(async function () {
    requireGdal(this);
    await writeScene(join(site.folder, 'degrees.tif'), { georeference: { affine: DEGREES, epsg: 4326 } });
    await writeScene(join(site.folder, 'nowhere.tif'), { georeference: null });
    await writeScene(join(site.folder, 'askew.tif'), {
      georeference: { affine: [26, 15, 366000, 15, -26, 5807000], epsg: 32633 },
    });
    for (const name of ['degrees.tif', 'nowhere.tif', 'askew.tif'])
      site.files[name] = readFileSync(join(site.folder, name));
  });

  /** The map that the command writes of a scene. */
  function mapOf(scene: string, ...more: string[]): string {
    const map = join(site.folder, `map-${scene}`);
    const model = join(site.folder, 'model.onnx');
    const files = [join(site.folder, scene), '--model', model, '-o', map, '--overwrite'];
    run(process.execPath, [join(root, 'cli/bin/egunet.js'), 'infer', ...files, ...more]);
    return map;
  }

  /** The page and its CSV agree with the map: runtimes differ by 1e-5 of an abundance, of means that are above 0.01. */
  async function assertFigures(page: Page, csv: readonly Record<string, string>[], expected: Expected) {
    const shown = await shownFigures(page);
    const area = Object.keys(csv[0]!).find((name) => name.startsWith('area (ha, sum of abundances x pixel area'))!;
    assert.deepEqual(
      csv.map(({ endmember }) => endmember),
      expected.means.map((_, c) => `material ${c + 1}`),
    );
    for (const [c, line] of csv.entries()) {
      near(Number(line['mean abundance (fraction, over pixels with data)']), expected.means[c]!, 1e-3);
      near(Number(line[area]), expected.areas[c]!, 1e-3);
      assert.equal(shown[c]![0], Number(Number(line['mean abundance (fraction, over pixels with data)']).toFixed(4)));
      assert.equal(shown[c]![1], Number(Number(line[area]).toFixed(2)));
      assert.equal(Number(line['pixels with data']), expected.withData);
      assert.equal(Number(line['pixels without data']), expected.withoutData);
    }
    assert.equal(
      await page.locator('.counts').textContent(),
      `${expected.withData} pixels with data, ${expected.withoutData} without`,
    );
  }

  it('that is drawn holds the abundances and hectares of the map', async () => {
    const page = await site.open();
    await unmixed(page);
    const draw = page.getByRole('button', { name: 'Draw on the map' });
    await draw.click();
    const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
    await page.mouse.move(x + 0.18 * width, y + 0.08 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.55 * width, y + 0.7 * height, { steps: 5 });
    await page.mouse.up();
    assert.equal(await draw.getAttribute('aria-pressed'), 'false');
    await page.locator('.figures').waitFor();
    assert.match((await page.locator('#rectangle-facts').textContent())!, /900 m² on the map \(EPSG:32633\)/);
    const csv = await savedCsv(page);
    const edges = ['xmin', 'ymin', 'xmax', 'ymax'].map((edge) => csv[0]![`${edge} (EPSG:32633)`]!);
    const expected = sumsOf(mapOf('scene.tif', '--bbox', edges.join(',')), () => 900);
    assert.ok(expected.withoutData > 0 && expected.withData > 500);
    await assertFigures(page, csv, expected);
    // The box on the map is that of the pixels: within a pixel of the screen, and its borders.
    const box = (await page.locator('.box:visible').boundingBox())!;
    near(box.width / box.height, (Number(edges[2]) - Number(edges[0])) / (Number(edges[3]) - Number(edges[1])), 0.02);
    await page.locator('#map').focus();
    await page.keyboard.press('+');
    await page.waitForFunction((before) => document.querySelector('.box')!.clientWidth > 1.5 * before, box.width);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('is taken of the view by the keyboard, and in degrees has the area on the ellipsoid', async () => {
    const page = await site.open('?device=wasm&scene=degrees.tif');
    await unmixed(page);
    await page.getByRole('button', { name: 'Take the view' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('.figures').waitFor();
    assert.match((await page.locator('#rectangle-facts').textContent())!, /its cell on the WGS 84 ellipsoid\.$/);
    const area = pixelArea({ affine: DEGREES, epsg: 4326 })!;
    const expected = sumsOf(mapOf('degrees.tif'), (row) => area.of(row));
    assert.equal(expected.withData, FOOTPRINT);
    await assertFigures(page, await savedCsv(page), expected);
    await page.close();
  });

  it('has its area in pixels where the scene says not where it lies', async () => {
    const page = await site.open('?device=wasm&scene=nowhere.tif');
    await unmixed(page);
    await page.getByRole('button', { name: 'Take the view' }).click();
    const figures = await shownFigures(page);
    assert.equal(await page.locator('.figures th').nth(2).textContent(), 'Area, pixels');
    // Abundances of a pixel sum to 1; each line is rounded.
    const pixels = figures.reduce((sum, [, area]) => sum + area!, 0);
    assert.ok(Math.abs(pixels - FOOTPRINT) < 0.1, `${pixels}`);
    const [line] = await savedCsv(page);
    assert.equal(line!['xmax (columns, minus rows)'], String(COLS));
    assert.equal(line!['ymin (columns, minus rows)'], String(-ROWS));
    await page.close();
  });

  it('has its hectares, and a pixel its place, of an image that is not north up', async () => {
    const page = await site.open('?device=wasm&scene=askew.tif');
    await unmixed(page);
    await page.getByRole('button', { name: 'Take the view' }).click();
    const figures = await shownFigures(page);
    assert.match((await page.locator('#rectangle-facts').textContent())!, /901 m² on the map \(EPSG:32633\)/);
    const hectares = figures.reduce((sum, [, area]) => sum + area!, 0);
    assert.ok(Math.abs(hectares - FOOTPRINT * 0.0901) < 0.1, `${hectares}`);
    await pickMiddle(page);
    const [x, y] = [MIDDLE.col + 0.5, MIDDLE.row + 0.5];
    const place = `${(366000 + 26 * x + 15 * y).toFixed(1)}, ${(5807000 + 15 * x - 26 * y).toFixed(1)} (EPSG:32633)`;
    assert.equal(await page.locator('.place').first().textContent(), place);
    await page.close();
  });

  it('beside the scene says so, and drawing is left by Escape', async () => {
    const page = await site.open();
    await unmixed(page);
    const draw = page.getByRole('button', { name: 'Draw on the map' });
    await draw.click();
    await page.keyboard.press('Escape');
    assert.equal(await draw.getAttribute('aria-pressed'), 'false');
    await draw.click();
    const { x, y } = (await page.locator('#map').boundingBox())!;
    await page.mouse.move(x + 60, y + 40);
    await page.mouse.down();
    await page.mouse.move(x + 80, y + 80, { steps: 3 });
    await page.mouse.up();
    await page.getByText('No middle of a pixel lies in the rectangle').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save as CSV' }).isVisible(), false);
    await page.close();
  });
});
