// A map of OpenLayers in a real page, beside the map that Node makes of the same scene. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unmix } from '@egunet/infer';
import { openModel } from '@egunet/infer-node';
import { openScene } from '@egunet/raster/node';
import { build } from 'esbuild';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, root, run, temporaryFolder } from '../support/index.js';
import type {} from './openlayers-page.js';
import { COLS, ENDMEMBERS, makeModel, ROWS, writeScene } from './scene.js';

const PAGE = `<!doctype html><link rel="icon" href="data:,">
<style>body { margin: 0 } #map { width: 300px; height: 260px; background: white }</style>
<div id="map"></div><script type="module" src="egunet/page.js"></script>`;

/** The scene's upper left corner and the size of its pixels, m. */
const [X, Y, SIDE] = [366000, 5807000, 30];
const CENTER: [number, number] = [X + (COLS * SIDE) / 2, Y - (ROWS * SIDE) / 2];

describe('a map of OpenLayers', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser();

  before(async function () {
    requireGdal(this);
    files['model.onnx'] = await makeModel();
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    await writeScene(join(folder, 'scene.tif'));
    // With overviews, each pixel of which is one of the scene's.
    run('gdaladdo', ['-q', '-r', 'nearest', join(folder, 'scene.tif'), '2', '4']);
    files['scene.tif'] = readFileSync(join(folder, 'scene.tif'));
    const { outputFiles } = await build({
      entryPoints: [join(root, 'test/dist/web/openlayers-page.js')],
      bundle: true,
      format: 'esm',
      write: false,
      outdir: folder,
      external: ['onnxruntime-web/*'],
      logLevel: 'warning',
    });
    files['egunet/page.js'] = outputFiles[0]!.contents;
  });

  /** The abundances of the scene, or of an overview, as Node has them [rows * cols, C]. */
  async function inNode(level: number) {
    const { session, card, release } = await openModel(join(folder, 'model.onnx'), { threads: 1 });
    const scene = await openScene(join(folder, 'scene.tif'));
    const reader = level === 0 ? scene : await scene.overviews![level - 1]!.open();
    const { rows, cols } = reader;
    for await (const { abundances } of unmix(session, reader, { card, tile: { rows, cols } })) {
      await release();
      await scene.close();
      return { rows, cols, abundances };
    }
    throw new Error('no tile');
  }

  for (const [level, resolution, gutter] of [
    [0, 30, 0],
    [0, 15, 1],
    [1, 60, 0],
    [2, 120, 0],
  ] as const)
    it(`shows at ${resolution} m a pixel the abundances that Node makes of ${level === 0 ? 'the scene' : `overview ${level}`}`, async () => {
      const { rows, cols, abundances } = await inNode(level);
      const page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'show' in window);
      const [width, height] = [(COLS * SIDE) / cols, (ROWS * SIDE) / rows];
      const got = await page.evaluate(
        async ({ places, ...options }) => {
          const { samplesAt, unmixer } = await window.show({ scene: 'scene.tif', ...options });
          const samples = places.map(([x, y]) => samplesAt(x!, y!));
          unmixer.close();
          return samples;
        },
        {
          ...{ center: CENTER, resolution, gutter },
          places: Array.from({ length: rows * cols }, (_, i) => [
            X + ((i % cols) + 0.5) * width,
            Y - (Math.floor(i / cols) + 0.5) * height,
          ]),
        },
      );
      let shown = 0;
      for (const [i, samples] of got.entries()) {
        const expected = abundances.subarray(i * ENDMEMBERS, (i + 1) * ENDMEMBERS);
        if (samples === undefined) continue; // outside the picture
        shown++;
        const valid = !Number.isNaN(expected[0]);
        assert.equal(samples[ENDMEMBERS], valid ? 1 : 0, `pixel ${i}`);
        for (const [c, value] of expected.entries())
          assert.ok(Math.abs(samples[c]! - (valid ? value : 0)) <= 1e-5, `pixel ${i}: ${samples} beside ${expected}`);
      }
      assert.ok(shown > 0.9 * rows * cols, `${shown} of ${rows * cols} pixels are in the picture`);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

  it('leaves what has no data transparent', async () => {
    const page = await chromium.open(`${server.url}index.html`);
    await page.waitForFunction(() => 'show' in window);
    await page.evaluate(
      (center) => window.show({ scene: 'scene.tif', center, resolution: 15, gutter: 0 }).then(() => {}),
      CENTER,
    );
    const picture = await page.locator('#map').screenshot();
    writeFileSync(join(folder, 'map.png'), picture);
    const { decode } = await import('fast-png');
    const { data, width, channels } = decode(picture);
    const colour = (x: number, y: number) => [
      ...data.subarray((y * width + x) * channels, (y * width + x) * channels + 3),
    ];
    assert.deepEqual(colour(2, 2), [255, 255, 255]);
    assert.notDeepEqual(colour(150, 130), [255, 255, 255]);
    await page.close();
  });
});
