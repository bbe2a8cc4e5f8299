// npm run bench:web [-- --rounds 3 --devices wasm,webgpu --chromium /usr/bin/chromium --gpu software|any]
// The same model in a real browser (WebAssembly with one thread and with all, WebGPU) and in Node.js, on a simulated EnMAP scene of 512 x 512
// pixels that `egunet serve` gives the page. WebGPU runs on SwiftShader, a GPU in software, unless told otherwise: then it says nothing about GPUs.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GAIN, NO_DATA, simulateScene } from '@egunet/fixtures';
import { BATCH_PIXELS, gpuBatch, planUnmixing, unmixWindow } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import type {} from '@egunet/infer-web';
import { createMap, openScene } from '@egunet/raster/node';
import { chromium, type Page } from 'playwright-core';
import { startViewer } from '../../cli/dist/serve/server.js';
import { median, table } from './statistics.js';
import { run } from './timed.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    devices: { type: 'string', default: 'wasm,webgpu' },
    chromium: { type: 'string', default: process.env.EGUNET_CHROMIUM ?? '/usr/bin/chromium' },
    gpu: { type: 'string', default: 'software' },
  },
});
const rounds = Number(values.rounds);
const SIDE = 512;
/** Pixels that go through the model alone. */
const PIXELS = 51_200;
const folder = local('../out/web');
const scene = join(folder, 'scene.tif');
const model = join(folder, 'model.onnx');

/** What one round of a runtime comes to. */
interface Round {
  /** Of the model alone, Mpixel/s. */
  readonly model: number;
  /** Of reading and unmixing the whole scene, a window after the other, Mpixel/s of its pixels. */
  readonly scene: number;
}

async function makeScene(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { stored, bands } = simulateScene({ seed: 1, rows: SIDE, cols: SIDE });
  const known = bands.map(({ wavelength, fwhm }) => ({ wavelength, fwhm, gain: GAIN }));
  const size = { rows: SIDE, cols: SIDE };
  const georeference = { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 } as const;
  const map = await createMap(scene, {
    ...{ ...size, sampleType: 'int16', interleave: 'pixel', tile: 256, noData: NO_DATA, bands: known, georeference },
  });
  await map.writeWindow({ row: 0, col: 0, ...size }, stored);
  await map.close();
  const egunet = local('../../cli/bin/egunet.js');
  const command = (...args: string[]) => run(process.execPath, [egunet, ...args]);
  const vapour = ['--exclude', '1340-1460,1790-1970,2400-2500'];
  command('train', scene, '-o', join(folder, 'run'), '--count', '5', '--epochs', '3', ...vapour);
  command('export', join(folder, 'run'), '-o', model);
}

/** Node.js on the same threads: the reader in the same thread as the model's first. */
async function roundInNode(threads: number): Promise<Round> {
  const { card, session, release } = await openModel(model, { threads });
  const reader = await openScene(scene);
  const { tiles, plan } = planUnmixing(reader, { card });
  const spectra = new Float32Array(BATCH_PIXELS * card.bands.length).fill(0.2);
  await session.run(spectra, BATCH_PIXELS);
  const start = performance.now();
  for (let n = 0; n < PIXELS; n += BATCH_PIXELS) await session.run(spectra, BATCH_PIXELS);
  const middle = performance.now();
  for (const window of tiles) await unmixWindow(session, { reader, window }, { card, plan, batch: BATCH_PIXELS });
  const end = performance.now();
  await release();
  await reader.close();
  return { model: PIXELS / (middle - start) / 1e3, scene: SIDE ** 2 / (end - middle) / 1e3 };
}

interface PageRound extends Round {
  readonly adapter: string | undefined;
  /** From the page's beginning to the abundances of the whole scene, s. */
  readonly first: number;
  /** Tasks of the page's own thread that took 50 ms or more, while windows were unmixed. */
  readonly longTasks: number;
  /** Memory of the page and its workers in MB (2^20 bytes) before `tiles` further windows of 64 x 64 pixels and after them; NaN where there are none. */
  readonly before: number;
  readonly after: number;
}

