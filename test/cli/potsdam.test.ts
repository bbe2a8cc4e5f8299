// Real EnMAP pixels: twelve tiles of 32 x 32, nine to train on, three to unmix.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createMap, openScene } from '@egunet/raster/node';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { egunet, succeed } from './support.js';

const PIXEL = 30; // metres
const NO_DATA = -32768;

/** Joins tiles of one grid into one scene; what lies between them has no data. */
async function joinTiles(paths: readonly string[], target: string): Promise<void> {
  const tiles = await Promise.all(paths.map((path) => openScene(path)));
  const corners = tiles.map(({ georeference }) => ({ x: georeference!.affine[2], y: georeference!.affine[5] }));
  const left = Math.min(...corners.map(({ x }) => x));
  const top = Math.max(...corners.map(({ y }) => y));
  const places = corners.map(({ x, y }) => ({ row: (top - y) / PIXEL, col: (x - left) / PIXEL }));
  const [first] = tiles;
  const rows = Math.max(...places.map(({ row }) => row)) + 32;
  const cols = Math.max(...places.map(({ col }) => col)) + 32;
  const map = await createMap(target, {
    rows,
    cols,
    sampleType: 'float32',
    bands: first!.bands,
    noData: NO_DATA,
    georeference: { ...first!.georeference!, affine: [PIXEL, 0, left, 0, -PIXEL, top] },
  });
  for (let row = 0; row < rows; row += 32)
    for (let col = 0; col < cols; col += 32) {
      const window = { row, col, rows: 32, cols: 32 };
      const at = places.findIndex((place) => place.row === row && place.col === col);
      const data =
        at < 0
          ? new Float32Array(32 * 32 * first!.bands.length).fill(NO_DATA)
          : (await tiles[at]!.readWindow({ row: 0, col: 0, rows: 32, cols: 32 })).data;
      await map.writeWindow(window, data);
    }
  await map.close();
  await Promise.all(tiles.map((tile) => tile.close()));
}

