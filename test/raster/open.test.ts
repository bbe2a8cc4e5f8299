import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSceneAt } from '@egunet/raster';
import { nodeCodecs, openScene } from '@egunet/raster/node';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertRefused, memoryFolder } from './memory.js';

const HDR = 'ENVI\nsamples = 2\nlines = 1\nbands = 1\ndata type = 1\ninterleave = bsq\n';
const PIXELS = Uint8Array.of(5, 7);

describe('openScene', () => {
  const folder = temporaryFolder();

  /** Writes files into a folder of their own and gives its path. */
  function make(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
    const at = join(folder, name);
    mkdirSync(at);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(at, file), content);
    return at;
  }

  const valuesOf = async (path: string, options = {}): Promise<number[]> => {
    const scene = await openScene(path, options);
    const { data } = await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 2 });
    await scene.close();
    return [...data];
  };

  let pair = 0;
  for (const [data, header] of [
    ['foo', 'foo.hdr'],
    ['foo.img', 'foo.hdr'],
    ['foo.dat', 'foo.HDR'],
    ['foo.bsq', 'foo.bsq.hdr'],
    ['foo.bil', 'foo.hdr'],
    ['foo.1.raw', 'foo.1.hdr'],
  ] as const)
    it(`finds ${data} and ${header} from either`, async () => {
      const at = make(`pair-${pair++}`, {
        [data]: PIXELS,
        [header]: HDR,
        'foo.txt': 'notes',
        'foo.img.aux.xml': '<x/>',
      });
      assert.deepEqual(await valuesOf(join(at, data)), [5, 7]);
      assert.deepEqual(await valuesOf(join(at, header)), [5, 7]);
    });

  it('knows an ENVI header by its content, whatever its name', async () => {
    const at = make('renamed', { 'header.txt': HDR, 'header.txt.img': PIXELS });
    assert.deepEqual(await valuesOf(join(at, 'header.txt')), [5, 7]);
  });

  it('refuses a header that fits several data files, or none', async () => {
    const at = make('several', { 'foo.hdr': HDR, 'foo.img': PIXELS, 'foo.dat': PIXELS, 'alone.hdr': HDR });
    await assertRefused(
      () => openScene(join(at, 'foo.hdr')),
      /foo\.hdr could be the header of foo\.(img|dat) or foo\.(img|dat); name one/,
    );
    await assertRefused(
      () => openScene(join(at, 'alone.hdr')),
      /no data file beside alone\.hdr: expected alone or alone\.img/,
    );
  });

  it('knows GeoTIFF by its content, also with an ENVI header beside it', async function () {
    requireGdal(this);
    const at = make('tiff', { raw: PIXELS, 'raw.hdr': HDR, 'image.hdr': 'ENVI\n' });
    run('gdal_translate', ['-q', '-of', 'GTiff', join(at, 'raw'), join(at, 'image.dat')]);
    const scene = await openScene(join(at, 'image.dat'));
    assert.equal(scene.format, 'GeoTIFF');
    await scene.close();
  });

  it('knows MATLAB files by their content', async function () {
    const at = make('matlab', {});
    copyFileSync(requireData(this, 'jasper-ridge/jasperRidge2_R198.mat'), join(at, 'jasper.dat'));
    const scene = await openScene(join(at, 'jasper.dat'));
    assert.deepEqual([scene.format, scene.rows, scene.cols], ['MATLAB v5', 100, 100]);
    await scene.close();
  });

  it('passes variable, rows and cols to MATLAB files, and refuses them elsewhere', async function () {
    const truth = requireData(this, 'jasper-ridge/Jasper_GT.mat');
    const scene = await openScene(truth, { variable: 'A', rows: 50, cols: 200 });
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length], [50, 200, 4]);
    await scene.close();
    const at = make('options', { foo: PIXELS, 'foo.hdr': HDR });
    await assertRefused(
      () => openScene(join(at, 'foo'), { rows: 2 }),
      /'rows' is for MATLAB v5 files, and this is ENVI/,
    );
    assert.deepEqual(await valuesOf(join(at, 'foo'), { variable: undefined }), [5, 7]);
  });

  it('applies a reflectance scale to files that state none, and refuses it for others', async () => {
    const at = make('scale', {
      foo: PIXELS,
      'foo.hdr': HDR,
      bar: PIXELS,
      'bar.hdr': `${HDR}reflectance scale factor = 100\n`,
    });
    const scene = await openScene(join(at, 'foo'), { reflectanceScale: 0.01 });
    const { spectra } = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 2 });
    assert.deepEqual(
      [...spectra],
      [500, 700].map((value) => Math.fround(value * Math.fround(1e-4))),
    );
    await scene.close();
    await assertRefused(
      () => openScene(join(at, 'bar'), { reflectanceScale: 0.01 }),
      /already state their scale \(gain 0\.01, offset 0\)/,
    );
    await assertRefused(
      () => openScene(join(at, 'foo'), { reflectanceScale: -1 }),
      /should be a positive number, got -1/,
    );
  });

  for (const [what, file, content, message] of [
    [
      'text',
      'notes.txt',
      'hello',
      /notes\.txt: not a format that is read; readable are GeoTIFF \(\.tif\), ENVI .*, MATLAB v5 .*, EnMAP and DESIS L2A folders, and ZIP or tar/,
    ],
    ['an empty file', 'empty.tif', '', /empty\.tif: is empty \(0 bytes\)/],
    ['a ZIP', 'delivery.ZIP', 'PK\x03\x04...', /cannot be unpacked: .*; it is damaged or cut off, get it again/],
    [
      'a gzip',
      'delivery.tar.gz',
      Uint8Array.of(0x1f, 0x8b, 8, 0),
      /cannot be unpacked: .*; it is damaged or cut off, get it again/,
    ],
    [
      'HDF5',
      'scene.h5',
      Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10),
      /scene\.h5: cannot open it: .*; fetch it again/,
    ],
    ['a header that is none', 'foo.hdr', 'samples = 1', /no data file beside foo\.hdr/],
  ] as const)
    it(`refuses ${what}, saying what is readable`, () =>
      assertRefused(() => openScene(join(make(`refused-${what}`, { [file]: content }), file)), message));

  it('refuses a path where there is nothing, and a folder without a product', async () => {
    await assertRefused(() => openScene(join(folder, 'nowhere.tif')), /nowhere\.tif: .* no such file or folder/);
    await assertRefused(
      () => openScene(make('bare', { 'a.txt': 'x' })),
      /no \*METADATA\.XML in this folder; name a scene file/,
    );
  });

  it('leaves no file open where it refuses', async () => {
    const files = {
      foo: PIXELS,
      'foo.hdr': HDR.replace('lines = 1', 'lines = 9'),
      'bar.txt': 'x',
      baz: PIXELS,
      'baz.hdr': HDR,
    };
    const place = memoryFolder(files);
    for (const [file, options] of [
      ['foo', {}],
      ['bar.txt', {}],
      ['baz', { rows: 1, cols: 2 }],
      ['baz', { reflectanceScale: 0 }],
    ] as const)
      await assertRefused(() => openSceneAt({ folder: place, file }, nodeCodecs, options), /./);
    assert.ok(place.opened.length > 4);
    assert.ok(place.opened.every(({ closed }) => closed));
  });
});
