// Folders of spectra of the ECOSTRESS and USGS libraries.
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { seededRandom } from '@egunet/fixtures';
import { readSpectralLibraries, readSpectralLibrary } from '@egunet/raster/node';
import { skipUntested, temporaryFolder } from '../support/index.js';
import {
  ECOSTRESS_ATTRIBUTES,
  ecostress,
  floats,
  folderOf,
  SLIME,
  usgs,
  WAVELENGTHS,
  wavelengths,
} from './library-ascii-support.js';
import { assertRefused } from './memory.js';
import { mutated, readAll } from './mutate.js';

describe('a folder of spectra', () => {
  it('is a library for each set of wavelengths, in order of names, also of folders in it', async () => {
    const folder = folderOf({
      'b/2.spectrum.txt': ecostress(),
      'b/1.spectrum.txt': ecostress({ rows: ['0.5 10', '0.6 20'] }),
      'a.txt': ecostress({ rows: ['0.4 30', '2.5 40'] }),
      'b/.hidden.txt': ecostress(),
      'b/README.txt': 'Spectra of rocks.\n',
      'b/2.ancillary.txt': 'Name: Grey  sample\nClass: Igneous\n',
      'c/glass.txt': ecostress({ y: 'Transmittance (percent)' }),
      'c/table.csv': 'wavelength,a\n400,0\n',
      [`usgs/${WAVELENGTHS}`]: wavelengths,
      [`usgs/m/${SLIME}`]: usgs([0.1, 0.2, 0.3]),
      [`usgs/errorbars/errorbars_for_${SLIME}`]: `Error bars for${usgs([0.1, 0.2, 0.3])}`,
    });
    const { libraries, passedOver } = await readSpectralLibraries(folder);
    assert.deepEqual(
      libraries.map(({ wavelengths: centres, names, attributes }) => [centres, names, attributes!.map(({ File }) => File)]), // biome-ignore format: one line says more
      [
        [
          [400, 2500],
          ['Grey sample', 'Grey sample (2)'],
          ['a.txt', 'b/2.spectrum.txt'],
        ],
        [[500, 600], ['Grey sample'], ['b/1.spectrum.txt']],
        [[350, 360, 370], ['Green slime GDS1'], [`usgs/m/${SLIME}`]],
      ],
    );
    assert.deepEqual(libraries[0]!.spectra, floats(0.3, 0.4, 0.1, 0.2));
    assert.deepEqual(libraries[0]!.attributes![1], { File: 'b/2.spectrum.txt', ...ECOSTRESS_ATTRIBUTES });
    assert.deepEqual(passedOver, [
      { file: 'b/2.ancillary.txt', reason: 'is neither an ECOSTRESS nor a USGS spectrum' },
      { file: 'b/README.txt', reason: 'is neither an ECOSTRESS nor a USGS spectrum' },
      { file: 'c/glass.txt', reason: "'Y Units: Transmittance (percent)' is no reflectance" },
      { file: `usgs/errorbars/errorbars_for_${SLIME}`, reason: 'is neither an ECOSTRESS nor a USGS spectrum' },
    ]);
  });

  it('is read as the one library that it is where a file is named', async () => {
    const path = join(folderOf({ 'a.csv': 'wavelength,a\n400,10\n' }), 'a.csv');
    const options = { reflectanceScale: 0.01 };
    const expected = { libraries: [await readSpectralLibrary(path, options)], passedOver: [] };
    assert.deepEqual(await readSpectralLibraries(path, options), expected);
  });

  it('is no text file that is neither: that is read as CSV, or refused', async () => {
    const folder = folderOf({ 'table.txt': 'wavelength\ta\n400\t0.1\n', 'notes.txt': 'Spectra of rocks.\n' });
    assert.deepEqual((await readSpectralLibrary(join(folder, 'table.txt'))).wavelengths, [400]);
    await assertRefused(
      () => readSpectralLibraries(join(folder, 'notes.txt')),
      /notes\.txt: no wavelengths: the headings in line 1 are 'Spectra of rocks\.'; the first line should be 'wavelength' and/,
    );
  });

  for (const [what, files, message] of [
    ['without a file', {}, /none of its 0 text files is a spectrum of reflectance; name a folder with ECOSTRESS .* or USGS files .* or a library \(\.csv, \.sli\)/],
    ['without a spectrum', { 'a.csv': 'wavelength,a\n400,0\n', 'notes.txt': 'none' }, /none of its 1 text files is a spectrum of reflectance \(notes\.txt is neither an ECOSTRESS nor a USGS spectrum\)/],
    ['with a damaged spectrum', { 'a.txt': ecostress(), 'b.txt': ecostress({ count: '3' }), 'c.txt': ecostress({ x: '' }) }, /b\.txt: holds 2 values, but its header states 3/],
    ['with a header cut short', { 'a.txt': ecostress(), 'b.spectrum.txt': ecostress().slice(0, 60) }, /b\.spectrum\.txt: is named like a spectrum, but is neither .* it is cut short or damaged, get it again/],
    ['with an empty spectrum', { 'a.txt': ecostress(), [SLIME]: '' }, /AREF\.txt: is named like a spectrum/],
    ['with a spectrum without wavelengths', { 'a.txt': ecostress(), [SLIME]: usgs([0.1]) }, /no wavelengths for its 1 channels/],
  ] as const) // biome-ignore format: one line a case says more
    it(`is refused ${what}`, () => assertRefused(() => readSpectralLibraries(folderOf(files)), message));

  it('is refused with a file of more than 64 MB', async () => {
    const folder = folderOf({ 'a.spectrum.txt': ecostress() });
    truncateSync(join(folder, 'a.spectrum.txt'), 64 * 2 ** 20 + 1); // sparse
    const message = /a\.spectrum\.txt: 65 MB, but no spectrum is larger than 64; the file is damaged, get it again/;
    await assertRefused(() => readSpectralLibraries(folder), message);
    await assertRefused(() => readSpectralLibrary(join(folder, 'a.spectrum.txt')), message);
  });

  it('is read or refused at once, however long its lines and however many bytes are wrong', async () => {
    const folder = folderOf({ [WAVELENGTHS]: wavelengths });
    const originals = [ecostress(), usgs([0.1, 0.2, 0.3])].map((text) => Buffer.from(text));
    const { uniform } = seededRandom(1);
    const changed = Array.from({ length: 1000 }, (_, i) => mutated(originals[i % 2]!, uniform));
    const long = ` ${' '.repeat(2 ** 20)}x${','.repeat(2 ** 20)} (`;
    const padded = [`Name:${long}\n`, `X Units:${long}\n`, `0.4${long} 1 2\n`].map((line) =>
      Buffer.from(`${line}${ecostress()}\n0.4${long}1 2`),
    );
    const { read, refused } = await readAll([...changed, ...padded], (bytes) => {
      writeFileSync(join(folder, SLIME), bytes);
      return readSpectralLibraries(folder);
    });
    assert.ok(read > 100 && refused > 100, `${read} read, ${refused} refused`);
  });

  it('is refused where there is none', () =>
    assertRefused(() => readSpectralLibraries(join(temporaryFolder(), 'x')), /there is no such file or folder/));

  it('is read with at most 8 files open', async function () {
    if (process.platform !== 'linux') skipUntested(this, 'open files are counted in /proc');
    const rows = Array.from({ length: 2000 }, (_, i) => `${i + 1} 10`);
    const text = ecostress({ x: 'Wavelength (nm)', rows });
    const folder = folderOf(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}.txt`, text])));
    const reading = readSpectralLibraries(folder);
    let [most, done] = [0, false];
    const watch = async (): Promise<void> => {
      while (!done) {
        most = Math.max(most, openIn(folder));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const watching = watch();
    const { libraries } = await reading;
    done = true;
    await watching;
    assert.equal(libraries[0]!.names.length, 60);
    assert.ok(most > 1 && most <= 8, `${most} files open`);
    assert.equal(openIn(folder), 0);
  });
});

/** How many files of `folder` this process has open. */
const openIn = (folder: string): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return !relative(folder, readlinkSync(`/proc/self/fd/${fd}`)).startsWith('..');
    } catch {
      return false; // closed meanwhile
    }
  }).length;
