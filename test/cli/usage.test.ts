import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { DEFAULT_SETTINGS } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { egunet } from './support.js';

const COMMANDS = ['info', 'endmembers', 'train', 'export', 'infer', 'evaluate', 'demo'];

describe('the command line', () => {
  const folder = temporaryFolder();

  it('lists its commands and its exit codes', () => {
    const { code, stdout } = egunet(['--help'], folder);
    assert.equal(code, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`egunet ${command}\\b`));
    assert.match(stdout, /Exit codes: 0 done; 1 failed.*2 wrong usage; 130 interrupted/);
  });

  for (const command of COMMANDS)
    it(`explains ${command} with examples, options and exit codes`, () => {
      const { code, stdout, stderr } = egunet([command, '--help'], folder);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      assert.match(stdout, /Examples:\n +egunet /);
      assert.match(stdout, /--json/);
      assert.match(stdout, /Exit codes:/);
      assert.ok(!stdout.includes('$0'));
    });

  it('states the defaults that training really has', () => {
    const { stdout } = egunet(['train', '--help'], folder);
    const { seed, epochs, schedule, learningRate, dropRate, weightDecay } = DEFAULT_SETTINGS;
    const stated = {
      seed,
      epochs,
      schedule,
      'learning-rate': learningRate,
      'drop-rate': dropRate,
      'weight-decay': weightDecay,
    };
    const words = stdout.replace(/\s+/g, ' ');
    for (const [name, value] of Object.entries(stated))
      assert.match(words, new RegExp(`--${name} [^\\[]*\\[default: ${value}\\]`), name);
  });

  it('says its version', () => {
    assert.match(egunet(['--version'], folder).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  const wrong: [why: string, args: string[], says: RegExp][] = [
    ['no command', [], /which command\?/],
    ['an unknown command', ['trian'], /Did you mean train\?/],
    ['an unknown option', ['train', 'x', '-o', 'r', '--epoch', '3'], /Unknown argument: epoch/],
    ['a missing argument', ['infer', 'x', '-o', 'a.tif'], /Missing required argument: model/],
    ['a missing scene', ['train', '-o', 'r'], /which scene\?/],
    ['an empty name', ['train', 'x', '-o', ''], /-o: expected a name, got nothing/],
    ['text for a number', ['train', 'x', '-o', 'r', '--seed', 'abc'], /--seed: expected a whole number >= 0/],
    [
      'a fraction for a count',
      ['train', 'x', '-o', 'r', '--epochs', '1.5'],
      /--epochs: expected a whole number >= 1, got 1.5/,
    ],
    [
      'a number out of range',
      ['train', 'x', '-o', 'r', '--drop-rate', '1'],
      /--drop-rate: expected a number >= 0 and < 1, got 1/,
    ],
    [
      'more threads than processors',
      ['train', 'x', '-o', 'r', '--threads', '100000'],
      /--threads: expected a whole number >= 1 and <= \d+, got 100000/,
    ],
    ['an option without its value', ['train', 'x', '-o', 'r', '--seed'], /Not enough arguments following: seed/],
    ['an option twice', ['train', 'x', '-o', 'r', '--seed', '1', '--seed', '2'], /--seed is given 2 times/],
    ['an unknown choice', ['train', 'x', '-o', 'r', '--schedule', 'cosine'], /schedule.*"released", "poly"/],
    ['half a size', ['train', 'x', '-o', 'r', '--rows', '3'], /rows -> cols/],
    [
      'wavelengths that are none',
      ['train', 'x', '-o', 'r', '--exclude', '1400'],
      /--exclude: expected intervals in nm/,
    ],
    ['a library scale without a library', ['endmembers', 'x', '-o', 'p', '--library-scale', '0.01'], /needs --library/],
    [
      '--resume with a setting',
      ['train', '-o', 'r', '--resume', '--epochs', '5'],
      /--epochs: a resumed run keeps its settings/,
    ],
    ['--resume with a scene', ['train', 'x', '-o', 'r', '--resume'], /a resumed run knows its scene/],
    ['--resume with --overwrite', ['train', '-o', 'r', '--resume', '--overwrite'], /choose one/],
    ['a model name without .onnx', ['export', 'r', '-o', 'model'], /ends in .onnx, got 'model'/],
    ['spectra without their scene', ['evaluate', 'a.tif', '-r', 't.tif', '--model', 'm.onnx'], /--model needs --scene/],
    [
      'endmembers twice over',
      ['evaluate', 'a.tif', '-r', 't.tif', '--scene', 's', '--model', 'm.onnx', '--endmembers', 'e.csv'],
      /leave --endmembers out/,
    ],
  ];
  for (const [why, args, says] of wrong)
    it(`calls ${why} wrong usage: exit code 2, one line`, () => {
      const { code, stdout, stderr } = egunet(args, folder);
      assert.match(stderr, says);
      assert.match(stderr, /^egunet: [^\n]+\n$/);
      assert.equal(code, 2);
      assert.equal(stdout, '');
    });

  it('leaves nothing behind after wrong usage', () => {
    assert.deepEqual(readdirSync(folder), []);
  });
});
