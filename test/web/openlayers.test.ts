// A map of OpenLayers in a real page, beside the map that Node makes of the same scene. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Georeference } from '@egunet/raster';
import { decode } from 'fast-png';
import { bundlePage, pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, root, run, temporaryFolder } from '../support/index.js';
import { onWebMercator } from './gdal-places.js';
import { unmixInNode } from './in-node.js';
import type {} from './openlayers-page.js';
import { COLS, ENDMEMBERS, makeEnsemble, makeModel, makeSpatialModel, ROWS, writeScene } from './scene.js';

const [WIDTH, HEIGHT] = [300, 260];
const PAGE = `<!doctype html><link rel="icon" href="data:,">
<style>body { margin: 0 } #map { width: ${WIDTH}px; height: ${HEIGHT}px; background: white }</style>
<div id="map"></div><script type="module" src="egunet/page.js"></script>`;

/** The scene's upper left corner and the size of its pixels, m. */
const [X, Y, SIDE] = [366000, 5807000, 30];
const at = (epsg: number, x = X, y = Y): Georeference => ({ affine: [SIDE, 0, x, 0, -SIDE, y], epsg });

describe('a map of OpenLayers', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const path = join(folder, 'scene.tif');
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others: pageFiles });
  const chromium = withBrowser({ gpu: 'webgl' });

  before(async function () {
    requireGdal(this);
    await useModel(makeModel());
    Object.assign(files, await bundlePage(join(root, 'test/dist/web/openlayers-page.js')));
  });

  /** Serves the model of these bytes, and gives it to Node. */
  async function useModel(bytes: Promise<Uint8Array>): Promise<void> {
    files['model.onnx'] = await bytes;
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
  }

  /** Writes the scene and serves it. */
  async function serve(options: Parameters<typeof writeScene>[1] = {}): Promise<void> {
    rmSync(path, { force: true });
    await writeScene(path, options);
    // With overviews, each pixel of which is one of the scene's.
    if (!options.times) run('gdaladdo', ['-q', '-r', 'nearest', path, '2', '4']);
    files['scene.tif'] = readFileSync(path);
  }

  async function open() {
    const page = await chromium.open(`${server.url}index.html`);
    await page.waitForFunction(() => 'openlayers' in window);
    return page;
  }

  /** Asserts that samples [C + 1] are a pixel's: its abundances and 1, or zeros. */
  function assertPixel(samples: readonly number[], abundances: Float32Array, pixel: number): void {
    const expected = abundances.subarray(pixel * ENDMEMBERS, (pixel + 1) * ENDMEMBERS);
    const valid = pixel >= 0 && !Number.isNaN(expected[0]);
    assert.equal(samples[ENDMEMBERS], valid ? 1 : 0, `pixel ${pixel}`);
    for (let c = 0; c < ENDMEMBERS; c++)
      assert.ok(
        Math.abs(samples[c]! - (valid ? expected[c]! : 0)) <= 1e-5,
        `pixel ${pixel}: ${samples}, not ${expected}`,
      );
  }

  for (const { level = 0, resolution = 30, gutter = 0, georeference = at(32633), name = 'UTM zone 33 north' } of [
    {},
    { resolution: 15, gutter: 1 },
    { level: 1, resolution: 60 },
    { level: 2, resolution: 120 },
    { georeference: at(32734, 262000, 6245000), name: 'UTM zone 34 south' },
    { georeference: at(3413, -250000, -1200000), name: 'polar stereographic' },
    { georeference: at(25832), name: 'UTM on ETRS89, which OpenLayers does not know' },
  ])
    it(`shows in ${name} at ${resolution} m a pixel the abundances that Node makes of ${level === 0 ? 'the scene' : `overview ${level}`}`, async () => {
      await serve({ georeference });
      const { rows, cols, abundances } = await unmixInNode(folder, level);
      const [, , x, , , y] = georeference.affine;
      const [width, height] = [(COLS * SIDE) / cols, (ROWS * SIDE) / rows];
      const page = await open();
      const got = await page.evaluate(
        async ({ places, ...options }) => {
          const { samplesAt } = await window.openlayers.show({ scene: 'scene.tif', ...options });
          return places.map(([x, y]) => samplesAt(x!, y!));
        },
        {
          ...{ center: [x + (COLS * SIDE) / 2, y - (ROWS * SIDE) / 2] as [number, number], resolution, gutter },
          places: Array.from({ length: rows * cols }, (_, i) => [
            x + ((i % cols) + 0.5) * width,
            y - (Math.floor(i / cols) + 0.5) * height,
          ]),
        },
      );
      let shown = 0;
      for (const [i, samples] of got.entries()) {
        if (samples === undefined) continue; // outside the picture
        shown++;
        assertPixel(samples, abundances, i);
      }
      assert.ok(shown > 0.9 * rows * cols, `${shown} of ${rows * cols} pixels are in the picture`);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });

  it('leaves what has no data transparent', async () => {
    await serve();
    const page = await open();
    await page.evaluate(
      (center) => window.openlayers.show({ scene: 'scene.tif', center, resolution: 15 }).then(() => {}),
      [X + (COLS * SIDE) / 2, Y - (ROWS * SIDE) / 2] as [number, number],
    );
    const colour = await picture(page);
    assert.deepEqual(colour(2, 2), [255, 255, 255]);
    assert.notDeepEqual(colour(150, 130), [255, 255, 255]);
    await page.close();
  });

  it('shows the scene in a view of another projection', async () => {
    const [x, y] = [262000, 6245000] as const;
    await serve({ georeference: at(32734, x, y) });
    const { rows, cols, abundances } = await unmixInNode(folder);
    const places = onWebMercator(
      Array.from({ length: rows * cols }, (_, i) => [
        x + ((i % cols) + 0.5) * SIDE,
        y - (Math.floor(i / cols) + 0.5) * SIDE,
      ]),
      32734,
    );
    const center = places[Math.floor(rows / 2) * cols + Math.floor(cols / 2)]!;
    const page = await open();
    const got = await page.evaluate(
      async ({ places, ...view }) => {
        const { samplesAt } = await window.openlayers.show({ scene: 'scene.tif', projection: 'EPSG:3857', ...view });
        return places.map(([x, y]) => samplesAt(x!, y!));
      },
      { places, center, resolution: 12 },
    );
    const seen = [...got.entries()].filter(([, samples]) => samples !== undefined);
    assert.ok(seen.length > 0.7 * rows * cols, `${seen.length} of ${rows * cols} pixels are in the picture`);
    for (const [i, samples] of seen) assertPixel(samples!, abundances, i);
    assert.deepEqual(page.complaints, []);
    await page.close();
  });

  it('reads every block once: tiles are as large as several of them', async () => {
    await serve({ tile: 160, times: 4 });
    const page = await open();
    const tiles = await page.evaluate(() => window.openlayers.tiles({ scene: 'scene.tif' }));
    assert.deepEqual(
      tiles.map(({ size }) => size),
      [[300, 83]],
    );
    const bytes = server.asked
      .flatMap(({ path, range }) => (path === '/scene.tif' ? [/^bytes=(\d+)-(\d+)$/.exec(range!)!] : []))
      .reduce((sum, [, from, to]) => sum + Number(to) + 1 - Number(from), 0);
    // Headers, which take whole blocks of 64 KiB, besides.
    assert.ok(bytes <= files['scene.tif']!.length + 2 ** 18, `${bytes} of ${files['scene.tif']!.length} bytes`);
    await page.close();
  });

  it('has of an ensemble, where it is asked for, the spread behind the abundances', async () => {
    await useModel(makeEnsemble());
    await serve();
    const page = await open();
    for (const spread of [true, false]) {
      const D = spread ? 2 * ENDMEMBERS : ENDMEMBERS;
      const { abundances } = await unmixInNode(folder, 0, { spread });
      const tiles = await page.evaluate((spread) => window.openlayers.tiles({ scene: 'scene.tif', spread }), spread);
      assert.deepEqual(
        tiles.map(({ size }) => size),
        [[ROWS, COLS]],
      );
      const { samples } = tiles[0]!;
      assert.equal(samples.length, ROWS * COLS * (D + 1));
      for (let i = 0; i < ROWS * COLS; i++) {
        const pixel = abundances.subarray(i * D, (i + 1) * D);
        const valid = !Number.isNaN(pixel[0]);
        const expected = [...(valid ? pixel : new Float32Array(D)), Number(valid)];
        for (const [d, value] of expected.entries())
          assert.ok(Math.abs(samples[i * (D + 1) + d]! - value) <= 1e-5, `pixel ${i}, sample ${d}`);
      }
    }
    assert.deepEqual(page.complaints, []);
    await page.close();
    await useModel(makeModel());
  });

  /** The colours of what the map shows. */
  async function picture(page: Awaited<ReturnType<typeof open>>) {
    const { data, width, channels } = decode(await page.locator('#map').screenshot());
    return (x: number, y: number) => [...data.subarray((y * width + x) * channels, (y * width + x) * channels + 3)];
  }

  for (const [kind, make] of [
    ['pixel-wise', makeModel],
    ['spatial', makeSpatialModel],
  ] as const)
    describe(`of a scene of several tiles, by a ${kind} model`, () => {
      /** So many times the scene, one below the other, in tiles of 256 rows. */
      const TIMES = 4;
      const SEAM = 256;
      let abundances: Float32Array;
      before(async () => {
        await useModel(make());
        await serve({ tile: 64, times: TIMES });
        ({ abundances } = await unmixInNode(folder));
      });
      after(() => useModel(makeModel()));

      for (const gutter of [0, 1, 3])
        it(`has with a gutter of ${gutter} the pixels of the whole scene in every tile`, async () => {
          const page = await open();
          const tiles = await page.evaluate(
            (gutter) => window.openlayers.tiles({ scene: 'scene.tif', gutter }),
            gutter,
          );
          assert.deepEqual(
            tiles.map(({ row, col }) => [row, col]),
            [
              [0, 0],
              [SEAM, 0],
            ],
          );
          for (const { row, col, size, samples } of tiles) {
            const [height, width] = size.map((side) => side + 2 * gutter) as [number, number];
            assert.equal(samples.length, height * width * (ENDMEMBERS + 1));
            for (let i = 0; i < height * width; i++) {
              const [r, c] = [row - gutter + Math.floor(i / width), col - gutter + (i % width)];
              const inside = r >= 0 && r < TIMES * ROWS && c >= 0 && c < COLS;
              const one = samples.slice(i * (ENDMEMBERS + 1), (i + 1) * (ENDMEMBERS + 1));
              assertPixel(one, abundances, inside ? r * COLS + c : -1);
            }
          }
          await page.close();
        });

      /** How far the picture of an interpolating layer is from what interpolating the whole scene makes, around the edge of two tiles; 0 to 255. */
      async function seam(gutter: number): Promise<number> {
        const resolution = SIDE / 10;
        const col = COLS / 2;
        const page = await open();
        await page.evaluate((options) => window.openlayers.show(options).then(() => {}), {
          ...{ scene: 'scene.tif', gutter, interpolate: true, resolution },
          center: [X + col * SIDE, Y - SEAM * SIDE] as [number, number],
        });
        const colour = await picture(page);
        await page.close();
        let largest = 0;
        for (let y = HEIGHT / 2 - 30; y < HEIGHT / 2 + 30; y++)
          for (let x = WIDTH / 2 - 30; x < WIDTH / 2 + 30; x++) {
            const place = [SEAM + (y + 0.5 - HEIGHT / 2) / 10, col + (x + 0.5 - WIDTH / 2) / 10] as const;
            for (const [c, value] of colour(x, y).entries())
              largest = Math.max(largest, Math.abs(value - 255 * interpolate(abundances, place, c)));
          }
        return largest;
      }

      // A spatial model smooths what would be seen without.
      if (kind === 'pixel-wise')
        it('shows no seams where it interpolates with a gutter, and shows them without', async () => {
          const [without, one] = [await seam(0), await seam(1)];
          assert.ok(one <= 2, `${one} of 255 beside the whole scene`);
          assert.ok(without > 5, `${without} of 255 beside the whole scene`);
        });
    });
});

/** Of the abundances of a scene those of an endmember at a place, between the four nearest pixel centres. */
function interpolate(abundances: Float32Array, [row, col]: readonly [number, number], c: number): number {
  const [r, s] = [Math.floor(row - 0.5), Math.floor(col - 0.5)];
  const [v, u] = [row - 0.5 - r, col - 0.5 - s];
  const value = (down: number, across: number) => abundances[((r + down) * COLS + s + across) * ENDMEMBERS + c]!;
  return (1 - v) * ((1 - u) * value(0, 0) + u * value(0, 1)) + v * ((1 - u) * value(1, 0) + u * value(1, 1));
}
