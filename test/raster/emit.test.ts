// EMIT L2A files: what the reader makes of them, against GDAL and against their exact content.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMIT_GEOTRANSFORM, EMIT_NO_DATA, type EmitFile, makeEmitFile } from '@egunet/fixtures';
import { openHdf5Scene, type Scene } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireGdal, run, temporaryFolder } from '../support/index.js';
import { emitContent, memoryHdf5 } from './hdf5-support.js';
import { assertRefused } from './memory.js';

const whole = ({ rows, cols }: Scene) => ({ row: 0, col: 0, rows, cols });
const indices = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('EMIT L2A', () => {
  const folder = temporaryFolder();
  const swath = { seed: 7, rows: 21, cols: 17, bands: 24 };
  let plain: EmitFile;
  let chunked: EmitFile;
  before(async () => {
    plain = await makeEmitFile(join(folder, 'plain.nc'), swath);
    chunked = await makeEmitFile(join(folder, 'without-extension'), { ...swath, chunks: [8, 6, 10] });
  });

  it('is known by its content, and says what it is', async () => {
    const scene = await openScene(chunked.path);
    assert.equal(scene.format, 'EMIT L2A');
    assert.equal(scene.sensor, 'EMIT');
    assert.equal(scene.sampleType, 'float32');
    assert.equal(scene.facts.acquired, '2023-03-16T04:51:33+0000');
    assert.equal(scene.facts.swath, '21 rows x 17 columns');
    assert.deepEqual(
      scene.bands.map(({ wavelength }) => wavelength),
      plain.bands.map(({ wavelength }) => wavelength),
    );
    assert.deepEqual(
      scene.bands.map(({ fwhm }) => fwhm),
      plain.bands.map(({ fwhm }) => fwhm),
    );
    const bad = scene.bands.filter((band) => band.bad).map(({ wavelength }) => Math.round(wavelength!));
    assert.deepEqual(bad, [1391, 1850, 1942], 'good_wavelengths marks 1325-1435 and 1770-1962 nm');
    assert.ok(scene.bands.every(({ gain, offset, noData }) => gain === 1 && offset === 0 && noData === EMIT_NO_DATA));
    await scene.close();
  });

  it('lies on a map by its geotransform', async () => {
    const scene = await openScene(plain.path);
    const [x, width, , y, , height] = EMIT_GEOTRANSFORM;
    assert.deepEqual(scene.georeference, { affine: [width, 0, x, 0, height, y], epsg: 4326 });
    assert.deepEqual([scene.rows, scene.cols], [plain.lookup.rows, plain.lookup.cols]);
    await scene.close();
  });

  for (const kind of ['plain', 'chunked'] as const)
    it(`shows what the sensor saw where asked, from ${kind} values`, async () => {
      const file = { plain, chunked }[kind];
      const scene = await openScene(file.path, { orthorectify: false });
      assert.deepEqual([scene.rows, scene.cols, scene.georeference], [21, 17, undefined]);
      const { data } = await scene.readWindow(whole(scene));
      assert.deepEqual(data, file.reflectance);
      await scene.close();
    });

  it('has on the map the pixels that GDAL finds by the lookup table', async function () {
    requireGdal(this);
    const read = (dataset: string, type: 'Float32' | 'Int32') => {
      const to = join(folder, `${dataset.replaceAll('/', '-')}.raw`);
      run('gdal_translate', ['-q', '-of', 'ENVI', '-ot', type, `HDF5:"${chunked.path}"://${dataset}`, to]);
      const bytes = readFileSync(to);
      const { buffer } = Uint8Array.from(bytes);
      return type === 'Int32' ? new Int32Array(buffer) : new Float32Array(buffer);
    };
    const [xs, ys] = [read('location/glt_x', 'Int32'), read('location/glt_y', 'Int32')];
    // GDAL takes the first axis for the bands: [downtrack, crosstrack, bands], as it lies.
    const reflectance = read('reflectance', 'Float32');
    const scene = await openScene(chunked.path);
    const { data } = await scene.readWindow(whole(scene));
    const B = swath.bands;
    const expected = new Float32Array(xs.length * B).fill(EMIT_NO_DATA);
    for (let n = 0; n < xs.length; n++)
      for (let b = 0; b < B; b++)
        if (xs[n]! > 0) expected[n * B + b] = reflectance[((ys[n]! - 1) * swath.cols + xs[n]! - 1) * B + b]!;
    assert.deepEqual(data, expected);
    assert.ok(xs.filter((x) => x > 0).length > 300 && xs.includes(0), 'a turned swath leaves corners empty');
    const { valid } = await scene.readSpectra(whole(scene));
    assert.deepEqual(
      [...valid],
      [...xs].map((x) => (x > 0 ? 1 : 0)),
    );
    await scene.close();
  });

  it('has in any window, of any bands, what the whole has', async () => {
    const scenes = [
      await openScene(plain.path),
      await openScene(chunked.path),
      await openScene(chunked.path, { orthorectify: false }),
    ];
    for (const scene of scenes) {
      const all = await scene.readWindow(whole(scene));
      const side = (length: number) =>
        fc
          .tuple(fc.nat(length - 1), fc.nat(length - 1))
          .map(([a, b]) => [Math.min(a, b), Math.abs(a - b) + 1] as const);
      const some = fc.uniqueArray(fc.nat(swath.bands - 1), { minLength: 1, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(side(scene.rows), side(scene.cols), some, async ([row, rows], [col, cols], bands) => {
          const { data } = await scene.readWindow({ row, col, rows, cols }, bands);
          const expected = indices(rows * cols).flatMap((n) => {
            const pixel = (row + Math.floor(n / cols)) * scene.cols + col + (n % cols);
            return bands.map((b) => all.data[pixel * swath.bands + b]!);
          });
          assert.deepEqual([...data], expected);
        }),
        { seed: 1, numRuns: 40 },
      );
      await scene.close();
    }
  });

  it('takes 0 and the fill value of the lookup table as no pixel, and a negative entry as one filled from its neighbour', async () => {
    const scene = await openHdf5Scene(memoryHdf5(emitContent()));
    const { data } = await scene.readWindow(whole(scene), [4]);
    // Swath pixels (2, 3), none, (1, 0), (0, 1), none, and none where only one of the two tables has an entry.
    const near = [...data].map((value) => Math.round(value * 100) / 100);
    assert.deepEqual(near, [2.34, EMIT_NO_DATA, 1.04, 0.14, EMIT_NO_DATA, EMIT_NO_DATA]);
    assert.equal(scene.bands[2]!.bad, true);
    assert.equal(scene.bands[2]!.fwhm, undefined, 'a width of 0 is none');
  });

  it('has the same pixels where its lookup table is compressed, which is then read once', async () => {
    const content = emitContent();
    const windows = [
      { row: 0, col: 1, rows: 2, cols: 2 },
      { row: 1, col: 0, rows: 1, cols: 3 },
    ];
    const plain = await openHdf5Scene(memoryHdf5(content));
    for (const path of ['/location/glt_x', '/location/glt_y'])
      content.datasets[path] = { ...content.datasets[path]!, chunks: [2, 3] };
    const file = memoryHdf5(content);
    const compressed = await openHdf5Scene(file);
    for (const window of windows) assert.deepEqual(await compressed.readWindow(window), await plain.readWindow(window));
    assert.equal(file.reads.filter(({ path }) => path.startsWith('/location')).length, 2);
  });

  it('streams the spectra that its windows have', async () => {
    for (const orthorectify of [true, false]) {
      const scene = await openScene(chunked.path, { orthorectify });
      const { spectra, valid } = await scene.readSpectra(whole(scene), [3, 20]);
      const streamed = new Map<number, number[]>();
      for await (const pack of scene.streamSpectra(whole(scene), [3, 20], 50))
        for (let i = 0; i < pack.count; i++)
          streamed.set(pack.pixels[i]!, [...pack.spectra.subarray(2 * i, 2 * i + 2)]);
      assert.equal(streamed.size, valid.filter((is) => is === 1).length);
      for (const [pixel, pair] of streamed) assert.deepEqual(pair, [...spectra.subarray(2 * pixel, 2 * pixel + 2)]);
      await scene.close();
    }
  });

  it('is read chunk by chunk, each once however many windows take part of it', async () => {
    const content = emitContent();
    content.datasets['/reflectance'] = { ...content.datasets['/reflectance']!, chunks: [3, 2, 3] };
    const file = memoryHdf5(content);
    const scene = await openHdf5Scene(file, { orthorectify: false });
    assert.deepEqual(scene.block, { rows: 3, cols: 2 });
    for (let row = 0; row < 3; row++) await scene.readWindow({ row, col: 0, rows: 1, cols: 4 });
    const reads = file.reads.filter(({ path }) => path === '/reflectance').map(({ start }) => start.join());
    assert.deepEqual(reads, ['0,0,0', '0,0,3', '0,2,0', '0,2,3']);
    await scene.close();
    assert.ok(file.closed);
  });

  const broken: [what: string, message: RegExp, spoil: (content: ReturnType<typeof emitContent>) => void][] = [
    ['without a lookup table', /no \/location\/glt_x and \/location\/glt_y, .*open it without orthorectification/, (c) => delete c.datasets['/location/glt_x']],
    ['with a table half as long', /glt_x is 1 x 3, but \/location\/glt_y 2 x 3/, (c) => { c.datasets['/location/glt_x'] = { data: Int32Array.of(1, 1, 1), shape: [1, 3] }; }],
    ['without widths', /no dataset \/sensor_band_parameters\/fwhm/, (c) => delete c.datasets['/sensor_band_parameters/fwhm']],
    ['with too few widths', /fwhm should list 5 values, one a band, got 2/, (c) => { c.datasets['/sensor_band_parameters/fwhm'] = { data: Float32Array.of(8, 8), shape: [2] }; }],
    ['with a wavelength that is none', /wavelengths: value 1 should be positive, in nm, got NaN/, (c) => c.datasets['/sensor_band_parameters/wavelengths']!.data.fill(Number.NaN)],
    ['of two dimensions', /\/reflectance should be \[rows x cols x bands\], got \[12 x 5\]/, (c) => { c.datasets['/reflectance'] = { ...c.datasets['/reflectance']!, shape: [12, 5] }; }],
    ['with an empty side', /\/reflectance is \[0 x 4 x 5\], where each side should be 1 to 1048576/, (c) => { c.datasets['/reflectance'] = { ...c.datasets['/reflectance']!, shape: [0, 4, 5] }; }],
    ['that claims 2^40 samples', /\/reflectance is \[1099511627776 x 1 x 1\], where each side should be/, (c) => { c.datasets['/reflectance'] = { ...c.datasets['/reflectance']!, shape: [2 ** 40, 1, 1] }; }],
    ['that claims more than the file holds', /should take 20971520000 bytes of a file of 1073741824; it is cut short/, (c) => { c.datasets['/reflectance'] = { ...c.datasets['/reflectance']!, shape: [2 ** 20, 1000, 5] }; }],
    ['in chunks beyond memory', /stored in chunks of 65536 x 1000 x 5, too large to be read in part/, (c) => { c.datasets['/reflectance'] = { ...c.datasets['/reflectance']!, shape: [2 ** 20, 1000, 5], chunks: [2 ** 16, 1000, 5] }; }],
    ['of integers', /\/reflectance should hold floats, got int32/, (c) => { c.datasets['/reflectance'] = { data: new Int32Array(60), shape: [3, 4, 5] }; }],
    ['without a geotransform', /no attribute 'geotransform'/, (c) => delete c.attributes.geotransform],
    ['with a geotransform of five', /'geotransform' should hold 6 numbers, got 5/, (c) => { c.attributes.geotransform = [1, 2, 3, 4, 5]; }],
    ['with a geotransform of text', /'geotransform' should hold finite numbers, got 'x'/, (c) => { c.attributes.geotransform = ['x', '2', '3', '4', '5', '6']; }],
    ['with pixels without an area', /'geotransform' gives pixels without an area \(0\.5 x 0\)/, (c) => { c.attributes.geotransform = [10, 0.5, 0, 50, 0, 0]; }],
  ]; // biome-ignore format: one line says more
  for (const [what, message, spoil] of broken)
    it(`is refused ${what}, and closed`, async () => {
      const content = emitContent();
      spoil(content);
      const file = memoryHdf5(content);
      await assertRefused(() => openHdf5Scene(file), message);
      assert.ok(file.closed);
    });

  it('is refused where its lookup table leads out of the swath', async () => {
    const content = emitContent();
    content.datasets['/location/glt_x']!.data[0] = 5;
    const scene = await openHdf5Scene(memoryHdf5(content));
    await assertRefused(() => scene.readWindow(whole(scene)), /glt_x points to place 5 of a swath of 4/);
  });

  it('needs neither lookup table nor geotransform as the sensor saw it, and a file that says no code has none', async () => {
    const content = emitContent();
    content.attributes.spatial_ref = ['LOCAL_CS["somewhere"]'];
    const mapped = await openHdf5Scene(memoryHdf5(content));
    assert.equal(mapped.georeference?.epsg, undefined);
    delete content.datasets['/location/glt_x'];
    delete content.attributes.geotransform;
    const scene = await openHdf5Scene(memoryHdf5(content), { orthorectify: false });
    assert.deepEqual([scene.rows, scene.cols], [3, 4]);
  });

  it('alone takes the option to orthorectify', async () => {
    const path = join(folder, 'a.hdr');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(path, 'ENVI\nsamples = 1\nlines = 1\nbands = 1\ndata type = 1\ninterleave = bsq\n');
    await writeFile(join(folder, 'a.img'), Uint8Array.of(1));
    await assertRefused(
      () => openScene(path, { orthorectify: false }),
      /'orthorectify' is for EMIT L2A files, and this is ENVI/,
    );
  });
});
