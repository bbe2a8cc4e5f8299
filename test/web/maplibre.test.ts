// A map of MapLibre in a real page, beside what GDAL's warp makes of the map that Node writes of the same scene. Legend: C endmembers.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import type { Georeference } from '@egunet/raster';
import { decode } from 'fast-png';
import { run } from '../support/index.js';
import { HEIGHT, middleOf, placeOf, UTM_33, WIDTH, WORLD, withMapLibre } from './maplibre-support.js';
import { COLS, ENDMEMBERS, makeEnsemble, makeModel, makeSpatialModel, ROWS, writeScene } from './scene.js';

const CASES: Readonly<Record<string, Georeference>> = {
  'UTM zone 33 north': UTM_33,
  'UTM zone 34 south': { affine: [30, 0, 262000, 0, -30, 6245000], epsg: 32734 },
  'UTM zone 1 south, across the antimeridian': { affine: [30, 0, 179050, 0, -30, 8146000], epsg: 32701 },
  'longitude and latitude': { affine: [0.0003, 0, 10.2, 0, -0.0002, 47.9], epsg: 4326 },
  'longitudes beyond 180': { affine: [0.0003, 0, 189.9, 0, -0.0003, -10], epsg: 4326 },
  'polar stereographic': { affine: [30, 0, -250000, 0, -30, -1200000], epsg: 3413 },
  'equal area for Europe': { affine: [30, 0, 4321000, 0, -30, 3210000], epsg: 3035 },
  'Web Mercator': { affine: [50, 0, -8000000, 0, -50, 4000000], epsg: 3857 },
  'an image that is not north up': { affine: [26, 15, 366000, 15, -26, 5807000], epsg: 32633 },
};

const AROUND_THE_WORLD: Georeference = { affine: [4, 0, -166, 0, -1.6, 60], epsg: 4326 };

describe('a map of MapLibre', () => ofModel({ cases: Object.keys(CASES) }));
describe('a map of MapLibre by a spatial model', () =>
  ofModel({ model: makeSpatialModel, cases: ['UTM zone 33 north'] }));
describe("a map of MapLibre of an ensemble's spread", () =>
  ofModel({ model: makeEnsemble, cases: ['UTM zone 33 north'] }));

