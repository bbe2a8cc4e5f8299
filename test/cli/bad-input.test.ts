import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { temporaryFolder } from '../support/index.js';
import { assertFails, egunet, fixtures, mixedScene, succeed, writeEnvi } from './support.js';

describe('bad input', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  let product: string;
  let image: string;

  before(async () => {
    ({ folder: product } = await fixtures.makeEnmapProduct(folder, { seed: 3, rows: 24, cols: 24 }));
    image = join(product, `${basename(product)}-SPECTRAL_IMAGE.TIF`);
    succeed(['train', product, '-n', '3', '--epochs', '1', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    succeed(['infer', product, '-m', 'model.onnx', '-o', 'map.tif'], folder);
  });

  const fails = (args: readonly string[], says: RegExp) => assertFails(args, folder, says);

  describe('in a model', () => {
    it('that is not there', () =>
      fails(['infer', product, '-m', 'none.onnx', '-o', 'x.tif'], /none\.onnx: .*no such file/));
    it('that is not there, for info', () => fails(['info', 'none.onnx'], /none\.onnx: cannot be read/));

    it('that is cut short', () => {
      copyFileSync(at('model.onnx'), at('cut.onnx'));
      truncateSync(at('cut.onnx'), 50_000);
      fails(['infer', product, '-m', 'cut.onnx', '-o', 'x.tif'], /cut\.onnx: not a complete ONNX model/);
      fails(['info', 'cut.onnx'], /cut\.onnx: not a complete ONNX model/);
    });

    it('for another sensor', () => {
      const path = writeEnvi(folder, 'other', { ...mixedScene(), sensor: 'AVIRIS' });
      fails(['infer', path, '-m', 'model.onnx', '-o', 'x.tif'], /AVIRIS.*EnMAP/);
    });

    it('for other bands', () => {
      const path = writeEnvi(folder, 'bands8', mixedScene());
      fails(
        ['infer', path, '-m', 'model.onnx', '-o', 'x.tif'],
        /no band within half a FWHM for \d+ of the model's 202 bands/,
      );
    });
  });

  describe('in a run', () => {
    it('that is none', () => {
      mkdirSync(at('folder'), { recursive: true });
      fails(['export', 'folder', '-o', 'x.onnx'], /folder: not a run of egunet train/);
      fails(['train', '-o', 'folder', '--resume'], /folder: not a run of egunet train/);
    });

    it('whose weights are damaged', () => {
      cpSync(at('run'), at('bad-run'), { recursive: true });
      const state = readdirSync(at('bad-run')).find((name) => name.endsWith('.bin'))!;
      truncateSync(join(at('bad-run'), state), 1000);
      fails(['export', 'bad-run', '-o', 'x.onnx'], /damaged/);
      fails(['info', 'bad-run'], /damaged/);
    });

    it('whose manifest does not say what it was trained on', () => {
      cpSync(at('run'), at('lost-run'), { recursive: true });
      const manifest = JSON.parse(readFileSync(at('lost-run/manifest.json'), 'utf8'));
      writeFileSync(at('lost-run/manifest.json'), JSON.stringify({ ...manifest, request: null }));
      fails(['export', 'lost-run', '-o', 'x.onnx'], /does not say what it was trained on/);
    });

    it('whose scene is another one now', () => {
      const other = writeEnvi(folder, 'replaced', mixedScene());
      fails(
        ['export', 'run', '--scene', other, '-o', 'x.onnx'],
        /8 usable bands, but the run was trained on 202 others/,
      );
    });
  });

  describe('in a spectral library', () => {
    it('that is no library', () => {
      writeFileSync(at('list.csv'), 'a,b\n1,2\n');
      fails(['endmembers', product, '--library', 'list.csv', '-o', 'x'], /list\.csv: no wavelengths/);
    });

    it('that does not cover the scene', () => {
      writeFileSync(at('narrow.csv'), 'wavelength_nm,a,b\n500,0.1,0.2\n600,0.2,0.1\n');
      fails(['train', product, '--library', 'narrow.csv', '-o', 'x'], /narrow\.csv: covers 500\.\.600 nm/);
    });

    it('that has fewer spectra than are asked for', () => {
      fails(
        ['endmembers', product, '-n', '3', '--library', 'truth-endmembers.csv', '-o', 'x'],
        /5 spectra, 3 endmembers are asked for/,
      );
    });

    it('that is in percent, unless its scale is given', () => {
      writeFileSync(at('percent.csv'), 'wavelength_nm,a,b\n400,10,20\n2500,60,5\n');
      fails(['endmembers', product, '--library', 'percent.csv', '-o', 'x'], /percent\.csv: .*no reflectance/);
      succeed(
        ['endmembers', product, '--library', 'percent.csv', '--library-scale', '0.01', '-o', 'from-percent'],
        folder,
      );
    });
  });

  describe('in a reference', () => {
    it('of another size', () => {
      const path = writeEnvi(folder, 'reference', { ...mixedScene(), wavelengths: [1, 2, 3] });
      fails(['evaluate', 'map.tif', '-r', path], /20 rows x 20 columns, but map\.tif has 24 x 24/);
    });

    it('with another number of materials', () => {
      fails(['evaluate', 'map.tif', '-r', 'truth-abundances.tif'], /3 endmembers against 5 reference materials/);
    });

    it('whose names are too few', () => {
      fails(
        ['evaluate', 'map.tif', '-r', 'truth-abundances.tif', '--names', 'a,b'],
        /--names: 2 names, but .* has 5 materials/,
      );
    });
  });

  describe('in an output', () => {
    it('that exists already', () => {
      fails(['infer', product, '-m', 'model.onnx', '-o', 'map.tif'], /map\.tif: exists already/);
      fails(['export', 'run', '-o', 'model.onnx'], /model\.onnx: exists already.*--overwrite/);
      fails(['train', product, '-o', 'run'], /run: holds a run of egunet train already.*--overwrite/);
      succeed(['endmembers', product, '-n', '3', '-o', 'twice'], folder);
      fails(['endmembers', product, '-n', '3', '-o', 'twice'], /twice\.csv: exists already.*--overwrite/);
    });

    it('that exists already, but may be replaced', () => {
      succeed(['infer', product, '-m', 'model.onnx', '-o', 'map.tif', '--overwrite'], folder);
      succeed(['endmembers', product, '-n', '3', '-o', 'twice', '--overwrite'], folder);
      cpSync(at('run'), at('run2'), { recursive: true });
      succeed(['train', product, '-n', '4', '--epochs', '1', '-o', 'run2', '--overwrite'], folder);
      assert.match(succeed(['info', 'run2'], folder).stdout, /^endmembers +4:/m);
      succeed(['export', 'run', '-o', 'model.onnx', '--overwrite'], folder);
    });

    it('folder that holds something else, which is never replaced', () => {
      mkdirSync(at('mine'), { recursive: true });
      writeFileSync(at('mine/thesis.txt'), 'years of work');
      fails(['train', product, '-o', 'mine', '--overwrite'], /mine: holds something that is not a run/);
      fails(['demo', '-o', 'mine'], /mine: holds something that is not a demo/);
    });

    it('that is a folder or lies in none', () => {
      fails(['export', 'run', '-o', join(product, 'x', 'm.onnx')], /cannot be written/);
      fails(['infer', product, '-m', 'model.onnx', '-o', 'nowhere/x.tif'], /nowhere/);
      fails(['train', product, '-o', 'map.tif'], /map\.tif: is a file, expected a folder/);
      fails(['train', product, '-o', 'map.tif/run'], /cannot be written/);
      mkdirSync(at('folder.onnx'), { recursive: true });
      fails(['export', 'run', '-o', 'folder.onnx'], /is a folder/);
    });

    it('that would replace the scene itself', () => {
      fails(['infer', product, '-m', 'model.onnx', '-o', image, '--overwrite'], /is a file of the scene/);
    });
  });

  it('prints the stack of an error when asked to', () => {
    const { stderr } = egunet(['info', 'none.onnx', '--verbose'], folder);
    assert.match(stderr, /none\.onnx: cannot be read[\s\S]*\n +at /);
  });
});
