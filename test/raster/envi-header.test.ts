import assert from 'node:assert/strict';
import { openEnvi } from '@egunet/raster';
import { HEADER, headerText, openSmall, smallData } from './envi-support.js';
import { assertRefused, memorySource } from './memory.js';

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