/** Tests of a kind of model, with the scene in these places. */
function ofModel({ model = makeModel, cases }: { model?: () => Promise<Uint8Array>; cases: readonly string[] }): void {
  const { folder, open, serve } = withMapLibre({ model });
  const spatial = model === makeSpatialModel;
  const spread = model === makeEnsemble;
  /** Values of a pixel of Node's map, and the first that is a colour. */
  const [D, first] = spread ? [2 * ENDMEMBERS, ENDMEMBERS] : [ENDMEMBERS, 0];
  const output = join(folder, 'map.tif');

  before(async () => {
    // The map with overviews of the same pixels as the scene's: the nearest ones.
    const [scene, cog] = [join(folder, 'any.tif'), join(folder, 'cog.tif')];
    await writeScene(scene);
    await inferScene({ scene, model: join(folder, 'model.onnx'), output: cog, workers: 1 });
    run('gdal_translate', ['-q', cog, output]);
    run('gdaladdo', ['-q', '-r', 'nearest', output, '2', '4']);
  });

  /** Serves the scene where `georeference` has it; the map that Node makes of it, or of its overview, in the same place. */
  async function prepare(georeference: Georeference, level = 0): Promise<string> {
    await serve(georeference, { overviews: level > 0 });
    const {
      affine: [a, b, c, d, e, f],
      epsg,
    } = georeference;
    const map = join(folder, 'placed.vrt');
    const from = level > 0 ? ['-oo', `OVERVIEW_LEVEL=${level - 1}`] : [];
    run('gdal_translate', ['-q', '-of', 'VRT', '-a_srs', `EPSG:${epsg}`, ...from, output, map]);
    const text = readFileSync(map, 'utf8');
    const [, width, height] = /rasterXSize="(\d+)" rasterYSize="(\d+)"/.exec(text)!.map(Number);
    const [x, y] = [COLS / width!, ROWS / height!];
    const place = [c, a * x, b * y, f, d * x, e * y].join(', ');
    writeFileSync(map, text.replace(/(<GeoTransform>).*(<\/GeoTransform>)/, `$1${place}$2`));
    return map;
  }

  /** The map's values in Web Mercator [H * W, D], the nearest pixel's, NaN where there is no data. */
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

  /** Compares pixels with the first three abundances as colours; how many have any. Where a centre lies on the edge of two pixels, either is right. */
  function assertSame(
    colourOf: (i: number) => readonly number[],
    expected: Float32Array,
    empty: readonly number[],
  ): number {
    let [shown, different] = [0, 0];
    for (let i = 0; i < expected.length / D; i++) {
      const abundances = expected.subarray(i * D + first, i * D + first + 3);
      const valid = !Number.isNaN(abundances[0]);
      const colour = valid ? [...[...abundances].map((value) => 255 * value), 255] : empty;
      if (colourOf(i).some((value, k) => Math.abs(value - colour[k]!) > 1)) different++;
      if (valid) shown++;
    }
    assert.ok(different <= shown / 500, `${different} of ${shown} pixels differ`);
    return shown;
  }

  describe('of its tiles', () => {
    let page: Awaited<ReturnType<typeof open>>;
    before(async () => {
      page = await open();
    });
    after(() => page?.close());

    for (const [name, georeference, asked] of [
      ...cases.map((name) => [name, CASES[name]!, undefined] as const),
      ['longitude and latitude, on both sides of the equator in one tile', AROUND_THE_WORLD, 0] as const,
    ])
      it(`has in ${name} the pixels that gdalwarp takes`, async () => {
        const map = await prepare(georeference);
        const { zoom, tile, pixels } = await page.evaluate(
          async ({ middle, asked, what }) => {
            const opened = await window.maplibre.open('scene.tif', what);
            const zoom = asked ?? opened.tiles.source.maxzoom;
            const tile = middle.map((part) => Math.floor(part * 2 ** zoom)) as [number, number];
            const pixels = await window.maplibre.pixelsOf(opened, `${zoom}/${tile.join('/')}`);
            return { zoom, tile, pixels };
          },
          { middle: middleOf(georeference), asked, what: { spread, first } },
        );
        const side = WORLD / 2 ** zoom;
        const [left, top] = [tile[0] * side - WORLD / 2, WORLD / 2 - tile[1] * side];
        const expected = warp(map, { edges: [left, top - side, left + side, top], size: [256, 256] });
        const shown = assertSame((i) => pixels.slice(4 * i, 4 * i + 4), expected, [0, 0, 0, 0]);
        assert.ok(shown > 1000, `${shown} pixels`);
        assert.deepEqual(page.complaints, []);
      });
  });

  for (const [name, zoom, level] of [
    ['UTM zone 33 north', 12, 0],
    // A spatial model sees an overview's own neighbours: that map is not the scene's with fewer pixels.
    ...(spatial ? [] : [['UTM zone 34 south', 10, 1] as const]),
  ] as const)
    it(`draws of ${level === 0 ? 'the scene' : `overview ${level}`} in ${name} the pixels that gdalwarp takes, and nothing beside them`, async () => {
      const map = await prepare(CASES[name]!, level);
      const side = WORLD / 512 / 2 ** zoom;
      const [x, y] = middleOf(CASES[name]!).map((part) => Math.round(part * 512 * 2 ** zoom)) as [number, number];
      const page = await open();
      const asked = await page.evaluate(
        async ({ what, ...view }) => {
          const opened = await window.maplibre.open('scene.tif', what);
          await (await window.maplibre.show(opened, view)).once('idle');
          return opened.asked;
        },
        { zoom, center: placeOf([x / 512 / 2 ** zoom, y / 512 / 2 ** zoom]), what: { spread, first } },
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
}
