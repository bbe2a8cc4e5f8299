import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BRIGHTNESS,
  BUNDLES,
  COUNT_WAYS,
  DEFAULT_BRIGHTNESS,
  DEFAULT_IMAGE_SETTINGS,
  DEFAULT_MIXTURES,
  DEFAULT_SETTINGS,
  DEFAULT_SIZES,
  LIBRARY_SETTINGS,
  SCENE_MODELS,
} from '@egunet/train';
import * as train from 'egunet/dist/commands/train.js';
import { commandHelp } from 'egunet/dist/support/help.js';
import { type Command, outlineOf } from 'egunet/dist/support/outline.js';
import { root, temporaryFolder } from '../support/index.js';
import { egunet } from './support.js';

const COMMANDS = [
  ...[
    'info',
    'endmembers',
    'train',
    'export',
    'models',
    'infer',
    'merge',
    'submit',
    'worker',
    'status',
    'retry',
    'cancel',
    'evaluate',
    'serve',
    'report',
    'demo',
  ],
  ...['doctor', 'setup'],
];

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

  it('explains every option once, under the heading of its group', async () => {
    for (const name of COMMANDS) {
      const outline = outlineOf((await import(`egunet/dist/commands/${name}.js`)) as Command);
      const text = commandHelp(outline, 100).replace(/^Examples:[\s\S]*/m, '');
      const shown = [...text.matchAll(/^ +(?:-\w, )?--?([\w-]+).* {2}/gm)].map(([, option]) => option!);
      const options = outline.options.map(({ names }) => names.at(-1)!);
      assert.deepEqual(shown.sort(), [...options, 'help'].sort());
      const grouped = [...outline.groups.values()].flat();
      assert.ok(grouped.every((key) => outline.options.some(({ names }) => names.includes(key))));
    }
  });

  it('puts the many options of an unmixing into groups, all of them', () => {
    const { stdout } = egunet(['infer', '--help'], folder);
    assert.deepEqual(
      [...stdout.matchAll(/^(\w[\w ]*):$/gm)].map(([, heading]) => heading),
      [
        'Arguments',
        'Map',
        'Model',
        'Several scenes',
        'Several machines',
        'Pixels',
        'Reading the scene',
        'Web servers',
        'Machine',
        'General',
        'Examples',
      ],
    );
    assert.match(stdout, /^Map:\n +-o PATH [\s\S]*?^ +--format [\s\S]*?\n\nModel:\n +-m, --model MODEL /m);
    assert.match(stdout, /\n +-h, --help +Show this help\n\nExamples:/);
  });

  it('explains itself to the word help, too', () => {
    assert.equal(egunet(['help'], folder).stdout, egunet(['--help'], folder).stdout);
    assert.equal(egunet(['help', 'train'], folder).stdout, egunet(['train', '--help'], folder).stdout);
  });

  it('states the defaults that training really has', () => {
    const { stdout } = egunet(['train', '--help'], folder);
    const { seed, schedule, learningRate, dropRate, weightDecay } = DEFAULT_SETTINGS;
    const stated = {
      seed,
      epochs: `as many as make ${DEFAULT_SIZES.steps} steps, at most ${DEFAULT_SIZES.mostEpochs}`,
      batch: DEFAULT_SIZES.batch,
      schedule,
      'learning-rate': learningRate,
      'drop-rate': dropRate,
      'weight-decay': weightDecay,
      'max-blocks': BUNDLES.maxBlocks,
      brightness: DEFAULT_BRIGHTNESS,
    };
    const words = stdout.replace(/\s+/g, ' ');
    for (const [name, value] of Object.entries(stated))
      assert.match(words, new RegExp(`--${name} [^\\[]*\\[default: ${value}\\]`), name);
    const { steps, learningRate: rate, weightDecay: decay } = DEFAULT_IMAGE_SETTINGS;
    for (const [name, value] of Object.entries({ epochs: steps, 'learning-rate': rate, 'weight-decay': decay }))
      assert.match(
        words,
        new RegExp(`--${name} [^\\[]*\\[default: [^\\]]*\\], of ss-paper [a-z ]*\\[default: ${value}\\]`),
        name,
      );
    for (const name of ['schedule', 'dropRate'] as const)
      assert.equal(DEFAULT_IMAGE_SETTINGS[name], DEFAULT_SETTINGS[name], `one default of ${name} is stated for all`);
    assert.ok(words.includes(`--model ${SCENE_MODELS.join('|')} `));
    const { classShares, pairShare, componentBrightness, brightness, smoothError } = DEFAULT_MIXTURES;
    const ofLibraries = {
      ...{ steps: LIBRARY_SETTINGS.epochs, 'class-shares': classShares.join(','), 'pair-share': pairShare },
      ...{ 'component-brightness': componentBrightness, 'mixture-brightness': brightness, 'smooth-error': smoothError },
    };
    for (const [name, value] of Object.entries(ofLibraries))
      assert.match(words, new RegExp(`--${name} \\S+ [^[]*\\[default: ${value}\\]`), name);
    assert.ok(words.includes(`--count-by ${COUNT_WAYS.join('|')} `));
    assert.ok(words.includes(`--brightness ${Object.keys(BRIGHTNESS).join('|')} `));
  });

  it('says its version', () => {
    assert.match(egunet(['--version'], folder).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('fits its explanations to the terminal, but never breaks an example, which is there to be copied', () => {
    for (const width of [80, 100]) {
      const lines = commandHelp(outlineOf(train), width).split('\n');
      for (const line of lines) assert.ok(line.startsWith('  egunet ') || line.length <= width, line);
      assert.ok(
        lines.some((line) => line.length > width - 8),
        'the width is used',
      );
      assert.ok(lines.includes('  egunet train a.hdr --library soils.csv --exclude 1340-1460 -o run'));
    }
  });

  it('loads neither the parser nor a runtime to explain itself', () => {
    const loaded = new Set(['main', ...COMMANDS.map((name) => `commands/${name}`)].map((name) => `cli/src/${name}.ts`));
    for (const file of loaded) // grows while it is walked
      for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(/^import (?!type)[^;]*?'([^']+)';/gm)) {
        if (/^@egunet\/raster\/(system-reason|url)$/.test(name!)) continue; // small, and import nothing
        assert.match(name!, /^(\.|node:)/, `${file} loads ${name} before anything is asked of it`);
        if (name!.startsWith('.')) loaded.add(join(file, '..', name!.replace(/\.js$/, '.ts')));
      }
    assert.ok(loaded.has('cli/src/support/help.ts'));
  });
});