/** The library's files and an empty page, as a folder for the server. */
function makePage(): string {
  const page = join(folder, 'page');
  cpSync(local('../../infer/web/bundle'), page, { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>egunet</title><link rel="icon" href="data:,">');
  return page;
}

/** One round in a page that has just been opened. */
const roundInPage = (
  page: Page,
  { device, threads, tiles }: { device: 'wasm' | 'webgpu'; threads: number; tiles: number },
): Promise<PageRound> =>
  page.evaluate(
    async ({ device, threads, tiles, files, SIDE, PIXELS, BATCH }) => {
      const library: typeof import('@egunet/infer-web') = await import('/index.js' as string);
      const unmixer = library.createUnmixer();
      const options = { device, threads, runtime: 'onnxruntime' };
      const [model, scene] = await Promise.all([
        unmixer.openModel(files.model, options),
        unmixer.openScene(files.scene),
      ]);
      await scene.unmix(model, { row: 0, col: 0, rows: SIDE, cols: SIDE });
      const first = performance.now() / 1000;
      let longTasks = 0;
      const observer = new PerformanceObserver((list) => {
        longTasks += list.getEntries().length;
      });
      observer.observe({ type: 'longtask' });
      const start = performance.now();
      for (let row = 0; row < SIDE; row += 256)
        for (let col = 0; col < SIDE; col += 256) await scene.unmix(model, { row, col, rows: 256, cols: 256 });
      const end = performance.now();
      observer.disconnect();
      const memory = async () => {
        const { bytes } = await (
          performance as Performance & { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
        ).measureUserAgentSpecificMemory();
        return bytes / 2 ** 20;
      };
      const before = tiles > 0 ? await memory() : Number.NaN;
      for (let i = 0; i < tiles; i++)
        await scene.unmix(model, { row: (i % 8) * 64, col: (i % 7) * 64, rows: 64, cols: 64 });
      const after = tiles > 0 ? await memory() : Number.NaN;
      unmixer.close();
      // The model alone, in a worker of its own.
      const script = `
        import { openModel } from '${location.origin}/index.js';
        onmessage = async ({ data: { model, options, BATCH, PIXELS } }) => {
          const { session, card } = await openModel(model, options);
          const spectra = new Float32Array(BATCH * card.bands.length).fill(0.2);
          await session.run(spectra, BATCH);
          const begin = performance.now();
          let pixels = 0;
          for (; pixels < PIXELS; pixels += BATCH) await session.run(spectra, BATCH);
          postMessage(pixels / (performance.now() - begin) / 1e3);
        };`;
      const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), {
        type: 'module',
      });
      const alone = new Promise<number>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
      const runtime = new URL('onnxruntime/', location.href).href;
      const at = new URL(files.model, location.href).href;
      worker.postMessage({ model: at, options: { ...options, runtime }, BATCH, PIXELS });
      const speed = await alone;
      worker.terminate();
      return {
        ...{ first, longTasks, before, after, adapter: model.place.adapter },
        model: speed,
        scene: SIDE ** 2 / (end - start) / 1e3,
      };
    },
    { device, threads, tiles, files, SIDE, PIXELS, BATCH: device === 'wasm' ? 1024 : gpuBatch(SIDE ** 2) },
  );

await makeScene();
const viewer = await startViewer({
  scenes: [scene],
  models: [model],
  page: makePage(),
  runtime: local('../../node_modules/onnxruntime-web/dist'),
  port: 0,
});
const { scenes, models } = viewer.listing;
const files = { scene: scenes[0]!.url, model: models[0]!.url };
const SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
/** Memory is measured when it is asked for, not when garbage is collected next. */
const MEASURE_NOW = '--enable-blink-features=ForceEagerMeasureMemory';
const browser = await chromium.launch({
  executablePath: values.chromium,
  args: [
    '--headless=new',
    '--no-sandbox',
    MEASURE_NOW,
    ...(values.gpu === 'software' ? SOFTWARE : ['--enable-unsafe-webgpu']),
  ],
});

async function inPage(how: Parameters<typeof roundInPage>[1]): Promise<PageRound> {
  const page = await browser.newPage();
  await page.goto(viewer.url);
  const round = await roundInPage(page, how);
  await page.close();
  return round;
}

const all = availableParallelism();
const nodes: Record<number, Round[]> = { 1: [], [all]: [] };
const devices = values.devices.split(',');
const everyWay = [
  { name: 'WebAssembly, 1 thread', device: 'wasm', threads: 1 },
  { name: `WebAssembly, ${all} threads`, device: 'wasm', threads: all },
  { name: 'WebGPU', device: 'webgpu', threads: 1 },
] as const;
const ways = everyWay.filter(({ device }) => devices.includes(device));
const pages: Record<string, PageRound[]> = Object.fromEntries(ways.map(({ name }) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const threads of new Set([1, all])) {
    console.error(`round ${round + 1} of ${rounds}: Node.js, threads: ${threads}`);
    nodes[threads]!.push(await roundInNode(threads));
  }
  for (const { name, ...how } of ways) {
    console.error(`round ${round + 1} of ${rounds}: ${name}`);
    pages[name]!.push(await inPage({ ...how, tiles: round === 0 && how.device === 'wasm' ? 200 : 0 }));
  }
}
await browser.close();
await viewer.close();

const of = <T>(list: readonly T[], what: (one: T) => number) => median(list.map(what));
const node = (threads: number) => ({
  model: of(nodes[threads]!, (one) => one.model),
  scene: of(nodes[threads]!, (one) => one.scene),
});
const rows = [1, all].map((threads) => {
  const { model, scene } = node(threads);
  return [`onnxruntime-node, ${threads} thread${threads > 1 ? 's' : ''}`, model, scene, '', '', '', ''];
});
for (const { name, threads, device } of ways) {
  const list = pages[name]!;
  const [model, scene] = [of(list, (one) => one.model), of(list, (one) => one.scene)];
  const { before, after, adapter } = list[0]!;
  rows.push([
    device === 'webgpu'
      ? `WebGPU on ${adapter}${/swiftshader/i.test(adapter ?? '') ? ', a GPU in software' : ''}`
      : name,
    ...[model, scene],
    device === 'wasm' ? node(threads).model / model : '',
    of(list, (one) => one.first).toFixed(2),
    Math.max(...list.map((one) => one.longTasks)),
    Number.isNaN(after) ? '' : `${before.toFixed(0)} -> ${after.toFixed(0)}`,
  ]);
}
const shown = rows.map((row) =>
  row.map((cell) => (typeof cell === 'number' ? Number(cell.toPrecision(3)) : cell).toString()),
);
console.log(
  `\n${SIDE} x ${SIDE} pixels of 224 bands, medians of ${rounds} rounds. ${all} x ${cpus()[0]!.model}, Chromium ${browser.version()}.`,
);
console.log(
  table(
    [
      'runtime',
      'model alone, Mpixel/s',
      'scene, Mpixel/s',
      'times slower than Node, model',
      'page to first abundances, s',
      'long tasks',
      'MB after 0 and 200 windows',
    ],
    shown,
  ),
);
