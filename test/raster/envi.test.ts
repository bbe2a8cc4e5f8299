import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEnvi, type SampleType, type Scene, type Window } from '@egunet/raster';
import { openFile, openScene } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertRefused, memorySource } from './memory.js';

const HEADER = { samples: 3, lines: 2, bands: 2, 'data type': 2, interleave: 'bsq', 'byte order': 0 };

function headerText(keys: Readonly<Record<string, string | number | undefined>>): string {
  const lines = Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  return ['ENVI', ...lines, ''].join('\n');
}

/** A 2 x 3 x 2 int16 bsq image: value = band * 100 + row * 10 + col. */
const smallData = new Uint8Array(Int16Array.of(0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112).buffer);

const openSmall = (keys: Readonly<Record<string, string | number | undefined>> = {}): Scene =>
  openEnvi({ text: headerText({ ...HEADER, ...keys }), name: 'small.hdr' }, memorySource(smallData, 'small'));

const wholeOf = (scene: Scene): Window => ({ row: 0, col: 0, rows: scene.rows, cols: scene.cols });

describe('ENVI headers', () => {
  it('gives names, wavelengths, widths and bad bands to the bands, from lists over several lines', () => {
    const scene = openSmall({
      ' Wavelength  Units ': 'Nanometers',
      WAVELENGTH: '{\n 450.5,\n 2200}',
      fwhm: '{6, 10.5}',
      bbl: '{1, 0}',
      'band names': '{blue , clay\n}',
      'data ignore value': -32768,
    });
    assert.deepEqual(scene.bands, [
      { name: 'blue', wavelength: 450.5, fwhm: 6, bad: false, gain: 1, offset: 0, noData: -32768 },
      { name: 'clay', wavelength: 2200, fwhm: 10.5, bad: true, gain: 1, offset: 0, noData: -32768 },
    ]);
  });

  for (const [units, listed] of [
    ['Micrometers', '{0.45, 0.41}'],
    ['um', '{0.45, 0.41}'],
    ['Unknown', '{0.45, 0.41}'],
    [undefined, '{450, 410}'],
    ['Angstroms', '{4500, 4100}'],
  ] as const)
    it(`reads wavelengths in ${units ?? 'a unit that is not stated'} as nm`, () => {
      const scene = openSmall({ 'wavelength units': units, wavelength: listed, fwhm: listed });
      assert.deepEqual(
        scene.bands.map(({ wavelength }) => wavelength),
        [450, 410],
      );
      assert.deepEqual(
        scene.bands.map(({ fwhm }) => fwhm),
        [450, 410],
      );
    });

  it('knows no wavelengths where the unit is not a length', () => {
    const [band] = openSmall({ 'wavelength units': 'Index', wavelength: '{1, 2}', fwhm: '{1, 1}' }).bands;
    assert.deepEqual([band?.wavelength, band?.fwhm], [undefined, undefined]);
  });

  it('takes widths that are not positive for unknown', () => {
    const scene = openSmall({ wavelength: '{450, 2200}', fwhm: '{0, 10.5}' });
    assert.deepEqual(
      scene.bands.map(({ fwhm }) => fwhm),
      [undefined, 10.5],
    );
    assert.ok(!('fwhm' in scene.bands[0]!));
    assert.equal(openSmall({ wavelength: '{450, 2200}', fwhm: '{5, -1}' }).bands[1]!.fwhm, undefined);
  });

  it('are refused where a wavelength is not positive, unless its unit is no length', () => {
    for (const wavelength of ['{450, 0}', '{450, -5}'])
      assert.throws(() => openSmall({ wavelength }), {
        _tag: 'RasterError',
        message: /small.hdr: item 2 of 'wavelength' should be positive, got (0|-5); correct the header/,
      });
    assert.equal(openSmall({ 'wavelength units': 'Index', wavelength: '{0, 1}' }).bands.length, 2);
  });

  it('passes over comments, blank lines and lines without a key, and takes the last of a repeated key', () => {
    const text = `ENVI\r\n; a comment = 1\r\n\r\nno key here\r\n${headerText({ ...HEADER, bands: 9 }).slice(5)}bands = 2\n`;
    assert.equal(openEnvi({ text, name: 'h' }, memorySource(smallData)).bands.length, 2);
  });

  it('names bands by number where the names do not fit their count', () => {
    assert.deepEqual(
      openSmall({ 'band names': '{a, b, c}' }).bands.map(({ name }) => name),
      ['band 1', 'band 2'],
    );
  });

  for (const [what, keys, expected] of [
    ['reflectance scale factor', { 'reflectance scale factor': 10000, 'data gain values': '{7, 7}' }, [11e-4, 111e-4]],
    [
      'data gain and offset values',
      { 'data gain values': '{0.5, 0.25}', 'data offset values': '{1, 2}' },
      [6.5, 29.75],
    ],
    ['offset values alone', { 'data offset values': '{1, 2}' }, [12, 113]],
    [
      'reflectance gain values before all others',
      { 'data reflectance gain values': '{2, 3}', 'reflectance scale factor': 10000 },
      [22, 333],
    ],
  ] as const)
    it(`turns stored values into reflectance by ${what}`, async () => {
      const { spectra } = await openSmall(keys).readSpectra({ row: 1, col: 1, rows: 1, cols: 1 });
      assert.deepEqual([...spectra], expected.map(Math.fround));
    });

  it('tells sensor, description and interleave', () => {
    const scene = openSmall({ 'sensor type': 'AVIRIS', description: '{a\n  field}' });
    assert.equal(scene.sensor, 'AVIRIS');
    assert.deepEqual(scene.facts, { header: 'small.hdr', interleave: 'bsq', description: 'a field' });
    assert.equal(openSmall({ 'sensor type': 'Unknown' }).sensor, undefined);
  });

  for (const [what, keys, message] of [
    ['a missing size', { samples: undefined }, /small\.hdr: no 'samples'/],
    ['a size that is no number', { lines: 'two' }, /'lines' should be a number, got 'two'/],
    ['a size of zero', { bands: 0 }, /'bands' should be a whole number of at least 1, got 0/],
    ['a size that is not whole', { bands: 1.5 }, /whole number/],
    ['complex samples', { 'data type': 6 }, /'data type' 6 cannot be read; readable are 1 \(uint8\)/],
    ['a missing data type', { 'data type': undefined }, /'data type' nothing cannot be read/],
    ['an unknown interleave', { interleave: 'tile' }, /'interleave' should be bsq, bil or bip, got 'tile'/],
    ['a missing interleave', { interleave: undefined }, /'interleave' should be .* got nothing/],
    ['a missing byte order', { 'byte order': undefined }, /'byte order' should be 0 .* got nothing; add it/],
    ['a compressed data file', { 'file compression': 1 }, /compressed/],
    ['a spectral library', { 'file type': 'ENVI Spectral Library' }, /a spectral library, not an image/],
    ['too few wavelengths', { wavelength: '{400}' }, /'wavelength' should list 2 numbers, got 1/],
    ['too many widths', { fwhm: '{1,2,3}' }, /'fwhm' should list 2 numbers, got 3/],
    ['an empty bad-band list', { bbl: '{}' }, /'bbl' should list 2 numbers, got 0/],
    ['a gain that is no number', { 'data gain values': '{1, x}' }, /item 2 of 'data gain values' .* 'x'/],
    ['a reflectance scale of zero', { 'reflectance scale factor': 0 }, /should be a positive number, got 0/],
    ['a brace that never closes', { wavelength: '{400, 500' }, /brace of 'wavelength' in line 8 never closes/],
    ['a data file that is too short', { lines: 3 }, /small: 24 bytes, but its header wants 36 \(3 lines x 3 samples/],
    ['a header offset beyond the data', { 'header offset': 1 }, /24 bytes, but its header wants 25/],
    ['sizes beyond all files', { lines: 9007199254740991 }, /24 bytes, but its header wants/],
    ['map info without numbers', { 'map info': '{UTM, 1, 1}' }, /'map info' should hold/],
  ] as const)
    it(`refuses ${what}`, () => assertRefused(() => openSmall(keys), message));

  it('refuses text that is no ENVI header', () =>
    assertRefused(
      () => openEnvi({ text: 'samples = 3\n', name: 'x.hdr' }, memorySource(smallData)),
      /x\.hdr: not an ENVI header/,
    ));

  it('needs no byte order for bytes', async () => {
    const scene = openSmall({ 'data type': 1, 'byte order': undefined });
    const { data } = await scene.readWindow({ row: 0, col: 0, rows: 1, cols: 1 });
    assert.deepEqual(data, Uint8Array.of(0, 10));
  });

  it('throws nothing but RasterError on a header cut anywhere', async () => {
    const text = headerText({
      ...HEADER,
      wavelength: '{\n1,\n2}',
      'map info': '{UTM, 1, 1, 5, 6, 30, 30, 33, North, WGS-84}',
    });
    for (let end = 0; end < text.length; end++)
      try {
        openEnvi({ text: text.slice(0, end), name: 'cut.hdr' }, memorySource(smallData));
      } catch (error) {
        assert.equal((error as { _tag?: string })._tag, 'RasterError', `${end}: ${error}`);
      }
  });
});

describe('ENVI images', () => {
  const folder = temporaryFolder();

  const codes: Readonly<Partial<Record<SampleType, number>>> = {
    uint8: 1,
    int16: 2,
    int32: 3,
    float32: 4,
    float64: 5,
    uint16: 12,
    uint32: 13,
  };

  /** An image of rows x cols x bands where value = (row * cols + col) * bands + band, in any layout. */
  function makeImage(
    [rows, cols, bands]: readonly [number, number, number],
    layout: { interleave: 'bsq' | 'bil' | 'bip'; type: SampleType; bigEndian: boolean; offset: number },
  ): { scene: Scene; source: ReturnType<typeof memorySource> } {
    const { interleave, type, bigEndian, offset } = layout;
    const sizes = { uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 } as const;
    const bytes = new Uint8Array(offset + rows * cols * bands * sizes[type]);
    const view = new DataView(bytes.buffer);
    const put = {
      uint8: view.setUint8,
      int8: view.setInt8,
      uint16: view.setUint16,
      int16: view.setInt16,
      uint32: view.setUint32,
      int32: view.setInt32,
      float32: view.setFloat32,
      float64: view.setFloat64,
    }[type];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++)
        for (let b = 0; b < bands; b++) {
          const at = {
            bsq: (b * rows + r) * cols + c,
            bil: (r * bands + b) * cols + c,
            bip: (r * cols + c) * bands + b,
          };
          put.call(view, offset + at[interleave] * sizes[type], (r * cols + c) * bands + b, !bigEndian);
        }
    const text = headerText({
      samples: cols,
      lines: rows,
      bands,
      'header offset': offset,
      'data type': codes[type],
      interleave,
      'byte order': bigEndian ? 1 : 0,
    });
    const source = memorySource(bytes);
    return { scene: openEnvi({ text, name: 'image.hdr' }, source), source };
  }

  it('reads the same values from any window, bands, interleave, sample type, byte order and header offset', async () => {
    const dims = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
    );
    const layout = fc.record({
      interleave: fc.constantFrom('bsq', 'bil', 'bip'),
      type: fc.constantFrom(...(Object.keys(codes) as SampleType[])),
      bigEndian: fc.boolean(),
      offset: fc.integer({ min: 0, max: 9 }),
    });
    const part = fc.tuple(
      ...Array.from({ length: 4 }, () => fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    );
    await fc.assert(
      fc.asyncProperty(
        dims,
        layout,
        part,
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        async (size, how, at, picks) => {
          const [rows, cols, bands] = size;
          const { scene } = makeImage(size, how);
          const row = Math.floor(at[0]! * rows);
          const col = Math.floor(at[1]! * cols);
          const window = {
            row,
            col,
            rows: 1 + Math.floor(at[2]! * (rows - row)),
            cols: 1 + Math.floor(at[3]! * (cols - col)),
          };
          const wanted = picks.map((pick) => pick % bands);
          const block = await scene.readWindow(window, wanted);
          const expected: number[] = [];
          for (let r = 0; r < window.rows; r++)
            for (let c = 0; c < window.cols; c++)
              for (const b of wanted) expected.push(((row + r) * cols + col + c) * bands + b);
          assert.deepEqual([...block.data], expected);
          assert.deepEqual([block.rows, block.cols, block.bands], [window.rows, window.cols, wanted.length]);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('reads a window with few requests, and little besides it', async () => {
    const how = { type: 'int16', bigEndian: false, offset: 0 } as const;
    const counts = [];
    for (const interleave of ['bsq', 'bil', 'bip'] as const) {
      const { scene, source } = makeImage([40, 50, 20], { ...how, interleave });
      await scene.readWindow({ row: 10, col: 5, rows: 4, cols: 40 });
      counts.push(source.reads.length);
      const last = source.reads.at(-1)!;
      // Nothing before row 10 or behind row 13: 4 rows of 2,000 bytes, in bsq within each band.
      if (interleave !== 'bsq')
        assert.ok(source.reads[0]!.offset >= 10 * 2000 && last.offset + last.length <= 14 * 2000);
    }
    assert.deepEqual(counts, [1, 1, 1]);
  });

  it('does not read across large gaps, nor more than 4 MiB at once', async () => {
    const how = { type: 'uint8', bigEndian: false, offset: 0 } as const;
    // Lines of 300 samples x 300 bands = 90,000 bytes: in bsq, 2 rows of 2 bands lie 90,000 bytes apart.
    const { scene, source } = makeImage([300, 300, 3], { ...how, interleave: 'bsq' });
    await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 10 }, [0, 2]);
    assert.deepEqual(source.reads, [
      { offset: 0, length: 310 },
      { offset: 180000, length: 310 },
    ]);
    const large = memorySource(new Uint8Array(6_300_000));
    const keys = { samples: 1000, lines: 2100, bands: 3, 'data type': 1, interleave: 'bil' };
    const whole = openEnvi({ text: headerText(keys), name: 'large.hdr' }, large);
    await whole.readWindow(wholeOf(whole));
    assert.equal(large.reads.length, 2);
    assert.ok(large.reads.every(({ length }) => length <= 1 << 22));
  });

  it('prefers windows of whole rows, about 32768 pixels', () => {
    const { scene } = makeImage([40, 2000, 1], { interleave: 'bsq', type: 'uint8', bigEndian: false, offset: 0 });
    assert.deepEqual(scene.block, { rows: 16, cols: 2000 });
  });

  it('closes its data file', async () => {
    const { scene, source } = makeImage([1, 1, 1], { interleave: 'bsq', type: 'uint8', bigEndian: false, offset: 0 });
    await scene.close();
    assert.ok(source.closed);
  });

  it('reads NoData and values that are not finite as invalid pixels', async () => {
    const bytes = new Uint8Array(Float32Array.of(0.5, -9999, Number.NaN, Infinity, 0.25, 1).buffer);
    const keys = { ...HEADER, 'data type': 4, bands: 1, 'data ignore value': -9999 };
    const scene = openEnvi({ text: headerText(keys), name: 'h' }, memorySource(bytes));
    const { spectra, valid } = await scene.readSpectra(wholeOf(scene));
    assert.deepEqual([...valid], [1, 0, 0, 0, 1, 1]);
    assert.deepEqual([...spectra], [0.5, 0, 0, 0, 0.25, 1]);
  });

  it('finds NoData that the header writes with other digits than float32 samples hold', async () => {
    const stored = Math.fround(-3.4e38);
    const bytes = new Uint8Array(Float32Array.of(0.5, stored, 0.1, 0.2, 0.25, 1).buffer);
    const keys = { ...HEADER, 'data type': 4, bands: 1, 'data ignore value': '-3.4e38' };
    const scene = openEnvi({ text: headerText(keys), name: 'h' }, memorySource(bytes));
    assert.equal(scene.bands[0]!.noData, stored);
    assert.deepEqual([...(await scene.readSpectra(wholeOf(scene))).valid], [1, 0, 1, 1, 1, 1]);
  });

  describe('as GDAL writes them', () => {
    const raw = join(folder, 'source.vrt');
    let expected: number[]; // [pixels, bands], as GDAL reads the ramp
    before(function () {
      requireGdal(this);
      // Three bands of 7 x 5 pixels: GDAL's own reading of a raw ramp.
      const ramp = Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 251);
      writeFileSync(join(folder, 'ramp.raw'), ramp);
      const band = (n: number): string =>
        `<VRTRasterBand dataType="Byte" band="${n}" subClass="VRTRawRasterBand"><SourceFilename relativeToVRT="1">ramp.raw</SourceFilename><ImageOffset>${(n - 1) * 35}</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>7</LineOffset></VRTRasterBand>`;
      writeFileSync(raw, `<VRTDataset rasterXSize="7" rasterYSize="5">${[1, 2, 3].map(band).join('')}</VRTDataset>`);
      const columns = [1, 2, 3].map((n) => {
        const text = run('gdal_translate', ['-q', '-b', String(n), '-of', 'XYZ', raw, '/vsistdout/']);
        return text
          .trim()
          .split('\n')
          .map((line) => Number(line.split(' ')[2]));
      });
      expected = columns[0]!.flatMap((_, i) => columns.map((column) => column[i]!));
    });

    for (const interleave of ['BSQ', 'BIL', 'BIP'])
      for (const type of ['Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Float32', 'Float64'])
        it(`reads ${interleave} of ${type}`, async () => {
          const path = join(folder, `${interleave}-${type}.img`);
          run('gdal_translate', ['-q', '-of', 'ENVI', '-ot', type, '-co', `INTERLEAVE=${interleave}`, raw, path]);
          const scene = await openScene(path);
          assert.equal(scene.sampleType, type.toLowerCase().replace('byte', 'uint8'));
          const { data } = await scene.readWindow(wholeOf(scene));
          await scene.close();
          assert.deepEqual([...data], expected);
        });

    for (const [what, srs, epsg] of [
      ['a northern UTM zone', 'EPSG:32633', 32633],
      ['a southern UTM zone', 'EPSG:32719', 32719],
      ['longitude and latitude', 'EPSG:4326', 4326],
    ] as const)
      it(`reads the georeference of ${what}`, async () => {
        const path = join(folder, `map-${epsg}`);
        const corners = epsg === 4326 ? ['12.5', '47.25', '12.85', '47'] : ['300000', '5000000', '300210', '4999900'];
        run('gdal_translate', ['-q', '-of', 'ENVI', '-a_srs', srs, '-a_ullr', ...corners, raw, path]);
        const scene = await openScene(path);
        const { affine } = scene.georeference!;
        const info = JSON.parse(run('gdalinfo', ['-json', path])) as { geoTransform: number[] };
        const [x, a, b, y, d, e] = info.geoTransform;
        // The header holds 15 digits.
        for (const [i, value] of [a, b, x, d, e, y].entries()) assert.ok(Math.abs(value! - affine[i]!) <= 1e-12);
        assert.equal(scene.georeference!.epsg, epsg);
        await scene.close();
      });

    it('reads a rotated map info as GDAL does', async () => {
      const path = join(folder, 'rotated.img');
      run('gdal_translate', ['-q', '-of', 'ENVI', raw, path]);
      const header = join(folder, 'rotated.hdr');
      const plain = readFileSync(header, 'utf8').replace(/^map info.*\n/m, '');
      const map = 'map info = {UTM, 1, 1, 300000, 5000000, 30, 20, 33, North, WGS-84, units=Meters, rotation=25}\n';
      writeFileSync(header, plain + map);
      const scene = await openScene(header);
      const info = JSON.parse(run('gdalinfo', ['-json', path])) as { geoTransform: number[] };
      const [x, a, b, y, d, e] = info.geoTransform as [number, number, number, number, number, number];
      const expected = [a, b, x, d, e, y];
      // The sines and cosines may differ in their last bit; coordinates are of the order of 5e6.
      for (const [i, value] of scene.georeference!.affine.entries())
        assert.ok(Math.abs(value - expected[i]!) < 1e-8, `${i}: ${value} ${expected[i]}`);
      assert.equal(scene.georeference!.epsg, 32633);
      await scene.close();
    });
  });

  it('puts the reference pixel where the map info says, rotated or not', () => {
    for (const rotation of [0, 25, -140]) {
      const scene = openSmall({ 'map info': `{Arbitrary, 3.5, 2, 300000, 5000000, 30, 20, rotation=${rotation}}` });
      const [a, b, c, d, e, f] = scene.georeference!.affine;
      assert.ok(Math.abs(a * 2.5 + b * 1 + c - 300000) < 1e-8);
      assert.ok(Math.abs(d * 2.5 + e * 1 + f - 5000000) < 1e-8);
    }
  });

  it('takes the EPSG code from the authority of a coordinate system string before the map info', () => {
    const utm = '{UTM, 1, 1, 0, 0, 30, 30, 33, North, WGS-84}';
    const epsgOf = (keys: Record<string, string>): number | undefined => openSmall(keys).georeference?.epsg;
    assert.equal(epsgOf({ 'map info': utm }), 32633);
    assert.equal(
      epsgOf({
        'map info': utm,
        'coordinate system string': '{PROJCS["x",GEOGCS["y",AUTHORITY["EPSG","4258"]],AUTHORITY["EPSG","25833"]]}',
      }),
      25833,
    );
    assert.equal(epsgOf({ 'map info': '{UTM, 1, 1, 0, 0, 30, 30, 33, North, North America 1983}' }), undefined);
    assert.equal(epsgOf({ 'map info': '{Arbitrary, 1, 1, 0, 0, 1, 1}' }), undefined);
    assert.equal(openSmall().georeference, undefined);
  });

  it('reads a real EMIT crop as GDAL does', async function () {
    requireGdal(this);
    const path = requireData(this, 'emit-sample/emit20250324t221005_jpl_unmix_ex');
    const scene = await openScene(path);
    assert.deepEqual([scene.rows, scene.cols, scene.bands.length, scene.sampleType], [10, 10, 285, 'float32']);
    assert.equal(scene.bands[0]!.wavelength, 381.0055927);
    assert.equal(scene.bands[284]!.fwhm, 8.809000000000001);
    assert.equal(
      scene.bands.filter(({ bad }) => bad).length,
      readFileSync(`${path}.hdr`, 'utf8').split('bbl =')[1]!.match(/\b0\b/g)!.length,
    );
    const { data } = await scene.readWindow({ row: 3, col: 7, rows: 1, cols: 1 });
    const expected = run('gdallocationinfo', ['-valonly', path, '7', '3']).trim().split('\n').map(Number);
    assert.deepEqual([...data], expected.map(Math.fround));
    await scene.close();
  });

  it('says so when a data file shrinks while it is read', async () => {
    const path = join(folder, 'shrinks');
    writeFileSync(path, smallData);
    const source = await openFile(path);
    const scene = openEnvi({ text: headerText(HEADER), name: 'h' }, source);
    writeFileSync(path, smallData.subarray(0, 10));
    await assertRefused(() => scene.readWindow(wholeOf(scene)), /shrinks/);
    await scene.close();
  });
});
