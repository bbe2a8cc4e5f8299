import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enmapBands, footprintMask, makeEnmapProduct } from '@egunet/fixtures';
import { requireGdal, run as runProgram, temporaryFolder } from '../support/index.js';
import { binary, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

describe('from a scene to its map, on the command line', () => {
  const folder = temporaryFolder();
  let product: string;
  before(async () => {
    product = (await makeEnmapProduct(folder, { seed: 3, rows: 32, cols: 32 })).folder;
    succeed(['train', product, '-n', '5', '--epochs', '4', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    succeed(['infer', product, '--model', 'model.onnx', '-o', 'map.tif'], folder);
  });

  describe('info', () => {
    it('describes a product', () => {
      const { stdout } = succeed(['info', product], folder);
      assert.match(stdout, /^format +EnMAP L2A$/m);
      assert.match(stdout, /^size +32 rows x 32 columns x 224 bands, int16$/m);
      assert.match(stdout, /^wavelengths +418.2-2445.5 nm$/m);
      assert.match(stdout, /^bad bands +22: 127-141, 161-167$/m);
      assert.match(stdout, /^NoData +-32768$/m);
      assert.match(stdout, /^georeference +EPSG:32633, pixels of 30 m/m);
      assert.match(stdout, /^quality layers +CIRRUS, CLASSES/m);
    });

    it('describes a run, a model and a map at once, as JSON', () => {
      const [run, model, map] = JSON.parse(succeed(['info', 'run', 'model.onnx', 'map.tif', '--json'], folder).stdout);
      assert.deepEqual([run.kind, run.finished, run.epoch, run.settings.seed], ['run', true, 4, 1]);
      assert.deepEqual([model.kind, model.card.bands.length, model.card.endmembers.length], ['model', 202, 5]);
      assert.deepEqual([map.kind, map.rows, map.bands.length, map.georeference.epsg], ['scene', 32, 5, 32633]);
    });

    it('describes a run and a model for people', () => {
      const { stdout } = succeed(['info', 'run', 'model.onnx'], folder);
      assert.match(stdout, /^state +4 of 4 epochs$/m);
      assert.match(stdout, /^bands +202, 418.2-2445.5 nm$/m);
      assert.match(stdout, /^endmembers +5: endmember 1, /m);
      assert.match(stdout, /^training +4 epochs/m);
    });

    it('ends quietly when its reader goes away', () => {
      const outcome = runProgram('bash', [
        '-c',
        `set -o pipefail; cd '${folder}'; '${process.execPath}' '${binary}' info '${product}' --json | head -c 10; echo " \${PIPESTATUS[0]}"`,
      ]);
      assert.match(outcome, / 0\n$/);
    });
  });

  describe('endmembers', () => {
    it('writes the same CSV, ENVI library and drawing for the same seed', () => {
      for (const prefix of ['a', 'b']) succeed(['endmembers', product, '-n', '5', '-o', prefix], folder);
      for (const ending of ['csv', 'sli', 'sli.hdr', 'svg'])
        assert.ok(readFileSync(join(folder, `a.${ending}`)).equals(readFileSync(join(folder, `b.${ending}`))), ending);
      const [header, ...rows] = readFileSync(join(folder, 'a.csv'), 'utf8').trim().split('\n');
      assert.equal(header, 'wavelength_nm,fwhm_nm,endmember 1,endmember 2,endmember 3,endmember 4,endmember 5');
      assert.equal(rows.length, 202);
      assert.equal(readFileSync(join(folder, 'a.sli')).length, 5 * 202 * 4);
      assert.match(readFileSync(join(folder, 'a.svg'), 'utf8'), />endmember 5</);
    });

    it("gives a library's own spectra at the scene's bands", () => {
      const { stdout } = succeed(
        ['endmembers', product, '--library', 'truth-endmembers.csv', '-o', 'given', '--json'],
        folder,
      );
      const { endmembers, method } = JSON.parse(stdout);
      assert.deepEqual(endmembers, ['green grass', 'dry grass', 'illite', 'goethite', 'olivine']);
      assert.equal(method, 'given by truth-endmembers.csv');
      const value = (file: string, line: number) =>
        readFileSync(join(folder, file), 'utf8').split('\n')[line]!.split(',').map(Number);
      const [own, truth] = [value('given.csv', 1), value('truth-endmembers.csv', 1)];
      for (const [i, expected] of truth.entries()) assert.ok(Math.abs(own[i]! - expected) < 1e-6);
    });

    it('leaves out a band that is mostly without data, however many digits its NoData is written with', () => {
      const plain = mixedScene();
      const value = (pixel: number, band: number) =>
        band === 2 && pixel % 5 < 3 ? Math.fround(-3.4e38) : plain.value(pixel, band);
      const scene = writeEnvi(folder, 'holes', { ...plain, value, noData: -3.4e38 });
      const { stdout, stderr } = succeed(['endmembers', scene, '-n', '3', '-o', 'holes', '--json'], folder);
      assert.match(stderr, /^left out, no data: band 3$/m);
      assert.equal(JSON.parse(stdout).bands, 7);
      assert.match(succeed(['info', scene], folder).stdout, /^NoData +-3\.4e\+38$/m);
    });

    it('uses only the wavelengths asked for', () => {
      const args = ['endmembers', product, '-n', '3', '--bands', '400-1300', '--exclude', '930-1000', '-o', 'some'];
      const { bands } = JSON.parse(succeed([...args, '--json'], folder).stdout);
      const all = enmapBands().map(({ wavelength }) => wavelength);
      const expected = all.filter((nm) => nm <= 1289 && !(nm >= 930 && nm <= 1000)); // beyond 1289 nm bands are bad
      assert.equal(bands, expected.length);
      const first = readFileSync(join(folder, 'some.csv'), 'utf8')
        .split('\n')
        .slice(1, -1)
        .map((line) => Number(line.split(',')[0]));
      assert.deepEqual(
        first,
        [...expected].sort((a, b) => a - b),
      );
    });
  });

  describe('infer', () => {
    it('maps nearly the same with a model in int8', () => {
      const args = ['export', 'run', '-o', 'fast.onnx', '--precision', 'int8', '--json'];
      const { meanError, maxError } = JSON.parse(succeed(args, folder).stdout).card.quantisation;
      assert.ok(meanError <= 0.005 && maxError <= 0.05);
      succeed(['infer', product, '-m', 'fast.onnx', '-o', 'fast.tif'], folder);
      const compared = succeed(['evaluate', 'fast.tif', '-r', 'map.tif', '--json'], folder);
      const { figures } = JSON.parse(compared.stdout);
      assert.equal(figures[0].name, 'aRMSE');
      assert.ok(figures[0].value < 0.01, `${figures[0].value}`); // twice the mean that export allows
    });

    it('prints means, pixels with data and speed', () => {
      const { stdout } = succeed(
        ['infer', product, '-m', 'model.onnx', '-o', 'again.tif', '--workers', '1', '--json'],
        folder,
      );
      const { validPixels, pixels, endmembers, megapixelsPerSecond } = JSON.parse(stdout);
      const inside = footprintMask(32, 32).reduce((sum, one) => sum + one, 0);
      assert.deepEqual([validPixels, pixels], [inside, 1024]);
      assert.ok(megapixelsPerSecond > 0);
      const sum = endmembers.reduce((total: number, { mean }: { mean: number }) => total + mean, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5);
    });

    it('gives the same map whatever the tiles', () => {
      mkdirSync(join(folder, 'tiled'));
      succeed(['infer', product, '-m', 'model.onnx', '-o', 'tiled/map.tif', '--tile', '7'], folder);
      assert.ok(readFileSync(join(folder, 'tiled/map.tif')).equals(readFileSync(join(folder, 'map.tif'))));
    });

    it('is read by GDAL, endmembers and NoData and all', function () {
      requireGdal(this);
      const info = JSON.parse(runProgram('gdalinfo', ['-json', join(folder, 'map.tif')]));
      assert.deepEqual(info.size, [32, 32]);
      assert.deepEqual(info.geoTransform, [360000, 30, 0, 5820000, 0, -30]);
      const bands = info.bands as { description: string; type: string; noDataValue: string }[];
      assert.deepEqual(
        bands.map(({ description }) => description),
        [1, 2, 3, 4, 5].map((n) => `endmember ${n}`),
      );
      assert.ok(
        bands.every(({ type, noDataValue }) => type === 'Float32' && String(noDataValue).toLowerCase() === 'nan'),
      );
    });

    it('unmixes the very scene without wavelengths that it was trained on, one band of it left out', () => {
      const value = mixedScene().value;
      const blind = {
        ...mixedScene(),
        value: (pixel: number, band: number) => (band === 2 ? 0.5 : value(pixel, band)),
      };
      const scene = writeEnvi(folder, 'blind', blind);
      const header = join(folder, 'blind.hdr');
      writeFileSync(header, readFileSync(header, 'utf8').replace(/^wavelength.*\n/gm, ''));
      succeed(['train', scene, '-n', '3', '--epochs', '1', '-o', 'blind-run'], folder);
      succeed(['export', 'blind-run', '-o', 'blind.onnx'], folder);
      const [{ card }] = JSON.parse(succeed(['info', 'blind.onnx', '--json'], folder).stdout);
      assert.deepEqual(
        [card.data.bands, card.bands.map(({ index }: { index: number }) => index)],
        [8, [0, 1, 3, 4, 5, 6, 7]],
      );
      succeed(['infer', scene, '-m', 'blind.onnx', '-o', 'blind-map.tif'], folder);
    });

    it('resamples a scene of another sensor when asked to', () => {
      const wavelengths = Array.from({ length: 250 }, (_, i) => 410 + i * 8.3);
      const scene = {
        ...mixedScene(),
        wavelengths,
        value: (pixel: number, b: number) => 0.2 + 0.001 * (b % 7) + 0.0001 * pixel,
      };
      const other = writeEnvi(folder, 'other', { ...scene, sensor: 'OTHER' });
      assert.equal(egunet(['infer', other, '-m', 'model.onnx', '-o', 'other.tif'], folder).code, 1);
      succeed(['infer', other, '-m', 'model.onnx', '-o', 'other.tif', '--resample'], folder);
    });
  });

  describe('evaluate', () => {
    const spectra = () => ['--scene', product, '--reference-endmembers', 'truth-endmembers.csv'];

    it('finds no error between the truth and itself', () => {
      const args = [
        'evaluate',
        'truth-abundances.tif',
        '-r',
        'truth-abundances.tif',
        ...spectra(),
        '--endmembers',
        'truth-endmembers.csv',
      ];
      const { figures, baseline, matching, materials } = JSON.parse(succeed([...args, '--json'], folder).stdout);
      assert.equal(figures.find(({ name }: { name: string }) => name === 'aRMSE').value, 0);
      assert.equal(matching, 'spectral angle of the endmembers');
      assert.deepEqual(
        materials.map(({ endmember }: { endmember: number }) => endmember),
        [0, 1, 2, 3, 4],
      );
      // NNLS with the exact endmembers fails by the noise alone: 0.002 in reflectance over 202 bands.
      assert.ok(baseline.figures[0].value < 0.01, `${baseline.figures[0].value}`);
    });

    it('prints every figure with unit, definition and NNLS with the same endmembers beside it', () => {
      const { stdout, stderr } = succeed(
        ['evaluate', 'map.tif', '-r', 'truth-abundances.tif', ...spectra(), '--model', 'model.onnx', '--verbose'],
        folder,
      );
      for (const line of [
        'reading the reference',
        'reading the scene',
        'NNLS with the same endmembers',
        'reading the map',
      ])
        assert.match(stderr, new RegExp(`^${line} 100%`, 'm'));
      assert.match(stdout, /^figure +unit +map +NNLS, same endmembers$/m);
      assert.match(stdout, /^aRMSE +abundance +0\.\d{4} +0\.\d{4}$/m);
      assert.match(stdout, /^aSAD \(eq\. 12\) +rad /m);
      assert.match(stdout, /^green grass +endmember \d /m);
      assert.match(stdout, /^aRMSE: mean over pixels of sqrt/m);
      assert.match(stdout, /^\d+ pixels compared, \d+ without data or reference; matched by/m);
    });

    for (const [name, ...how] of [
      ['like.zarr', '--quality'],
      ['like.img', '--quality'],
      ['small.zarr', '--dtype', 'uint16'],
    ] as const)
      it(`finds in ${name} what it finds in the GeoTIFF of the same unmixing`, () => {
        const figures = (map: string) => {
          succeed(['infer', product, '-m', 'model.onnx', '-o', map, ...how], folder);
          const against = ['-r', 'truth-abundances.tif', ...spectra(), '--model', 'model.onnx', '--json'];
          const {
            figures: found,
            materials,
            ...rest
          } = JSON.parse(succeed(['evaluate', map, ...against], folder).stdout);
          const turned = ['evaluate', 'truth-abundances.tif', '-r', map, '--json'];
          return { found, materials, rest, turned: JSON.parse(succeed(turned, folder).stdout) };
        };
        assert.deepEqual(figures(name), figures(name.replace(/\..*/, '.tif').replace('like', name.replace('.', '-'))));
      });

    it('compares abundances alone, with other names, on a part of the pixels', () => {
      const args = [
        'evaluate',
        'map.tif',
        '-r',
        'truth-abundances.tif',
        '--names',
        'a, b,c,d,e',
        '--max-pixels',
        '100',
        '--json',
      ];
      const { matching, materials, step, pixels, baseline } = JSON.parse(succeed(args, folder).stdout);
      assert.equal(matching, 'abundances');
      assert.deepEqual(
        materials.map(({ name }: { name: string }) => name),
        ['a', 'b', 'c', 'd', 'e'],
      );
      assert.equal(step, 11); // 1024 / 100, and no divisor in common with 32 columns
      assert.ok(pixels > 50 && pixels <= 100);
      assert.equal(baseline, undefined);
    });
  });

  describe('Ctrl-C', () => {
    const stopped = async (args: readonly string[], when: RegExp) => {
      const before = readdirSync(folder).sort();
      const { code, stdout, stderr } = await interrupted([binary, ...args, '--verbose'], { cwd: folder, when });
      assert.equal(code, 130, stderr);
      assert.equal(stdout, '');
      assert.match(stderr, /^egunet: interrupted: nothing is left behind$/m);
      assert.deepEqual(readdirSync(folder).sort(), before);
    };

    for (const step of ['reading the reference', 'reading the scene'])
      it(`stops an evaluation that is ${step}`, () =>
        stopped(
          ['evaluate', 'map.tif', '-r', 'truth-abundances.tif', '--scene', product, '--model', 'model.onnx'],
          new RegExp(`^${step} \\d+%`, 'm'),
        ));
  });
});
