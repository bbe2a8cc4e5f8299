import assert from 'node:assert/strict';
import type { SpectralLibrary } from '@egunet/raster';
import { decodeText, readClassTable, rowsOfSpectra, takenByPlace, uncoveredBands } from '@egunet/raster/node';
import { assertRefused } from './memory.js';

describe('class tables of libraries', () => {
  const table = 'Name,Source,Class\na,lab,soil\nb,field,\nc,field,tree\n';

  it('give each spectrum its class and source, by name in any order', () => {
    const rows = readClassTable(table, 't.csv');
    const found = rowsOfSpectra(['c', 'x', 'a'], rows, 't.csv');
    assert.deepEqual(
      found.map((row) => row && [row.class, row.source]),
      [['tree', 'field'], undefined, ['soil', 'lab']],
    );
  });

  it('are taken row by row where they list the library in its order: names may repeat', () => {
    const rows = readClassTable('name,class\nash,burned\nash,tree\n', 't.csv');
    assert.deepEqual(
      rowsOfSpectra(['ash', 'ash (2)'], rows, 't.csv').map((row) => row!.class),
      ['burned', 'tree'],
    );
    assert.equal(rows[0]!.source, undefined);
  });

  it('decide by names, not by their order, wherever a name is that of another spectrum', () => {
    const names = Array.from({ length: 40 }, (_, s) => `s${s}`);
    const lines = names.map((name, s) => `${name},${s < 20 ? 'soil' : 'tree'}`);
    const classesOf = (table: readonly string[]) =>
      rowsOfSpectra(names, readClassTable(`name,class\n${table.join('\n')}`, 't.csv'), 't.csv').map(
        (row) => row?.class,
      );
    const swapped = [...lines];
    [swapped[3], swapped[33]] = [lines[33]!, lines[3]!];
    assert.deepEqual(classesOf(swapped), classesOf(lines));
    const spelt = lines.map((line) => line.replace(/^s7,/, 'S-7,'));
    assert.deepEqual(classesOf(spelt), classesOf(lines));
    const rows = rowsOfSpectra(names, readClassTable(`name,class\n${spelt.join('\n')}`, 't.csv'), 't.csv');
    assert.deepEqual(takenByPlace(names, rows), [{ spectrum: 's7', row: 'S-7' }]);
    const twice = lines.map((line) => line.replace(/^s7,/, 's8,')); // the name of another row
    assert.equal(classesOf(twice)[7], undefined);
  });

  it('take the column `name` before one with numbers', () => {
    const [row] = readClassTable('id,name,class\n1,a,bare\n', 't.csv');
    assert.equal(row!.name, 'a');
  });

  it('take columns by other headings', () => {
    const [row] = readClassTable('spectrum;LEVEL_2;by\na;bare;x\n', 't.csv', {
      classColumn: 'level_2',
      sourceColumn: 'by',
    });
    assert.deepEqual([row!.class, row!.source, row!.line], ['bare', 'x', 2]);
  });

  it('are refused where they are none, or say two things of a name', async () => {
    await assertRefused(() => readClassTable('', 't.csv'), /holds no classes/);
    await assertRefused(
      () => readClassTable('name,kind\na,b\n', 't.csv'),
      /line 1: no column 'class' among 'name', 'kind'/,
    );
    await assertRefused(() => readClassTable('who,class\na,b\n', 't.csv'), /no column 'name'/);
    await assertRefused(() => readClassTable('name,class\na\n', 't.csv'), /line 2: 1 cells, but the headings are 2/);
    const rows = readClassTable('name,class\na,x\nb,y\na,z\n', 't.csv');
    await assertRefused(() => rowsOfSpectra(['a', 'b'], rows, 't.csv'), /lines 2 and 4 give 'a' two classes/);
  });
});

describe('bands that a library knows', () => {
  const library = (wavelengths?: number[]): SpectralLibrary => ({
    ...{ names: ['a'], spectra: new Float32Array(wavelengths?.length ?? 3) },
    ...(wavelengths && { wavelengths }),
  });

  it('lie in its range, and not in a gap that is wider than the band', () => {
    const gapped = library([400, 410, 420, 430, 500, 510, 520]);
    const bands = [390, 400, 415, 430, 460, 500, 520, 521].map((wavelength) => ({ wavelength, fwhm: 8 }));
    assert.deepEqual(uncoveredBands(gapped, bands), [
      ...['outside', undefined, undefined, undefined, 'gap', undefined, undefined, 'outside'],
    ]);
    assert.deepEqual(uncoveredBands(gapped, [{ wavelength: 460, fwhm: 80 }]), [undefined]);
    // A sampling that gets coarser, as field instruments' do, has no gap.
    const step = (nm: number) => (nm < 1050 ? 1.5 : nm < 1900 ? 6.5 : 9.5);
    const coarser = [400];
    while (coarser.at(-1)! < 2500) coarser.push(coarser.at(-1)! + step(coarser.at(-1)!));
    const narrow = Array.from({ length: 400 }, (_, b) => ({ wavelength: 401 + 5.2 * b, fwhm: 2 }));
    assert.ok(uncoveredBands(library(coarser), narrow).every((reason) => reason === undefined));
    const broken = coarser.filter((nm) => nm < 1340 || nm > 1460);
    const lost = uncoveredBands(library(broken), narrow).flatMap((reason, b) =>
      reason ? [narrow[b]!.wavelength] : [],
    );
    assert.ok(lost.length > 20 && lost.every((nm) => nm > 1330 && nm < 1470), `${lost}`);
  });

  it('cannot be told without wavelengths', async () => {
    await assertRefused(() => uncoveredBands(library(), [{ wavelength: 500 }], 'l.csv'), /l.csv: has no wavelengths/);
    await assertRefused(() => uncoveredBands(library([1, 2, 3]), [{}]), /bands without wavelengths/);
  });
});

describe('tables in other encodings', () => {
  it('are read as UTF-16 by their mark, as UTF-8, else as Latin-1', () => {
    const text = 'name,Grünland\n';
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    assert.equal(decodeText(utf16), text);
    assert.equal(decodeText(Buffer.from(utf16).swap16()), text);
    assert.equal(decodeText(Buffer.from(`\ufeff${text}`)), text);
    assert.equal(decodeText(Buffer.from(text)), text);
    assert.equal(decodeText(Buffer.from(text, 'latin1')), text);
  });
});
