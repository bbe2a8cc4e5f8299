// A map that a page makes, beside the one that `egunet infer` makes of the same scene and model: GDAL reads both. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import type { ExportOptions } from '@egunet/infer-web';
import type { Page } from 'playwright-core';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertClose, factsOf, pixelsOf } from './gdal-map.js';
import { LIBRARY_PAGE } from './library-page.js';
import { COLS, ENDMEMBERS, makeWideModel, ROWS, writeWideScene } from './wide-scene.js';

describe('A map that a page exports', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(LIBRARY_PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser({ gpu: false, flags: ['--enable-blink-features=ForceEagerMeasureMemory'] });
  let page: Page & { readonly complaints: string[] };

  before(async function () {
    requireGdal(this);
    files['model.onnx'] = await makeWideModel();
    writeFileSync(at('model.onnx'), files['model.onnx']);
    await writeWideScene(at('scene.tif'));
    await writeWideScene(at('nowhere.tif'), { placed: false });
    for (const name of ['scene', 'nowhere']) {
      files[`${name}.tif`] = readFileSync(at(`${name}.tif`));
      await inferScene({
        scene: at(`${name}.tif`),
        model: at('model.onnx'),
        output: at(`${name}-node.tif`),
        workers: 1,
      });
    }
  });

  beforeEach(async () => {
    page = await chromium.open(`${server.url}index.html`);
    await page.waitForFunction(() => 'unmixer' in window);
  });
  afterEach(async () => {
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  /** Exports a map and saves it as a person would; returns its name, as the page calls it, and what was told meanwhile. */
  async function save(to: string, scene: string, options: ExportOptions = {}) {
    const download = page.waitForEvent('download', { timeout: 0 }); // the suite has one
    const told = await page.evaluate(
      async ([url, options]) => {
        const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
        const scene = await window.unmixer.openScene(url);
        const told: { pixels: number; totalPixels: number }[] = [];
        const file = await scene.exportMap(model, { ...options, onProgress: (progress) => told.push(progress) });
        const href = URL.createObjectURL(file);
        Object.assign(document.createElement('a'), { href, download: file.name }).click();
        return told;
      },
      [scene, options] as const,
    );
    await (await download).saveAs(at(to));
    return { told, name: (await download).suggestedFilename() };
  }

  it('is the map of egunet infer: pixels, overviews, names, place and metadata', async () => {
    const { told, name } = await save('web.tif', 'scene.tif');
    assert.equal(name, 'scene-abundances.tif');
    const [web, node] = [pixelsOf(at('web.tif')), pixelsOf(at('scene-node.tif'))];
    assert.equal(web.length, ROWS * COLS * ENDMEMBERS);
    assertClose(web, node, 1e-5);
    assert.ok(web.includes(Number.NaN) && web.some((value) => value > 0.5));
    const { facts, statistics } = factsOf(at('web.tif'));
    const inNode = factsOf(at('scene-node.tif'));
    assert.deepEqual(facts, inNode.facts);
    assertClose(Float32Array.from(statistics), Float32Array.from(inNode.statistics), 1e-5);
    assert.equal(facts.metadata.IMAGE_STRUCTURE.LAYOUT, 'COG');
    assert.equal(facts.metadata[''].EGUNET_SCENE, 'scene.tif');
    assert.equal(facts.bands[2]!.description, 'material 3');
    assert.deepEqual(facts.bands[0]!.overviews, [{ size: [280, 70] }]);
    run('gdal_translate', ['-q', '-ovr', '0', at('web.tif'), at('web-small.tif')]);
    run('gdal_translate', ['-q', '-ovr', '0', at('scene-node.tif'), at('node-small.tif')]);
    assertClose(pixelsOf(at('web-small.tif')), pixelsOf(at('node-small.tif')), 1e-5);
    assert.deepEqual(
      told.map(({ totalPixels }) => totalPixels),
      told.map(() => ROWS * COLS),
    );
    assert.equal(told.at(-1)!.pixels, ROWS * COLS);
    assert.ok(told.length > 2 && told.every(({ pixels }, i) => i === 0 || pixels > told[i - 1]!.pixels));
  });

  it('of a window has the pixels of the whole, and its own place', async () => {
    const [col, row, cols, rows] = [61, 30, 207, 101];
    const { name } = await save('part.tif', 'scene.tif', { window: { row, col, rows, cols }, name: 'part.tif' });
    assert.equal(name, 'part.tif');
    run('gdal_translate', [
      '-q',
      '-srcwin',
      ...[col, row, cols, rows].map(String),
      at('scene-node.tif'),
      at('cut.tif'),
    ]);
    assertClose(pixelsOf(at('part.tif')), pixelsOf(at('cut.tif')), 1e-5);
    const { facts } = factsOf(at('part.tif'));
    assert.deepEqual(facts.geoTransform, factsOf(at('cut.tif')).facts.geoTransform);
    assert.deepEqual(facts.coordinateSystem, factsOf(at('scene-node.tif')).facts.coordinateSystem);
    await save('web.tif', 'scene.tif');
    assertClose(pixelsOf(at('part.tif')), pixelsOf(at('web.tif'), [col, row, cols, rows]), 0);
  });

  it('has no place where the scene says none', async () => {
    await save('nowhere-web.tif', 'nowhere.tif');
    assertClose(pixelsOf(at('nowhere-web.tif')), pixelsOf(at('nowhere-node.tif')), 1e-5);
    const { facts } = factsOf(at('nowhere-web.tif'));
    assert.deepEqual(facts, factsOf(at('nowhere-node.tif')).facts);
    assert.equal(facts.geoTransform, undefined);
  });

  it('is not there where it is cancelled, however late; the next one is', async () => {
    const { reasons, size } = await page.evaluate(async () => {
      const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      const scene = await window.unmixer.openScene('scene.tif');
      const reasons: string[] = [];
      for (const after of [1, 2]) {
        const controller = new AbortController();
        let tiles = 0;
        const onProgress = () => ++tiles === after && controller.abort(new Error(`enough after ${tiles}`));
        await scene
          .exportMap(model, { signal: controller.signal, onProgress })
          .catch((error) => reasons.push(error.message));
      }
      const window1 = { row: 0, col: 300, rows: 20, cols: 20 };
      return { reasons, size: (await scene.exportMap(model, { window: window1 })).size };
    });
    assert.deepEqual(reasons, ['enough after 1', 'enough after 2']);
    assert.ok(size > 1000);
  });

  it('is not there where the scene can no longer be read, which the error says', async () => {
    await save('once.tif', 'scene.tif');
    const all = server.asked.filter(({ path }) => path === '/scene.tif').length;
    let asked = 0;
    server.instead = ({ url }, response) => {
      if (url !== '/scene.tif' || ++asked < all) return false;
      response.writeHead(410).end();
      return true;
    };
    const { message, tiles } = await page.evaluate(async () => {
      const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      const scene = await window.unmixer.openScene('scene.tif');
      let tiles = 0;
      const exported = scene.exportMap(model, { onProgress: () => tiles++ });
      return { message: await exported.then(String, (error: Error) => error.message), tiles };
    });
    assert.match(message, /scene\.tif: the file is gone from the server \(410\); check the URL$/);
    assert.ok(tiles > 0);
    page.complaints.splice(0); // of the answers 410
  });

  it('is refused where there is no data, no such window or the model is of other bands', async () => {
    const messages = await page.evaluate(async () => {
      const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      const scene = await window.unmixer.openScene('scene.tif');
      const message = (error: Error & { _tag?: string }) => `${error._tag}: ${error.message}`;
      const inside = { row: 0, col: 0, rows: 40, cols: 40 };
      return [
        await scene.exportMap(model, { window: inside }).catch(message),
        await scene.exportMap(model, { window: { ...inside, row: 130 } }).catch(message),
        await scene.exportMap(model, { window: { ...inside, rows: 0 } }).catch(message),
        await scene
          .close()
          .then(() => scene.exportMap(model))
          .catch(message),
      ].map(String);
    });
    for (const [i, expected] of [
      /^InferError: .*scene\.tif: no valid pixel/,
      /^InferError: .*window/,
      /^(Raster|Infer)Error: /,
      /^InferError: there is no scene 0: it was closed/,
    ].entries())
      assert.match(messages[i]!, expected);
  });

  it('takes memory for a few tiles: the next ones take no more', async () => {
    const [before, after] = await page.evaluate(async () => {
      // Threads that wait for work answer no measurement.
      const model = await window.unmixer.openModel('model.onnx', {
        runtime: 'onnxruntime',
        device: 'wasm',
        threads: 1,
      });
      const scene = await window.unmixer.openScene('scene.tif');
      const memory = async () => {
        const measured = performance as Performance & { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> };
        return (await measured.measureUserAgentSpecificMemory()).bytes / 2 ** 20;
      };
      const window1 = { row: 10, col: 0, rows: 130, cols: 520 };
      const several = async (count: number) => {
        for (let i = 0; i < count; i++) await scene.exportMap(model, { window: window1 });
        return memory();
      };
      return [await several(2), await several(6)];
    });
    assert.ok(after! - before! < 5, `${before} MiB, then ${after} MiB`);
  });
});
