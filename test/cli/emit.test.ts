// From an EMIT file to a map of abundances.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMIT_GEOTRANSFORM, type EmitFile, makeEmitFile } from '@egunet/fixtures';
import { openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { egunet, succeed } from './support.js';

describe('an EMIT scene', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let emit: EmitFile;
  before(async () => {
    emit = await makeEmitFile(join(folder, 'emit.nc'), { seed: 3, rows: 48, cols: 40, bands: 60 });
    succeed(['train', 'emit.nc', '-n', '3', '--epochs', '2', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
  });

  it('becomes a map on the grid of its lookup table, which GDAL places where the product does', function () {
    requireGdal(this);
    succeed(['infer', 'emit.nc', '-m', 'model.onnx', '-o', 'map.tif'], folder);
    interface Info {
      size: number[];
      geoTransform: number[];
      coordinateSystem: { wkt: string };
      bands: { type: string; noDataValue: number | string }[];
    }
    const info = JSON.parse(run('gdalinfo', ['-json', join(folder, 'map.tif')])) as Info;
    assert.deepEqual(info.size, [emit.lookup.cols, emit.lookup.rows]);
    for (const [i, expected] of EMIT_GEOTRANSFORM.entries())
      assert.ok(Math.abs(info.geoTransform[i]! - expected) < 1e-12, `${info.geoTransform}`);
    assert.match(info.coordinateSystem.wkt, /^GEOGCRS\["WGS 84".*ID\["EPSG",4326\]\]$/s);
    assert.deepEqual(
      info.bands.map(({ type }) => type),
      ['Float32', 'Float32', 'Float32'],
    );
  });

  it('has there the abundances of each pixel as the sensor saw it', async () => {
    succeed(['infer', 'emit.nc', '-m', 'model.onnx', '-o', 'mapped.tif'], folder);
    succeed(['infer', 'emit.nc', '-m', 'model.onnx', '--no-orthorectify', '-o', 'swath.tif'], folder);
    const read = async (name: string) => {
      const scene = await openScene(join(folder, name));
      const { data } = await scene.readWindow({ row: 0, col: 0, rows: scene.rows, cols: scene.cols });
      await scene.close();
      return { data, rows: scene.rows, cols: scene.cols, placed: scene.georeference !== undefined };
    };
    const [map, swath] = [await read('mapped.tif'), await read('swath.tif')];
    assert.deepEqual([swath.rows, swath.cols, swath.placed, map.placed], [48, 40, false, true]);
    const { x, y } = emit.lookup;
    const expected = Array.from(x, (_, n) =>
      x[n]! > 0
        ? [...swath.data.subarray(((y[n]! - 1) * 40 + x[n]! - 1) * 3, ((y[n]! - 1) * 40 + x[n]!) * 3)]
        : [Number.NaN, Number.NaN, Number.NaN],
    ).flat();
    assert.deepEqual([...map.data], expected);
  });

  it('is described as it is opened', () => {
    const mapped = succeed(['info', 'emit.nc'], folder).stdout;
    assert.match(mapped, /format +EMIT L2A\n/);
    assert.match(mapped, /georeference +EPSG:4326, pixels of 0\.000542233°/);
    assert.match(mapped, /geometry +map grid, by the product's lookup table/);
    const swath = succeed(['info', 'emit.nc', '--no-orthorectify'], folder).stdout;
    assert.match(swath, /size +48 rows x 40 columns x 60 bands, float32\n/);
    assert.match(swath, /georeference +none\n/);
  });

  it('remembers in its run how it was opened', () => {
    succeed(['train', 'emit.nc', '-n', '3', '--epochs', '1', '--no-orthorectify', '-o', 'swath-run'], folder);
    const { request } = JSON.parse(succeed(['info', 'swath-run', '--json'], folder).stdout)[0];
    assert.deepEqual(request.open, { orthorectify: false });
    const { code, stderr } = egunet(['train', '-o', 'swath-run', '--resume', '--no-orthorectify'], folder);
    assert.equal(code, 2);
    assert.match(stderr, /--no-orthorectify: a resumed run keeps its settings/);
  });

  it('cut short is refused in one line', async () => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(folder, 'cut.nc'), readFileSync(join(folder, 'emit.nc')).subarray(0, 40_000));
    const { code, stderr } = egunet(['info', 'cut.nc'], folder);
    assert.equal(code, 1);
    assert.match(stderr, /^egunet: cut\.nc: cannot open it: truncated file: [^\n]*fetch it again\n$/);
  });
});
