// Spectra of the ECOSTRESS and USGS libraries.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SpectralLibrary } from '@egunet/raster';
import { readSpectralLibraries, readSpectralLibrary } from '@egunet/raster/node';
import {
  column,
  ECOSTRESS_ATTRIBUTES,
  type Ecostress,
  ecostress,
  floats,
  folderOf,
  onlyLibrary,
  SLIME,
  usgs,
  WAVELENGTHS,
  wavelengths,
} from './library-ascii-support.js';
import { assertRefused } from './memory.js';

describe('ECOSTRESS and ASTER spectra', () => {
  const read = (file: Ecostress, options = {}): Promise<SpectralLibrary> =>
    readSpectralLibrary(join(folderOf({ 'grey.spectrum.txt': ecostress(file) }), 'grey.spectrum.txt'), options);

  it('are read by their units, ascending, with what the header tells', async () => {
    assert.deepEqual(await read({}), {
      names: ['Grey sample'],
      wavelengths: [400, 2500],
      spectra: floats(0.1, 0.2),
      attributes: [{ File: 'grey.spectrum.txt', ...ECOSTRESS_ATTRIBUTES }],
    });
  });

  for (const [x, y, row, wavelength] of [
    ['Wavelength (micrometer)', ' Reflectance (percentage)', ' 0.5000 50', 500],
    [' Wavelength (nanometers)', ' reflectance (%)', '500,50', 500],
    ['Wavelength (microns)', 'Reflectance (fraction)', '5e-1\t.5', 500],
    ['Wavelength (um)', 'Reflectance (unitless)', '0.5;0.5', 500],
  ] as const)
    it(`know '${x}' and '${y}'`, async () => {
      const library = await read({ x, y, rows: [row] });
      assert.deepEqual([library.wavelengths, library.spectra], [[wavelength], floats(0.5)]);
    });

  it('may leave out the number of values', async () => {
    assert.equal((await read({ count: '' })).spectra.length, 2);
  });

  it('may be indented', async () => {
    const text = ecostress().replace(/^/gm, '  ');
    assert.deepEqual((await onlyLibrary(folderOf({ 'a.txt': text }))).wavelengths, [400, 2500]);
  });

  it('may be Latin-1', async () => {
    const text = Buffer.from(ecostress().replace('Grey  sample', 'Gr\u00e8s'), 'latin1');
    assert.deepEqual((await onlyLibrary(folderOf({ 'a.txt': text }))).names, ['Gr\u00e8s']);
  });

  for (const [what, file, message] of [
    ['an unknown unit of X', { x: 'Wavenumber (cm-1)' }, /grey\.spectrum\.txt: 'X Units: Wavenumber \(cm-1\)' is no unit of wavelength; correct the line/],
    ['a unit of X that is none', { x: 'Wavelength (furlongs)' }, /'X Units: Wavelength \(furlongs\)' is no unit/],
    ['no unit of X', { x: '' }, /'X Units: ' is no unit of wavelength/],
    ['an empty unit of X', { x: 'Wavelength ()' }, /'X Units: Wavelength \(\)' is no unit of wavelength/],
    ['a unit of X cut short', { x: 'Wavelength (um,' }, /'X Units: Wavelength \(um,' is no unit of wavelength/],
    ['another quantity in X', { x: 'Depth (um)' }, /'X Units: Depth \(um\)' is no unit of wavelength/],
    ['X without a unit', { x: 'Wavelength (unknown)' }, /is no unit of wavelength/],
    ['an unknown unit of Y', { y: 'Reflectance (furlongs)' }, /'Y Units: Reflectance \(furlongs\)' is no unit of reflectance; correct the line/],
    ['another quantity in Y', { y: 'Brightness (percent)' }, /'Y Units: Brightness \(percent\)' is no unit of reflectance/],
    ['transmittance', { y: ' Transmittance (percent)' }, /'Y Units: Transmittance \(percent\)' is no reflectance; name a spectrum of reflectance/],
    ['fewer values than stated', { count: '3' }, /holds 2 values, but its header states 3; the file is damaged or cut short, get it again/],
    ['no values', { count: '', rows: [] }, /holds 0 values, but its header states no number of them/],
    ['a line cut short', { rows: ['0.4 10', '0.5'] }, /line 19: should be a wavelength and a value, got '0\.5'; the file is damaged or cut short/],
    ['a word among the values', { rows: ['0.4 10', '0.5 high'] }, /line 19: .* got '0\.5 high'/],
    ['values beyond reflectance', { y: 'Reflectance (fraction)' }, /2 of 2 values are beyond -2 to 2, so they are no reflectance; correct its line 'Y Units: Reflectance \(fraction\)'/],
    ['a value alone', { rows: ['0.4 10', ', 11'] }, /line 19: .* got ', 11'/],
    ['a wavelength twice', { rows: ['0.4 10', '0.4 11'] }, /two bands at 400 nm; leave one of them out/],
  ] as const) // biome-ignore format: one line a case says more
    it(`are refused with ${what}`, () => assertRefused(() => read(file), message));

  it('are refused with a scale besides their own', () =>
    assertRefused(() => read({}, { reflectanceScale: 0.01 }), /already states its scale \('Y Units: Reflectance \(percent\)'\)/)); // biome-ignore format: one line says more
});

