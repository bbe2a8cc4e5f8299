import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Band, createGeoTiff, openGeoTiff } from '@egunet/raster';
import { nodeCodecs } from '@egunet/raster/node';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { gdalInfo, openPath, translate, writeEnvi } from './geotiff-support.js';
import { assertRefused, memorySource } from './memory.js';
import { memorySink } from './memory-sink.js';

/** A 1 x 1 file with one item of metadata, which `change` turns into another of the same length. */
async function openWith(bands: number, xml: string) {
  const sink = memorySink();
  const placeholder = 'x'.repeat(Buffer.byteLength(xml));
  const items = { rows: 1, cols: 1, sampleType: 'uint8', bands: Array.from({ length: bands }, () => ({})) } as const;
  const writer = createGeoTiff(sink, { ...items, metadata: { A: placeholder } });
  await writer.writeWindow({ row: 0, col: 0, rows: 1, cols: 1 }, new Uint8Array(bands));
  await writer.close();
  const bytes = Buffer.from(sink.bytes());
  const item = `<Item name="A">${placeholder}</Item>`;
  const at = bytes.indexOf(item);
  assert.ok(at > 0);
  bytes.write(xml.padEnd(Buffer.byteLength(item) - (Buffer.byteLength(xml) - xml.length)), at);
  return openGeoTiff(memorySource(bytes), nodeCodecs);
}

const item = (name: string, value: string | number, rest = '') => `<Item name="${name}"${rest}>${value}</Item>`;

/** The bands of a file with the given items. */
const bandsWith = async (bands: number, ...items: string[]): Promise<readonly Band[]> =>
  (await openWith(bands, items.join(''))).bands;

const wavelengths = (bands: readonly Band[]) => bands.map((b) => b.wavelength);
const fwhms = (bands: readonly Band[]) => bands.map((b) => b.fwhm);

describe('GeoTIFF band metadata', () => {
  it('is read as EnMAP-Box and the ENVI driver of GDAL write it: an item per band, in the units they name', async () => {
    const bands = await bandsWith(
      2,
      item('wavelength', '418.24', ' sample="0"') + item('wavelength_units', 'Nanometers', ' sample="0"'),
      item('fwhm', '6.99561', ' sample="0"') + item('bbl', 1, ' sample="0"') + item('bbl', 0, ' sample="1"'),
      item('wavelength', 423.9, ' sample="1"') +
        item('DESCRIPTION', 'green &amp; blue', ' sample="1" role="description"'),
      item('SCALE', '0.0001', ' sample="0" role="scale"') + item('OFFSET', '-.1', ' sample="0" role="offset"'),
    );
    assert.deepEqual(bands, [
      { name: 'band 1', wavelength: 418.24, fwhm: 6.99561, bad: false, gain: 0.0001, offset: -0.1 },
      { name: 'green & blue', wavelength: 423.9, bad: true, gain: 1, offset: 0 },
    ]);
  });

  it('takes micrometres by their name, and by their size where no unit is named', async () => {
    for (const units of ['Micrometers', 'um', 'µm']) {
      const named = await bandsWith(
        1,
        item('wavelength', '0.41824', ' sample="0"'),
        item('fwhm', '0.007', ' sample="0"'),
        item('wavelength_units', units, ' sample="0"'),
      );
      assert.deepEqual([wavelengths(named), fwhms(named)], [[418.24], [7]]);
    }
    const guessed = await bandsWith(
      2,
      item('wavelength', '0.41', ' sample="0"'),
      item('wavelength', 2.4, ' sample="1"'),
    );
    assert.deepEqual(wavelengths(guessed), [410, 2400]);
    const nm = await bandsWith(2, item('WAVELENGTH', 410, ' sample="0"'), item('WAVELENGTH', 99, ' sample="1"'));
    assert.deepEqual(wavelengths(nm), [410, 99]);
  });

  it('has no wavelengths in units that are no length', async () => {
    const bands = await bandsWith(1, item('wavelength', 3, ' sample="0"'), item('wavelength_units', 'Index'));
    assert.deepEqual(wavelengths(bands), [undefined]);
  });

  it('is read as EnPT writes it: CENTRAL_WAVELENGTH_UM and FWHM_UM in the IMAGERY domain', async () => {
    const bands = await bandsWith(
      2,
      item('CENTRAL_WAVELENGTH_UM', '0.41', ' sample="0" domain="IMAGERY"'),
      item('FWHM_UM', '0.0065', ' sample="0" domain="IMAGERY"'),
      item('CENTRAL_WAVELENGTH_UM', '2.445', ' sample="1" domain="IMAGERY"'),
    );
    assert.deepEqual(
      [wavelengths(bands), fwhms(bands)],
      [
        [410, 2445],
        [6.5, undefined],
      ],
    );
  });

  it('is read from the lists of an ENVI header', async () => {
    const bands = await bandsWith(
      3,
      item('wavelength', '{410, 420.5, 431}', ' domain="ENVI"') +
        item('wavelength_units', 'Nanometers', ' domain="ENVI"'),
      item('fwhm', '{6, 7, 8}', ' domain="ENVI"') + item('bbl', '{1, 0, 1}', ' domain="ENVI"'),
    );
    assert.deepEqual(wavelengths(bands), [410, 420.5, 431]);
    assert.deepEqual(fwhms(bands), [6, 7, 8]);
    assert.deepEqual(
      bands.map((b) => b.bad),
      [false, true, false],
    );
  });

  it('ignores lists that do not have one entry a band', async () => {
    const bands = await bandsWith(
      2,
      item('wavelength', '{410}', ' domain="ENVI"'),
      item('bbl', '{0}', ' domain="ENVI"'),
    );
    assert.deepEqual(wavelengths(bands), [undefined, undefined]);
    assert.deepEqual(
      bands.map((b) => b.bad),
      [false, false],
    );
  });

  it('is read from descriptions that name a length, where nothing else does', async () => {
    const described = (text: string, sample: number) =>
      item('DESCRIPTION', text, ` sample="${sample}" role="description"`);
    const bands = await bandsWith(
      4,
      described('band 1 (418.24 Nanometers)', 0) + described('0.4 µm', 1) + described('B3', 2) + described('5 nmi', 3),
    );
    assert.deepEqual(wavelengths(bands), [418.24, 400, undefined, undefined]);
  });

  it('gives the sensor and short items of the data set as facts', async () => {
    const scene = await openWith(1, item('sensor', 'EnMAP') + item('start', '2022') + item('long', 'y'.repeat(300)));
    assert.equal(scene.sensor, 'EnMAP');
    assert.deepEqual(scene.facts, {
      compression: 'deflate, predictor 2',
      storage: 'tiles of 256 x 256, pixel-interleaved',
      sensor: 'EnMAP',
      start: '2022',
    });
  });

  it('is refused where a scale, an offset or the XML is not valid', async () => {
    const scale = (value: string) => () => openWith(1, item('SCALE', value, ' sample="0" role="scale"'));
    for (const value of ['abc', '0', ' ', 'Infinity']) await assertRefused(scale(value), /the scale of band 1 is/);
    await assertRefused(
      () => openWith(1, item('OFFSET', 'x', ' sample="0" role="offset"')),
      /the offset of band 1 is 'x'/,
    );
    await assertRefused(() => openWith(1, '<Item name="A">1</Itam>'), /GDAL_METADATA is not valid XML/);
  });
});

