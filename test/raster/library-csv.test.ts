import assert from 'node:assert/strict';
import { readSpectralLibraryCsv, type SpectralLibrary, writeSpectralLibraryCsv } from '@egunet/raster';
import fc from 'fast-check';
import { assertRefused } from './memory.js';

const read = (text: string, options = {}): SpectralLibrary => readSpectralLibraryCsv(text, 'x.csv', options);
const floats = (...values: number[]): Float32Array => Float32Array.from(values);

describe('spectral libraries in CSV', () => {
  it('hold a column a spectrum below `wavelength`', () => {
    assert.deepEqual(read('wavelength,soil,grass\n400,0.1,0.2\n500,0.3,0.4\n'), {
      names: ['soil', 'grass'],
      wavelengths: [400, 500],
      spectra: floats(0.1, 0.3, 0.2, 0.4),
    });
  });

  it('hold widths in a second column `fwhm`', () => {
    const { fwhm, names } = read('Wavelength (um),FWHM (um),soil\n0.4,0.006,0.1\n0.5,0.01,0.3\n');
    assert.deepEqual([fwhm, names], [[6, 10], ['soil']]);
  });

  it('hold a spectrum a line below headings that are wavelengths', () => {
    const expected = {
      names: ['soil', 'grass'],
      wavelengths: [400, 500],
      spectra: floats(0.1, 0.3, 0.2, 0.4),
    };
    assert.deepEqual(read('kind,400,500 nm\nsoil,0.1,0.3\ngrass,0.2,0.4\n'), expected);
    assert.deepEqual(read('class,400,500 nm\nsoil,0.1,0.3\ngrass,0.2,0.4\n'), {
      ...expected,
      attributes: [{ class: 'soil' }, { class: 'grass' }],
    });
  });

  it('hold a spectrum a line also where `wavelength` stands over the names', () => {
    assert.deepEqual(read('wavelength,400,500\nsoil,0.1,0.3\n').names, ['soil']);
    assert.deepEqual(read('wavelength,400,500\n450,0.1,0.3\n').names, ['400', '500']);
  });

  it('pass over columns headed by other words, and name spectra by the column `name`', () => {
    const library = read('level,name,0.4,source,0.5um\na,soil,0.1,x,0.3\nb,,0.2,y,0.4\n');
    assert.deepEqual(
      [library.names, library.wavelengths],
      [
        ['soil', 'spectrum 2'],
        [400, 500],
      ],
    );
    assert.deepEqual(library.spectra, floats(0.1, 0.3, 0.2, 0.4));
    assert.deepEqual(read('400,500\n0.1,0.2\n').names, ['spectrum 1']);
  });

  for (const heading of ['wavelength', 'Wavelengths', 'wavelength_nm', 'Wavelength (nm)', 'wl [nm]', 'lambda', 'wl'])
    it(`know '${heading}' as a column of nm`, () =>
      assert.deepEqual(read(`${heading},a\n400,0\n500,0\n`).wavelengths, [400, 500]));

  for (const heading of ['wavelength', 'wavelength_um', 'Wavelength (micrometers)', 'wl [µm]'])
    it(`know '${heading}' over 0.4 and 0.5 as micrometres`, () =>
      assert.deepEqual(read(`${heading},a\n0.4,0\n0.5,0\n`).wavelengths, [400, 500]));

  it('may be without wavelengths, below `band`', () => {
    const library = read('band,a,b\n1,0.1,0.2\n2,0.3,0.4\n');
    assert.deepEqual(library, { names: ['a', 'b'], spectra: floats(0.1, 0.3, 0.2, 0.4) });
  });

  it('may be without wavelengths, a spectrum a line, beside `band`', () => {
    const turned = 'band,1,2,3\nsoil,0.1,0.2,0.3\ngrass,0.4,0.5,0.6\n';
    assert.deepEqual(read(turned), { names: ['soil', 'grass'], spectra: floats(0.1, 0.2, 0.3, 0.4, 0.5, 0.6) });
    const numbers = Array.from({ length: 224 }, (_, b) => b + 1);
    assert.equal(read(`band,${numbers.join()}\nsoil,${numbers.map((b) => b / 224).join()}\n`).spectra.length, 224);
    assert.deepEqual(read('band,soil,grass\n1,0.1,0.4\n2,0.2,0.5\n3,0.3,0.6\n'), read(turned));
  });

  it('may have names that are numbers, where it is plain which the wavelengths are', () => {
    const spectra = floats(0.1, 0.3, 0.2, 0.4);
    assert.deepEqual(read('wavelength,1,2\n400,0.1,0.2\n500,0.3,0.4\n'), { names: ['1', '2'], wavelengths: [400, 500], spectra }); // biome-ignore format: one line says more
    assert.deepEqual(read('name,400,500\n1,0.1,0.3\n2,0.2,0.4\n'), { names: ['1', '2'], wavelengths: [400, 500], spectra }); // biome-ignore format: one line says more
    assert.deepEqual(read('wavelength_um,400,500\n1,0.1,0.2\n2,0.3,0.4\n'), { names: ['400', '500'], wavelengths: [1000, 2000], spectra }); // biome-ignore format: one line says more
    assert.deepEqual(read('band,400,500\n1,0.1,0.2\n2,0.3,0.4\n'), { names: ['400', '500'], spectra });
  });

  it('may use semicolons or tabs, quotes, comments, blank lines, any line end and a byte order mark', () => {
    const expected = {
      names: ['dry; "dead" grass', 'b'],
      wavelengths: [400, 500],
      spectra: floats(0.1, 0.3, 0.2, 0.4),
    };
    assert.deepEqual(
      read('\uFEFF# a; comment\r\n\r\nwavelength;"dry; ""dead"" grass"; b\r\n400;0.1;0.2\r\n#\r\n500;.3;4e-1'),
      expected,
    );
    assert.deepEqual(read('wavelength\tdry; "dead" grass\tb\n400\t0.1\t0.2\n500\t0.3\t0.4\n'), expected);
  });

  it('hand out the other columns of a spectrum a line by their headings', () => {
    const { attributes } = read('level,name,0.4,Class,0.5um\na,soil,0.1,ba\u0007re,0.3\nb,,0.2,,0.4\n');
    assert.deepEqual(attributes, JSON.parse('[{"level":"a","Class":"ba re"},{"level":"b","Class":""}]'));
    for (const plain of ['band,1,2\nsoil,0.1,0.2\n', 'kind,400\na,0.1\n', '400,500\n0.1,0.2\n', 'band,a\n1,0\n'])
      assert.ok(!('attributes' in read(plain)));
  });

  it('are sorted by wavelength', () => {
    const library = read('wavelength,fwhm,a,b\n500,9,1,3\n400,8,2,4\n', { reflectanceScale: 1 });
    assert.deepEqual([library.wavelengths, library.fwhm, library.spectra], [[400, 500], [8, 9], floats(2, 1, 4, 3)]);
  });

  it('tell equal names apart by numbers', () => {
    assert.deepEqual(read('n,400\nsoil,0\nsoil,0\nsoil (2),0\nsoil,0\n').names, [
      'soil',
      'soil (3)',
      'soil (2)',
      'soil (4)',
    ]);
  });

  it('are scaled to reflectance where asked, and refused where they need it', async () => {
    const percent = 'wavelength,a,b\n400,10,20\n500,30,40\n';
    assert.deepEqual(read(percent, { reflectanceScale: 0.01 }).spectra, floats(0.1, 0.3, 0.2, 0.4));
    await assertRefused(
      () => read(percent),
      /x\.csv: most of its 2 spectra of 2 bands exceed 2, .* give their scale .* or exchange lines and columns/,
    );
    // One odd spectrum of three is no reason to doubt the others.
    assert.deepEqual(read('wavelength,a,b,c\n400,0,0,40\n').spectra, floats(0, 0, 40));
  });

  it('keep NaN as no value', () => {
    assert.ok(Number.isNaN(read('wavelength,a\n400,NaN\n').spectra[0]));
  });

  for (const [what, text, message] of [
    ['an empty text', ' \n# nothing\n', /x\.csv: is empty/],
    [
      'headings without wavelengths',
      'name,red,blue\na,1,2\n',
      /no wavelengths: the headings in line 1 are 'name', 'red', 'blue'; the first line should be 'wavelength' and .* or/,
    ],
    [
      'numbers of spectra below `wavelength`, which could be micrometres',
      'wavelength,400,500,600\n1,0.1,0.2,0.3\n2,0.1,0.2,0.3\n',
      /line 1: 'wavelength' stands over 1, \.\.\. and beside 400, \.\.\.; head the first column 'name' where it numbers 2 spectra, or 'wavelength_um' where it holds the wavelengths of 3/,
    ],
    [
      'no headings at all',
      '400,0.1,0.2\n500,0.1,0.2\n',
      /line 1 is read as wavelengths, but 0\.1 to 400 nm is no instrument's range; the first line should be 'wavelength'/,
    ],
    [
      'widths in a line',
      'wavelength,400,500\nfwhm,10,10\na,0.1,0.2\n',
      /line 2: 'fwhm' is no spectrum; leave the line out, or turn the table around/,
    ],
    ['headings alone', 'wavelength,a\n', /no spectra below/],
    ['a column of wavelengths alone', 'wavelength\n400\n', /line 1: no column beside 'wavelength'/],
    [
      'a cell that is no number',
      '#\nwavelength,a\n400,0.1\n500,high\n',
      /line 4, column 2: should be a number, got 'high'/,
    ],
    ['an empty cell', 'wavelength,a,b\n400,,0.1\n', /line 2, column 2: should be a number, got ''/],
    ['a cell of a spectrum a line', 'n,400,500\na,0.1,-\n', /line 2, column 3: should be a number, got '-'/],
    ['a line too short', 'wavelength,a,b\n400,0.1\n', /line 2: 2 cells, but the headings in line 1 are 3/],
    ['a quote that does not close', 'wavelength,"a\n400,0.1\n', /line 1: a quote does not close/],
    ['text behind a quote', 'wavelength,"a"b\n400,0.1\n', /line 1: a quote does not close, or text follows it/],
    ['an unknown unit', 'wavelength (GHz),a\n400,0.1\n', /'GHz' is no unit of wavelength/],
    ['two bands at a wavelength', 'wavelength,a\n400,0.1\n400,0.2\n', /two bands at 400 nm/],
    ['a wavelength of zero', 'wavelength,a\n0,0.1\n', /0 is no wavelength; correct band 1/],
  ] as const)
    it(`are refused: ${what}`, () => assertRefused(() => read(text), message));

  it('are refused with a scale that is none', () =>
    assertRefused(
      () => read('wavelength,a\n400,0.1\n', { reflectanceScale: 0 }),
      /should be a positive number, got 0/,
    ));

  it('read back as they were written', () => {
    const name = fc.string({ minLength: 1, maxLength: 8 }).map((text) => text.trim() || '_');
    const value = fc.float({ min: -1, max: 2, noDefaultInfinity: true }).map((v) => (Object.is(v, -0) ? 0 : v));
    const widths = fc.uniqueArray(fc.integer({ min: 1000, max: 99999 }), { minLength: 1, maxLength: 5 });
    const library = fc
      .tuple(fc.uniqueArray(name, { minLength: 1, maxLength: 4 }), widths, fc.boolean())
      .chain(([names, tenths, wide]) =>
        fc
          .array(value, { minLength: names.length * tenths.length, maxLength: names.length * tenths.length })
          .map((values) => {
            const wavelengths = tenths.map((w) => w / 10).sort((a, b) => a - b);
            return {
              names,
              wavelengths,
              ...(wide && { fwhm: wavelengths.map((w) => w / 100) }),
              spectra: Float32Array.from(values),
            };
          }),
      );
    fc.assert(
      fc.property(library, (written) => assert.deepEqual(read(writeSpectralLibraryCsv(written)), written)),
      { seed: 1, numRuns: 300 },
    );
    const plain = { names: ['a', 'b'], spectra: floats(0.1, 0.2, 0.3, 0.4) };
    assert.deepEqual(read(writeSpectralLibraryCsv(plain)), plain);
  });
});
