// A map of MapLibre in a real page, beside what GDAL's warp makes of the map that Node writes of the same scene. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import type { Georeference } from '@egunet/raster';
import { build } from 'esbuild';
import { decode } from 'fast-png';
import { pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, root, run, temporaryFolder } from '../support/index.js';
import type {} from './maplibre-page.js';
import { COLS, ENDMEMBERS, makeModel, ROWS, writeScene } from './scene.js';

const [WIDTH, HEIGHT] = [400, 360];
const PAGE = `<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="maplibre/maplibre-gl.css">
<style>body { margin: 0; background: white } #map { width: ${WIDTH}px; height: ${HEIGHT}px }</style>
<div id="map"></div><script type="module" src="egunet/page.js"></script>`;

/** The side of the world in Web Mercator, m. */
const WORLD = 2 * Math.PI * 6378137;

const UTM_33: Georeference = { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 };
const CASES: Readonly<Record<string, Georeference>> = {
  'UTM zone 33 north': UTM_33,
  'UTM zone 34 south': { affine: [30, 0, 262000, 0, -30, 6245000], epsg: 32734 },
  'UTM zone 1 south, across the antimeridian': { affine: [30, 0, 177800, 0, -30, 8146000], epsg: 32701 },
  'longitude and latitude': { affine: [0.0003, 0, 10.2, 0, -0.0002, 47.9], epsg: 4326 },
  'longitudes beyond 180': { affine: [0.0003, 0, 189.9, 0, -0.0003, -10], epsg: 4326 },
  'polar stereographic': { affine: [30, 0, -250000, 0, -30, -1200000], epsg: 3413 },
  'equal area for Europe': { affine: [30, 0, 4321000, 0, -30, 3210000], epsg: 3035 },
  'Web Mercator': { affine: [50, 0, -8000000, 0, -50, 4000000], epsg: 3857 },
  'an image that is not north up': { affine: [26, 15, 366000, 15, -26, 5807000], epsg: 32633 },
};

