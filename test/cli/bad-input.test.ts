import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { temporaryFolder } from '../support/index.js';
import { egunet, fixtures, mixedScene, succeed, writeEnvi } from './support.js';

/** Names of everything below a folder. */
const everything = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();

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

  /** The command fails with one last line that says why, exit code 1, and nothing changes on disk. */
  function fails(args: readonly string[], says: RegExp): void {
    const before = everything(folder);
    const { code, stdout, stderr } = egunet(args, folder);
    const last = stderr.trimEnd().split('\n').at(-1)!;
    assert.match(last, says);
    assert.match(last, /^egunet: /);
    assert.ok(!last.includes('bug in egunet'), last);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.deepEqual(everything(folder), before);
  }

  /** A copy of the product with one file changed. */
  function broken(name: string, change: (path: (ending: string) => string) => void): string {
    cpSync(product, at(name), { recursive: true });
    change((ending) => join(at(name), `${basename(product)}-${ending}`));
    return at(name);
  }

  describe('in a scene', () => {
    it('that is not there', () => fails(['info', at('nothing.tif')], /nothing\.tif: .*no such file/));

    it('that is no scene', () => {
      writeFileSync(at('notes.txt'), 'hello');
      fails(['info', at('notes.txt')], /notes\.txt: .*readable are GeoTIFF/);
    });

    it('whose TIFF is cut short', () => {
      const scene = broken('cut', (path) => truncateSync(path('SPECTRAL_IMAGE.TIF'), 60_000));
      fails(['infer', scene, '-m', 'model.onnx', '-o', 'x.tif'], /SPECTRAL_IMAGE\.TIF: .*(cut|damaged)/);
    });

    it('whose TIFF is garbage inside', () => {
      const scene = broken('garbage', (path) => {
        const bytes = readFileSync(path('SPECTRAL_IMAGE.TIF'));
        bytes.fill(0x55, bytes.length >> 1);
        writeFileSync(path('SPECTRAL_IMAGE.TIF'), bytes);
      });
      fails(['train', scene, '-n', '3', '-o', 'x'], /SPECTRAL_IMAGE\.TIF: /);
    });

    it('whose TIFF has a compression that is not known', () => {
      const bytes = readFileSync(image);
      // Tag 259 (compression), type 3 (short), one value: 8 (DEFLATE) becomes 34712 (JPEG 2000).
      const entry = bytes.indexOf(Buffer.from([0x03, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x08, 0x00]));
      assert.ok(entry > 0);
      bytes.writeUInt16LE(34712, entry + 8);
      writeFileSync(at('compressed.tif'), bytes);
      fails(['info', 'compressed.tif'], /compression.*34712/);
    });

    it('whose XML is cut short', () => {
      const scene = broken('cut-xml', (path) => truncateSync(path('METADATA.XML'), 5000));
      fails(['info', scene], /METADATA\.XML: /);
    });

    it('whose XML describes another number of bands', () => {
      const scene = broken('bands', (path) => {
        const text = readFileSync(path('METADATA.XML'), 'utf8');
        writeFileSync(
          path('METADATA.XML'),
          text.replace(/<bandCharacterisation>\s*<bandID[\s\S]*?<\/bandID>/, '<bandCharacterisation>'),
        );
      });
      fails(['info', scene], /band/);
    });

    it('whose ENVI data is shorter than its header says', () => {
      const path = writeEnvi(folder, 'short', mixedScene());
      truncateSync(path, 1000);
      fails(['endmembers', path, '-o', 'x'], /short\.img: .*1000 bytes/);
    });

    it('whose ENVI header lacks its size', () => {
      writeFileSync(at('sizeless.hdr'), 'ENVI\nbands = 3\ndata type = 4\ninterleave = bip\n');
      writeFileSync(at('sizeless.img'), 'x');
      fails(['info', 'sizeless.img'], /sizeless\.hdr: .*(samples|lines)/);
    });

    it('whose MATLAB file is damaged', () => {
      writeFileSync(
        at('damaged.mat'),
        Buffer.concat([
          Buffer.from('MATLAB 5.0 MAT-file'.padEnd(124)),
          Buffer.from([0, 1, 0x49, 0x4d]),
          Buffer.alloc(40, 0x77),
        ]),
      );
      fails(['info', 'damaged.mat'], /damaged\.mat: /);
    });

    it('without data anywhere', () => {
      const path = writeEnvi(folder, 'empty', { ...mixedScene(), value: () => -9999, noData: -9999 });
      fails(['endmembers', path, '-o', 'x'], /no pixel.*has data/);
      fails(['train', path, '-o', 'x'], /no pixel.*has data/);
    });

    it('of NaN and infinity alone', () => {
      const path = writeEnvi(folder, 'nan', {
        ...mixedScene(),
        value: (i) => (i % 2 ? Number.NaN : Number.POSITIVE_INFINITY),
      });
      fails(['train', path, '-o', 'x'], /no pixel.*has data|NaN or infinite/);
    });

    it('with some pixels of NaN and infinity, which are left out', () => {
      const { value, ...rest } = mixedScene();
      const holes = (pixel: number, band: number) =>
        pixel === 45 && band === 2 ? Number.NaN : pixel === 200 ? Number.POSITIVE_INFINITY : value(pixel, band);
      const path = writeEnvi(folder, 'holes', { ...rest, value: holes });
      succeed(['train', path, '-n', '3', '--epochs', '1', '-o', 'holes-run'], folder);
      succeed(['export', 'holes-run', '-o', 'holes.onnx'], folder);
      const { stdout } = succeed(['infer', path, '-m', 'holes.onnx', '-o', 'holes.tif', '--json'], folder);
      assert.equal(JSON.parse(stdout).validPixels, 398);
    });

    it('that is the same everywhere', () => {
      const path = writeEnvi(folder, 'flat', { ...mixedScene(), value: (_, band) => 0.1 + band / 100 });
      fails(['endmembers', path, '-n', '3', '-o', 'x'], /constant|same spectrum/);
    });

    it('with fewer pixels than are needed', () => {
      const path = writeEnvi(folder, 'tiny', { ...mixedScene(), rows: 1, cols: 2 });
      fails(['train', path, '-n', '3', '-o', 'x'], /number of endmembers: 3/);
    });

    it('that carries fewer endmembers than are asked for', () => {
      fails(
        ['endmembers', writeEnvi(folder, 'mixed', mixedScene()), '-n', '9', '-o', 'x'],
        /number of endmembers: 9 .*8 bands/,
      );
    });

    it('without the wavelengths that are to be left out', () => {
      fails(['endmembers', 'map.tif', '-n', '2', '--exclude', '1340-1460', '-o', 'x'], /no wavelengths/);
    });

    it('of which no band remains', () => {
      fails(['endmembers', product, '-n', '3', '--bands', '5000-6000', '-o', 'x'], /bands: none of 224 can be used/);
    });

    it('whose values are no reflectance', () => {
      const { value, ...rest } = mixedScene();
      const path = writeEnvi(folder, 'scaled', { ...rest, value: (pixel, band) => 10_000 * value(pixel, band) });
      succeed(['train', path, '-n', '3', '--epochs', '1', '--reflectance-scale', '0.0001', '-o', 'scaled-run'], folder);
      succeed(['export', 'scaled-run', '-o', 'scaled.onnx'], folder);
      fails(['infer', path, '-m', 'scaled.onnx', '-o', 'x.tif'], /brighter than the model's largest input/);
      succeed(['infer', path, '-m', 'scaled.onnx', '--reflectance-scale', '0.0001', '-o', 'scaled.tif'], folder);
    });
  });

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
