// The example of an app, built as its user's bundler builds it, in a real browser. Legend: C endmembers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { colourOne } from '@egunet/infer-web/maplibre';
import { decode } from 'fast-png';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { withBrowser } from '../support/browser.js';
import { asEnsemble, ensemblePlainly } from '../support/ensembles.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { root, run, temporaryFolder } from '../support/index.js';
import { unmixInNode } from './in-node.js';
import { COLS, checkpoint, ENDMEMBERS, makeEnsemble, makeModel, ROWS, validSpectra, writeScene } from './scene.js';

const EXAMPLE = join(root, 'examples/vite-map');
/** The pixel in the middle. */
const PIXEL = Math.floor(ROWS / 2) * COLS + Math.floor(COLS / 2);

describe('the example of an app', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = {};
  const others = (path: string) => {
    const file = join(folder, 'app', path);
    return existsSync(file) ? readFileSync(file) : undefined;
  };
  const server = serveFiles(files, { headers: ISOLATED, others });

  before(async () => {
    await build({ root: EXAMPLE, logLevel: 'error', build: { outDir: join(folder, 'app'), emptyOutDir: true } });
    files['model.onnx'] = await makeModel();
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    await writeScene(join(folder, 'scene.tif'));
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
  });

  it('has no errors of types', () => {
    run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', EXAMPLE]);
  });

  for (const [gpu, place] of [
    ['webgl', /^scene\.tif, unmixed by WebAssembly, threads: [2-9]/],
    [true, /^scene\.tif, unmixed by .*swiftshader/i],
  ] as const)
    describe(`in a browser with ${gpu === true ? 'WebGPU' : 'WebGL alone'}`, () => {
      const chromium = withBrowser({ gpu });

      it('shows the abundances that Node makes, with nothing from elsewhere', async () => {
        const page = await chromium.open('about:blank');
        const hosts = new Set<string>();
        page.on('request', (request) => hosts.add(new URL(request.url()).host));
        await page.goto(`${server.url}index.html?model=model.onnx&scene=scene.tif`);
        await page.locator('output', { hasText: 'unmixed by' }).waitFor();
        assert.match((await page.locator('output').textContent())!.replace(/^.*\//, ''), place);
        const { abundances: all } = await unmixInNode(folder);
        const abundances = all.subarray(PIXEL * ENDMEMBERS, (PIXEL + 1) * ENDMEMBERS);
        for (const endmember of [0, ENDMEMBERS - 1]) {
          await page.locator('select').selectOption(`${endmember + 1}`);
          const wanted = colourOne(endmember)(abundances);
          while (!isNear(await middleColour(page), wanted)) await page.waitForTimeout(100);
        }
        assert.deepEqual([...hosts], [new URL(server.url).host]);
        assert.deepEqual(page.complaints, []);
        await page.close();
      });
    });

  describe('with an ensemble', () => {
    const chromium = withBrowser({ gpu: 'webgl' });

    it('shows how far its networks disagree, too', async () => {
      files['ensemble.onnx'] = await makeEnsemble();
      const page = await chromium.open(`${server.url}index.html?model=ensemble.onnx&scene=scene.tif`);
      await page.locator('output', { hasText: 'unmixed by' }).waitFor();
      const options = await page.locator('select option').allTextContents();
      assert.equal(options.length, 2 * ENDMEMBERS);
      assert.equal(options[ENDMEMBERS + 1], 'material 2 spread');
      const { spread } = await ensemblePlainly(asEnsemble(checkpoint()), spectrumOf(PIXEL));
      for (const endmember of [0, 1]) {
        await page.locator('select').selectOption(`${ENDMEMBERS + endmember + 1}`);
        const wanted = colourOne(0)(Float32Array.of(5 * spread[endmember]!));
        while (!isNear(await middleColour(page), wanted)) await page.waitForTimeout(100);
      }
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
  });

  async function middleColour(page: Page): Promise<number[]> {
    const { data, width, height, channels } = decode(await page.locator('#map').screenshot());
    const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * channels;
    return [...data.subarray(at, at + 3)];
  }
});

/** Reflectance of a pixel with data in the model's bands. */
function spectrumOf(pixel: number): Float32Array {
  const { spectra, pixels } = validSpectra();
  const B = spectra.length / pixels.length;
  const at = pixels.indexOf(pixel);
  return spectra.slice(at * B, (at + 1) * B);
}

/** Whether colours differ by no more than a GPU's ramp does. */
const isNear = (colour: readonly number[], wanted: readonly (number | undefined)[]): boolean =>
  colour.every((value, i) => Math.abs(value - wanted[i]!) <= 2);
