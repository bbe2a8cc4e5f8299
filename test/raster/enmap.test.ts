import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { openEnmap } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { requireData } from '../support/index.js';
import { HDR, metadataXml, open, PIXELS, product, THREE } from './enmap-support.js';
import { assertRefused, memoryFolder } from './memory.js';

describe('EnMAP L2A products', () => {
  it('take wavelengths, widths, gains and offsets from the XML, in the order of the image', async () => {
    const scene = await open(product('ENMAP01-X-'));
    assert.deepEqual([scene.format, scene.sensor, scene.rows, scene.cols], ['EnMAP L2A', 'EnMAP', 1, 2]);
    assert.deepEqual(scene.bands, [
      { name: 'band 1', wavelength: 990, fwhm: 8.5, bad: false, gain: 0.0001, offset: 0.01, noData: -32768 },
      { name: 'band 2', wavelength: 902.26, fwhm: 9, bad: false, gain: 0.0001, offset: 0, noData: -32768 },
      { name: 'band 3', wavelength: 1390, fwhm: 11, bad: true, gain: 0.0001, offset: 0, noData: -32768 },
    ]);
    const { spectra, valid } = await scene.readSpectra({ row: 0, col: 0, rows: 1, cols: 2 });
    // 100 * 1e-4 + .01, 200 * 1e-4, 300 * 1e-4; the second pixel is background.
    assert.deepEqual([...spectra], [0.02, 0.02, 0.03, 0, 0, 0].map(Math.fround));
    assert.deepEqual([...valid], [1, 0]);
  });

  it('tell what product it is', async () => {
    const { facts } = await open(product('ENMAP01-X-'));
    assert.deepEqual(facts, {
      product: 'ENMAP01-X',
      level: 'L2A',
      'processing version': '01.02.03',
      acquired: '2022-06-12T10:57:35Z',
      correction: 'Land_Mode',
      'cloud cover (%)': '12',
      image: 'ENVI',
    });
  });

  it('put bands in the order of their numbers, wherever they stand in the XML', async () => {
    const xml = metadataXml([
      { wavelength: 500, number: 2 },
      { wavelength: 600, number: 3 },
      { wavelength: 400, number: 1 },
    ]);
    const { bands } = await open(product('', xml));
    assert.deepEqual(
      bands.map(({ wavelength }) => wavelength),
      [400, 500, 600],
    );
  });

  it('take NoData from the image where it states one, else the background value, if there is one', async () => {
    const noDataOf = async (files: Record<string, string | Uint8Array>) => (await open(files)).bands[0]!.noData;
    const zero = metadataXml(THREE, { background: '0' });
    assert.equal(await noDataOf(product('', zero)), 0);
    assert.equal(
      await noDataOf({ ...product('', zero), 'SPECTRAL_IMAGE.HDR': `${HDR}data ignore value = -999\n` }),
      -999,
    );
    assert.equal(await noDataOf(product('', metadataXml(THREE, { background: '' }))), undefined);
  });

  it('flag the bands that the product lists as missing', async () => {
    const { bands } = await open(product('', metadataXml(THREE, { missing: '2' })));
    assert.deepEqual(
      bands.map(({ bad }) => bad),
      [false, true, true],
    );
  });

  it('find their files with the product prefix or without, from the folder or any of the files', async () => {
    for (const prefix of ['', 'ENMAP01-X-'])
      for (const named of [undefined, `${prefix}METADATA.XML`, `${prefix}SPECTRAL_IMAGE.BSQ`])
        assert.equal((await open(product(prefix), named)).bands.length, 3);
    const mixed = {
      'ENMAP01-X-METADATA.XML': metadataXml(THREE),
      'SPECTRAL_IMAGE.BSQ': PIXELS,
      'SPECTRAL_IMAGE.HDR': HDR,
    };
    assert.equal((await open(mixed)).bands.length, 3);
    const both = { ...product('A-'), ...product('B-', metadataXml(THREE.map((band) => ({ ...band, fwhm: 99 })))) };
    assert.equal((await open(both, 'B-METADATA.XML')).bands[0]!.fwhm, 99);
    assert.equal((await open(both, 'A-SPECTRAL_IMAGE.BSQ')).bands[0]!.fwhm, 8.5);
  });

  it('list their quality layers', async () => {
    const scene = await open({
      ...product('P-'),
      'P-QL_QUALITY_CLOUD.TIF': '',
      'P-QL_QUALITY_CIRRUS_COG.TIF': '',
      'P-QL_PIXELMASK.TIF': '',
      'P-QL_VNIR.TIF': '',
      'Q-QL_QUALITY_HAZE.TIF': '',
    });
    const named = scene.qualityLayers.map(({ name, path }) => ({ name, path }));
    assert.deepEqual(named, [
      { name: 'CIRRUS', path: 'in/P-QL_QUALITY_CIRRUS_COG.TIF' },
      { name: 'CLOUD', path: 'in/P-QL_QUALITY_CLOUD.TIF' },
      { name: 'PIXELMASK', path: 'in/P-QL_PIXELMASK.TIF' },
    ]);
    assert.equal(scene.facts['quality layers'], 'CIRRUS, CLOUD, PIXELMASK');
  });

  const without = (part: string): Record<string, string | Uint8Array> =>
    Object.fromEntries(Object.entries(product('P-')).filter(([name]) => !name.includes(part)));
  const withXml = (xml: string): Record<string, string | Uint8Array> => product('P-', xml);
  const good = metadataXml(THREE);

  for (const [what, files, message] of [
    ['a folder without METADATA.XML', without('METADATA'), /in: no \*METADATA\.XML in this folder/],
    ['a folder without image', without('BSQ'), /no SPECTRAL_IMAGE \(.TIF, .* beside P-METADATA\.XML; unpack/],
    ['an ENVI image without header', without('HDR'), /P-SPECTRAL_IMAGE\.BSQ: not a format that is read/],
    [
      'several products',
      { ...product('A-'), ...product('B-') },
      /several EnMAP products \(A-METADATA\.XML, B-METADATA\.XML\); name one/,
    ],
    [
      'an L1C product',
      withXml(metadataXml(THREE, { level: 'L1C' })),
      /level L1C \(radiance\); order or process it to L2A/,
    ],
    ['an L1B product', { 'P-METADATA.XML': good, 'P-SPECTRAL_IMAGE_VNIR.TIF': '' }, /an EnMAP L1B product/],
    [
      'the XML of another mission',
      withXml(good.replaceAll('level_X', 'hsi_doc')),
      /not the METADATA\.XML of an EnMAP product/,
    ],
    [
      'an XML without level',
      withXml(good.replace(/<level>.*<\/level>/, '').replace(/<processingLevel>.*<\/processingLevel>/, '')),
      /not the METADATA\.XML/,
    ],
    ['an XML without bands', withXml(metadataXml([])), /no bandCharacterisation, so no wavelengths/],
    [
      'another number of bands',
      withXml(metadataXml(THREE.slice(1))),
      /P-SPECTRAL_IMAGE\.BSQ: 3 bands, but P-METADATA\.XML describes 2/,
    ],
    [
      'an image whose header states other wavelengths',
      { ...product('P-'), 'P-SPECTRAL_IMAGE.HDR': `${HDR}wavelength = {990, 912, 1390}\n` },
      /P-SPECTRAL_IMAGE\.BSQ: band 2 lies at 912 nm, but at 902\.26 nm by P-METADATA\.XML/,
    ],
    ['an XML cut short', withXml(good.slice(0, -60)), /P-METADATA\.XML: damaged or cut short XML/],
    ['an empty XML', withXml(''), /damaged or cut short XML/],
    ['an XML with damaged tags', withXml(good.replace('</GainOfBand>', '</Gain')), /damaged or cut short XML/],
    [
      'a wavelength that is no number',
      withXml(metadataXml([{ wavelength: 'x' }, ...THREE.slice(1)])),
      /wavelengthCenterOfBand of band 1 should be a number, got 'x'/,
    ],
    [
      'a wavelength of zero',
      withXml(metadataXml([{ wavelength: 0 }, ...THREE.slice(1)])),
      /wavelengthCenterOfBand of band 1 should be positive, got 0/,
    ],
    [
      'a band without gain',
      withXml(metadataXml([{ wavelength: 5, gain: '' }, ...THREE.slice(1)])),
      /GainOfBand of band 1 should be a number, got ''/,
    ],
    [
      'a band number that is missing',
      withXml(metadataXml([{ wavelength: 5, number: 9 }, ...THREE.slice(1)])),
      /3 bands, but none with number 1/,
    ],
  ] as const)
    it(`refuse ${what}`, async () => {
      const folder = memoryFolder(files, 'in');
      await assertRefused(() => openEnmap(folder, undefined, nodeCodecs), message);
      assert.ok(folder.opened.every(({ closed }) => closed));
    });

  it('refuse the image of one detector, and an image without its XML', async () => {
    const folder = memoryFolder({ 'SPECTRAL_IMAGE_SWIR.TIF': '' }, 'in');
    await assertRefused(() => openEnmap(folder, 'SPECTRAL_IMAGE_SWIR.TIF', nodeCodecs), /L1B image/);
    await assertRefused(
      () => open(without('METADATA'), 'P-SPECTRAL_IMAGE.BSQ'),
      /no METADATA\.XML beside P-SPECTRAL_IMAGE\.BSQ/,
    );
  });

  it('throw nothing but RasterError on an XML cut anywhere', async () => {
    for (let end = 0; end < good.trimEnd().length; end += 7)
      await assertRefused(() => open(withXml(good.slice(0, end))), /XML/);
  });
});

describe('bad bands of EnMAP', () => {
  const badOf = async (wavelengths: readonly number[]): Promise<boolean[]> => {
    const cols = wavelengths.length;
    const files = {
      'METADATA.XML': metadataXml(wavelengths.map((wavelength) => ({ wavelength }))),
      'SPECTRAL_IMAGE.BSQ': new Uint8Array(cols),
      'SPECTRAL_IMAGE.HDR': `ENVI\nsamples = 1\nlines = 1\nbands = ${cols}\ndata type = 1\ninterleave = bsq\n`,
    };
    return (await open(files)).bands.map(({ bad }) => bad);
  };

  it('leave the usual selection 1-126, 142-160 and 168-224 of a product with 224 bands', async function () {
    const path = requireData(this, 'enmap-product/ENMAP01-____L2A-DT0000001049.json');
    const found = JSON.parse(readFileSync(path, 'utf8')) as {
      expectedContent: { bands: { name: string; spectralWavelength: string }[] };
    };
    const bands = found.expectedContent.bands.filter(({ name }) => name.startsWith('band_'));
    const bad = await badOf(bands.map(({ spectralWavelength }) => Number(spectralWavelength)));
    const usual = (number: number): boolean =>
      number <= 126 || (number >= 142 && number <= 160) || (number >= 168 && number <= 224);
    assert.deepEqual(
      bad,
      bands.map((_, i) => !usual(i + 1)),
    );
    assert.equal(bad.filter((isBad) => !isBad).length, 202);
  });
});
