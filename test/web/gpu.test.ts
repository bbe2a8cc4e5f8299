// WebGPU in a real page: what stays on the GPU, other kinds of scenes, and a GPU that is lost. Legend: N pixels, C endmembers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GAIN, NO_DATA } from '@egunet/fixtures';
import type { Unmixer } from '@egunet/infer-web';
import { createMap } from '@egunet/raster/node';
import { exportHead } from '@egunet/train';
import type { Page } from 'playwright-core';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { temporaryFolder } from '../support/index.js';
import { LIBRARY_PAGE } from './library-page.js';
import { COLS, checkpoint, ENDMEMBERS, makeModel, ROWS, simulated, writeScene } from './scene.js';

/** Across the footprint's edge: some pixels have no data. */
const WINDOW = { row: 20, col: 0, rows: 9, cols: 50 };
const GPU = 1e-4;

/** The simulated scene with other samples, unsigned with an offset or reflectance in float32, and something in the bands without data. */
async function writeOther(path: string, sampleType: 'uint16' | 'float32'): Promise<void> {
  const [gain, offset, noData] = sampleType === 'uint16' ? [GAIN, -0.1, 65535] : [1, 0, -1];
  const { stored, bands, footprint } = simulated;
  const R = bands.length;
  const samples = new (sampleType === 'uint16' ? Uint16Array : Float32Array)(stored.length).fill(noData);
  for (const [i, value] of stored.entries()) {
    const known = value === NO_DATA ? 1000 : value;
    if (footprint[Math.floor(i / R)] === 1) samples[i] = (known * GAIN - offset) / gain + (gain === 1 ? 0 : 0.5);
  }
  const described = bands.map(({ wavelength, fwhm }) => ({ wavelength, fwhm, gain, offset }));
  const size = { rows: ROWS, cols: COLS };
  const map = await createMap(path, {
    ...{ ...size, sampleType, noData, bands: described },
    ...{ interleave: sampleType === 'uint16' ? 'band' : 'pixel', tile: 32 },
  });
  await map.writeWindow({ row: 0, col: 0, ...size }, samples);
  await map.close();
}

