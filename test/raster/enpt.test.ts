// What EnPT writes: a folder named as an EnMAP L2A product, bands in order of wavelength, LZW GeoTIFF or ENVI as GDAL writes them, wavelengths in
// GDAL's IMAGERY domain too, and further files beside.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnmapScene } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { metadataXml } from './enmap-support.js';
import { type GdalInfo, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused } from './memory.js';

const NAME = 'ENMAP01-____L2A-DT0000001049_20220612T105735Z_028_V010303_20230923T131826Z';
const SIZE = { rows: 60, cols: 35, bands: 9 };
/** VNIR and SWIR interleaved where they overlap, nm. */
const WAVELENGTHS = [418.416, 560.5, 863.1, 904.78, 911.01, 957.5, 1008.2, 1390.4, 2445.53];
const FWHM = [6.995, 7.2, 8.1, 8.3, 10.9, 9.1, 11.4, 12, 7.35];

/** Counts of 10000 to 100 %, the first pixel and the last row without data. */
const stored = Int16Array.from({ length: SIZE.rows * SIZE.cols * SIZE.bands }, (_, i) => {
  const pixel = Math.floor(i / SIZE.bands);
  return pixel === 0 || pixel >= (SIZE.rows - 1) * SIZE.cols ? -32768 : ((pixel * 31) % 4000) + 300 * (i % SIZE.bands);
});

/** Puts EnPT's metadata, which GDAL's programs cannot write, in the place that GDAL kept for it. */
function addWavelengths(path: string): void {
  const items = WAVELENGTHS.flatMap((nm, i) => [
    `<Item name="CENTRAL_WAVELENGTH_UM" sample="${i}" domain="IMAGERY">${nm / 1000}</Item>`,
    `<Item name="FWHM_UM" sample="${i}" domain="IMAGERY">${FWHM[i]! / 1000}</Item>`,
  ]);
  const bytes = readFileSync(path);
  const at = bytes.indexOf('<Item name="PLACE">');
  const end = bytes.indexOf('</GDALMetadata>');
  bytes.fill(' ', at, end);
  assert.ok(bytes.write(items.join('\n'), at) <= end - at);
  writeFileSync(path, bytes);
}

describe('a product of EnPT', () => {
  const folder = temporaryFolder();
  let made = 0;

  before(function () {
    requireGdal(this);
    writeEnvi(join(folder, 'raw'), stored, { type: 'int16', size: SIZE });
  });

  /** Makes a product whose image GDAL writes with these options. */
  function makeProduct(extension: string, options: string): { product: string; image: string } {
    const product = join(folder, `${made++}`, NAME);
    mkdirSync(product, { recursive: true });
    const image = join(product, `${NAME}-SPECTRAL_IMAGE.${extension}`);
    const place = extension === 'TIF' ? `-mo PLACE=${'x'.repeat(2000)} ` : '';
    const map = '-a_nodata -32768 -a_srs EPSG:32632 -a_ullr 500000 5300000 501050 5298200';
    translate(join(folder, 'raw'), image, `${place}${map} ${options}`);
    if (extension === 'TIF') addWavelengths(image);
    const bands = WAVELENGTHS.map((wavelength, i) => ({ wavelength, fwhm: FWHM[i]!, gain: 1e-4, offset: 0 }));
    writeFileSync(join(product, `${NAME}-METADATA.XML`), metadataXml(bands, { background: '0' }));
    for (const file of ['QL_QUALITY_CLOUD', 'QL_QUALITY_CLASSES', 'QL_VNIR', 'ACOUT_SICOR_CWV'])
      writeFileSync(join(product, `${NAME}-${file}.${extension}`), 'a raster');
    writeFileSync(join(product, `${NAME}.log`), 'log');
    return { product, image };
  }

  const forms: readonly [what: string, extension: string, options: string][] = [
    ['LZW GeoTIFF, band-interleaved', 'TIF', '-co COMPRESS=LZW -co INTERLEAVE=BAND -co NUM_THREADS=2'],
    ['LZW GeoTIFF, pixel-interleaved', 'TIF', '-co COMPRESS=LZW -co INTERLEAVE=PIXEL'],
    ['ENVI BSQ', 'BSQ', '-of ENVI -co INTERLEAVE=BSQ'],
    ['ENVI BIL', 'BIL', '-of ENVI -co INTERLEAVE=BIL'],
    ['ENVI BIP', 'BIP', '-of ENVI -co INTERLEAVE=BIP'],
  ];

  for (const [what, extension, options] of forms)
    it(`is read as ${what}, by its folder, its metadata and its image`, async () => {
      const { product, image } = makeProduct(extension, options);
      for (const path of [product, join(product, `${NAME}-METADATA.XML`), image]) {
        const scene = (await openScene(path)) as EnmapScene;
        assert.deepEqual([scene.format, scene.sampleType, scene.georeference?.epsg], ['EnMAP L2A', 'int16', 32632]);
        assert.deepEqual(scene.georeference?.affine, [30, 0, 500000, 0, -30, 5300000]);
        assert.deepEqual(
          scene.bands.map(({ wavelength, fwhm, gain, noData }) => [wavelength, fwhm, gain, noData]),
          WAVELENGTHS.map((nm, i) => [nm, FWHM[i], 1e-4, -32768]),
        );
        assert.deepEqual(
          scene.bands.map(({ bad }) => bad),
          WAVELENGTHS.map((nm) => nm === 1390.4),
        );
        assert.equal(scene.facts['quality layers'], 'CLASSES, CLOUD');
        const { data } = await scene.readWindow({ row: 0, col: 0, rows: SIZE.rows, cols: SIZE.cols });
        assert.deepEqual(data, stored);
        const { valid } = await scene.readSpectra({ row: 0, col: 0, rows: SIZE.rows, cols: SIZE.cols });
        assert.equal(
          valid.reduce((sum, one) => sum + one, 0),
          (SIZE.rows - 1) * SIZE.cols - 1,
        );
        await scene.close();
      }
    });

  it('has its wavelengths in the image itself, where GDAL finds them', async () => {
    const { image } = makeProduct('TIF', forms[0]![2]);
    const { bands, metadata }: GdalInfo = JSON.parse(run('gdalinfo', ['-json', '-mdd', 'all', image]));
    assert.equal(bands[0]!.metadata?.IMAGERY?.CENTRAL_WAVELENGTH_UM, '0.418416');
    assert.deepEqual([bands.length, metadata.IMAGE_STRUCTURE?.COMPRESSION, bands[0]!.block[0]], [9, 'LZW', SIZE.cols]);
    const alone = join(folder, 'reflectance.tif');
    run('cp', [image, alone]);
    const scene = await openScene(alone, { reflectanceScale: 1e-4 });
    assert.equal(scene.format, 'GeoTIFF');
    assert.deepEqual(
      scene.bands.map(({ wavelength, fwhm }) => [wavelength, fwhm]),
      WAVELENGTHS.map((nm, i) => [nm, FWHM[i]]),
    );
    await scene.close();
  });

  it('is refused where its metadata is that of an image with other bands', async () => {
    const { product } = makeProduct('TIF', forms[0]![2]);
    const bands = WAVELENGTHS.map((nm, i) => ({ wavelength: i === 4 ? nm + 30 : nm, fwhm: FWHM[i]! }));
    writeFileSync(join(product, `${NAME}-METADATA.XML`), metadataXml(bands));
    await assertRefused(() => openScene(product), /band 5 lies at 911\.01 nm, but at 941\.01 nm by .*-METADATA\.XML/);
  });
});
