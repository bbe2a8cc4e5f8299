// One round of `bench:web`: in Node.js, and in a page.
import { BATCH_PIXELS, gpuBatch, planUnmixing, spectraInputs, unmixWindow } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import type {} from '@egunet/infer-web';
import { openScene } from '@egunet/raster/node';
import { BLOCK, type Precision, SIDE, type Stage } from './web-setup.js';

/** The model alone runs for so long, and twice at least. */
const RUN_SECONDS = 2;
/** Windows that memory is watched over. */
export const WATCHED = 200;

/** What one round of a runtime comes to. */
export interface Round {
  /** Of the model alone, Mpixel/s. */
  readonly model: number;
  /** Of reading and unmixing the view, a window after the other, Mpixel/s of its pixels. */
  readonly view: number;
}

/** Node.js on so many threads: the reader in the same thread as the model's first. */
export async function roundInNode(files: { scene: string; model: string }, threads: number): Promise<Round> {
  const { card, session, release } = await openModel(files.model, { threads });
  const reader = await openScene(files.scene);
  const { tiles, plan } = planUnmixing(reader, { card });
  const spectra = new Float32Array(BATCH_PIXELS * card.bands.length).fill(0.2);
  await session.run(spectraInputs(spectra, BATCH_PIXELS));
  const start = performance.now();
  let pixels = 0;
  for (; performance.now() - start < 1000 * RUN_SECONDS; pixels += BATCH_PIXELS)
    await session.run(spectraInputs(spectra, BATCH_PIXELS));
  const middle = performance.now();
  for (const window of tiles) await unmixWindow(session, { reader, window }, { card, plan, batch: BATCH_PIXELS });
  const end = performance.now();
  await release();
  await reader.close();
  return { model: pixels / (middle - start) / 1e3, view: SIDE ** 2 / (end - middle) / 1e3 };
}

export interface PageOptions {
  readonly device: 'wasm' | 'webgpu';
  readonly threads: number;
  readonly precision: Precision;
  /** Pixels a side of the view: less than the scene where the device is slow. */
  readonly side: number;
  /** Whether to watch memory. */
  readonly watch: boolean;
}

export interface PageRound extends Round {
  readonly adapter: string | undefined;
  /** From the page's beginning to the first window's abundances, and to those of the whole view, whose windows are asked for together, s. */
  readonly first: number;
  readonly whole: number;
  /** Tasks of the page's own thread that took 50 ms or more, while the view was unmixed. */
  readonly longTasks: number;
  /** Memory of the page and its workers in MB (2^20 bytes) before `WATCHED` further windows and after them. */
  readonly memory?: { readonly before: number; readonly after: number };
}

/** One round in a page of its own. */
export async function roundInPage(stage: Stage, options: PageOptions): Promise<PageRound> {
  const page = await stage.browser.newPage();
  await page.goto(stage.url);
  const files = { scene: stage.scene, model: stage.models[options.precision] };
  const inView = await page.evaluate(unmixView, { ...options, ...files, BLOCK, WATCHED });
  const batch = options.device === 'wasm' ? 1024 : gpuBatch(options.side ** 2);
  const model = await page.evaluate(runModel, { ...options, ...files, batch, seconds: RUN_SECONDS });
  await page.close();
  return { ...inView, model };
}

type InPage = PageOptions & { readonly scene: string; readonly model: string };

/** Runs in the page: a view is opened as a map does it, then unmixed a window after the other. */
async function unmixView({
  device,
  threads,
  side,
  watch,
  scene: sceneUrl,
  model: modelUrl,
  BLOCK,
  WATCHED,
}: InPage & { readonly BLOCK: number; readonly WATCHED: number }): Promise<Omit<PageRound, 'model'>> {
  const library: typeof import('@egunet/infer-web') = await import('/index.js' as string);
  const unmixer = library.createUnmixer();
  const [model, scene] = await Promise.all([
    unmixer.openModel(modelUrl, { device, threads, runtime: 'onnxruntime' }),
    unmixer.openScene(sceneUrl),
  ]);
  const block = Math.min(BLOCK, side);
  const windows = Array.from({ length: (side / block) ** 2 }, (_, i) => ({
    row: Math.floor(i / (side / block)) * block,
    col: (i % (side / block)) * block,
    rows: block,
    cols: block,
  }));
  const asked = windows.map((window) => scene.unmix(model, window).then(() => performance.now() / 1000));
  const first = await Promise.race(asked);
  const whole = Math.max(...(await Promise.all(asked)));

  let longTasks = 0;
  const observer = new PerformanceObserver((list) => {
    longTasks += list.getEntries().length;
  });
  observer.observe({ type: 'longtask' });
  const start = performance.now();
  for (const window of windows) await scene.unmix(model, window);
  const view = side ** 2 / (performance.now() - start) / 1e3;
  observer.disconnect();

  const measure = async () => {
    type Measured = { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> };
    return (await (performance as Performance & Measured).measureUserAgentSpecificMemory()).bytes / 2 ** 20;
  };
  const before = watch ? await measure() : 0;
  // At the beginning of blocks, where least has to be decoded.
  for (let i = 0; watch && i < WATCHED; i++)
    await scene.unmix(model, { row: (i % 2) * BLOCK + (i % 4) * 16, col: 0, rows: 16, cols: BLOCK });
  const memory = watch ? { memory: { before, after: await measure() } } : {};
  unmixer.close();
  return { first, whole, longTasks, view, adapter: model.place.adapter, ...memory };
}

/** Runs in the page: the model alone, in a worker of its own; Mpixel/s. */
async function runModel({
  device,
  threads,
  model,
  batch,
  seconds,
}: InPage & { readonly batch: number; readonly seconds: number }): Promise<number> {
  const script = `
    import { openModel } from '${location.origin}/index.js';
    onmessage = async ({ data: { model, options, batch, seconds } }) => {
      const { session, card } = await openModel(model, options);
      const shape = [batch, card.bands.length];
      const inputs = [{ name: 'spectra', data: new Float32Array(shape[0] * shape[1]).fill(0.2), shape }];
      await session.run(inputs);
      const begin = performance.now();
      let pixels = 0;
      for (; pixels < 2 * batch || performance.now() - begin < 1000 * seconds; pixels += batch) await session.run(inputs);
      postMessage(pixels / (performance.now() - begin) / 1e3);
    };`;
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
  const speed = new Promise<number>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  const options = { device, threads, runtime: new URL('onnxruntime/', location.href).href };
  worker.postMessage({ model: new URL(model, location.href).href, options, batch, seconds });
  const found = await speed;
  worker.terminate();
  return found;
}
