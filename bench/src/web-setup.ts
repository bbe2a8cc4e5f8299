// What `bench:web` measures with: a scene, its models, a server with an empty page, a browser.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GAIN, NO_DATA, simulateScene } from '@egunet/fixtures';
import { createMap } from '@egunet/raster/node';
import { type Browser, chromium } from 'playwright-core';
import { startViewer } from '../../cli/dist/serve/server.js';
import { run } from './timed.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Pixels a side of the scene. */
export const SIDE = 512;
/** Pixels a side of its blocks, in which it is unmixed. */
export const BLOCK = 256;

const folder = local('../out/web');
const scene = join(folder, 'scene.tif');

export type Precision = 'float32' | 'int8';
const modelOf = (precision: Precision): string => join(folder, `${precision}.onnx`);

/** A simulated EnMAP scene, and models that were trained on it. */
export async function makeFiles(): Promise<{ scene: string; modelOf(precision: Precision): string }> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const size = { rows: SIDE, cols: SIDE };
  const { stored, bands } = simulateScene({ seed: 1, ...size });
  const map = await createMap(scene, {
    ...{ ...size, sampleType: 'int16', interleave: 'pixel', tile: BLOCK, noData: NO_DATA },
    bands: bands.map(({ wavelength, fwhm }) => ({ wavelength, fwhm, gain: GAIN })),
    georeference: { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 },
  });
  await map.writeWindow({ row: 0, col: 0, ...size }, stored);
  await map.close();
  const command = (...args: string[]) => run(process.execPath, [local('../../cli/bin/egunet.js'), ...args]);
  const trained = join(folder, 'run');
  const vapour = ['--exclude', '1340-1460,1790-1970,2400-2500'];
  command('train', scene, '-o', trained, '--count', '5', '--epochs', '1', ...vapour);
  for (const precision of ['float32', 'int8'] as const)
    command('export', trained, '-o', modelOf(precision), '--precision', precision);
  return { scene, modelOf };
}

export interface Stage {
  readonly browser: Browser;
  /** Of the empty page, and of the viewer. */
  readonly url: string;
  readonly viewer: string;
  readonly scene: string;
  readonly models: Readonly<Record<Precision, string>>;
  close(): Promise<void>;
}

const SOFTWARE = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];
/** Memory is measured when it is asked for, not when garbage is collected next. */
const MEASURE_NOW = '--enable-blink-features=ForceEagerMeasureMemory';

/** Serves the files beside the library and an empty page, and starts Chromium; its WebGPU on a GPU in software, or on any. */
export async function openStage(executablePath: string, gpu: 'software' | 'any'): Promise<Stage> {
  const page = join(folder, 'page');
  cpSync(local('../../infer/web/bundle'), page, { recursive: true });
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>egunet</title><link rel="icon" href="data:,">');
  const serve = (page: string, models: readonly string[]) =>
    startViewer({
      ...{ scenes: [scene], models, page, port: 0 },
      runtime: local('../../node_modules/onnxruntime-web/dist'),
    });
  const library = await serve(page, [modelOf('float32'), modelOf('int8')]);
  const viewer = await serve(local('../../infer/web/viewer/dist'), [modelOf('float32')]);
  const webgpu = gpu === 'software' ? SOFTWARE : ['--enable-unsafe-webgpu'];
  const args = ['--headless=new', '--no-sandbox', MEASURE_NOW, ...webgpu];
  const browser = await chromium.launch({ executablePath, args });
  const [float32, int8] = library.listing.models.map(({ url }) => url);
  return {
    browser,
    url: library.url,
    viewer: viewer.url,
    scene: library.listing.scenes[0]!.url,
    models: { float32: float32!, int8: int8! },
    async close() {
      await browser.close();
      await Promise.all([library.close(), viewer.close()]);
    },
  };
}
