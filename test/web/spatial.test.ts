// A spatial model in a real page: windows are those of Node's map. Legend: C endmembers.
import assert from 'node:assert/strict';
import type {} from './library-page.js';
import { WINDOW, withLibraryPage } from './library-site.js';
import { ENDMEMBERS as C, makeSpatialModel } from './scene.js';

describe('a spatial model in a page', function () {
  this.timeout(180_000);
  const { open, windowInNode } = withLibraryPage(makeSpatialModel);
  let expected: Float32Array;
  before(async () => {
    expected = await windowInNode();
  });

  for (const [device, limit] of [
    ['wasm', 1e-5],
    ['webgpu', 1e-4],
  ] as const)
    it(`gives a window of Node's map within ${limit} on ${device}`, async () => {
      const page = await open();
      const { place, map } = await page.evaluate(
        async ({ device, where }) => {
          const model = await window.unmixer.openModel('model.onnx', { device, runtime: 'onnxruntime' });
          const scene = await window.unmixer.openScene('scene.tif');
          const { abundances, place } = await scene.unmix(model, where);
          return { place, map: [...abundances].map((value) => (Number.isNaN(value) ? null : value)) };
        },
        { device, where: WINDOW },
      );
      assert.equal(place.device, device);
      assert.equal(place.gpuPath, device === 'webgpu' ? 'float32' : undefined);
      assert.deepEqual(place.reasons, []);
      assert.equal(map.length, expected.length);
      for (const [i, value] of expected.entries()) {
        assert.equal(map[i] === null, Number.isNaN(value), `pixel ${Math.floor(i / C)}`);
        if (map[i] !== null) assert.ok(Math.abs(map[i]! - value) <= limit, `${map[i]} and ${value}`);
      }
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

  it('is refused by a path of WebGPU that makes spectra of single pixels', async () => {
    const page = await open();
    const message = await page.evaluate(() => {
      const options = { device: 'webgpu', gpuPath: 'graph', runtime: 'onnxruntime' } as const;
      return window.unmixer.openModel('model.onnx', options).then(String, (error: Error) => error.message);
    });
    assert.match(
      message,
      /a spatial model runs on WebGPU by the path 'float32' alone, not by 'graph'; leave the path out$/,
    );
    await page.close();
  });
});
