// Exact least squares in a browser: the graph has no network's shape, and pixels are its last axis. Legend: B bands, C endmembers, N pixels.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenWebModelOptions } from '@egunet/infer-web';
import { exportGivenHead, fclsAbundances, nnlsAbundances } from '@egunet/train';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { temporaryFolder } from '../support/index.js';
import { COLS, checkpoint, modelBands, ROWS, simulated, validSpectra, writeScene } from './scene.js';

/** float32 beside float64 on the materials of the scene, whose spectra are much alike. */
const LIMIT = 1e-4;

describe('exact least squares in a browser', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {
    'index.html': Buffer.from('<!doctype html><link rel="icon" href="data:,">'),
  };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser();
  const { spectra, pixels } = validSpectra();
  const { names, spectra: materials } = simulated.materials;
  const B = modelBands.length;
  const endmembers = Float32Array.from(
    names.flatMap((_, c) => modelBands.map((b) => materials[c * simulated.bands.length + b]!)),
  );

  before(async () => {
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
    const { facts } = checkpoint();
    const given = names.map((name, c) => ({ name, spectrum: [...endmembers.subarray(c * B, (c + 1) * B)] }));
    for (const method of ['nnls', 'fcls'] as const) {
      const of = { facts: { ...facts, endmembers: given }, dataDigest: '00' };
      const { bytes } = await exportGivenHead(of, method, { softwareVersion: '0.0.0', created: new Date(0) });
      files[`${method}.onnx`] = bytes;
    }
  });

  const ways: Readonly<Record<string, OpenWebModelOptions>> = {
    'WebAssembly with 2 threads': { device: 'wasm', threads: 2 },
    'WebGPU, recorded': { device: 'webgpu', gpuPath: 'graph' },
  };
  for (const [name, asked] of Object.entries(ways))
    for (const method of ['nnls', 'fcls'] as const)
      it(`${method} gives on ${name} what the solver in float64 gives`, async () => {
        const page = await chromium.open(`${server.url}index.html`);
        const map = await page.evaluate(
          async ({ asked, window, file }) => {
            const { createUnmixer }: typeof import('@egunet/infer-web') = await import('/egunet/index.js' as string);
            const unmixer = createUnmixer();
            const model = await unmixer.openModel(file, { ...asked, runtime: 'onnxruntime' });
            const scene = await unmixer.openScene('scene.tif');
            const { abundances } = await scene.unmix(model, window);
            unmixer.close();
            return [...abundances].map((value) => (Number.isNaN(value) ? null : value));
          },
          { asked, window: { row: 0, col: 0, rows: ROWS, cols: COLS }, file: `${method}.onnx` },
        );
        const solved =
          method === 'fcls'
            ? fclsAbundances(endmembers, spectra, B)
            : nnlsAbundances(endmembers, spectra, B).abundances;
        const C = names.length;
        let largest = 0;
        for (const [n, pixel] of pixels.entries())
          for (let c = 0; c < C; c++) largest = Math.max(largest, Math.abs(map[pixel * C + c]! - solved[n * C + c]!));
        assert.ok(largest <= LIMIT, `${largest}`);
        assert.equal(map.filter((value) => value === null).length, (ROWS * COLS - pixels.length) * C);
        assert.deepEqual(page.complaints, []);
        await page.close();
      });
});
