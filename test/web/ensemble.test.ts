// An ensemble in a real page: windows, the viewer and the file it saves have the spread that Node's map has. Legend: C endmembers.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import { decode } from 'fast-png';
import { requireGdal } from '../support/index.js';
import { assertClose, factsOf, pixelsOf } from './gdal-map.js';
import { unmixInNode } from './in-node.js';
import type {} from './library-page.js';
import { WINDOW, withLibraryPage } from './library-site.js';
import { ENDMEMBERS as C, COLS, makeEnsemble, ROWS } from './scene.js';
import { MIDDLE, pickMiddle, unmixed, viridis, withViewer } from './viewer-page.js';

const NAMES = [1, 2, 3, 4, 5].map((c) => `material ${c}`);
const SPREADS = NAMES.map((name) => `${name} spread`);

describe('an ensemble in a page', function () {
  this.timeout(180_000);
  const { open, windowInNode } = withLibraryPage(makeEnsemble);
  /** Of the window [N, 2 C]. */
  let expected: Float32Array;
  before(async () => {
    expected = await windowInNode({ spread: true });
  });

  for (const [device, limit] of [
    ['wasm', 1e-5],
    ['webgpu', 1e-4],
  ] as const)
    it(`gives a window of Node's map within ${limit} on ${device}, with the spread where it is asked for`, async () => {
      const page = await open();
      const { place, maps } = await page.evaluate(
        async ({ device, where }) => {
          const model = await window.unmixer.openModel('model.onnx', { device, runtime: 'onnxruntime' });
          const scene = await window.unmixer.openScene('scene.tif');
          const both = await scene.unmix(model, where, { spread: true });
          const { abundances, place } = await scene.unmix(model, where);
          const plain = (values: Float32Array) => [...values].map((value) => (Number.isNaN(value) ? null : value));
          return { place, maps: [plain(both.abundances), plain(abundances)] };
        },
        { device, where: WINDOW },
      );
      assert.equal(place.device, device);
      assert.equal(place.gpuPath, device === 'webgpu' ? 'float32' : undefined);
      assert.deepEqual(place.reasons, []);
      const alone = expected.filter((_, i) => i % (2 * C) < C);
      for (const [map, wanted] of [
        [maps[0]!, expected],
        [maps[1]!, alone],
      ] as const)
        assertClose(
          Float32Array.from(map, (value) => value ?? Number.NaN),
          wanted,
          limit,
        );
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

  it('is refused by a path of WebGPU that gives abundances alone', async () => {
    const page = await open();
    const message = await page.evaluate(() => {
      const options = { device: 'webgpu', gpuPath: 'buffers', runtime: 'onnxruntime' } as const;
      return window.unmixer.openModel('model.onnx', options).then(String, (error: Error) => error.message);
    });
    assert.match(
      message,
      /an ensemble runs on WebGPU by the path 'float32' alone, not by 'buffers'; leave the path out$/,
    );
    await page.close();
  });
});

describe('the viewer with an ensemble', function () {
  this.timeout(180_000);
  const site = withViewer({ model: makeEnsemble, gpu: 'webgl' });
  const at = (name: string) => join(site.folder, name);
  /** [ROWS * COLS, 2 C] */
  let expected: Float32Array;
  before(async function () {
    requireGdal(this);
    ({ abundances: expected } = await unmixInNode(site.folder, 0, { spread: true }));
  });
  const middle = () => expected.subarray((MIDDLE.row * COLS + MIDDLE.col) * 2 * C).subarray(0, 2 * C);

  it('offers the spread of each endmember beside the abundances, in colours of its own scale, and says what it is', async () => {
    const page = await site.open();
    await unmixed(page);
    const band = page.locator('#endmember');
    assert.deepEqual(await band.locator('option').allTextContents(), [...NAMES, ...SPREADS]);
    assert.equal(await page.locator('#spread-note').isVisible(), false);
    assert.equal(await page.locator('#ramp-top').textContent(), '1');
    await band.selectOption('material 2 spread');
    assert.equal(await page.locator('#ramp-name').textContent(), 'material 2 spread');
    assert.equal(await page.locator('#ramp-top').textContent(), '≥ 0.2');
    assert.match((await page.locator('#spread-note').textContent())!, /standard deviation.*No error bar/);
    assert.equal(await page.locator('#spread-note').isVisible(), true);
    const { x, y, width, height } = (await page.locator('#map').boundingBox())!;
    const colourAt = async (px: number, py: number) => {
      const picture = decode(await page.screenshot());
      const from = (Math.round(y + py) * picture.width + Math.round(x + px)) * picture.channels;
      return [...picture.data.subarray(from, from + 3)];
    };
    const wanted = viridis(Math.min(1, middle()[C + 1]! / 0.2));
    await page.waitForTimeout(500); // drawn anew
    const shown = await colourAt(width / 2, height / 2);
    for (const [i, part] of wanted.entries())
      assert.ok(Math.abs(shown[i]! - part) <= 2, `${shown}, expected ${wanted}`);
    await band.selectOption('material 2');
    assert.equal(await page.locator('#spread-note').isVisible(), false);
    await page.getByRole('combobox', { name: 'Show' }).selectOption('three as red, green, blue');
    assert.deepEqual(await page.locator('#red option').allTextContents(), NAMES);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('tells of a pixel how far the networks disagree about each endmember', async () => {
    const page = await site.open();
    await unmixed(page);
    const shown = await pickMiddle(page);
    const spread = (await page.locator('.bars .spread').allTextContents()).map(Number);
    for (const [c, value] of [...shown, ...spread].entries())
      assert.ok(Math.abs(value - middle()[c]!) <= 0.5e-3 + 1e-5, `${shown}, ${spread} beside ${middle()}`);
    assert.match((await page.locator('.bars caption').textContent())!, /how far the networks disagree/);
    await page.close();
  });

  it('saves the map of egunet infer, bands of spread and all', async () => {
    await inferScene({ scene: at('scene.tif'), model: at('model.onnx'), output: at('node.tif'), workers: 1 });
    const page = await site.open();
    await unmixed(page);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export the scene', exact: true }).click();
    await (await download).saveAs(at('web.tif'));
    assertClose(pixelsOf(at('web.tif')), pixelsOf(at('node.tif')), 1e-5);
    assert.equal(pixelsOf(at('web.tif')).length, ROWS * COLS * 2 * C);
    assert.deepEqual(factsOf(at('web.tif')).facts, factsOf(at('node.tif')).facts);
    assert.deepEqual(
      factsOf(at('web.tif')).facts.bands.map(({ description }) => description),
      [...NAMES, ...SPREADS],
    );
    assert.deepEqual(page.complaints, []);
    await page.close();
  });
});