describe('USGS spectra', () => {
  const nothing = Number.NaN;

  it('take their wavelengths and widths from the files of the instrument beside them', async () => {
    const folder = folderOf({
      [WAVELENGTHS]: wavelengths,
      'splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt': column('splib07a Record=18: Wavelengths', [1, 2, 3]),
      'splib07b_Wavelengths_ASDFR_0.35-2.5microns_2151ch.txt': column('splib07b Record=1: Wavelengths', [4, 5, 6]),
      'splib07a_Bandpass_(FWHM)_ASDFR_StandardResolution.txt': column('splib07a Record=29: B', [0.003, 0.004, 0.005]),
      'splib07a_Bandpass_(FWHM)_ASDHR_High-Resolution.txt': column('splib07a Record=35: B', [1, 1, 1]),
      [SLIME]: usgs([0.1, -1.23e34, 2.1]),
    });
    assert.deepEqual(await readSpectralLibrary(join(folder, SLIME)), {
      names: ['Green slime GDS1'],
      wavelengths: [350, 360, 370],
      fwhm: [3, 4, 5],
      spectra: floats(0.1, nothing, 2.1), // one value beyond 2 is noise
      attributes: [{ File: SLIME, Record: '99', Instrument: 'ASDFRa', Measurement: 'AREF' }],
    });
  });

  for (const [code, file] of [
    ['ASDHRb', WAVELENGTHS],
    ['ASDNGaa', 'splib07a_Wavelengths_ASDFR_0.35-2.5microns_2151ch.txt'],
    ['BECKa', 'splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt'],
    ['NIC4AA', 'splib07a_Wavelengths_NIC4_Nicolet_1.12-216microns.txt'],
    ['AVIRISb', 'splib07a_Wavelengths_AVIRIS_1996_0.37-2.5_microns.txt'],
  ] as const)
    it(`of ${code.slice(0, 5)} belong to ${file.slice(9, 25)}..., also in the folder above`, async () => {
      const folder = folderOf({
        [file]: column('splib07a Record=1: Wavelengths', [1, 3, 2]), // detectors overlap
        'splib07a_Wavenumber_NIC4_Nicolet_8,900_-_46_cm^-1.txt': column('splib07a Record=74: Wavenumber', [9, 8, 7]),
        'splib07a_Bandpass_(FWHM)_ASDFR_StandardResolution.txt': column('splib07a Record=29: B', [1, 1, 1]),
        'ChapterM_Minerals/x.txt': usgs([0.1, 0.2, 0.3], `${code} RREF`),
      });
      const { names, attributes, ...bands } = await onlyLibrary(join(folder, 'ChapterM_Minerals'));
      assert.deepEqual(bands, { wavelengths: [1000, 2000, 3000], spectra: floats(0.1, 0.3, 0.2) });
      assert.deepEqual([names, attributes![0]!.Instrument], [['Green slime GDS1'], code]);
    });

  it('convolved to a sensor share its bands, whatever measured them', async () => {
    const folder = folderOf({
      's07_AV97_AVIRIS_1997_Wavelengths_(microns)_224ch.txt': column('s07_AV97 Record=3: W', [1, 2]),
      's07_AV97_AVIRIS_1997_Wavelengths_(nm)_224ch.txt': column('s07_AV97 Record=4: W', [1000, 2000]),
      'splib07a_Wavelengths_BECK_Beckman_0.2-3.0_microns.txt': column('splib07a Record=18: W', [5, 6]),
      's07_AV97_Bandpass_(FWHM)_um.txt': column('s07_AV97 Record=5: B', [0.01, 0.01]),
      's07_AV97_Bandpass_(FWHM)_nm.txt': column('s07_AV97 Record=6: B', [10, 10]),
      'a.txt': usgs([0.1, 0.2], 'BECKa AREF', 's07_AV97'),
      'b.txt': usgs([0.3, 0.4], 'ASDHRa AREF', 's07_AV97'),
    });
    const { names, wavelengths: centres, fwhm, spectra } = await onlyLibrary(folder);
    assert.deepEqual([centres, fwhm, spectra], [[1000, 2000], [10, 10], floats(0.1, 0.2, 0.3, 0.4)]);
    assert.deepEqual(names, ['Green slime GDS1', 'Green slime GDS1 (2)']);
  });

  it('on the same wavelengths are libraries of their own where their widths differ', async () => {
    const folder = folderOf({
      [WAVELENGTHS]: wavelengths,
      'splib07a_Bandpass_(FWHM)_ASDFR_StandardResolution.txt': column('splib07a Record=29: B', [0.003, 0.004, 0.005]),
      'splib07a_Bandpass_(FWHM)_ASDHR_High-Resolution.txt': column('splib07a Record=35: B', [0.001, 0.001, 0.001]),
      'a.txt': usgs([0.1, 0.2, 0.3], 'ASDFRa AREF'),
      'b.txt': usgs([0.1, 0.2, 0.3], 'ASDHRa AREF'),
      'c.txt': usgs([0.1, 0.2, 0.3], 'ASDFRb AREF'),
    });
    const { libraries } = await readSpectralLibraries(folder);
    assert.deepEqual(
      libraries.map(({ fwhm, names }) => [fwhm, names.length]),
      [
        [[3, 4, 5], 2],
        [[1, 1, 1], 1],
      ],
    );
  });

  for (const [why, ...widths] of [
    ['a channel of them is none', [0.003, 0, 0.005]],
    ['they are of other channels', [0.003, 0.004]],
    ['two files have them', [0.003, 0.004, 0.005], [0.003, 0.004, 0.006]],
  ] as const)
    it(`have no widths where ${why}`, async () => {
      const folder = folderOf({ [WAVELENGTHS]: wavelengths, [SLIME]: usgs([0, 0, 0]) });
      for (const [i, values] of widths.entries())
        writeFileSync(join(folder, `splib07a_Bandpass_(FWHM)_ASDFR_${i}.txt`), column('splib07a Record=29: B', values));
      assert.equal((await onlyLibrary(folder)).fwhm, undefined);
    });

  it('are scaled where asked', async () => {
    const folder = folderOf({ [WAVELENGTHS]: wavelengths, [SLIME]: usgs([10, 20, 30]) });
    const { libraries } = await readSpectralLibraries(folder, { reflectanceScale: 0.01 });
    assert.deepEqual(libraries[0]!.spectra, floats(0.1, 0.2, 0.3));
    const asTheyAre = await readSpectralLibraries(folder, { reflectanceScale: 1 });
    assert.deepEqual(asTheyAre.libraries[0]!.spectra, floats(10, 20, 30));
  });

  const good = usgs([0.1, 0.2, 0.3]);
  for (const [what, files, message] of [
    ['no file of wavelengths', { [SLIME]: good }, /AREF\.txt: no wavelengths for its 3 channels; put the library's file splib07a_Wavelengths_ASD_\*\.txt beside it or into the folder above/],
    ['no file of a sensor', { [SLIME]: usgs([0.1], 'ASDFRa AREF', 's07_ASD') }, /put the library's file s07_ASD_Wavelengths_\*\.txt beside it/],
    ['fewer channels than wavelengths', { [WAVELENGTHS]: wavelengths, [SLIME]: usgs([0.1, 0.2]) }, /AREF\.txt: 2 channels, but the wavelengths are 3 in .*2151_ch\.txt; one of the files is cut short/],
    ['two files of wavelengths', { [WAVELENGTHS]: wavelengths, 'splib07a_Wavelengths_ASDFR.txt': wavelengths, [SLIME]: good }, /its wavelengths may be those of .*ASDFR\.txt or .*2151_ch\.txt; leave one of them there/],
    ['a title alone', { [WAVELENGTHS]: wavelengths, [SLIME]: usgs([]) }, /no values below its title; the file is cut short/],
    ['a word among the values', { [WAVELENGTHS]: wavelengths, [SLIME]: good.replace(/2\.0+e-1/, '2.0e') }, /AREF\.txt: line 3: should be a number, got '2\.0e'; the file is damaged, get it again/],
    ['an empty line among the values', { [WAVELENGTHS]: wavelengths, [SLIME]: good.replace(/ 2\.0+e-1/, '') }, /line 3: should be a number, got ''/],
    ['a word among the wavelengths', { [WAVELENGTHS]: wavelengths.replace(/3\.6\S*/, '-'), [SLIME]: good }, /2151_ch\.txt: line 3: should be a number, got '-'/],
    ['values beyond reflectance', { [WAVELENGTHS]: wavelengths, [SLIME]: usgs([10, 20, 0.3]) }, /AREF\.txt: 2 of 3 values are beyond -2 to 2, so they are no reflectance; give their scale \(0\.01 for percent/],
    ['transmittance', { [SLIME]: usgs([0.1], 'NIC4aa TRAN') }, /AREF\.txt: measures TRAN, no reflectance; name a spectrum of reflectance/],
    ['wavelengths in place of a spectrum', { [SLIME]: wavelengths }, /'Wavelengths ASD' is no spectrum; name a spectrum/],
  ] as const) // biome-ignore format: one line a case says more
    it(`are refused with ${what}`, () =>
      assertRefused(() => readSpectralLibrary(join(folderOf(files), SLIME)), message));
});
