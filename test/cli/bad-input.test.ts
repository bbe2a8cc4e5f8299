import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../support/index.js';
import { assertFails, egunet, mixedScene, succeed, writeEnvi } from './support.js';

describe('refused, on the command line', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const fails = (args: readonly string[], says: RegExp) => assertFails(args, folder, says);
  before(() => {
    writeEnvi(folder, 'scene', { ...mixedScene(), sensor: 'TEST-1' });
    succeed(['train', 'scene.img', '-n', '3', '--epochs', '1', '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    succeed(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'map.tif'], folder);
  });

  describe('a model', () => {
    it('that is not there', () => {
      fails(['infer', 'scene.img', '-m', 'none.onnx', '-o', 'x.tif'], /none\.onnx: .*no such file/);
      fails(['info', 'none.onnx'], /none\.onnx: cannot be read/);
    });

    it('that is cut short', () => {
      copyFileSync(at('model.onnx'), at('cut.onnx'));
      truncateSync(at('cut.onnx'), 50_000);
      fails(['infer', 'scene.img', '-m', 'cut.onnx', '-o', 'x.tif'], /cut\.onnx: not a complete ONNX model/);
      fails(['info', 'cut.onnx'], /cut\.onnx: not a complete ONNX model/);
    });

    it('for another sensor', () => {
      writeEnvi(folder, 'other', { ...mixedScene(), sensor: 'TEST-2' });
      fails(
        ['infer', 'other.img', '-m', 'model.onnx', '-o', 'x.tif'],
        /a scene of TEST-2, but the model is for TEST-1/,
      );
    });

    it('for other bands', () => {
      const wavelengths = mixedScene().wavelengths.map((nm) => nm + 20);
      writeEnvi(folder, 'shifted', { ...mixedScene(), wavelengths });
      fails(
        ['infer', 'shifted.img', '-m', 'model.onnx', '-o', 'x.tif'],
        /no band within half a FWHM for 8 of the model's 8 bands/,
      );
    });
  });

  describe('a run', () => {
    it('that is none', () => {
      mkdirSync(at('folder'));
      fails(['export', 'folder', '-o', 'x.onnx'], /folder: not a run of egunet train/);
      fails(['train', '-o', 'folder', '--resume'], /folder: not a run of egunet train/);
    });

    it('whose weights are damaged', () => {
      cpSync(at('run'), at('bad-run'), { recursive: true });
      const state = readdirSync(at('bad-run')).find((name) => name.endsWith('.bin'))!;
      truncateSync(join(at('bad-run'), state), 1000);
      fails(['export', 'bad-run', '-o', 'x.onnx'], /damaged/);
    });
  });

  describe('a spectral library', () => {
    const library = (name: string, lines: readonly string[]) => writeFileSync(at(name), `${lines.join('\n')}\n`);

    it('that is none', () => {
      library('list.csv', ['a,b', '1,2']);
      fails(['endmembers', 'scene.img', '--library', 'list.csv', '-o', 'x'], /list\.csv: no wavelengths/);
    });

    it('that does not cover the scene', () => {
      library('narrow.csv', ['wavelength_nm,a,b', '500,0.1,0.2', '600,0.2,0.1']);
      fails(['train', 'scene.img', '--library', 'narrow.csv', '-o', 'x'], /narrow\.csv: covers 500\.\.600 nm/);
    });

    it('that has more spectra than are asked for, or one alone', () => {
      library('three.csv', ['wavelength_nm,a,b,c', '400,0.1,0.2,0.3', '2500,0.6,0.05,0.1']);
      fails(['endmembers', 'scene.img', '-n', '2', '--library', 'three.csv', '-o', 'x'], /3 spectra, 2 .*asked for/);
      library('one.csv', ['wavelength_nm,a', '400,0.1', '2500,0.6']);
      fails(
        ['endmembers', 'scene.img', '--library', 'one.csv', '-o', 'x'],
        /has 1 spectrum, .* ask for more endmembers \(-n\)/,
      );
    });

    it('that is in percent, unless its scale is given', () => {
      library('percent.csv', ['wavelength_nm,a,b', '400,10,20', '2500,60,5']);
      const args = ['endmembers', 'scene.img', '--library', 'percent.csv', '-o'];
      fails([...args, 'x'], /percent\.csv: .*no reflectance/);
      succeed([...args, 'from-percent', '--library-scale', '0.01'], folder);
    });
  });

  it('a model that did not make the map', () => {
    succeed(['train', 'scene.img', '-n', '2', '--epochs', '1', '-o', 'run-of-2'], folder);
    succeed(['export', 'run-of-2', '-o', 'of-2.onnx'], folder);
    const args = ['evaluate', 'map.tif', '-r', 'map.tif', '--scene', 'scene.img', '--model', 'of-2.onnx'];
    fails(args, /of-2\.onnx: has 2 endmembers, but map\.tif has 3; name the model that made it/);
  });

  describe('an output', () => {
    it('that exists already', () => {
      writeFileSync(at('twice.csv'), '');
      fails(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'map.tif'], /map\.tif: exists already/);
      fails(['export', 'run', '-o', 'model.onnx'], /model\.onnx: exists already.*--overwrite/);
      fails(['train', 'scene.img', '-o', 'run'], /run: holds a run of egunet train already.*--overwrite/);
      fails(['endmembers', 'scene.img', '-o', 'twice'], /twice\.csv: exists already.*--overwrite/);
    });

    it('that exists already, unless it may be replaced', () => {
      cpSync(at('run'), at('run2'), { recursive: true });
      succeed(['train', 'scene.img', '-n', '2', '--epochs', '1', '-o', 'run2', '--overwrite'], folder);
      succeed(['export', 'run2', '-o', 'model.onnx', '--overwrite'], folder);
      succeed(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'map.tif', '--overwrite'], folder);
      assert.equal(JSON.parse(succeed(['info', 'map.tif', '--json'], folder).stdout)[0].bands.length, 2);
      writeFileSync(at('twice.csv'), '');
      succeed(['endmembers', 'scene.img', '-n', '3', '-o', 'twice', '--overwrite'], folder);
      assert.match(readFileSync(at('twice.csv'), 'utf8'), /^wavelength_nm,endmember 1/);
    });

    it('folder that holds something else, even where replacing is allowed', () => {
      mkdirSync(at('mine'));
      writeFileSync(at('mine/thesis.txt'), 'years of work');
      fails(['train', 'scene.img', '-o', 'mine', '--overwrite'], /mine: holds something that is not a run/);
      fails(['demo', '-o', 'mine'], /mine: holds something that is not a demo/);
    });

    it('that is a folder or lies in none', () => {
      mkdirSync(at('folder.onnx'));
      fails(['export', 'run', '-o', 'folder.onnx'], /is a folder/);
      fails(['export', 'run', '-o', 'scene.img/m.onnx'], /scene\.img is not a folder/);
      fails(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'nowhere/x.tif'], /nowhere/);
      fails(['train', 'scene.img', '-o', 'scene.img'], /scene\.img: is a file, expected a folder/);
      fails(['train', 'scene.img', '-o', 'scene.img/run'], /cannot be written/);
    });

    it('that would replace the scene', () => {
      fails(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'scene.img', '--overwrite'], /is a file of the scene/);
    });
  });

  it('with the reason as JSON when asked for, and as a line all the same', () => {
    const { code, stdout, stderr } = egunet(['info', 'scene.img', 'none.onnx', '--json'], folder);
    const { error, exitCode } = JSON.parse(stdout);
    assert.match(error, /^none\.onnx: /);
    assert.equal(stderr, `egunet: ${error}\n`);
    assert.deepEqual([code, exitCode], [1, 1]);
    assert.equal(stdout.split('\n').length, 2);
  });

  it('with the stack of the error when asked for', () => {
    const { stderr } = egunet(['info', 'none.onnx', '--verbose'], folder);
    assert.match(stderr, /none\.onnx: cannot be read[\s\S]*\n +at /);
  });
});
