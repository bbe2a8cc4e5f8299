import assert from 'node:assert/strict';
import * as demo from 'egunet/dist/commands/demo.js';
import * as endmembers from 'egunet/dist/commands/endmembers.js';
import * as evaluate from 'egunet/dist/commands/evaluate.js';
import * as exportCommand from 'egunet/dist/commands/export.js';
import * as infer from 'egunet/dist/commands/infer.js';
import * as info from 'egunet/dist/commands/info.js';
import * as train from 'egunet/dist/commands/train.js';
import { bandRanges, excludeAllBut, nanometreRange } from 'egunet/dist/support/bands.js';
import { CommandError, describeFailure, InterruptedError, UsageError } from 'egunet/dist/support/errors.js';
import { parseIntervals } from 'egunet/dist/support/options.js';
import { type Command, outlineOf } from 'egunet/dist/support/outline.js';
import { formatFacts, formatSeconds, formatTable, shellCommand } from 'egunet/dist/support/output.js';
import fc from 'fast-check';

describe('what a failure prints', () => {
  const quiet = { verbose: false };

  it('is one line for an error that was raised on purpose', () => {
    assert.deepEqual(describeFailure(new CommandError('x: no data'), quiet), {
      message: 'x: no data',
      text: 'egunet: x: no data',
      code: 1,
    });
  });

  it('is one line for an error of several, too', () => {
    assert.equal(describeFailure(new CommandError('x:\n  no data\nat all'), quiet).text, 'egunet: x: no data at all');
  });

  it('has the stack and the causes with --verbose', () => {
    const { text } = describeFailure(Object.assign(new CommandError('outer'), { cause: new Error('inner') }), {
      verbose: true,
    });
    assert.match(text, /^egunet: outer\n/);
    assert.match(text, /caused by: Error: inner/);
  });

  it('tells wrong usage and interrupts by their exit codes', () => {
    assert.equal(describeFailure(new UsageError('no'), { verbose: true }).code, 2);
    assert.equal(describeFailure(new InterruptedError('stopped'), quiet).code, 130);
  });

  it('says that an untagged error is a bug and how to see more', () => {
    const { text, code } = describeFailure(new TypeError('x is undefined'), quiet);
    assert.equal(code, 1);
    assert.match(text, /bug in egunet: x is undefined; run again with --verbose/);
    assert.ok(!text.includes('\n'));
    assert.match(describeFailure(new TypeError('x'), { verbose: true }).text, /support\.test/);
    assert.match(describeFailure('text', quiet).text, /bug in egunet: text/);
  });

  it('names the option that helps, where the error tells the remedy and the command has that option', () => {
    const taken = Object.assign(new Error('a.tif: exists already'), { _tag: 'RasterError', remedy: 'overwrite' });
    const foreign = Object.assign(new Error('8 bands do not match'), { _tag: 'InferError', remedy: 'resample' });
    const said = (error: unknown, command: Command) =>
      describeFailure(error, { ...quiet, outline: outlineOf(command) }).text;
    for (const command of [infer, train, exportCommand, endmembers])
      assert.equal(said(taken, command), 'egunet: a.tif: exists already; --overwrite replaces it');
    assert.equal(said(foreign, infer), "egunet: 8 bands do not match; --resample interpolates the scene's bands");
    for (const command of [evaluate, demo, info]) {
      assert.equal(said(taken, command), 'egunet: a.tif: exists already');
      assert.equal(said(foreign, command), 'egunet: 8 bands do not match');
    }
    const strange = Object.assign(new Error('x'), { _tag: 'RasterError', remedy: 'constructor' });
    assert.equal(said(strange, infer), 'egunet: x');
  });

  it('ends wrong usage with the usage of its command', () => {
    assert.equal(
      describeFailure(new UsageError('no'), { verbose: true, outline: outlineOf(exportCommand) }).text,
      'egunet: no\nusage: egunet export RUN -o MODEL.onnx [options] (egunet export --help lists them)',
    );
  });

  it('explains what the operating system refused', () => {
    const error = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/out', syscall: 'open' });
    assert.match(describeFailure(error, quiet).text, /^egunet: \/out: permission denied/);
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
    assert.equal(nanometreRange([900, undefined, null, 420.04]), '420.0-900.0 nm');
    assert.equal(nanometreRange([undefined]), undefined);
  });
});

describe('choosing bands', () => {
  const kept = (nm: number, excluded: readonly (readonly [number, number])[]) =>
    !excluded.some(([from, to]) => nm >= from && nm <= to);

  it('keeps only the wavelengths asked for by leaving out all others, ends kept', () => {
    const excluded = excludeAllBut([
      [1500, 1700],
      [400, 900],
    ]);
    assert.deepEqual(
      [399.9, 400, 650, 900, 900.1, 1499, 1500, 1700, 1701].map((nm) => kept(nm, excluded)),
      [...[false, true, true, true, false, false, true, true, false]],
    );
  });

  it('does not mind intervals that overlap', () => {
    const excluded = excludeAllBut([
      [400, 900],
      [500, 600],
    ]);
    assert.deepEqual(
      [550, 700, 950].map((nm) => kept(nm, excluded)),
      [true, true, false],
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