describe('GeoTIFF NoData', () => {
  const folder = temporaryFolder();
  before(function () {
    requireGdal(this);
  });

  it('is read in every spelling of GDAL', async () => {
    const values = new Float32Array(4);
    const raw = writeEnvi(join(folder, 'raw'), values, { type: 'float32', size: { rows: 2, cols: 2, bands: 1 } });
    for (const [text, expected] of [
      ['nan', Number.NaN],
      ['inf', Infinity],
      ['-inf', -Infinity],
      ['-9999', -9999],
      ['-3.4028234663852886e+38', -3.4028234663852886e38],
    ] as const) {
      const scene = await openPath(translate(raw, join(folder, 'nodata.tif'), `-of GTiff -a_nodata ${text}`));
      assert.equal(scene.bands[0]!.noData, expected);
      await scene.close();
    }
  });
});

describe('a real EnMAP tile', () => {
  let path = '';
  before(function () {
    requireGdal(this);
    path = requireData(this, 'enmap-potsdam/images/enmap_potsdam_tile_128_128.tif');
  });

  it('has the wavelengths, widths, gains and bad bands that GDAL shows', async () => {
    const scene = await openPath(path);
    const { bands } = gdalInfo(path);
    assert.equal(scene.bands.length, 224);
    for (const [i, band] of scene.bands.entries()) {
      const shown = bands[i]!.metadata!['']!;
      assert.equal(band.wavelength, Number(shown.wavelength));
      assert.equal(band.fwhm, Number(shown.fwhm));
      assert.equal(band.bad, shown.bbl === '0');
      assert.deepEqual([band.gain, band.offset, band.noData], [bands[i]!.scale, bands[i]!.offset, -32768]);
      assert.equal(band.name, bands[i]!.description);
    }
    assert.equal(scene.georeference!.epsg, 32633);
    await scene.close();
  });

  it('has the pixels that GDAL shows, and reflectance by their gain', async () => {
    const scene = await openPath(path);
    for (const [row, col] of [
      [0, 0],
      [31, 5],
      [17, 31],
    ] as const) {
      const shown = run('gdallocationinfo', ['-valonly', path, String(col), String(row)]);
      const expected = shown.trim().split('\n').map(Number);
      const window = { row, col, rows: 1, cols: 1 };
      assert.deepEqual([...(await scene.readWindow(window)).data], expected);
      const used = [0, 60, 200];
      const { spectra, valid } = await scene.readSpectra(window, used);
      assert.deepEqual([...valid], [1]);
      assert.deepEqual(
        spectra,
        Float32Array.from(used, (b) => expected[b]! * 0.0001),
      );
    }
    // Bands 131..135 (from 1) hold no data anywhere.
    const { valid } = await scene.readSpectra({ row: 0, col: 0, rows: 32, cols: 32 }, [0, 132]);
    assert.ok(valid.every((v) => v === 0));
    await scene.close();
  });
});
