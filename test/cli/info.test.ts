import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeLibrary } from '@egunet/raster';
import { saveSpectralLibrary } from '@egunet/raster/node';
import { requireGdal, root, run as runProgram, temporaryFolder } from '../support/index.js';
import { assertFails, mixedScene, succeed, writeEnvi } from './support.js';

describe('egunet info', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const linesOf = (...args: string[]) => succeed(['info', ...args], folder).stdout.split('\n');
  const fact = (lines: readonly string[], name: string) =>
    lines
      .find((line) => line.startsWith(`${name}  `))
      ?.slice(name.length)
      .trim();

  describe('of a spectral library', () => {
    before(async () => {
      const library = makeLibrary(
        {
          names: Array.from({ length: 14 }, (_, s) => `soil ${s + 1}`),
          wavelengths: [450, 550.25, 2400],
          fwhm: [6.5, 6.5, 12],
          spectra: Float32Array.from({ length: 42 }, (_, i) => (i === 5 ? Number.NaN : 0.125 + i / 64)),
        },
        'soils',
      );
      for (const ending of ['csv', 'sli']) await saveSpectralLibrary(at(`soils.${ending}`), library);
      copyFileSync(at('soils.sli'), at('plain'));
      copyFileSync(at('soils.sli.hdr'), at('plain.hdr'));
    });

    for (const name of ['soils.csv', 'soils.sli', 'soils.sli.hdr', 'plain.hdr'])
      it(`tells its names, bands, range and values (${name})`, () => {
        const lines = linesOf(name);
        assert.equal(fact(lines, 'library'), name);
        assert.match(fact(lines, 'spectra')!, /^14: soil 1, soil 2, .*, soil 12, and 2 more$/);
        assert.equal(fact(lines, 'bands'), '3, 450.0-2400.0 nm');
        assert.equal(fact(lines, 'FWHM'), '6.5-12.0 nm');
        // the least is the first value, 0.125; the largest the last, 0.125 + 41 / 64 = 0.765625
        assert.equal(fact(lines, 'reflectance'), '0.125 to 0.766 (1 = 100 %)');
        assert.equal(fact(lines, 'missing'), '1 of 42 values');
      });

    it('is the same for machines, with every name', () => {
      const [library] = JSON.parse(succeed(['info', 'soils.sli', '--json'], folder).stdout);
      assert.deepEqual([library.kind, library.names.length, library.bands], ['library', 14, 3]);
      assert.deepEqual(library.wavelengths, [450, 550.25, 2400]);
      assert.deepEqual([library.least, library.most, library.missing], [0.125, 0.765625, 1]);
    });

    it('reads values of another scale when told', () => {
      writeFileSync(at('percent.csv'), 'wavelength_nm,a,b\n400,10,20\n2500,60,5\n');
      assertFails(['info', 'percent.csv'], folder, /percent\.csv: .*no reflectance/);
      assert.equal(
        fact(linesOf('percent.csv', '--reflectance-scale', '0.01'), 'reflectance'),
        '0.0500 to 0.600 (1 = 100 %)',
      );
    });
  });

  describe('of a scene', () => {
    const corner = (name: string): [number, number] =>
      JSON.parse(runProgram('gdalinfo', ['-json', at(name)])).cornerCoordinates.upperLeft;

    function place(name: string, options: readonly string[]): string {
      writeEnvi(folder, 'scene', mixedScene());
      runProgram('gdal_translate', ['-q', ...options, at('scene.img'), at(name)]);
      return fact(linesOf(name), 'georeference')!;
    }

    it('gives its place in metres, degrees or without a unit, with the corner that GDAL tells', function () {
      requireGdal(this);
      const utm = place('utm.tif', ['-a_srs', 'EPSG:25833', '-a_ullr', '366015', '5809965', '366615', '5809365']);
      assert.equal(utm, 'EPSG:25833, pixels of 30 m, upper left corner at 366015 m E, 5809965 m N');
      assert.deepEqual(corner('utm.tif'), [366015, 5809965]);
      const degrees = place('degrees.tif', ['-a_srs', 'EPSG:4326', '-a_ullr', '13', '52.5', '13.2', '52.4']);
      assert.equal(degrees, 'EPSG:4326, pixels of 0.01 x 0.005°, upper left corner at 13° E, 52.5° N');
      assert.deepEqual(corner('degrees.tif'), [13, 52.5]);
      const mercator = place('mercator.tif', ['-a_srs', 'EPSG:3857', '-a_ullr', '0', '1000', '1000', '0']);
      assert.equal(mercator, 'EPSG:3857, pixels of 50, upper left corner at 0, 1000 (unit not known)');
    });

    it('does not pass off stored floats as reflectance unseen', () => {
      writeEnvi(folder, 'floats', mixedScene());
      assert.equal(
        fact(linesOf('floats.img'), 'reflectance'),
        'taken as stored, 1 = 100 %; if not so, give --reflectance-scale',
      );
      assert.equal(fact(linesOf('floats.img', '--reflectance-scale', '0.01'), 'reflectance'), 'stored value x 0.01');
    });

    it('sends no commands to the terminal that the file holds', () => {
      writeEnvi(folder, 'hostile', { ...mixedScene(), sensor: 'X\u001b]0;pwned\u0007\u001b[2J' });
      const { stdout } = succeed(['info', 'hostile.img'], folder);
      assert.equal(fact(stdout.split('\n'), 'sensor'), 'X ]0;pwned [2J');
      assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u);
    });

    it('takes names that begin with a hyphen after the end of options, and negative numbers', () => {
      for (const name of ['-dash', '-2020', '--json']) writeEnvi(folder, name, mixedScene());
      for (const name of ['-dash.img', '--json.img']) assert.equal(fact(linesOf('--', name), 'scene'), `./${name}`);
      copyFileSync(at('-2020.img'), at('-2020'));
      assert.equal(fact(linesOf('-2020'), 'scene'), './-2020');
    });

    it('counts one band as one', () => {
      writeEnvi(folder, 'single', { ...mixedScene(), wavelengths: [450] });
      assert.equal(fact(linesOf('single.img'), 'size'), '20 rows x 20 columns x 1 band, float32');
    });
  });

  it('of a run tells its state, loss, data and settings', () => {
    writeEnvi(folder, 'trained', { ...mixedScene(), sensor: 'TEST-1' });
    succeed(['train', 'trained.img', '-n', '3', '--epochs', '2', '--seed', '7', '--batch', '50', '-oa run'], folder);
    const lines = linesOf('a run');
    assert.equal(fact(lines, 'state'), '2 of 2 epochs');
    assert.match(fact(lines, 'last loss')!, /^[\d.]+ \(cross-entropy [\d.]+, reconstruction [\d.]+\)$/);
    assert.equal(fact(lines, 'scene'), 'trained.img, 20 rows x 20 columns');
    assert.equal(fact(lines, 'sensor'), 'TEST-1');
    assert.equal(fact(lines, 'bands'), '8, 450.0-1250.0 nm');
    assert.equal(fact(lines, 'endmembers'), '3: endmember 1, endmember 2, endmember 3');
    assert.equal(fact(lines, 'model'), 'egunet-pw');
    assert.match(fact(lines, 'input')!, /^reflectance \(1 = 100 %\) x [\d.]+, clipped to \[0, 1\]/);
    assert.match(
      fact(lines, 'settings')!,
      /^Adam with the poly schedule from 0\.02, drop rate 0\.1, weight decay 0\.0001, seed 7, batches of 50 pixels and 48 pseudo-endmembers$/,
    );
  });

  describe('says in one line what it cannot describe:', () => {
    const cases: [what: string, name: string, make: (path: string) => void, says: RegExp][] = [
      ['a text file', 'notes.txt', (path) => writeFileSync(path, 'hello'), /notes\.txt: not a format that is read/],
      ['an empty file', 'nothing.tif', (path) => writeFileSync(path, ''), /nothing\.tif: is empty \(0 bytes\)/],
      ['a folder of nothing', 'hollow', (path) => mkdirSync(path), /hollow: .*name a scene file, or the folder of/],
      [
        'a run that is not saved yet',
        'unsaved',
        (path) => {
          mkdirSync(path);
          writeFileSync(join(path, 'training.lock'), '');
        },
        /unsaved: a training there has saved nothing yet; wait/,
      ],
      ['a missing path', 'missing.hdr', () => {}, /missing\.hdr: .*no such file or folder/],
      [
        'a table that is no library',
        'list.csv',
        (path) => writeFileSync(path, 'a,b\n1,2\n'),
        /list\.csv: no wavelengths/,
      ],
      [
        "a model of somebody else's",
        'foreign.onnx',
        (path) => copyFileSync(join(root, 'fixtures/golden/infer/foreign.onnx'), path),
        /foreign\.onnx: an ONNX model, but not one of egunet's/,
      ],
    ];
    for (const [what, name, make, says] of cases)
      it(what, () => {
        make(at(name));
        assertFails(['info', name], folder, says);
      });
  });
});
