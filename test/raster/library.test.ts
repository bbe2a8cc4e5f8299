import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeLibrary, type SpectralLibrary } from '@egunet/raster';
import { readSpectralLibrary, saveSpectralLibrary } from '@egunet/raster/node';
import { requireData, requireGdal, run, temporaryFolder } from '../support/index.js';
import { assertRefused } from './memory.js';

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

describe('making a library', () => {
  it('refuses parts that do not fit together', async () => {
    const make = (parts: Partial<SpectralLibrary>) => () =>
      makeLibrary({ names: ['a'], wavelengths: [400, 500], spectra: floats(0, 0), ...parts }, 'lib');
    await assertRefused(make({ names: [] }), /lib: holds no spectra/);
    await assertRefused(make({ spectra: floats(0) }), /1 spectra of 2 bands do not make 1 values/);
    await assertRefused(make({ fwhm: [1] }), /do not make/);
    await assertRefused(make({ attributes: [] }), /attributes of 0 spectra, but it holds 1/);
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
    await assertRefused(() => readSpectralLibrary(path), /most of its 5 spectra of 224 bands exceed 2/);
    const emit = await readSpectralLibrary(path, { reflectanceScale: 1e-4 });
    assert.deepEqual(emit.names, ['SOIL', 'SOIL (2)', 'SOIL (3)', 'PV', 'NPV']);
    assert.equal(emit.wavelengths!.length, 224);
    assert.ok(emit.wavelengths!.every((w, i) => i === 0 || w > emit.wavelengths![i - 1]!));
    // The file's columns 33 to 35: 667.560974, 654.792297, 664.599426 nm.
    const at = emit.wavelengths!.indexOf(654.792297);
    assert.deepEqual(emit.wavelengths!.slice(at, at + 3), [654.792297, 657.765076, 664.599426]);
  });
});
