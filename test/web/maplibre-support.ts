// A page with a map of MapLibre, and the scene that it shows.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Georeference } from '@egunet/raster';
import { bundlePage, pageFiles, withBrowser } from '../support/browser.js';
import { ISOLATED, serveFiles } from '../support/http-server.js';
import { requireGdal, root, run, temporaryFolder } from '../support/index.js';
import { onWebMercator } from './gdal-places.js';
import type {} from './maplibre-page.js';
import { COLS, makeModel, ROWS, writeScene } from './scene.js';

/** The map's size, pixels. */
export const [WIDTH, HEIGHT] = [400, 360];

const PAGE = `<!doctype html><link rel="icon" href="data:,"><link rel="stylesheet" href="maplibre/maplibre-gl.css">
<style>body { margin: 0; background: white } #map { width: ${WIDTH}px; height: ${HEIGHT}px }</style>
<div id="map"></div><script type="module" src="egunet/page.js"></script>`;

/** The side of the world in Web Mercator, m. */
export const WORLD = 2 * Math.PI * 6378137;

export const UTM_33: Georeference = { affine: [30, 0, 366000, 0, -30, 5807000], epsg: 32633 };

/** The page's files, and those of MapLibre. */
function others(path: string): Uint8Array | undefined {
  const [, file] = /^maplibre\/([\w.-]+)$/.exec(path) ?? [];
  return file === undefined ? pageFiles(path) : readFileSync(join(root, 'node_modules/maplibre-gl/dist', file));
}

/** A server with the page, a model, pixel-wise unless told otherwise, and a scene, and a browser. Call inside `describe`. */
export function withMapLibre({ model = makeModel }: { readonly model?: () => Promise<Uint8Array> } = {}) {
  const folder = temporaryFolder();
  const files: Record<string, Uint8Array> = { 'index.html': Buffer.from(PAGE) };
  const server = serveFiles(files, { headers: ISOLATED, others });
  const chromium = withBrowser({ gpu: 'webgl' });
  before(async function () {
    requireGdal(this);
    files['model.onnx'] = await model();
    writeFileSync(join(folder, 'model.onnx'), files['model.onnx']);
    const script = join(root, 'test/dist/web/maplibre-page.js');
    Object.assign(files, await bundlePage(script, { 'maplibre-gl': '/maplibre/maplibre-gl.mjs' }));
  });
  return {
    folder,
    files,
    server,
    async open() {
      const page = await chromium.open(`${server.url}index.html`);
      await page.waitForFunction(() => 'maplibre' in window);
      return page;
    },
    /** Serves the scene in a place; with two overviews, each pixel of which is one of the scene's. */
    async serve(georeference: Georeference, { overviews = false }: { overviews?: boolean } = {}): Promise<void> {
      const scene = join(folder, 'scene.tif');
      rmSync(scene, { force: true });
      await writeScene(scene, { georeference });
      if (overviews) run('gdaladdo', ['-q', '-r', 'nearest', scene, '2', '4']);
      files['scene.tif'] = readFileSync(scene);
    },
  };
}

/** Where the middle of the scene lies in a world whose side is 1, from its upper left corner. */
export function middleOf({ affine: [a, b, c, d, e, f], epsg }: Georeference): [x: number, y: number] {
  const [x, y] = [a * (COLS / 2) + b * (ROWS / 2) + c, d * (COLS / 2) + e * (ROWS / 2) + f];
  const [[east, north]] = onWebMercator([[x, y]], epsg!) as [[number, number]];
  return [0.5 + east / WORLD, 0.5 - north / WORLD];
}

/** Longitude and latitude of a place in that world. */
export const placeOf = ([x, y]: readonly [number, number]): [number, number] => [
  360 * (x - 0.5),
  (Math.atan(Math.sinh(2 * Math.PI * (0.5 - y))) * 180) / Math.PI,
];
