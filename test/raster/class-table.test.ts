import assert from 'node:assert/strict';
import type { SpectralLibrary } from '@egunet/raster';
import { readClassTable, rowsOfSpectra, uncoveredBands } from '@egunet/raster/node';
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
  });

  it('cannot be told without wavelengths', async () => {
    await assertRefused(() => uncoveredBands(library(), [{ wavelength: 500 }], 'l.csv'), /l.csv: has no wavelengths/);
    await assertRefused(() => uncoveredBands(library([1, 2, 3]), [{}]), /bands without wavelengths/);
  });
});
