// PRISMA L2D files: what the reader makes of them, against GDAL and against their exact content.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrismaFile, PRISMA_ORIGIN, type PrismaFile } from '@egunet/fixtures';
import { openHdf5Scene, type Scene } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { memoryHdf5, prismaContent } from './hdf5-support.js';
import { assertRefused } from './memory.js';

const FIELDS = '/HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields';
const whole = ({ rows, cols }: Scene) => ({ row: 0, col: 0, rows, cols });

describe('PRISMA L2D', () => {
  const folder = temporaryFolder();
  const size = { seed: 5, rows: 19, cols: 13 };
  let product: PrismaFile;
  before(async () => {
    product = await makePrismaFile(join(folder, 'PRS_L2D_STD.he5'), { ...size, empty: [0, 14] });
  });

  it('is known by its content, and says what it is', async () => {
    const scene = await openScene(product.path);
    assert.deepEqual([scene.format, scene.sensor, scene.sampleType], ['PRISMA L2D', 'PRISMA', 'uint16']);
    assert.equal(scene.facts['product type'], 'PRS_L2D_STD');
    assert.equal(scene.facts['left out'], '5 bands without a wavelength');
    await scene.close();
  });

  it('keeps the bands of both detectors in the order of the file, without those that have no wavelength', async () => {
    const scene = await openScene(product.path);
    const wavelengths = scene.bands.map(({ wavelength }) => wavelength!);
    assert.deepEqual(
      wavelengths,
      product.bands.map(({ wavelength }) => wavelength),
    );
    assert.equal(scene.bands.length, 63 + 171);
    assert.deepEqual(
      [scene.bands[0]!.name, scene.bands[62]!.name, scene.bands[63]!.name],
      ['VNIR 4', 'VNIR 66', 'SWIR 1'],
    );
    assert.ok(wavelengths[0]! > wavelengths[62]! && wavelengths[63]! > wavelengths[233]!, 'each from the longest down');
    assert.ok(wavelengths[233]! < wavelengths[0]!, 'the detectors overlap');
    await scene.close();
  });

  it('has the stored values that GDAL finds, and reflectance by the scale of each detector', async function () {
    requireGdal(this);
    const cube = (detector: string) => {
      const to = join(folder, `${detector}.raw`);
      const dataset = `HDFEOS/SWATHS/PRS_L2D_HCO/Data_Fields/${detector}_Cube`; // GDAL's own name for it
      run('gdal_translate', ['-q', '-of', 'ENVI', `HDF5:"${product.path}"://${dataset}`, to]);
      return new Uint16Array(Uint8Array.from(readFileSync(to)).buffer); // [rows, bands, cols]
    };
    const [vnir, swir] = [cube('VNIR'), cube('SWIR')];
    const scene = await openScene(product.path);
    const { data } = await scene.readWindow(whole(scene));
    const { spectra, valid } = await scene.readSpectra(whole(scene));
    const at = (values: Uint16Array, bands: number, [row, band, col]: [number, number, number]) =>
      values[(row * bands + band) * size.cols + col]!;
    for (const [row, col] of [[0, 1], [7, 5], [18, 12]] as const) // biome-ignore format: one line says more
      for (const [band, value, least, most] of [
        [0, at(vnir, 66, [row, 3, col]), 0, 0.93],
        [62, at(vnir, 66, [row, 65, col]), 0, 0.93],
        [63, at(swir, 173, [row, 0, col]), 0.0025, 0.87],
        [233, at(swir, 173, [row, 170, col]), 0.0025, 0.87],
      ] as const) {
        const place = (row * size.cols + col) * 234 + band;
        assert.equal(data[place], value);
        const expected = least + (value / 65535) * (most - least);
        assert.ok(Math.abs(spectra[place]! - expected) < 1e-6, `${spectra[place]} for ${expected}`);
      }
    assert.deepEqual(data, product.stored);
    assert.deepEqual(
      [...valid].flatMap((is, n) => (is ? [] : [n])),
      [0, 14],
      '0 is no data',
    );
    await scene.close();
  });

  it('lies on a map whose corners are the centres of its corner pixels', async () => {
    const scene = await openScene(product.path);
    const { easting, northing, epsg } = PRISMA_ORIGIN;
    assert.deepEqual(scene.georeference, { affine: [30, 0, easting - 15, 0, -30, northing + 15], epsg });
    await scene.close();
  });

  it('has in a window, of bands in any order, what the whole has', async () => {
    const scene = await openScene(product.path);
    const bands = [200, 3, 63, 62];
    const { data } = await scene.readWindow({ row: 6, col: 4, rows: 5, cols: 3 }, bands);
    const expected = Array.from({ length: 15 }, (_, n) =>
      bands.map((b) => product.stored[((6 + Math.floor(n / 3)) * size.cols + 4 + (n % 3)) * 234 + b]!),
    );
    assert.deepEqual([...data], expected.flat());
    await scene.close();
  });

  it('takes the corners for outer edges where they lie as many pixels apart as the image has', async () => {
    const content = prismaContent();
    Object.assign(content.attributes, { Product_LRcorner_easting: [1105], Product_LRcorner_northing: [1955] });
    const scene = await openHdf5Scene(memoryHdf5(content));
    assert.deepEqual(scene.georeference?.affine, [30, 0, 1015, 0, -30, 2015]);
  });

  it('marks bands that its flags exclude as bad', async () => {
    const scene = await openHdf5Scene(memoryHdf5(prismaContent()));
    const found = scene.bands.map(({ name, wavelength, fwhm, bad }) => [name, wavelength, fwhm, bad]);
    assert.deepEqual(found, [
      ['VNIR 2', 950, 12, false],
      ['SWIR 1', 2000, 9, false],
      ['SWIR 2', 960, 10, true],
    ]);
    const { spectra } = await scene.readSpectra({ row: 1, col: 2, rows: 1, cols: 1 });
    // VNIR 11 x 0.65535 / 65535; SWIR 0.1 + (111, 114) x 1.3107 / 65535.
    assert.deepEqual(
      [...spectra].map((value) => value.toFixed(6)),
      ['0.000110', '0.102220', '0.102280'],
    );
  });

  const broken: [what: string, message: RegExp, spoil: (content: ReturnType<typeof prismaContent>) => void][] = [
    ['of level 1', /a PRISMA product of level L1; order the L2D one/, (c) => { c.datasets = { '/HDFEOS/SWATHS/PRS_L1_HCO/Data Fields/VNIR_Cube': c.datasets[`${FIELDS}/VNIR_Cube`]! }; }],
    ['without SWIR', /no dataset .*SWIR_Cube/, (c) => delete c.datasets[`${FIELDS}/SWIR_Cube`]],
    ['with detectors of different size', /VNIR_Cube has 2 x 3 pixels, but SWIR_Cube 3 x 2/, (c) => { c.datasets[`${FIELDS}/SWIR_Cube`] = { data: new Uint16Array(18), shape: [3, 3, 2] }; }],
    ['of floats', /VNIR_Cube should hold uint16, got float32/, (c) => { c.datasets[`${FIELDS}/VNIR_Cube`] = { data: new Float32Array(12), shape: [2, 2, 3] }; }],
    ['with a list of wavelengths of another length', /'List_Cw_Swir' should hold 3 numbers, got 2/, (c) => { c.attributes.List_Cw_Swir = [1, 2]; }],
    ['with a negative wavelength', /List_Cw_Vnir should hold wavelengths in nm, got -5/, (c) => { c.attributes.List_Cw_Vnir = [-5, 950]; }],
    ['without any wavelength', /no band has a wavelength/, (c) => { c.attributes.List_Cw_Vnir = [0, 0]; c.attributes.List_Cw_Swir = [0, 0, 0]; }],
    ['with a scale that is no number', /'L2ScaleVnirMax' should hold finite numbers, got 'NaN'/, (c) => { c.attributes.L2ScaleVnirMax = [Number.NaN]; }],
    ['with a scale upside down', /L2ScaleSwirMax should be above L2ScaleSwirMin, got 0\.05 and 0\.1/, (c) => { c.attributes.L2ScaleSwirMax = [0.05]; }],
    ['without a scale', /no attribute 'L2ScaleVnirMin'/, (c) => delete c.attributes.L2ScaleVnirMin],
    ['with corners that do not fit', /corners lie 5 x 1 pixels of 30 m apart, which an image of 3 x 2 does not fit/, (c) => { c.attributes.Product_LRcorner_easting = [1165]; }],
  ]; // biome-ignore format: one line says more
  for (const [what, message, spoil] of broken)
    it(`is refused ${what}, and closed`, async () => {
      const content = prismaContent();
      spoil(content);
      const file = memoryHdf5(content);
      await assertRefused(() => openHdf5Scene(file), message);
      assert.ok(file.closed);
    });
});
