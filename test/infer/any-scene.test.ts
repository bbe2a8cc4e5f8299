// Scenes of any size and storage, in tiles of any size. Legend: B bands, C endmembers.
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inferScene } from '@egunet/infer-node';
import { openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { readRaw, writeEnvi } from './envi.js';
import { hashedSpectra, modelCard, modelPath } from './support.js';

const B = 8;
const wavelengths = modelCard().bands.map(({ wavelength }) => wavelength!);
/** Stored reflectance is a thousandth more: whole numbers for the integer types. */
const SCALE = 1000;
const NO_DATA = 9999;

const side = fc.constantFrom(1, 2, 3, 13, 17, 31, 64, 97);
const anyScene = fc.record({
  rows: side,
  cols: side,
  tile: fc.record({ rows: fc.integer({ min: 1, max: 70 }), cols: fc.integer({ min: 1, max: 70 }) }),
  type: fc.constantFrom('Int16', 'UInt16', 'Int32', 'Float32', 'Float64'),
  storage: fc.constantFrom(
    '-of ENVI -co INTERLEAVE=BIP',
    '-of ENVI -co INTERLEAVE=BIL',
    '-of ENVI -co INTERLEAVE=BSQ',
    '-of GTiff -co COMPRESS=DEFLATE -co TILED=YES -co BLOCKXSIZE=32 -co BLOCKYSIZE=16',
    '-of GTiff -co COMPRESS=LZW -co INTERLEAVE=BAND',
    '-of GTiff -co BLOCKYSIZE=3',
  ),
  /** Of so many pixels one lacks data; at least one pixel has some. */
  missing: fc.constantFrom(0, 2, 7),
});

describe('a scene of any size, sample type and storage', function () {
  this.timeout(60_000);
  const folder = temporaryFolder();
  before(function () {
    requireGdal(this);
  });

  it('gives one map whatever its tiles, which GDAL and our reader read alike', async () => {
    let count = 0;
    const property = fc.asyncProperty(anyScene, async ({ rows, cols, tile, type, storage, missing }) => {
      const at = (name: string) => join(folder, `${count}-${name}`);
      count++;
      const data = hashedSpectra(rows * cols * B, 0.8).map((value) => Math.round(value * SCALE));
      const lacks = Array.from({ length: rows * cols }, (_, i) => missing > 0 && i % missing === 1);
      for (const [i, lack] of lacks.entries()) if (lack) data[i * B + (i % B)] = NO_DATA;
      writeEnvi(at('raw.hdr'), { rows, cols, wavelengths, fwhm: 10, noData: NO_DATA, data });
      const scene = at(storage.includes('ENVI') ? 'scene.img' : 'scene.tif');
      run('gdal_translate', ['-q', '-ot', type, ...storage.split(' '), at('raw.img'), scene]);
      const bandLines = `wavelength units = Nanometers\nwavelength = {${wavelengths.join(', ')}}\n`; // GDAL leaves them out
      if (storage.includes('ENVI')) appendFileSync(at('scene.hdr'), bandLines);
      const how = { scene, model: modelPath, open: { reflectanceScale: 1 / SCALE }, workers: 1 };
      await inferScene({ ...how, output: at('whole.tif') });
      await inferScene({ ...how, output: at('tiled.tif'), tile, onError: 'nodata' });
      const whole = readFileSync(at('whole.tif'));
      assert.ok(readFileSync(at('tiled.tif')).equals(whole));
      const map = await openScene(at('whole.tif'));
      const { data: ours } = await map.readWindow({ row: 0, col: 0, rows, cols });
      await map.close();
      const gdals = readRaw(at('whole.tif'), folder);
      assert.deepEqual(ours, gdals);
      const lost = Array.from({ length: rows * cols }, (_, i) => Number.isNaN(gdals[i * 3]));
      assert.deepEqual(lost, lacks);
      for (const name of ['raw.img', 'raw.hdr', 'whole.tif', 'tiled.tif']) rmSync(at(name));
    });
    await fc.assert(property, { seed: 1, numRuns: 15 });
  });
});
