import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  makeLibrary,
  readSpectralLibraryCsv,
  readSpectralLibraryEnvi,
  resampleLibrary,
  type SpectralLibrary,
  writeSpectralLibraryCsv,
  writeSpectralLibraryEnvi,
} from '@egunet/raster';
import { readSpectralLibrary, saveSpectralLibrary, writeFiles } from '@egunet/raster/node';
import fc from 'fast-check';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertRefused, memorySource } from './memory.js';

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
    assert.deepEqual(read('class,400,500 nm\nsoil,0.1,0.3\ngrass,0.2,0.4\n'), {
      names: ['soil', 'grass'],
      wavelengths: [400, 500],
      spectra: floats(0.1, 0.3, 0.2, 0.4),
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
    await assertRefused(() => read(percent), /x\.csv: most spectra exceed 2, .* give its scale/);
    // One odd spectrum of three is no reason to doubt the others.
    assert.deepEqual(read('wavelength,a,b,c\n400,0,0,40\n').spectra, floats(0, 0, 40));
  });

  it('keep NaN as no value', () => {
    assert.ok(Number.isNaN(read('wavelength,a\n400,NaN\n').spectra[0]));
  });

  for (const [what, text, message] of [
    ['an empty text', ' \n# nothing\n', /x\.csv: is empty/],
    ['headings without wavelengths', 'name,red,blue\na,1,2\n', /no wavelengths: the headings in line 1 should start/],
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
    const name = fc.string({ minLength: 1, maxLength: 8 }).map((text) => text.replace(/[\r\n\uFEFF]/g, '_'));
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

describe('ENVI spectral libraries', () => {
  const library: SpectralLibrary = {
    names: ['soil', 'dry grass'],
    wavelengths: [400, 500, 600.5],
    fwhm: [6, 7, 8],
    spectra: floats(0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
  };
  const reread = ({ header, data }: { header: string; data: Uint8Array }, options = {}): Promise<SpectralLibrary> =>
    readSpectralLibraryEnvi({ text: header, name: 'x.hdr' }, memorySource(data, 'x.sli'), options);

  it('read back as they were written', async () => {
    assert.deepEqual(await reread(writeSpectralLibraryEnvi(library)), library);
    const plain = { names: ['a'], spectra: floats(0.1, Number.NaN) };
    assert.deepEqual(await reread(writeSpectralLibraryEnvi(plain)), plain);
  });

  it('write commas and braces in names as ENVI can hold them', async () => {
    const { names } = await reread(writeSpectralLibraryEnvi({ ...library, names: ['a, b', 'c {d}'] }));
    assert.deepEqual(names, ['a; b', 'c  d']);
  });

  it('apply the scale factor, and read ignored and deleted values as NaN', async () => {
    const { header } = writeSpectralLibraryEnvi(library);
    const data = new Uint8Array(floats(1000, -9999, -1.23e34, 4000, 5000, 6000).buffer);
    const text = `${header}reflectance scale factor = 10000\ndata ignore value = -9999\n`;
    assert.deepEqual(
      (await reread({ header: text, data })).spectra,
      floats(0.1, Number.NaN, Number.NaN, 0.4, 0.5, 0.6),
    );
  });

  it('read values as ignored that the header writes with other digits than float32 samples hold', async () => {
    const { header } = writeSpectralLibraryEnvi(library);
    const data = new Uint8Array(floats(1, -0.1, 0.3, 0.4, 0.5, 0.6).buffer);
    const { spectra } = await reread({ header: `${header}data ignore value = -0.1\n`, data });
    assert.deepEqual(spectra, floats(1, Number.NaN, 0.3, 0.4, 0.5, 0.6));
  });

  it('have widths only where every one is positive', async () => {
    const { header, data } = writeSpectralLibraryEnvi(library);
    const unknown = header.replace(/fwhm = \{[^}]*\}/, 'fwhm = {6, 0, 8}');
    assert.notEqual(unknown, header);
    const { fwhm, wavelengths } = await reread({ header: unknown, data });
    assert.deepEqual([fwhm, wavelengths], [undefined, library.wavelengths]);
  });

  it('take a scale only where the header states none', async () => {
    const { header, data } = writeSpectralLibraryEnvi(library);
    const { spectra } = await reread({ header, data }, { reflectanceScale: 0.5 });
    assert.equal(spectra[1], Math.fround(0.1));
    const stated = { header: `${header}reflectance scale factor = 100\n`, data };
    await assertRefused(() => reread(stated, { reflectanceScale: 0.5 }), /already states its scale \(gain 0\.01/);
  });

  it('name spectra by number where the header does not', async () => {
    const { header, data } = writeSpectralLibraryEnvi(library);
    const { names } = await reread({ header: header.replace('spectra names', 'other names'), data });
    assert.deepEqual(names, ['spectrum 1', 'spectrum 2']);
  });

  it('are refused where they are damaged, or images', async () => {
    const { header, data } = writeSpectralLibraryEnvi(library);
    await assertRefused(
      () => reread({ header, data: data.subarray(0, 20) }),
      /x\.sli: 20 bytes, but its header wants 24 \(2 spectra of 3 bands\)/,
    );
    await assertRefused(() => reread({ header: header.replace('bands = 1', 'bands = 4'), data }), /this is an image/);
    await assertRefused(
      () => reread({ header: header.replace('soil,', ''), data }),
      /'spectra names' should list 2 names, got 1/,
    );
  });

  it('read the spectra of earthlib as numpy does', async function () {
    const path = requireData(this, 'earthlib/spectra.sli');
    const earthlib = await readSpectralLibrary(path);
    assert.deepEqual([earthlib.names.length, earthlib.wavelengths!.length], [7261, 180]);
    assert.deepEqual(earthlib.wavelengths!.slice(0, 3), [400, 410, 420]);
    assert.equal(earthlib.names[3], 'FS15R_FS4279');
    // numpy.fromfile(FILE, '<f4').reshape(7261, 180)[[0, 5000, 7260], [0, 77, 179]]
    const seen = [0, 5000 * 180 + 77, 7260 * 180 + 179].map((i) => earthlib.spectra[i]);
    assert.deepEqual(seen, [0.0758385, 0.12069136, 0.02350743].map(Math.fround));
    assert.deepEqual(await readSpectralLibrary(`${path}.hdr`), earthlib);
  });
});

describe('spectral libraries on disk', () => {
  const folder = temporaryFolder();
  const library: SpectralLibrary = { names: ['a', 'b'], wavelengths: [400, 500], spectra: floats(0.1, 0.2, 0.3, 0.4) };

  for (const ending of ['csv', 'sli'])
    it(`are written as .${ending}, refused where one is there, and overwritten where asked`, async () => {
      const path = join(folder, `library.${ending}`);
      await saveSpectralLibrary(path, library);
      assert.deepEqual(await readSpectralLibrary(path), library);
      const other = { ...library, names: ['c', 'd'] };
      await assertRefused(() => saveSpectralLibrary(path, other), /exists already/);
      await saveSpectralLibrary(path, other, { overwrite: true });
      assert.deepEqual(await readSpectralLibrary(path), other);
    });

  it('leave nothing behind where one of two files cannot be written', async () => {
    const path = join(folder, 'half.sli');
    writeFileSync(path, 'here first');
    await assertRefused(() => saveSpectralLibrary(path, library), /half\.sli: exists already/);
    assert.deepEqual(
      readdirSync(folder).filter((file) => file.startsWith('half')),
      ['half.sli'],
    );
    assert.equal(readFileSync(path, 'utf8'), 'here first');
  });

  it('are written as GDAL reads them', async function () {
    requireGdal(this);
    const path = join(folder, 'gdal.sli');
    await saveSpectralLibrary(path, library);
    // GDAL reads such files as images alone.
    const header = readFileSync(`${path}.hdr`, 'utf8').replace('ENVI Spectral Library', 'ENVI Standard');
    writeFileSync(`${path}.hdr`, header);
    const value = run('gdallocationinfo', ['-valonly', path, '1', '0']);
    assert.equal(Math.fround(Number(value)), Math.fround(0.2));
  });

  it('are refused with another ending, as a folder, or where there is none', async () => {
    await assertRefused(() => saveSpectralLibrary(join(folder, 'x.txt'), library), /written as \.csv or \.sli/);
    await assertRefused(() => readSpectralLibrary(folder), /is a folder; name a spectral library/);
    await assertRefused(() => readSpectralLibrary(join(folder, 'nowhere.csv')), /there is no such file/);
  });

  it('are told by their content: real class spectra in 10000ths, a spectrum a line, out of order', async function () {
    const path = requireData(this, 'emit-sample/basic_endmember_library.csv');
    await assertRefused(() => readSpectralLibrary(path), /most spectra exceed 2/);
    const emit = await readSpectralLibrary(path, { reflectanceScale: 1e-4 });
    assert.deepEqual(emit.names, ['SOIL', 'SOIL (2)', 'SOIL (3)', 'PV', 'NPV']);
    assert.equal(emit.wavelengths!.length, 224);
    assert.ok(emit.wavelengths!.every((w, i) => i === 0 || w > emit.wavelengths![i - 1]!));
    // The file's columns 33 to 35: 667.560974, 654.792297, 664.599426 nm.
    const at = emit.wavelengths!.indexOf(654.792297);
    assert.deepEqual(emit.wavelengths!.slice(at, at + 3), [654.792297, 657.765076, 664.599426]);
  });

  it('and other files are written together or not at all', async () => {
    const place = join(folder, 'together');
    mkdirSync(place);
    const bytes = Uint8Array.of(1, 2, 3);
    const first = join(place, 'first.bin');
    await assertRefused(
      () =>
        writeFiles([
          [first, bytes],
          [join(place, 'missing/second.bin'), bytes],
        ]),
      /second\.bin: cannot write into/,
    );
    assert.deepEqual(readdirSync(place), []);
    await writeFiles([[first, bytes]]);
    await assertRefused(() => writeFiles([[first, bytes]]), /exists already/);
    assert.deepEqual(readdirSync(place), ['first.bin']);
  });
});

describe('resampling a library to a sensor', () => {
  /** Every nm from 400 to 1000. */
  const fine = (spectrum: (wavelength: number) => number, fwhm?: number): SpectralLibrary => {
    const wavelengths = Array.from({ length: 601 }, (_, i) => 400 + i);
    return {
      names: ['s'],
      wavelengths,
      ...(fwhm && { fwhm: wavelengths.map(() => fwhm) }),
      spectra: Float32Array.from(wavelengths, spectrum),
    };
  };
  const coarse: SpectralLibrary = {
    names: ['a', 'b'],
    wavelengths: [400, 500, 600],
    spectra: floats(0, 1, 0, 1, 0.5, 0),
  };
  const sigma = (fwhm: number): number => fwhm / (2 * Math.sqrt(2 * Math.log(2)));

  it('interpolates a coarser library linearly, in the order of the bands', () => {
    const bands = [
      { wavelength: 550, fwhm: 10 },
      { wavelength: 425 },
      { wavelength: 600 },
      { wavelength: 400, fwhm: 50 },
    ];
    assert.deepEqual(resampleLibrary(coarse, bands), floats(0.5, 0.25, 0, 0, 0.25, 0.875, 0, 1));
  });

  it("gives back the spectra at the library's own bands", () => {
    assert.deepEqual(
      resampleLibrary(
        coarse,
        coarse.wavelengths!.map((wavelength) => ({ wavelength, fwhm: 20 })),
      ),
      coarse.spectra,
    );
  });

  it('weights a finer library with the Gaussian of the band', () => {
    // A Gaussian line of FWHM 30 seen through a Gaussian of FWHM 40 is one of FWHM 50, lower by 30 / 50.
    const line = fine((w) => Math.exp(-((w - 700) ** 2) / (2 * sigma(30) ** 2)));
    const offsets = [0, 10, 25, 40];
    const seen = resampleLibrary(
      line,
      offsets.map((offset) => ({ wavelength: 700 + offset, fwhm: 40 })),
    );
    for (const [i, offset] of offsets.entries()) {
      const expected = (30 / 50) * Math.exp(-(offset ** 2) / (2 * sigma(50) ** 2));
      // The response is cut where it has fallen to 0.2 %.
      assert.ok(Math.abs(seen[i]! - expected) < 1e-3, `${offset}: ${seen[i]} ${expected}`);
    }
  });

  it("takes the library's own width off the band's", () => {
    // A library of FWHM 30 seen at FWHM 50 is smoothed by a further 40.
    const spectrum = (w: number): number => Math.exp(-((w - 700) ** 2) / (2 * sigma(30) ** 2));
    const [own] = resampleLibrary(fine(spectrum, 30), [{ wavelength: 700, fwhm: 50 }]);
    const [plain] = resampleLibrary(fine(spectrum), [{ wavelength: 700, fwhm: 40 }]);
    assert.equal(own, plain);
    const [wider] = resampleLibrary(fine(spectrum, 30), [{ wavelength: 700, fwhm: 20 }]);
    assert.equal(wider, 1);
  });

  it('leaves straight and constant spectra as they are, up to the ends of the library', () => {
    const straight = fine((w) => 0.1 + (w - 400) * 5e-4);
    const bands = [400, 401, 404, 417.3, 700.5, 996, 1000].map((wavelength) => ({ wavelength, fwhm: 12 }));
    for (const [i, value] of resampleLibrary(straight, bands).entries())
      assert.ok(Math.abs(value - (0.1 + (bands[i]!.wavelength - 400) * 5e-4)) < 1e-6);
  });

  it('stays between the lowest and the highest value of the spectrum', () => {
    const spectrum = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 });
    const band = fc.record({
      wavelength: fc.double({ min: 0, max: 1, noNaN: true }),
      fwhm: fc.double({ min: 0.1, max: 200, noNaN: true }),
    });
    fc.assert(
      fc.property(spectrum, fc.array(band, { minLength: 1, maxLength: 5 }), (values, bands) => {
        const wavelengths = values.map((_, i) => 400 + 7 * i);
        const library = { names: ['s'], wavelengths, spectra: Float32Array.from(values) };
        const span = 7 * (values.length - 1);
        const seen = resampleLibrary(
          library,
          bands.map(({ wavelength, fwhm }) => ({ wavelength: 400 + wavelength * span, fwhm })),
        );
        for (const value of seen)
          assert.ok(value >= Math.min(...library.spectra) - 1e-6 && value <= Math.max(...library.spectra) + 1e-6);
      }),
      { seed: 1 },
    );
  });

  it('takes libraries without wavelengths to bands without wavelengths, as many as their own', async () => {
    const plain = { names: ['a'], spectra: floats(0.1, 0.2) };
    assert.deepEqual(resampleLibrary(plain, [{}, {}]), plain.spectra);
    await assertRefused(() => resampleLibrary(plain, [{}]), /has no wavelengths/);
    await assertRefused(() => resampleLibrary(plain, [{ wavelength: 400 }, {}]), /has no wavelengths/);
  });

  it('refuses bands that the library does not cover, listing them', async () => {
    const bands = [{ wavelength: 399 }, { wavelength: 500 }, { wavelength: 601 }, {}];
    await assertRefused(
      () => resampleLibrary(coarse, bands, 'lib.csv'),
      /^lib\.csv: covers 400\.\.600 nm, not bands 1 \(399 nm\), 3 \(601 nm\), 4 \(\? nm\); leave/,
    );
    const many = Array.from({ length: 20 }, () => ({ wavelength: 1 }));
    await assertRefused(() => resampleLibrary(coarse, many), /12 \(1 nm\) and 8 more/);
  });

  it('refuses spectra without a value where a band needs it, and only there', async () => {
    const gap = { ...coarse, spectra: floats(0, 1, 0, 1, 0.5, Number.NaN) };
    assert.deepEqual(resampleLibrary(gap, [{ wavelength: 450 }]), floats(0.5, 0.75));
    await assertRefused(
      () => resampleLibrary(gap, [{ wavelength: 450 }, { wavelength: 550 }]),
      /spectrum 'b' has no value for band 2 \(550 nm\)/,
    );
  });
});

describe('making a library', () => {
  it('refuses parts that do not fit together', async () => {
    const make = (parts: Partial<SpectralLibrary>) => () =>
      makeLibrary({ names: ['a'], wavelengths: [400, 500], spectra: floats(0, 0), ...parts }, 'lib');
    await assertRefused(make({ names: [] }), /lib: holds no spectra/);
    await assertRefused(make({ spectra: floats(0) }), /1 spectra of 2 bands do not make 1 values/);
    await assertRefused(make({ fwhm: [1] }), /do not make/);
  });
});
