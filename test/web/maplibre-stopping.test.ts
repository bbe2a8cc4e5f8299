// Tiles of MapLibre that nobody waits for any longer, and those that cannot be had.
import assert from 'node:assert/strict';
import { until } from '../support/index.js';
import { middleOf, placeOf, UTM_33, withMapLibre } from './maplibre-support.js';
import { makeModel } from './scene.js';

describe('a map of MapLibre', function () {
  this.timeout(120_000);
  const { files, server, open, serve } = withMapLibre();

  describe('that is told to stop', () => {
    let page: Awaited<ReturnType<typeof open>>;
    let middle: { x: number; y: number };
    beforeEach(async () => {
      await serve(UTM_33);
      const [x, y] = middleOf(UTM_33);
      middle = { x, y };
      page = await open();
    });
    afterEach(() => page?.close());

    /** Answers nothing more of the scene, but for its beginning. */
    const hold = () =>
      server.hold(({ path, range }) => path === '/scene.tif' && range !== undefined && !range.startsWith('bytes=0-'));

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
      await until(() => scene.count() > 0);
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
      await until(() => scene.count() > 0);
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
      await serve(UTM_33);
      files['other-sensor.onnx'] = await makeModel(70);
      const page = await open();
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
});
