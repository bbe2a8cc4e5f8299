import assert from 'node:assert/strict';
import { readSpectralLibraryEnvi, type SpectralLibrary, writeSpectralLibraryEnvi } from '@egunet/raster';
import { readSpectralLibrary } from '@egunet/raster/node';
import { requireData } from '../support/index.js';
import { assertRefused, memorySource } from './memory.js';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

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