describe('a model on WebGPU', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(LIBRARY_PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser();
  let page: Page & { readonly complaints: string[] };

  before(async () => {
    files['model.onnx'] = await makeModel();
    files['near.onnx'] = await makeModel(1.5);
    const half = { softwareVersion: '0.0.0', created: new Date(0), precision: 'float16' } as const;
    files['half.onnx'] = (await exportHead(checkpoint(), half)).bytes;
    await writeScene(join(folder, 'int16.tif'));
    await writeScene(join(folder, 'twice.tif'), { times: 2, tile: 128 });
    await writeOther(join(folder, 'uint16.tif'), 'uint16');
    await writeOther(join(folder, 'float32.tif'), 'float32');
    for (const name of ['int16', 'twice', 'uint16', 'float32'])
      files[`${name}.tif`] = readFileSync(join(folder, `${name}.tif`));
  });

  beforeEach(async () => {
    page = await chromium.open(`${server.url}index.html`);
    await page.waitForFunction(() => 'unmixer' in window);
  });
  afterEach(() => page.close());

  /** The largest difference between what WebGPU and WebAssembly make of a window, and how many pixels of it have data. */
  const compare = (scene: string, model: string, resample = false) =>
    page.evaluate(
      async ({ scene, model, resample, WINDOW }) => {
        const opened = await window.unmixer.openScene(scene);
        const places = [];
        const maps = [];
        for (const device of ['webgpu', 'wasm'] as const) {
          const on = await window.unmixer.openModel(model, { device, runtime: 'onnxruntime' });
          maps.push(await opened.unmix(on, WINDOW, { resample }));
          places.push(on.place);
        }
        const [gpu, cpu] = maps;
        const bits = (map: { abundances: Float32Array }) => new Uint32Array(map.abundances.buffer);
        let largest = 0;
        for (const [i, value] of cpu!.abundances.entries()) {
          const got = gpu!.abundances[i]!;
          if (Number.isNaN(value) && bits(gpu!)[i] !== bits(cpu!)[i]) throw new Error(`value ${i}: another NaN`);
          if (Number.isNaN(value) !== Number.isNaN(got)) throw new Error(`value ${i} is ${got}, expected ${value}`);
          if (!Number.isNaN(value)) largest = Math.max(largest, Math.abs(got - value));
        }
        return { largest, seen: [gpu!.seen, cpu!.seen], places };
      },
      { scene, model, resample, WINDOW },
    );

  for (const [what, scene, model, resample] of [
    ['unsigned samples with an offset, a plane a band', 'uint16.tif', 'model.onnx', false],
    ['bands between which it interpolates', 'uint16.tif', 'near.onnx', true],
    ['reflectance in float32, made to spectra on this side', 'float32.tif', 'model.onnx', false],
    ['weights in half precision', 'int16.tif', 'half.onnx', false],
  ] as const)
    it(`takes ${what}`, async () => {
      const { largest, seen, places } = await compare(scene, model, resample);
      assert.equal(places[0]!.gpuPath, 'graph');
      assert.ok(largest <= GPU, `${largest}`);
      assert.deepEqual(seen[0], { ...seen[1], sampled: seen[0]!.sampled });
      assert.ok(seen[0]!.validPixels > 100 && seen[0]!.validPixels < WINDOW.rows * WINDOW.cols);
      assert.deepEqual(page.complaints, []);
    });

  it('compares samples with no NoData that they cannot hold', async () => {
    const { differences, missing } = await page.evaluate(async () => {
      const model = await window.library.openModel('model.onnx', { device: 'webgpu', runtime: 'onnxruntime' });
      const numbers = model.card.bands.map((_, index) => index);
      const data = new Int16Array(3 * numbers.length).map((_, i) => (i % 7 === 0 ? 0 : 1500 + (i % 977)));
      const block = { rows: 1, cols: 3, bands: numbers.length, data };
      const maps: Float32Array[] = [];
      for (const noData of [undefined, Number.NaN, -1e34, 0.5, 4294967295, 0]) {
        const band = { name: '', bad: false, gain: 1e-4, offset: 0, ...(noData !== undefined && { noData }) };
        const read = numbers.map((index) => ({ index, ...band }));
        const kept = await model.gpu!.unmix({ block, read, plan: { bands: numbers } });
        maps.push(await kept.read());
        kept.destroy();
      }
      await model.release();
      const missing = maps.pop()!;
      const [plain] = maps;
      return {
        differences: maps.map((map) => map.some((value, i) => value !== plain![i])),
        missing: missing.every(Number.isNaN),
      };
    });
    assert.deepEqual(differences, [false, false, false, false, false]);
    assert.ok(missing);
    assert.deepEqual(page.complaints, []);
  });

  it('takes a window of more pixels than a run has, and of an odd number of samples', async () => {
    const WHOLE = { row: 0, col: 0, rows: 2 * ROWS, cols: COLS };
    const largest = await page.evaluate(async (WHOLE) => {
      const scene = await window.unmixer.openScene('twice.tif');
      const maps: Float32Array[] = [];
      for (const device of ['webgpu', 'wasm'] as const) {
        const model = await window.unmixer.openModel('model.onnx', { device, runtime: 'onnxruntime' });
        maps.push((await scene.unmix(model, WHOLE)).abundances);
      }
      return maps[1]!.reduce((most, value, i) => {
        const got = maps[0]![i]!;
        return Math.max(most, Number.isNaN(value) && Number.isNaN(got) ? 0 : Math.abs(value - got));
      }, 0);
    }, WHOLE);
    assert.ok(largest <= GPU, `${largest}`);
  });

  it('leaves abundances on the GPU for whoever draws them', async () => {
    const { kept, read } = await page.evaluate(
      async ({ WINDOW, C }) => {
        const { openModel } = window.library;
        const bytes = new Uint8Array(await (await fetch('model.onnx')).arrayBuffer());
        const model = await openModel(bytes, { device: 'webgpu', runtime: 'onnxruntime' });
        const data = new Int16Array(WINDOW.rows * WINDOW.cols * model.card.bands.length).map(
          (_, i) => 1000 + (i % 977),
        );
        const numbers = model.card.bands.map((_, index) => index);
        const read = numbers.map((index) => ({ index, name: '', bad: false, gain: 1e-4, offset: 0, noData: -1 }));
        data[3] = -1;
        const block = { rows: WINDOW.rows, cols: WINDOW.cols, bands: numbers.length, data };
        const abundances = await model.gpu!.unmix({ block, read, plan: { bands: numbers } });
        const { device } = model.gpu!;
        const copy = device.createBuffer({ size: 4 * 2 * C, usage: 1 | 8 });
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(abundances.buffer, 0, copy, 0, 4 * 2 * C);
        device.queue.submit([encoder.finish()]);
        await copy.mapAsync(1);
        const kept = [...new Float32Array(copy.getMappedRange())];
        const read2 = [...(await abundances.read()).subarray(0, 2 * C)];
        abundances.destroy();
        await model.release();
        return { kept: kept.map(String), read: read2.map(String) };
      },
      { WINDOW, C: ENDMEMBERS },
    );
    assert.deepEqual(kept, read);
    assert.deepEqual(kept.slice(0, ENDMEMBERS), Array(ENDMEMBERS).fill('NaN'));
    const sum = kept.slice(ENDMEMBERS).reduce((total, value) => total + Number(value), 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `${sum}`);
  });

  it('says that the GPU was lost, and that the model should be opened again', async () => {
    const { before, after, message } = await page.evaluate(async (WINDOW) => {
      const model = await window.library.openModel('model.onnx', { device: 'webgpu', runtime: 'onnxruntime' });
      const before = model.isLost();
      model.gpu!.device.destroy();
      const shape = [512, model.card.bands.length];
      const inputs = [{ name: 'spectra', data: new Float32Array(shape[0]! * shape[1]!), shape }];
      const message = await model.session.run(inputs).then(String, (error: Error) => error.message);
      await model.release();
      return { before, after: model.isLost(), message, WINDOW };
    }, WINDOW);
    assert.equal(before, false);
    assert.equal(after, true);
    assert.match(message, /^the GPU was lost: .*; open the model again$/);
  });

  it('runs two models at a time, one of which is closed, in a worker and in the page itself', async () => {
    const { sums, message } = await page.evaluate(async (WINDOW) => {
      const options = { device: 'webgpu', runtime: 'onnxruntime' } as const;
      const scene = await window.unmixer.openScene('int16.tif');
      const [a, b] = await Promise.all(
        ['model.onnx', 'half.onnx'].map((one) => window.unmixer.openModel(one, options)),
      );
      const small = { ...WINDOW, rows: 4 };
      const [one, other] = [scene.unmix(a!, small), scene.unmix(b!, small)];
      const closed = other.then(String, (error: Error) => error.message);
      await b!.close();
      const maps = [await one, await scene.unmix(a!, small)];
      const direct = await Promise.all([1, 2].map(() => window.library.openModel('model.onnx', options)));
      const shape = [512, a!.card.bands.length];
      const inputs = [{ name: 'spectra', data: new Float32Array(shape[0]! * shape[1]!).fill(0.3), shape }];
      const runs = await Promise.all(direct.map(({ session }) => session.run(inputs)));
      const sum = (values: Float32Array) => values.reduce((total, value) => total + (value || 0), 0);
      return {
        sums: [
          ...maps.map(({ abundances, seen }) => sum(abundances) / seen.validPixels),
          ...runs.map((run) => sum(run) / 512),
        ],
        message: await closed,
      };
    }, WINDOW);
    for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-4, `${sum}`);
    assert.match(message, /half\.onnx: the model was closed while it was at work|\[object Object\]/);
  });

  it('goes on when the GPU process is killed: what was under way is done again, with the same abundances', async () => {
    const unmix = () =>
      page.evaluate(async (WINDOW) => {
        const kept = window as unknown as { model: Awaited<ReturnType<Unmixer['openModel']>> };
        kept.model ??= await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime' });
        const scene = await window.unmixer.openScene('int16.tif');
        const { abundances } = await scene.unmix(kept.model, WINDOW);
        return { map: [...abundances].map(String), device: kept.model.place.device };
      }, WINDOW);
    const first = await unmix();
    assert.equal(first.device, 'webgpu');
    await page.evaluate(async () => {
      const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
      Object.assign(window, { lost: device.lost });
    });
    const under = unmix();
    const session = await chromium.browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess');
    const [during, after] = [await under, await unmix()];
    await page.evaluate(() => (window as unknown as { lost: Promise<unknown> }).lost); // the GPU was lost indeed
    for (const { map } of [during, after])
      for (const [i, value] of first.map.entries())
        assert.ok(value === map[i] || Math.abs(Number(value) - Number(map[i])) <= GPU, `value ${i}`);
  });
});
