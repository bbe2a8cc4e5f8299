// The library in a real page: what it says where something is not as it should be, and that the page stays awake.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';
import type { Unmixer } from '@egunet/infer-web';
import { type ByteSink, createGeoTiff } from '@egunet/raster';
import type { Page } from 'playwright-core';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, root, run, temporaryFolder, until } from '../support/index.js';
import { LIBRARY_PAGE } from './library-page.js';
import { COLS, makeModel, ROWS, simulated, writeScene } from './scene.js';

/** Without a request for so long, in ms, nothing more is asked for. */
const QUIET = 700;

describe('the library in a page', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {
    'index.html': Buffer.from(LIBRARY_PAGE),
    'foreign.onnx': readFileSync(join(root, 'fixtures/golden/infer/foreign.onnx')),
    'text.onnx': Buffer.from('no model'),
    'text.tif': Buffer.from('no scene at all'),
  };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const elsewhere = serveFiles(files, { others: pageFiles });
  const chromium = withBrowser({ gpu: false });
  let page: Page & { readonly complaints: string[] };

  before(async () => {
    files['model.onnx'] = await makeModel();
    files['other-sensor.onnx'] = await makeModel(70);
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
  });

  beforeEach(async () => {
    page = await chromium.open(`${server.url}index.html`);
    await page.waitForFunction(() => 'unmixer' in window);
  });
  afterEach(() => page.close());

  const ofScene = ({ path }: { readonly path: string }) => path.startsWith('/scene.tif');

  /** What opening a model comes to, in the page: the error's kind and message. */
  const refusal = (
    model: string,
    options: { device?: 'auto' | 'wasm' | 'webgpu'; runtime?: string; threads?: number } = {},
  ) =>
    page.evaluate(
      ([model, options]) =>
        window.unmixer.openModel(model, { runtime: 'onnxruntime', device: 'wasm', ...options }).then(
          () => 'opened',
          (error: Error & { _tag?: string }) => `${error._tag}: ${error.message}`,
        ),
      [model, options] as const,
    );

  it('takes WebAssembly where there is no WebGPU, with every thread, and says why not WebGPU', async () => {
    const { place, endmembers } = await page.evaluate(async () => {
      const { place, card } = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime' });
      return { place, endmembers: card.endmembers.length };
    });
    assert.equal(endmembers, 5);
    assert.equal(place.device, 'wasm');
    assert.ok(place.threads > 1);
    assert.equal(place.reasons.length, 1);
    assert.match(place.reasons[0]!, /^no WebGPU: (this browser has no WebGPU|WebGPU finds no adapter)/);
    assert.deepEqual(page.complaints, []);
  });

  it('takes one thread where the page is not cross-origin isolated, and says which headers it lacks', async () => {
    const other = await chromium.open(`${elsewhere.url}index.html`);
    await other.waitForFunction(() => 'unmixer' in window);
    const place = await other.evaluate(
      async () => (await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' })).place,
    );
    assert.equal(place.threads, 1);
    assert.match(place.reasons[0]!, /^one thread: .*Cross-Origin-Opener-Policy: same-origin/);
    await other.close();
  });

  it('refuses a device that is named and not there', async () => {
    assert.match(await refusal('model.onnx', { device: 'webgpu' }), /^InferError: .*(no WebGPU|no adapter)/);
  });

  for (const [model, message] of [
    ['missing.onnx', /^InferError: .*missing\.onnx: cannot be fetched: the server answers 404.*check the URL$/],
    ['text.onnx', /^InferError: http.*text\.onnx: not a complete ONNX model/],
    ['foreign.onnx', /^InferError: http.*foreign\.onnx: an ONNX model, but not one of egunet's/],
  ] as const)
    it(`refuses ${model} with what is wrong`, async () => {
      assert.match(await refusal(model), message);
    });

  it('says that a server may not permit it to read', async () => {
    assert.match(
      await refusal(`${elsewhere.url}model.onnx`),
      /^InferError: .*cannot be fetched: .*does not permit this page to read it \(CORS\)$/,
    );
  });

  it("says where onnxruntime's files should be", async () => {
    assert.match(
      await refusal('model.onnx', { runtime: 'nowhere' }),
      /^InferError: onnxruntime-web cannot be loaded from http.*\/nowhere\/: .*serve the files of its 'dist' folder/,
    );
    assert.match(
      await refusal('model.onnx', { threads: 0 }),
      /^InferError: threads should be a whole number >= 1, got 0$/,
    );
  });

  it('refuses scenes that are none, or of other bands than the model', async () => {
    const refused = await page.evaluate(async () => {
      const message = (error: Error & { _tag?: string }) => `${error._tag}: ${error.message}`;
      const model = await window.unmixer.openModel('other-sensor.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      const own = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      const scene = await window.unmixer.openScene('scene.tif');
      const window1 = { row: 0, col: 0, rows: 4, cols: 4 };
      return [
        await window.unmixer.openScene('text.tif').catch(message),
        await window.unmixer.openScene('missing.tif').catch(message),
        await scene.unmix(model, window1).catch(message),
        await scene.unmix(model, window1, { level: 3 }).catch(message),
        await scene.unmix(model, window1, { resample: true }).catch(message),
        await scene.unmix(own, { row: 70, col: 0, rows: 40, cols: 4 }).catch(message),
        await scene
          .close()
          .then(() => scene.unmix(model, window1))
          .catch(message),
      ].map(String);
    });
    for (const [i, expected] of [
      /^RasterError: .*text\.tif: not a format that is read/,
      /^RasterError: .*missing\.tif: .*404/,
      /^InferError: .*no band within half a FWHM for/,
      /^InferError: .*there is no level 3/,
      /^InferError: .*bands lie where the scene has none to interpolate from/,
      /^RasterError: .*not inside the scene/,
      /^InferError: there is no scene 0: it was closed/,
    ].entries())
      assert.match(refused[i]!, expected);
  });

  it('gives of a dropped file and of dropped bytes what it gives of their URLs, and stored values as they are', async () => {
    const { same, stored, closed } = await page.evaluate(
      async ({ rows, cols }) => {
        const whole = { row: 0, col: 0, rows, cols };
        const runtime = { runtime: 'onnxruntime', device: 'wasm' } as const;
        const bytesOf = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
        const scene = await window.unmixer.openScene('scene.tif');
        const file = await window.unmixer.openScene([new File([await bytesOf('scene.tif')], 'dropped.tif')]);
        const model = await window.unmixer.openModel('model.onnx', runtime);
        const { abundances } = await scene.unmix(model, whole);
        await model.close();
        const closed = await scene.unmix(model, whole).then(String, (error: Error) => error.message);
        const dropped = await window.unmixer.openModel(await bytesOf('model.onnx'), runtime);
        const again = await file.unmix(dropped, whole);
        const { data } = await file.readWindow({ row: 40, col: 30, rows: 2, cols: 3 }, [7, 100]);
        return {
          same: abundances.every((value, i) => Object.is(value, again.abundances[i])),
          stored: [...data],
          closed,
        };
      },
      { rows: ROWS, cols: COLS },
    );
    assert.ok(same);
    const B = simulated.bands.length;
    const pixels = [40, 41].flatMap((row) => [30, 31, 32].map((col) => row * COLS + col));
    assert.deepEqual(
      stored,
      pixels.flatMap((pixel) => [7, 100].map((band) => simulated.stored[pixel * B + band])),
    );
    assert.match(closed, /^there is no model 0: it was closed/);
    assert.deepEqual(page.complaints, []);
  });

  it('reads blocks with bytes behind their end, which the browser itself refuses', async () => {
    const behind = (bytes: Uint8Array) => Buffer.concat([deflateSync(bytes), Buffer.from('behind')]);
    const [rows, cols] = [20, 30];
    const values = Int16Array.from({ length: rows * cols }, (_, i) => (i * i) % 1009);
    const bytes = new Uint8Array(2 ** 14);
    const sink: ByteSink = {
      name: 'behind.tif',
      write: async (offset, part) => bytes.set(part, offset),
      commit: async () => {},
      discard: async () => {},
    };
    const writer = createGeoTiff(sink, { rows, cols, bands: [{}], tile: 16, sampleType: 'int16' }, behind);
    await writer.writeWindow({ row: 0, col: 0, rows, cols }, values);
    await writer.close();
    files['behind.tif'] = bytes;
    const read = await page.evaluate(async () => {
      const scene = await window.unmixer.openScene('behind.tif');
      return [...(await scene.readWindow({ row: 0, col: 0, rows: scene.rows, cols: scene.cols }, [0])).data];
    });
    assert.deepEqual(read, [...values]);
    assert.deepEqual(page.complaints, []);
  });

  it('stops when it is told to, and goes on with what comes next', async () => {
    const { reasons, valid } = await page.evaluate(
      async ({ rows, cols }) => {
        const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
        const scene = await window.unmixer.openScene('scene.tif');
        const whole = { row: 0, col: 0, rows, cols };
        const controller = new AbortController();
        const first = scene.unmix(model, whole, { signal: controller.signal });
        const second = scene.unmix(model, whole, { signal: controller.signal });
        controller.abort(new Error('enough'));
        const late = scene.unmix(model, whole, { signal: controller.signal });
        const reasons = await Promise.all(
          [first, second, late].map((one) => one.catch((error: Error) => error.message)),
        );
        const { seen } = await scene.unmix(model, whole);
        return { reasons, valid: seen.validPixels };
      },
      { rows: ROWS, cols: COLS },
    );
    assert.deepEqual(reasons, ['enough', 'enough', 'enough']);
    assert.ok(valid > (ROWS * COLS) / 2);
    assert.deepEqual(page.complaints, []);
  });

  it('gives what was asked for first before what was asked for next, however much smaller that is', async () => {
    const times = 12;
    await writeScene(join(folder, 'long.tif'), { times, tile: 256 }); // blocks that are decoded piece by piece
    files['long.tif'] = readFileSync(join(folder, 'long.tif'));
    const order = await page.evaluate(
      async ({ rows, cols }) => {
        const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
        const file = new File([await (await fetch('long.tif')).arrayBuffer()], 'long.tif');
        const scene = await window.unmixer.openScene([file]);
        const order: string[] = [];
        const unmix = (name: string, row: number, rows: number) =>
          scene.unmix(model, { row, col: 0, rows, cols }).then(() => order.push(name));
        await Promise.all([unmix('large', 0, (rows * 2) / 3), unmix('small', (rows * 2) / 3, rows / 3)]);
        return order;
      },
      { rows: times * ROWS, cols: COLS },
    );
    assert.deepEqual(order, ['large', 'small']);
  });

  it('unmixes the next window while the first waits for its bytes', async () => {
    const stage = await page.evaluateHandle(async () => ({
      model: await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' }),
      scene: await window.unmixer.openScene('scene.tif'),
      file: new File([await (await fetch('scene.tif')).arrayBuffer()], 'scene.tif'),
    }));
    const held = server.hold(ofScene);
    const whole = { row: 0, col: 0, rows: ROWS, cols: COLS };
    const first = page.evaluate(
      async ([{ model, scene }, whole]) => (await scene.unmix(model, whole)).seen.validPixels,
      [stage, whole] as const,
    );
    const next = await page.evaluate(
      async ([{ model, file }, whole]) =>
        (await (await window.unmixer.openScene([file])).unmix(model, whole)).seen.validPixels,
      [stage, whole] as const,
    );
    await until(() => held.count() > 0);
    assert.ok(next > 0);
    held.release();
    assert.equal(await first, next);
  });

  it('leaves the page awake: no task of it takes 50 ms while windows are unmixed', async () => {
    const { tasks, windows } = await page.evaluate(
      async ({ rows, cols }) => {
        const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
        const scene = await window.unmixer.openScene('scene.tif');
        const tasks: number[] = [];
        const observer = new PerformanceObserver((list) =>
          tasks.push(...list.getEntries().map(({ duration }) => duration)),
        );
        observer.observe({ type: 'longtask' });
        let windows = 0;
        for (; windows < 20; windows++) await scene.unmix(model, { row: 0, col: 0, rows, cols });
        observer.disconnect();
        return { tasks, windows };
      },
      { rows: ROWS, cols: COLS },
    );
    assert.equal(windows, 20);
    assert.deepEqual(tasks, []);
  });

  it('reads nothing more for what was stopped', async () => {
    // What is under way while it is stopped cannot end of itself.
    const asked = () => server.asked.filter(ofScene).length;
    const untilQuiet = async () => {
      for (let before = -1; before !== asked(); ) {
        before = asked();
        await sleep(QUIET);
      }
      return asked();
    };
    const stage = await page.evaluateHandle(async () => ({
      model: await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' }),
      scene: await window.unmixer.openScene('scene.tif'),
      controller: new AbortController(),
    }));
    const held = server.hold(ofScene);
    const stopped = page.evaluate(
      ([
        {
          model,
          scene,
          controller: { signal },
        },
        whole,
      ]) => Promise.allSettled([scene.unmix(model, whole, { signal }), scene.readWindow(whole, [3], { signal })]),
      [stage, { row: 0, col: 0, rows: ROWS, cols: COLS }] as const,
    );
    await until(() => held.count() > 0);
    await untilQuiet();
    await stage.evaluate(({ controller }) => controller.abort(new Error('enough')));
    assert.deepEqual(
      (await stopped).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    const before = await untilQuiet();
    held.release();
    assert.equal(await untilQuiet(), before);
  });

  it('gives back what was opened in the moment in which it was stopped', async () => {
    const { opened, closed } = await page.evaluate(async () => {
      let controller: AbortController | undefined;
      const worker = new Worker('/egunet/worker.js', { type: 'module' });
      const [asked, opened, closed] = [new Map<number, string>(), [] as string[], [] as string[]];
      const post = worker.postMessage.bind(worker) as (message: unknown, transfer: Transferable[]) => void;
      worker.postMessage = (message: { id: number; ask?: string; args?: object }, transfer: unknown) => {
        if (message.ask) asked.set(message.id, message.ask);
        if (message.ask?.startsWith('close')) closed.push(JSON.stringify(message.args));
        post(message, transfer as Transferable[]);
      };
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<{ id: number; value?: { model?: number; scene?: number } }>) => {
          const { model, scene } = data.value ?? {};
          if (!asked.get(data.id)?.startsWith('open') || !data.value) return;
          opened.push(JSON.stringify({ model, scene }));
          controller?.abort(new Error('enough')); // before the unmixer hears of it
        },
      );
      const unmixer = window.library.createUnmixer(worker);
      const options = { runtime: 'onnxruntime', device: 'wasm' } as const;
      for (let i = 0; i < 6; i++) {
        controller = new AbortController();
        const { signal } = controller;
        const opening = [
          unmixer.openModel('model.onnx', { ...options, signal }),
          unmixer.openScene('scene.tif', { signal }),
        ];
        await Promise.all(opening.map((one) => one.then((opened) => opened.close()).catch(() => {})));
      }
      controller = undefined;
      await (await unmixer.openScene('scene.tif')).close(); // behind all the others
      await new Promise((resolve) => setTimeout(resolve, 300));
      unmixer.close();
      return { opened: opened.sort(), closed: closed.sort() };
    });
    assert.ok(opened.length > 6, `${opened.length}`);
    assert.deepEqual(closed, opened);
  });

  it('says that a model was closed while it was at work', async () => {
    const message = await page.evaluate(
      async ({ rows, cols }) => {
        const model = await window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
        const scene = await window.unmixer.openScene('scene.tif');
        const unmixing = scene.unmix(model, { row: 0, col: 0, rows, cols });
        await new Promise((resolve) => setTimeout(resolve, 50));
        await model.close();
        return unmixing.then(String, (error: Error) => error.message);
      },
      { rows: ROWS, cols: COLS },
    );
    assert.match(message, /model\.onnx: the model was closed while it was at work; open it again$/);
  });

  it('opens an overview that could not be read once, when it is asked for again', async function () {
    requireGdal(this);
    const path = join(folder, 'overviews.tif');
    copyFileSync(join(folder, 'scene.tif'), path);
    run('gdaladdo', ['-q', '-r', 'nearest', path, '2']);
    files['overviews.tif'] = readFileSync(path);
    const read = (level: number) =>
      page.evaluate(async (level) => {
        const kept = window as unknown as { scene: Awaited<ReturnType<Unmixer['openScene']>> };
        kept.scene ??= await window.unmixer.openScene('overviews.tif');
        const reading = kept.scene.readWindow({ row: 0, col: 0, rows: 2, cols: 2 }, [3], { level });
        return reading.then(({ data }) => `${data.length} values`).catch((error: Error) => error.message);
      }, level);
    assert.match(await read(9), /there is no level 9: it has 2, from 0 on$/);
    server.instead = (request, response) => {
      if (!request.url!.startsWith('/overviews.tif')) return false;
      response.writeHead(403, ISOLATED).end('no');
      return true;
    };
    assert.match(await read(1), /403/);
    server.instead = undefined;
    assert.equal(await read(1), '4 values');
  });

  it('ends what is under way when it is closed', async () => {
    const messages = await page.evaluate(async () => {
      const opening = window.unmixer.openModel('model.onnx', { runtime: 'onnxruntime', device: 'wasm' });
      window.unmixer.close();
      const after = window.unmixer.openScene('scene.tif');
      return Promise.all([opening, after].map((one) => one.then(String, (error: Error) => error.message)));
    });
    assert.deepEqual(messages, ['the worker was ended', 'the worker was ended']);
  });
});
