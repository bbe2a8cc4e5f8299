import assert from 'node:assert/strict';
import { resampleLibrary, type SpectralLibrary } from '@egunet/raster';
import fc from 'fast-check';
import { assertRefused } from './memory.js';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

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
    for (const [library, bands, message] of [
      [
        plain,
        [{ wavelength: 400 }, {}],
        /1 spectra of 2 bands without wavelengths, but the scene's 2 bands have them; add/,
      ],
      [
        coarse,
        [{}, {}],
        /2 spectra of 3 bands with wavelengths, but the scene's 2 bands have none; add them to the scene, or/,
      ],
      [plain, [{}, {}, {}], /1 spectra of 2 bands, but the scene has 3 .*; take a library of these bands, or exchange/],
      [
        plain,
        [{}],
        /1 spectra of 2 bands, but the scene has 1 .*; exchange its lines and columns, which seem to be swapped/,
      ],
    ] as const)
      await assertRefused(() => resampleLibrary(library, bands), message);
  });

  it('refuses bands that the library does not cover, listing them', async () => {
    const bands = [{ wavelength: 399 }, { wavelength: 500 }, { wavelength: 601 }, {}];
    await assertRefused(
      () => resampleLibrary(coarse, bands, { name: 'lib.csv' }),
      /^lib\.csv: covers 400\.\.600 nm \(2 spectra of 3 bands\), not bands 1 \(399 nm\), 3 \(601 nm\), 4 \(\? nm\); leave/,
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
