// DESIS L2A products, by their METADATA.xml and by their ENVI header.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DESIS_NO_DATA, type DesisProduct, desisBands, makeDesisProduct } from '@egunet/fixtures';
import { openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertRefused } from './memory.js';

describe('DESIS L2A', () => {
  const folder = temporaryFolder();
  const size = { seed: 11, rows: 9, cols: 14 };
  let product: DesisProduct;
  let place: (ending: string) => string;
  beforeEach(async () => {
    product = await makeDesisProduct(folder, size);
    place = (ending) => join(product.folder, `${product.name}-${ending}`);
  });
  afterEach(() => rm(product.folder, { recursive: true }));

  const whole = { row: 0, col: 0, rows: size.rows, cols: size.cols };

  async function assertProduct(path: string): Promise<void> {
    const scene = await openScene(path);
    assert.deepEqual([scene.format, scene.sensor, scene.bands.length], ['DESIS L2A', 'DESIS', 235]);
    assert.equal(scene.facts.product, product.name);
    assert.deepEqual(
      scene.bands.map(({ wavelength, fwhm }) => ({ wavelength, fwhm })),
      desisBands().map(({ wavelength, fwhm }) => ({ wavelength, fwhm })),
    );
    assert.ok(scene.bands.every((b) => b.gain === 1e-4 && b.offset === 0 && b.noData === DESIS_NO_DATA && !b.bad));
    assert.equal(scene.georeference?.epsg, 32611);
    const { data } = await scene.readWindow(whole);
    assert.deepEqual(data, product.stored);
    const { spectra, valid } = await scene.readSpectra(whole);
    assert.deepEqual([valid[0], valid[1]], [0, 1]);
    assert.equal(spectra[235 + 7], Math.fround(product.stored[235 + 7]! * 1e-4));
    await scene.close();
  }

  it('opens by its folder, its metadata or its image', async () => {
    for (const path of [product.folder, place('METADATA.xml'), place('SPECTRAL_IMAGE.tif')]) await assertProduct(path);
  });

  it('opens by the header beside the image where there is no metadata', async () => {
    await rm(place('METADATA.xml'));
    for (const path of [product.folder, place('SPECTRAL_IMAGE.tif')]) await assertProduct(path);
  });

  it('has the values and the place that GDAL finds', async function () {
    requireGdal(this);
    run('gdal_translate', [
      '-q',
      '-of',
      'ENVI',
      '-co',
      'INTERLEAVE=BIP',
      place('SPECTRAL_IMAGE.tif'),
      join(folder, 'raw'),
    ]);
    const scene = await openScene(product.folder);
    const { data } = await scene.readWindow(whole);
    assert.deepEqual(data, new Int16Array(Uint8Array.from(readFileSync(join(folder, 'raw'))).buffer));
    const info = JSON.parse(run('gdalinfo', ['-json', place('SPECTRAL_IMAGE.tif')])) as { geoTransform: number[] };
    const [a, b, c, d, e, f] = scene.georeference!.affine;
    assert.deepEqual(info.geoTransform, [c, a, b, f, d, e]);
    await scene.close();
  });

  async function edit(ending: string, change: (text: string) => string): Promise<void> {
    await writeFile(place(ending), change(await readFile(place(ending), 'utf8')));
  }

  it('takes its level from its name where the metadata does not say', async () => {
    await edit('METADATA.xml', (text) => text.replace(/<processingLevel>.*<\/processingLevel>/, ''));
    await assertProduct(product.folder);
  });

  it('is refused where its metadata is of another level, or of nothing known', async () => {
    await edit('METADATA.xml', (text) => text.replace('>L2A<', '>L1C<'));
    await assertRefused(() => openScene(product.folder), /a DESIS product of level L1C \(radiance\)/);
    await writeFile(place('METADATA.xml'), '<a><specific/></a>');
    await assertRefused(() => openScene(product.folder), /nor of a DESIS one, that states its level/);
  });

  it('is refused where its metadata describes other bands, or a band without a width', async () => {
    await edit('METADATA.xml', (text) => text.replace(/<wavelengthWidthOfBand>.*?<\/wavelengthWidthOfBand>/, ''));
    await assertRefused(
      () => openScene(product.folder),
      /wavelengthWidthOfBand of band 1 should be a number, got 'nothing'/,
    );
    await edit('METADATA.xml', (text) =>
      text.replace(/<bandCharacterisation><band>.*<\/band>/, '<bandCharacterisation>'),
    );
    await assertRefused(
      () => openScene(product.folder),
      /bandCharacterisation holds 234 bands, but none with number 1/,
    );
  });

  it('is refused where its header describes other bands, no wavelengths, or its name another level', async () => {
    await rm(place('METADATA.xml'));
    await edit('SPECTRAL_IMAGE.hdr', (text) =>
      text.replace('nanometers', '').replace('wavelength units = Nanometers', 'wavelength units = Index'),
    );
    await assertRefused(() => openScene(product.folder), /no 'wavelength' in a unit of length/);
    await edit('SPECTRAL_IMAGE.hdr', (text) => text.replace(/fwhm = \{[^}]*\}/, 'fwhm = {1, 2}'));
    await assertRefused(() => openScene(product.folder), /'fwhm' should list 235 numbers, got 2/);
    for (const ending of ['tif', 'hdr'])
      await rename(place(`SPECTRAL_IMAGE.${ending}`), join(product.folder, `DESIS-HSI-L1C-X-SPECTRAL_IMAGE.${ending}`));
    await assertRefused(() => openScene(product.folder), /a DESIS product of level L1C \(radiance\)/);
  });

  it('is refused where neither metadata nor header is there', async () => {
    await rm(place('METADATA.xml'));
    await rm(place('SPECTRAL_IMAGE.hdr'));
    await assertRefused(() => openScene(place('SPECTRAL_IMAGE.tif')), /no METADATA\.XML beside/);
  });
});