describe('real EnMAP tiles of Potsdam', () => {
  const folder = temporaryFolder();
  let unseen: string[];

  before(async function () {
    requireGdal(this);
    const images = requireData(this, 'enmap-potsdam/images');
    const tiles = readdirSync(images)
      .filter((name) => name.endsWith('.tif'))
      .sort()
      .map((name) => join(images, name));
    assert.equal(tiles.length, 12);
    unseen = tiles.filter((_, i) => i % 4 === 3);
    await joinTiles(
      tiles.filter((_, i) => i % 4 !== 3),
      join(folder, 'nine.tif'),
    );
    // Water vapour and what lies beyond 2400 nm is noise in this product.
    const exclude = ['--exclude', '1340-1460,1790-1970,2400-2500'];
    succeed(['train', 'nine.tif', '-n', '5', '--epochs', '20', ...exclude, '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
  });

  it('are trained on nine tiles: every pixel with data, bands by wavelength, vapour bands left out', () => {
    const [facts] = JSON.parse(succeed(['info', 'model.onnx', '--json'], folder).stdout);
    assert.equal(facts.card.training.pixels, 9 * 32 * 32);
    const wavelengths: number[] = facts.card.bands.map((band: { wavelength: number }) => band.wavelength);
    assert.ok(wavelengths.length > 180, `${wavelengths.length} bands`);
    assert.ok(wavelengths.every((nm) => (nm < 1340 || nm > 1460) && (nm < 1790 || nm > 1970) && nm < 2400));
  });

  it('are unmixed on three others, and GDAL reads georeference, names and fractions back', () => {
    for (const [i, tile] of unseen.entries()) {
      const map = `map-${i}.tif`;
      succeed(['infer', tile, '--model', 'model.onnx', '-o', map], folder);
      const gdal = (path: string) => JSON.parse(run('gdalinfo', ['-json', path]));
      const [made, source] = [gdal(join(folder, map)), gdal(tile)];
      assert.deepEqual(made.geoTransform, source.geoTransform);
      assert.equal(made.coordinateSystem.wkt, source.coordinateSystem.wkt);
      assert.deepEqual(
        made.bands.map((band: { description: string }) => band.description),
        [1, 2, 3, 4, 5].map((n) => `endmember ${n}`),
      );
      const columns = [1, 2, 3, 4, 5].map((band) => {
        const raw = run('gdal_translate', ['-q', '-of', 'XYZ', '-b', `${band}`, join(folder, map), '/vsistdout/']);
        return raw
          .trim()
          .split('\n')
          .map((line) => Number(line.split(' ')[2]));
      });
      assert.equal(columns[0]!.length, 1024);
      for (let p = 0; p < 1024; p++) {
        const abundances = columns.map((column) => column[p]!);
        const sum = abundances.reduce((a, b) => a + b, 0);
        assert.ok(abundances.every((a) => a >= 0) && Math.abs(sum - 1) < 1e-4, `pixel ${p} of ${tile}: ${abundances}`);
      }
      // A real landscape is no one material.
      const means = columns.map((column) => column.reduce((a, b) => a + b, 0) / 1024);
      assert.ok(Math.max(...means) < 0.99, `${means}`);
    }
  });

  it('become one map of all that is seen, as gdalbuildvrt joins their maps', () => {
    const names = unseen.map((_, i) => join(folder, `map-${i}.tif`));
    run('gdalbuildvrt', ['-q', join(folder, 'joined.vrt'), ...names]);
    run('gdal_translate', ['-q', join(folder, 'joined.vrt'), join(folder, 'joined.tif')]);
    run('gdalbuildvrt', ['-q', join(folder, 'scenes.vrt'), ...unseen]);
    succeed(['infer', 'scenes.vrt', '--model', 'model.onnx', '-o', 'mosaic.tif'], folder);
    const [made, expected] = ['mosaic.tif', 'joined.tif'].map((name) => {
      const info = run('gdalinfo', ['-json', '-checksum', join(folder, name)]).replaceAll(/: nan/g, ': "NaN"');
      const { size, geoTransform, coordinateSystem, bands } = JSON.parse(info);
      return [size, geoTransform, coordinateSystem.wkt, bands.map(({ checksum }: { checksum: number }) => checksum)];
    });
    assert.deepEqual(made, expected);
  });

  it('give endmembers where their number is not: at most ten, and it is said', () => {
    const { stdout, stderr } = succeed(['endmembers', unseen[0]!, '-o', 'estimated', '--json'], folder);
    const { count, method } = JSON.parse(stdout);
    assert.equal(count, 10);
    assert.match(method, /^agreed, bounded brightness, number estimated by HySime \(\d\d, cut to 10\)$/);
    assert.match(stderr, /^HySime counts \d\d signal directions; using 10 endmembers: give -n to choose$/m);
  });

  it('give as many endmembers as each explain much more, where that is asked for', () => {
    const counted = ['endmembers', unseen[0]!, '-o', 'counted', '--count-by', 'residual', '--json'];
    const { count, method } = JSON.parse(succeed(counted, folder).stdout);
    assert.ok(count >= 2 && count < 8, `${count}`);
    assert.equal(method, 'agreed, bounded brightness, number estimated by the residual');
  });

  it('refuse more endmembers than their blocks can hold', () => {
    const { stderr, code } = egunet(['endmembers', unseen[0]!, '-n', '26', '-o', 'many'], folder);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^egunet: .*26 asked for, but the largest block has 25 pixels.*; give a smaller number \(-n\)$/m,
    );
  });

  it('refuse a model that was trained on bands without wavelengths', function () {
    const jasper = requireData(this, 'jasper-ridge/jasperRidge2_R198.mat');
    succeed(['train', jasper, '-n', '3', '--epochs', '1', '-o', 'jasper'], folder);
    succeed(['export', 'jasper', '-o', 'jasper.onnx'], folder);
    const { stderr, code } = egunet(['infer', unseen[0]!, '--model', 'jasper.onnx', '-o', 'refused.tif'], folder);
    assert.equal(code, 1);
    assert.match(stderr, /^egunet: .*wavelength/m);
    assert.ok(!existsSync(join(folder, 'refused.tif')));
  });
});
