import assert from 'node:assert/strict';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeEnmapProduct } from '@egunet/fixtures';
import { temporaryFolder } from '../support/index.js';
import { assertFails, mixedScene, succeed, writeEnvi } from './support.js';

describe('refused, on the command line: a scene', () => {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  let product: string;
  let image: string;

  before(async () => {
    ({ folder: product } = await makeEnmapProduct(folder, { seed: 3, rows: 24, cols: 24 }));
    image = join(product, `${basename(product)}-SPECTRAL_IMAGE.TIF`);
  });

  const fails = (args: readonly string[], says: RegExp) => assertFails(args, folder, says);

  /** A copy of the product with one file changed. */
  function broken(name: string, change: (path: (ending: string) => string) => void): string {
    cpSync(product, at(name), { recursive: true });
    change((ending) => join(at(name), `${basename(product)}-${ending}`));
    return at(name);
  }

  it('that is not there', () => fails(['info', at('nothing.tif')], /nothing\.tif: .*no such file/));

  it('that is no scene', () => {
    writeFileSync(at('notes.txt'), 'hello');
    fails(['info', at('notes.txt')], /notes\.txt: .*readable are GeoTIFF/);
  });

  it('whose TIFF is cut short', () => {
    const scene = broken('cut', (path) => truncateSync(path('SPECTRAL_IMAGE.TIF'), 60_000));
    fails(['endmembers', scene, '-n', '3', '-o', 'x'], /SPECTRAL_IMAGE\.TIF: .*(cut|damaged)/);
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
    fails(['endmembers', 'truth-abundances.tif', '-n', '2', '--exclude', '1340-1460', '-o', 'x'], /no wavelengths/);
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
