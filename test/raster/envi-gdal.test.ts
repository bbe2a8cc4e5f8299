import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { openSmall, wholeOf } from './envi-support.js';

describe('ENVI images and GDAL', () => {
  const folder = temporaryFolder();

  describe('as GDAL writes them', () => {
    const raw = join(folder, 'source.vrt');
    let expected: number[]; // [pixels, bands], as GDAL reads the ramp
    before(function () {
      requireGdal(this);
      // Three bands of 7 x 5 pixels: GDAL's own reading of a raw ramp.
      const ramp = Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 251);
      writeFileSync(join(folder, 'ramp.raw'), ramp);
      const band = (n: number): string =>
        `<VRTRasterBand dataType="Byte" band="${n}" subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">ramp.raw</SourceFilename><ImageOffset>${(n - 1) * 35}</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>7</LineOffset></VRTRasterBand>`;
      writeFileSync(raw, `<VRTDataset rasterXSize="7" rasterYSize="5">${[1, 2, 3].map(band).join('')}</VRTDataset>`);
      const columns = [1, 2, 3].map((n) => {
        const text = run('gdal_translate', ['-q', '-b', String(n), '-of', 'XYZ', raw, '/vsistdout/']);
        return text
          .trim()
          .split('\n')
          .map((line) => Number(line.split(' ')[2]));
      });
      expected = columns[0]!.flatMap((_, i) => columns.map((column) => column[i]!));
    });

    for (const interleave of ['BSQ', 'BIL', 'BIP'])
      for (const type of ['Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Float32', 'Float64'])
        it(`reads ${interleave} of ${type}`, async () => {
          const path = join(folder, `${interleave}-${type}.img`);
          run('gdal_translate', ['-q', '-of', 'ENVI', '-ot', type, '-co', `INTERLEAVE=${interleave}`, raw, path]);
          const scene = await openScene(path);
          assert.equal(scene.sampleType, type.toLowerCase().replace('byte', 'uint8'));
          const { data } = await scene.readWindow(wholeOf(scene));
          await scene.close();
          assert.deepEqual([...data], expected);
        });

    for (const [what, srs, epsg] of [
      ['a northern UTM zone', 'EPSG:32633', 32633],
      ['a southern UTM zone', 'EPSG:32719', 32719],
      ['longitude and latitude', 'EPSG:4326', 4326],
    ] as const)
      it(`reads the georeference of ${what}`, async () => {
        const path = join(folder, `map-${epsg}`);
        const corners = epsg === 4326 ? ['12.5', '47.25', '12.85', '47'] : ['300000', '5000000', '300210', '4999900'];
        run('gdal_translate', ['-q', '-of', 'ENVI', '-a_srs', srs, '-a_ullr', ...corners, raw, path]);
        const scene = await openScene(path);
        const { affine } = scene.georeference!;
        const info = JSON.parse(run('gdalinfo', ['-json', path])) as { geoTransform: number[] };
        const [x, a, b, y, d, e] = info.geoTransform;
        // The header holds 15 digits.
        for (const [i, value] of [a, b, x, d, e, y].entries()) assert.ok(Math.abs(value! - affine[i]!) <= 1e-12);
        assert.equal(scene.georeference!.epsg, epsg);
        await scene.close();
      });

    it('reads a rotated map info as GDAL does', async () => {
      const path = join(folder, 'rotated.img');
      run('gdal_translate', ['-q', '-of', 'ENVI', raw, path]);
      const header = join(folder, 'rotated.hdr');
      const plain = readFileSync(header, 'utf8').replace(/^map info.*\n/m, '');
      const map = 'map info = {UTM, 1, 1, 300000, 5000000, 30, 20, 33, North, WGS-84, units=Meters, rotation=25}\n';
      writeFileSync(header, plain + map);
      const scene = await openScene(header);
      const info = JSON.parse(run('gdalinfo', ['-json', path])) as { geoTransform: number[] };
      const [x, a, b, y, d, e] = info.geoTransform as [number, number, number, number, number, number];
      const expected = [a, b, x, d, e, y];
      // The sines and cosines may differ in their last bit; coordinates are of the order of 5e6.
      for (const [i, value] of scene.georeference!.affine.entries())
        assert.ok(Math.abs(value - expected[i]!) < 1e-8, `${i}: ${value} ${expected[i]}`);
      assert.equal(scene.georeference!.epsg, 32633);
      await scene.close();
    });
  });

  it('puts the reference pixel where the map info says, rotated or not', () => {
    for (const rotation of [0, 25, -140]) {
      const scene = openSmall({ 'map info': `{Arbitrary, 3.5, 2, 300000, 5000000, 30, 20, rotation=${rotation}}` });
      const [a, b, c, d, e, f] = scene.georeference!.affine;
      assert.ok(Math.abs(a * 2.5 + b * 1 + c - 300000) < 1e-8);
      assert.ok(Math.abs(d * 2.5 + e * 1 + f - 5000000) < 1e-8);
    }
  });

  it('takes the EPSG code from the authority of a coordinate system string before the map info', () => {
    const utm = '{UTM, 1, 1, 0, 0, 30, 30, 33, North, WGS-84}';
    const epsgOf = (keys: Record<string, string>): number | undefined => openSmall(keys).georeference?.epsg;
    assert.equal(epsgOf({ 'map info': utm }), 32633);
    assert.equal(
      epsgOf({
        'map info': utm,
        'coordinate system string': '{PROJCS["x",GEOGCS["y",AUTHORITY["EPSG","4258"]],AUTHORITY["EPSG","25833"]]}',
      }),
      25833,
    );
    assert.equal(epsgOf({ 'map info': '{UTM, 1, 1, 0, 0, 30, 30, 33, North, North America 1983}' }), undefined);
    assert.equal(epsgOf({ 'map info': '{Arbitrary, 1, 1, 0, 0, 1, 1}' }), undefined);
    assert.equal(openSmall().georeference, undefined);
  });

  it('reads a real EMIT crop as GDAL does', async function () {
    requireGdal(this);
    const path = requireData(this, 'emit-sample/emit20250324t221005_jpl_unmix_ex');
    const scene = await openScene(path);
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.sampleType], [10, 10, 285, 'float32']);
    assert.equal(scene.bands[0]!.wavelength, 381.0055927);
    assert.equal(scene.bands[284]!.fwhm, 8.809000000000001);
    assert.equal(
      scene.bands.filter(({ bad }) => bad).length,
      readFileSync(`${path}.hdr`, 'utf8').split('bbl =')[1]!.match(/\b0\b/g)!.length,
    );
    const { data } = await scene.readWindow({ row: 3, col: 7, rows: 1, cols: 1 });
    const expected = run('gdallocationinfo', ['-valonly', path, '7', '3']).trim().split('\n').map(Number);
    assert.deepEqual([...data], expected.map(Math.fround));
    await scene.close();
  });
});
