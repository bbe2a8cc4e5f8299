import assert from 'node:assert/strict';
import type { Scene } from '@egunet/raster';
import { bandRanges, chooseBands, findEmptyBands, wavelengthRange } from 'egunet/dist/support/bands.js';
import { CommandError, describeFailure, InterruptedError, UsageError } from 'egunet/dist/support/errors.js';
import { parseIntervals } from 'egunet/dist/support/options.js';
import { formatFacts, formatSeconds, formatTable, shellCommand } from 'egunet/dist/support/output.js';
import fc from 'fast-check';

const band = (wavelength: number | undefined, bad = false) => ({
  name: 'b',
  bad,
  gain: 1,
  offset: 0,
  noData: -1,
  ...(wavelength === undefined ? {} : { wavelength }),
});

describe('what a failure prints', () => {
  it('is one line for an error that was raised on purpose', () => {
    assert.deepEqual(describeFailure(new CommandError('x: no data'), false), { text: 'egunet: x: no data', code: 1 });
  });

  it('has the stack and the causes with --verbose', () => {
    const { text } = describeFailure(Object.assign(new CommandError('outer'), { cause: new Error('inner') }), true);
    assert.match(text, /^egunet: outer\n/);
    assert.match(text, /caused by: Error: inner/);
  });

  it('tells wrong usage and interrupts by their exit codes', () => {
    assert.equal(describeFailure(new UsageError('no'), true).code, 2);
    assert.equal(describeFailure(new InterruptedError('stopped'), false).code, 130);
  });

  it('says that an untagged error is a bug and how to see more', () => {
    const { text, code } = describeFailure(new TypeError('x is undefined'), false);
    assert.equal(code, 1);
    assert.match(text, /bug in egunet: x is undefined; run again with --verbose/);
    assert.ok(!text.includes('\n'));
    assert.match(describeFailure(new TypeError('x'), true).text, /support\.test/);
    assert.match(describeFailure('text', false).text, /bug in egunet: text/);
  });

  it('explains what the operating system refused', () => {
    const error = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/out', syscall: 'open' });
    assert.match(describeFailure(error, false).text, /^egunet: \/out: permission denied/);
  });
});

describe('texts for people', () => {
  it('formats durations', () => {
    assert.deepEqual([0.84, 9.96, 59.4, 185, 7800].map(formatSeconds), [
      '0.8 s',
      '10 s',
      '59 s',
      '3 min 05 s',
      '2 h 10 min',
    ]);
  });

  it('aligns tables', () => {
    assert.equal(
      formatTable([
        ['a', 'long'],
        ['bcd', '1'],
      ]),
      'a    long\nbcd     1',
    );
  });

  it('aligns facts, leaves out unknown ones and indents further lines', () => {
    assert.equal(
      formatFacts([
        ['a', 'x\ny'],
        ['none', undefined],
        ['long', 'z'],
      ]),
      'a     x\n      y\nlong  z',
    );
  });

  it('quotes command lines so that a shell reads the same words', () => {
    assert.equal(shellCommand('egunet', 'train', 'my scene.tif', '-n', 5), "egunet train 'my scene.tif' -n 5");
    assert.equal(shellCommand("it's"), "'it'\\''s'");
  });

  it('writes bands as ranges counted from 1', () => {
    assert.equal(bandRanges([134, 130, 131, 132, 133, 140]), '131-135, 141');
    assert.equal(wavelengthRange([band(900), band(undefined), band(420.04)]), '420.0-900.0 nm');
    assert.equal(wavelengthRange([band(undefined)]), undefined);
  });
});

describe('choosing bands', () => {
  const scene = { name: 's', bands: [band(400), band(900), band(500, true), band(1350)] };

  it('leaves out bad bands and excluded wavelengths, ends included, and keeps the order of the scene', () => {
    assert.deepEqual(chooseBands(scene, {}), [0, 1, 3]);
    assert.deepEqual(chooseBands(scene, { exclude: [[1350, 1460]] }), [0, 1]);
    assert.deepEqual(chooseBands(scene, { only: [[800, 2000]] }), [1, 3]);
  });

  it('refuses to leave fewer than two', () => {
    assert.throws(
      () => chooseBands(scene, { only: [[2000, 2100]] }),
      /^CommandError: s: 0 of its 4 bands .* choose other intervals/,
    );
  });

  it('refuses wavelengths for a scene that has none', () => {
    assert.throws(
      () => chooseBands({ name: 's', bands: [band(undefined)] }, { exclude: [[1, 2]] }),
      /its bands have none/,
    );
  });

  it('reads intervals, and says what it expected', () => {
    assert.deepEqual(parseIntervals('exclude', '1340-1460, 1790.5-1960'), [
      [1340, 1460],
      [1790.5, 1960],
    ]);
    for (const wrong of ['', '5', '9-3', 'a-b', '1-2-3', '1-2,'])
      assert.throws(() => parseIntervals('exclude', wrong), /--exclude: expected intervals in nm/, wrong);
  });

  it('reads back every interval that it is given', () => {
    const interval = fc.tuple(fc.nat(5000), fc.nat(5000)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    fc.assert(
      fc.property(fc.array(interval, { minLength: 1 }), (list) => {
        assert.deepEqual(parseIntervals('x', list.map(([from, to]) => `${from}-${to}`).join(',')), list);
      }),
    );
  });
});

describe('bands without data', () => {
  const scene = (value: (pixel: number, band: number) => number) =>
    ({
      name: 's',
      rows: 9,
      cols: 5,
      block: { rows: 2, cols: 5 },
      bands: [band(400), band(500), band(600)],
      readWindow: async (w: { row: number; col: number; rows: number; cols: number }, bands: readonly number[]) => ({
        data: Float32Array.from(
          Array.from({ length: w.rows * w.cols }, (_, i) =>
            bands.map((b) => value((w.row + Math.floor(i / w.cols)) * 5 + w.col + (i % w.cols), b)),
          ).flat(),
        ),
      }),
    }) as unknown as Scene;

  it('are those without data wherever another band has some', async () => {
    const found = await findEmptyBands(
      scene((pixel, b) => (b === 1 ? -1 : pixel === 44 ? 0.5 : Number.NaN)),
      [0, 1, 2],
    );
    assert.deepEqual(found, { withData: [0, 2], empty: [1] });
  });

  it('are an error where no band has any', async () => {
    await assert.rejects(
      findEmptyBands(
        scene(() => -1),
        [0, 1, 2],
      ),
      /s: no data in any of 3 bands; is the NoData value \(-1\) right/,
    );
  });
});