describe('a map of MapLibre', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const model = join(folder, 'model.onnx');
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(PAGE) };
  const others = (path: string) => {
    const [, file] = /^maplibre\/([\w.-]+)$/.exec(path) ?? [];
    return file === undefined ? pageFiles(path) : readFileSync(join(root, 'node_modules/maplibre-gl/dist', file));
  };
  const server = serveFiles(files, { headers: ISOLATED, others });
  const chromium = withBrowser();

  before(async function () {
    requireGdal(this);
    files['model.onnx'] = await makeModel();
    writeFileSync(model, files['model.onnx']);
    // The map with overviews of the same pixels as the scene's: the nearest ones.
    const [scene, map] = [join(folder, 'scene.tif'), join(folder, 'map.tif')];
    await writeScene(scene);
    await inferScene({ scene, model, output: join(folder, 'cog.tif'), workers: 1 });
    run('gdal_translate', ['-q', join(folder, 'cog.tif'), map]);
    run('gdaladdo', ['-q', '-r', 'nearest', map, '2', '4']);
    const { outputFiles } = await build({
      entryPoints: [join(root, 'test/dist/web/maplibre-page.js')],
      bundle: true,
      splitting: true,
      format: 'esm',
      write: false,
      outdir: folder,
      entryNames: 'page',
      alias: { 'maplibre-gl': '/maplibre/maplibre-gl.mjs' },
      external: ['onnxruntime-web/*', '/maplibre/*'],
      logLevel: 'warning',
    });
    for (const { path, contents } of outputFiles) files[path.replace(folder, 'egunet')] = contents;
  });

  /** Serves the scene where `georeference` has it; the map that Node makes of it, or of its overview, in the same place. */
  async function prepare({ affine: [a, b, c, d, e, f], epsg }: Georeference, level = 0): Promise<string> {
    const [scene, map] = [join(folder, 'scene.tif'), join(folder, 'placed.vrt')];
    rmSync(scene, { force: true });
    await writeScene(scene, { georeference: { affine: [a, b, c, d, e, f], epsg: epsg! } });
    if (level > 0) run('gdaladdo', ['-q', '-r', 'nearest', scene, '2', '4']);
    files['scene.tif'] = readFileSync(scene);
    const from = level > 0 ? ['-oo', `OVERVIEW_LEVEL=${level - 1}`] : [];
    run('gdal_translate', ['-q', '-of', 'VRT', '-a_srs', `EPSG:${epsg}`, ...from, join(folder, 'map.tif'), map]);
    const text = readFileSync(map, 'utf8');
    const [, width, height] = /rasterXSize="(\d+)" rasterYSize="(\d+)"/.exec(text)!.map(Number);
    const [x, y] = [COLS / width!, ROWS / height!];
    const place = [c, a * x, b * y, f, d * x, e * y].join(', ');
    writeFileSync(map, text.replace(/(<GeoTransform>).*(<\/GeoTransform>)/, `$1${place}$2`));
    return map;
  }

  /** The map's abundances in Web Mercator [H * W, C], the nearest pixel's, NaN where there is no data. */
  function warp(map: string, { edges, size }: { edges: readonly number[]; size: readonly number[] }): Float32Array {
    const output = join(folder, 'warped.img');
    run('gdalwarp', [
      ...['-q', '-overwrite', '-r', 'near', '-et', '0', '-ovr', 'NONE', '-t_srs', 'EPSG:3857', '-dstnodata', 'nan'],
      ...['-te', ...edges.map(String), '-ts', ...size.map(String)],
      ...['-of', 'ENVI', '-co', 'INTERLEAVE=BIP', map, output],
    ]);
    const bytes = readFileSync(output);
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }

  /** Where the middle of a scene lies in a world of so many pixels. */
  function middleOf({ affine: [a, b, c, d, e, f], epsg }: Georeference, pixels: number): [x: number, y: number] {
    const [x, y] = [a * (COLS / 2) + b * (ROWS / 2) + c, d * (COLS / 2) + e * (ROWS / 2) + f];
    const place = join(folder, 'place.txt');
    writeFileSync(place, `${x} ${y}\n`);
    const text = run('sh', ['-c', `gdaltransform -s_srs EPSG:${epsg} -t_srs EPSG:3857 < '${place}'`]);
    const [east, north] = text.split(' ').map(Number) as [number, number];
    return [(0.5 + east / WORLD) * pixels, (0.5 - north / WORLD) * pixels];
  }

  /** Compares pixels with the first three abundances as colours; how many have any. Where a centre lies on the edge of two pixels, either is right. */
  function assertSame(
    colourOf: (i: number) => readonly number[],
    expected: Float32Array,
    empty: readonly number[],
  ): number {
    let [shown, different] = [0, 0];
    for (let i = 0; i < expected.length / ENDMEMBERS; i++) {
      const abundances = expected.subarray(i * ENDMEMBERS, i * ENDMEMBERS + 3);
      const valid = !Number.isNaN(abundances[0]);
      const colour = valid ? [...[...abundances].map((value) => 255 * value), 255] : empty;
      if (colourOf(i).some((value, k) => Math.abs(value - colour[k]!) > 1)) different++;
      if (valid) shown++;
    }
    assert.ok(different <= shown / 500, `${different} of ${shown} pixels differ`);
    return shown;
  }

  describe('of its tiles', () => {
    let page: Awaited<ReturnType<typeof chromium.open>>;
    before(async () => {
      page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'maplibre' in window);
    });
    after(() => page?.close());

    for (const [name, georeference] of Object.entries(CASES))
      it(`has in ${name} the pixels that gdalwarp takes`, async () => {
        const map = await prepare(georeference);
        const { source, tile, pixels } = await page.evaluate(
          async ([x, y]) => {
            const opened = await window.maplibre.open('scene.tif');
            const { source } = opened.tiles;
            const tile = [x, y].map((part) => Math.floor(part * 2 ** source.maxzoom)) as [number, number];
            const pixels = await window.maplibre.pixelsOf(opened, `${source.maxzoom}/${tile.join('/')}`);
            return { source, tile, pixels };
          },
          middleOf(georeference, 1),
        );
        const side = WORLD / 2 ** source.maxzoom;
        const [left, top] = [tile[0] * side - WORLD / 2, WORLD / 2 - tile[1] * side];
        const expected = warp(map, { edges: [left, top - side, left + side, top], size: [256, 256] });
        const shown = assertSame((i) => pixels.slice(4 * i, 4 * i + 4), expected, [0, 0, 0, 0]);
        assert.ok(shown > 1000, `${shown} pixels`);
        assert.deepEqual(page.complaints, []);
      });
  });

  describe('that is told to stop', () => {
    let page: Awaited<ReturnType<typeof chromium.open>>;
    let middle: { x: number; y: number };
    beforeEach(async () => {
      await prepare(UTM_33);
      const [x, y] = middleOf(UTM_33, 1);
      middle = { x, y };
      page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'maplibre' in window);
    });
    afterEach(() => page?.close());

    /** Answers nothing more of the scene until it is told to; `held` counts what waits. */
    function hold() {
      const waiting: (() => void)[] = [];
      server.instead = ({ url, headers: { range } }, response) => {
        const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
        if (url !== '/scene.tif' || from === undefined || from === '0') return false;
        const bytes = files['scene.tif']!;
        const part = bytes.subarray(Number(from), Number(to) + 1);
        const head = { 'content-range': `bytes ${from}-${Number(to)}/${bytes.length}`, 'content-length': part.length };
        waiting.push(() => response.writeHead(206, head).end(part));
        return true;
      };
      const release = () => {
        server.instead = undefined;
        for (const answer of waiting.splice(0)) answer();
      };
      return { release, held: () => waiting.length };
    }

    const until = async (holds: () => boolean): Promise<void> => {
      while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
    };

    it('unmixes a window once for all tiles that wait, goes on while one of them does, and not longer', async () => {
      const scene = hold();
      const opened = await page.evaluateHandle(() => window.maplibre.open('scene.tif'));
      const asks = await page.evaluateHandle(
        ({ opened, x, y }) => {
          const { maxzoom } = opened.tiles.source;
          const address = [maxzoom, Math.floor(x * 2 ** maxzoom), Math.floor(y * 2 ** maxzoom)].join('/');
          return () => window.maplibre.ask(opened, address);
        },
        { opened, ...middle },
      );
      const waiting = await page.evaluateHandle((ask) => [ask(), ask(), ask()], asks);
      await until(() => scene.held() > 0);
      const afterOne = await page.evaluate(
        async ({ opened, waiting: [one] }) => {
          one!.abort.abort();
          return [await one!.ended, opened.asked.map(({ aborted }) => aborted)];
        },
        { opened, waiting },
      );
      assert.deepEqual(afterOne, ['AbortError', [false]]);
      const afterAll = await page.evaluate(
        async ({ opened, waiting }) => {
          for (const { abort } of waiting) abort.abort();
          return [await Promise.all(waiting.map(({ ended }) => ended)), opened.asked.map(({ aborted }) => aborted)];
        },
        { opened, waiting },
      );
      assert.deepEqual(afterAll, [['AbortError', 'AbortError', 'AbortError'], [true]]);
      scene.release();
      const again = await page.evaluate(
        async ({ opened, asks }) => [
          await Promise.all([asks(), asks()].map(({ ended }) => ended)),
          opened.asked.map(({ done }) => done),
        ],
        { opened, asks },
      );
      assert.deepEqual(again, [
        ['drawn', 'drawn'],
        [false, true],
      ]);
      assert.deepEqual(page.complaints, []);
    });

    it('stops what is no longer in view', async () => {
      const scene = hold();
      const center = placeOf([middle.x, middle.y]);
      const opened = await page.evaluateHandle(() => window.maplibre.open('scene.tif'));
      const map = await page.evaluateHandle(
        ({ opened, center }) => window.maplibre.show(opened, { center, zoom: 12 }),
        {
          opened,
          center,
        },
      );
      await until(() => scene.held() > 0);
      await page.evaluate((map) => void map.jumpTo({ center: [0, 0] }), map);
      await page.waitForFunction((opened) => opened.asked[0]!.aborted, opened);
      assert.deepEqual(await page.evaluate(({ asked }) => asked.map(({ done }) => done), opened), [false]);
      scene.release();
      await page.evaluate(({ map, center }) => void map.jumpTo({ center }), { map, center });
      await page.waitForFunction((opened) => opened.asked[1]?.done, opened);
      assert.deepEqual(page.complaints, []);
    });
  });

  describe('of a scene that is not as it should be', () => {
    it('says what is wrong', async () => {
      await prepare(UTM_33);
      files['other-sensor.onnx'] = await makeModel(70);
      const page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'maplibre' in window);
      const refused = await page.evaluate(async () => {
        const { open, pixelsOf, unmixer } = window.maplibre;
        const { scene } = await open('scene.tif');
        const { georeference, ...nowhere } = scene;
        const { affine } = georeference!;
        const other = await unmixer.openModel('other-sensor.onnx', { device: 'wasm', runtime: 'onnxruntime' });
        const opened = await open('scene.tif', { protocol: 'a-scene' });
        return Promise.all(
          [
            open('scene.tif', { scene: nowhere }),
            open('scene.tif', { scene: { ...nowhere, georeference: { affine } } }),
            open('scene.tif', { scene: { ...nowhere, georeference: { affine, epsg: 2056 } } }),
            open('scene.tif', {
              scene: { ...nowhere, georeference: { affine: [30, 0, 1e9, 0, -30, 1e9], epsg: 32633 } },
            }),
            open('scene.tif', { model: other }),
            pixelsOf(opened, 'somewhere'),
          ].map((one) => one.then(String, (error: Error & { _tag?: string }) => `${error._tag}: ${error.message}`)),
        );
      });
      for (const [i, expected] of [
        /^InferError: .*scene\.tif: cannot be shown on a map: it says not where it lies/,
        /^InferError: .*scene\.tif: .*names no reference system by an EPSG code; add it with gdal_translate -a_srs/,
        /^RasterError: .*scene\.tif: EPSG:2056 is not among .*gdalwarp -t_srs/,
        /^InferError: .*scene\.tif: .*no part of it has a place in Web Mercator/,
        /^InferError: .*no band within half a FWHM for/,
        /^InferError: a-scene:\/\/somewhere names no tile/,
      ].entries())
        assert.match(refused[i]!, expected);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
  });

  for (const [name, zoom, level] of [
    ['UTM zone 33 north', 12, 0],
    ['UTM zone 34 south', 10, 1],
  ] as const)
    it(`draws of ${level === 0 ? 'the scene' : `overview ${level}`} in ${name} the pixels that gdalwarp takes, and nothing beside them`, async () => {
      const map = await prepare(CASES[name]!, level);
      const side = WORLD / 512 / 2 ** zoom;
      const [x, y] = middleOf(CASES[name]!, 512 * 2 ** zoom).map(Math.round) as [number, number];
      const page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'maplibre' in window);
      const asked = await page.evaluate(
        async (view) => {
          const opened = await window.maplibre.open('scene.tif');
          await (await window.maplibre.show(opened, view)).once('idle');
          return opened.asked;
        },
        { zoom, center: placeOf([x / 512 / 2 ** zoom, y / 512 / 2 ** zoom]) },
      );
      const { data, channels } = decode(await page.locator('#map canvas').screenshot());
      const [left, top] = [(x - WIDTH / 2) * side - WORLD / 2, WORLD / 2 - (y - HEIGHT / 2) * side];
      const edges = [left, top - HEIGHT * side, left + WIDTH * side, top];
      const expected = warp(map, { edges, size: [WIDTH, HEIGHT] });
      const colourOf = (i: number) => [...data.subarray(i * channels, i * channels + 3)];
      const shown = assertSame(colourOf, expected, [255, 255, 255]);
      assert.ok(shown > 1000 && shown < (WIDTH * HEIGHT) / 2, `${shown} pixels`);
      assert.deepEqual(asked, [
        {
          window: [0, 0, Math.ceil(ROWS / 2 ** level), Math.ceil(COLS / 2 ** level)],
          level,
          aborted: false,
          done: true,
        },
      ]);
      assert.deepEqual(page.complaints, []);
      await page.close();
    });
});

/** Longitude and latitude of a place in a world whose side is 1. */
const placeOf = ([x, y]: readonly [number, number]): [number, number] => [
  360 * (x - 0.5),
  (Math.atan(Math.sinh(2 * Math.PI * (0.5 - y))) * 180) / Math.PI,
];
