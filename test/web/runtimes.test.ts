// The same model and the same pixels on every runtime. Legend: B bands, C endmembers, N pixels.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { OpenWebModelOptions } from '@egunet/infer-web';
import { evaluateNetwork } from '@egunet/train';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireSwiftShader, root, temporaryFolder } from '../support/index.js';
import { COLS, checkpoint, ENDMEMBERS, makeModel, ROWS, validSpectra, writeScene } from './scene.js';

const CPU = 1e-5;
const GPU = 1e-4;

describe('the same model and tiles on every runtime', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  const scene = join(folder, 'scene.tif');
  const files: Record<string, Uint8Array> = {
    'index.html': Buffer.from('<!doctype html><link rel="icon" href="data:,">'),
  };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser();
  const { spectra, pixels } = validSpectra();
  /** [ROWS * COLS, C] by tfjs, NaN where the scene has no data. */
  const expected = new Float32Array(ROWS * COLS * ENDMEMBERS).fill(Number.NaN);

  before(async () => {
    files['model.onnx'] = await makeModel();
    writeFileSync(model, files['model.onnx']);
    await writeScene(scene);
    files['scene.tif'] = readFileSync(scene);
    const abundances = await evaluateNetwork(checkpoint(), spectra);
    for (const [n, pixel] of pixels.entries())
      expected.set(abundances.subarray(n * ENDMEMBERS, (n + 1) * ENDMEMBERS), pixel * ENDMEMBERS);
  });

  /** Compares a map [ROWS * COLS, C], and returns the largest difference. */
  function largestDifference(got: ArrayLike<number>): number {
    assert.equal(got.length, expected.length);
    let largest = 0;
    for (const [i, value] of expected.entries()) {
      assert.equal(Number.isNaN(got[i]), Number.isNaN(value), `pixel ${Math.floor(i / ENDMEMBERS)}`);
      if (!Number.isNaN(value)) largest = Math.max(largest, Math.abs(got[i]! - value));
    }
    return largest;
  }

  it('tfjs gives abundances that differ from pixel to pixel', () => {
    const first = [...expected.keys()].filter((i) => i % ENDMEMBERS === 0 && !Number.isNaN(expected[i]));
    const values = first.map((i) => expected[i]!);
    assert.ok(Math.max(...values) - Math.min(...values) > 0.2, `${Math.min(...values)} to ${Math.max(...values)}`);
  });

  for (const [device, limit] of [
    ['cpu', CPU],
    ['webgpu', GPU],
  ] as const)
    it(`onnxruntime-node on ${device} gives them within ${limit}`, function () {
      const gpu = device === 'webgpu' ? requireSwiftShader(this) : {};
      const unmix = `
        import { openModel } from ${JSON.stringify(pathToFileURL(join(root, 'infer/node/dist/index.js')).href)};
        import { openScene } from '@egunet/raster/node';
        import { unmix } from '@egunet/infer';
        import { writeFileSync } from 'node:fs';
        const { session, card, release } = await openModel(${JSON.stringify(model)}, { device: '${device}' });
        const scene = await openScene(${JSON.stringify(scene)});
        const map = new Float32Array(${ROWS * COLS} * ${ENDMEMBERS});
        for await (const { window, abundances } of unmix(session, scene, { card, tile: { rows: 32, cols: 32 } }))
          for (let r = 0; r < window.rows; r++)
            map.set(abundances.subarray(r * window.cols * ${ENDMEMBERS}, (r + 1) * window.cols * ${ENDMEMBERS}), ((window.row + r) * ${COLS} + window.col) * ${ENDMEMBERS});
        writeFileSync(${JSON.stringify(join(folder, 'map.f32'))}, map);
        await release();`;
      const how = { cwd: root, encoding: 'utf8', env: { ...process.env, ...gpu } } as const;
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', unmix], how);
      assert.equal(status, 0, stderr);
      const bytes = readFileSync(join(folder, 'map.f32'));
      const difference = largestDifference(new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
      assert.ok(difference <= limit, `${difference}`);
    });

  for (const [name, { limit, ...asked }] of Object.entries<OpenWebModelOptions & { readonly limit: number }>({
    'wasm with 1 thread': { device: 'wasm', threads: 1, limit: CPU },
    'wasm with 2 threads': { device: 'wasm', threads: 2, limit: CPU },
    'webgpu, recorded, from stored samples': { device: 'webgpu', gpuPath: 'graph', limit: GPU },
    'webgpu, from stored samples': { device: 'webgpu', gpuPath: 'buffers', limit: GPU },
    'webgpu, from spectra': { device: 'webgpu', gpuPath: 'float32', limit: GPU },
  }))
    it(`onnxruntime-web on ${name} gives them within ${limit}`, async () => {
      const page = await chromium.open(`${server.url}index.html`);
      const got = await page.evaluate(
        async ({ asked, size, C }) => {
          const { createUnmixer }: typeof import('@egunet/infer-web') = await import('/egunet/index.js' as string);
          const unmixer = createUnmixer();
          const model = await unmixer.openModel('model.onnx', { ...asked, runtime: 'onnxruntime' });
          const scene = await unmixer.openScene('scene.tif');
          const map = new Float32Array(size.rows * size.cols * C);
          const tiles = [];
          for (let row = 0; row < size.rows; row += 32)
            for (let col = 0; col < size.cols; col += 32)
              tiles.push({ row, col, rows: Math.min(32, size.rows - row), cols: Math.min(32, size.cols - col) });
          await Promise.all(
            tiles.map(async (window) => {
              const { abundances } = await scene.unmix(model, window);
              for (let r = 0; r < window.rows; r++)
                map.set(
                  abundances.subarray(r * window.cols * C, (r + 1) * window.cols * C),
                  ((window.row + r) * size.cols + window.col) * C,
                );
            }),
          );
          unmixer.close();
          return { place: model.place, map: [...map].map((value) => (Number.isNaN(value) ? null : value)) };
        },
        { asked, size: { rows: ROWS, cols: COLS }, C: ENDMEMBERS },
      );
      assert.equal(got.place.device, asked.device);
      assert.equal(got.place.threads, asked.threads ?? 1);
      assert.equal(got.place.gpuPath, asked.gpuPath);
      assert.deepEqual(got.place.reasons, []);
      const difference = largestDifference(got.map.map((value) => value ?? Number.NaN));
      assert.ok(difference <= limit, `${difference}`);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
});
