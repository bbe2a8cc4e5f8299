// What the command line says to what it does not understand. One process runs all the calls.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from 'egunet/dist/support/check-arguments.js';
import { root, temporaryFolder } from '../support/index.js';
import type { Outcome } from './support.js';

type Call = readonly [why: string, args: readonly string[], says: RegExp];

/** Each command with the least that it takes, and an option of it that takes a whole number, if it has one. */
const COMMANDS: Readonly<Record<string, { least: readonly string[]; number?: string; missing: readonly Call[] }>> = {
  info: { least: ['x'], number: 'rows', missing: [['no path', [], /info needs PATH \(Scenes/]] },
  endmembers: {
    least: ['x', '-o', 'p'],
    number: 'max-blocks',
    missing: [
      ['no scene', ['-o', 'p'], /endmembers needs SCENE \(GeoTIFF/],
      ['no prefix', ['x'], /endmembers needs -o PATH \(Where to write/],
    ],
  },
  train: {
    least: ['x', '-o', 'r'],
    number: 'seed',
    missing: [
      ['no folder', ['x'], /train needs -o or --run RUN \(Folder/],
      ['no scene', ['-o', 'r'], /which scene\?/],
    ],
  },
  export: {
    least: ['r', '-o', 'm.onnx'],
    missing: [
      ['no run', ['-o', 'm.onnx'], /which run\? Name the folder made by egunet train, or spectra \(--endmembers\)/],
      ['no model', ['r'], /export needs -o PATH \(Model to write/],
    ],
  },
  infer: {
    least: ['x', '-m', 'm.onnx', '-o', 'a.tif'],
    number: 'tile',
    missing: [
      ['no scene', ['-m', 'm.onnx', '-o', 'a.tif'], /infer needs SCENE/],
      ['nothing but a scene', ['x'], /infer needs -m or --model MODEL \(.*\) and -o PATH \(Map to write/],
    ],
  },
  evaluate: {
    least: ['a.tif', '-r', 't.tif'],
    number: 'max-pixels',
    missing: [
      ['no map', ['-r', 't.tif'], /evaluate needs MAP \(Map made by egunet infer\)/],
      ['no reference', ['a.tif'], /evaluate needs -r or --reference REFERENCE/],
    ],
  },
  serve: { least: [], number: 'port', missing: [] },
  report: { least: ['r'], missing: [['no run', [], /report needs RUN \(Folder made by egunet train\)/]] },
  demo: {
    least: [],
    number: 'size',
    missing: [['a folder without -o', ['folder'], /'folder' is too much: demo takes options only/]],
  },
};

/** What goes wrong alike with every command. */
function alike(least: readonly string[]): Call[] {
  const with_ = (...more: string[]) => [...least, ...more];
  return [
    ['an unknown option', with_('--bogus'), /--bogus is not an option of \w+$/m],
    ['a typing error', with_('--jsno'), /--jsno is not an option of \w+; did you mean --json\?/],
    ['a typing error that swallows the next word', ['--verbos', ...least], /did you mean --verbose\?/],
    ['one hyphen for two', with_('-help'), /-help is not an option of \w+; did you mean --help\?/],
    [
      'a switch with a value',
      with_('--json=maybe'),
      /--json takes no value, got 'maybe'; write --json or leave it out/,
    ],
    ['a switch turned off', with_('--no-json'), /--no-json is not an option/],
    ['a property of a switch', with_('--json.x'), /--json\.x is not an option of \w+; did you mean --json\?/],
    ['a property of every object', with_('--__proto__', '1'), /--__proto__ is not an option/],
    ['an empty argument', ['', ...least], /an argument is empty; leave it out/],
  ];
}

/** What goes wrong alike with every option that takes a whole number. */
function alikeOfNumbers(least: readonly string[], number: string): Call[] {
  const with_ = (...more: string[]) => [...least, ...more];
  return [
    [
      'a word for a number',
      with_(`--${number}`, 'two'),
      new RegExp(`--${number}: expected a whole number .*, got 'two'$`, 'm'),
    ],
    [
      'nothing for a number',
      with_(`--${number}=`),
      new RegExp(`--${number}: expected a whole number .*, got ''$`, 'm'),
    ],
    ['a fraction for a count', with_(`--${number}`, '1.5'), /expected a whole number .*, got 1\.5$/m],
    ['a negative count', with_(`--${number}=-3`), /expected a whole number >= \d+.*, got -3$/m],
    ['an option without its value', with_(`--${number}`), new RegExp(`--${number} needs N \\(`)],
    ['an option for a value', with_(`--${number}`, '--json'), new RegExp(`--${number} needs N, got --json \\(`)],
    [
      'an option twice',
      with_(`--${number}`, '1', `--${number}`, '1'),
      new RegExp(`--${number} is given 2 times; give it once`),
    ],
  ];
}

/** What goes wrong in one command alone. */
const ALONE: Readonly<Record<string, readonly Call[]>> = {
  info: [
    [
      'a number and more for a path',
      ['-2020.tif'],
      /-2020\.tif is not an option of info; for a file of that name write \.\/-2020\.tif$/m,
    ],
    ['rows without columns', ['x', '--rows', '3'], /--rows and --cols belong together: give both, or neither/],
  ],
  endmembers: [
    [
      'a name with blanks that is not quoted',
      ['my', 'scene', '-o', 'p'],
      /'scene' is too much: endmembers takes one SCENE; quote/,
    ],
    [
      'a second scene after the end of options',
      ['x', '-o', 'r', '--', '-y'],
      /'-y' is too much: endmembers takes one SCENE/,
    ],
    ['an option after the end of options', ['-o', 'r', '--', 'x', '--json'], /'--json' is too much/],
    ['a library scale without a library', ['x', '-o', 'p', '--library-scale', '0.01'], /needs --library/],
    [
      'a divisor for a factor of a library',
      ['x', '-o', 'p', '--library', 'l.csv', '--library-scale', '100'],
      /--library-scale: expected a number > 0 and <= 1, got 100; give 0\.01/,
    ],
    ['a library of no name', ['x', '-o', 'p', '--library', ''], /--library: expected a name, got nothing/],
  ],
  train: [
    ['an option with its other name too', ['x', '-o', 'r', '--run', 's'], /-o or --run is given 2 times/],
    ['one hyphen for two', ['x', '-run', 'r'], /-run is not an option of train; did you mean --run\?/],
    ['three hyphens for two', ['x', '---run', 'r'], /---run is not an option of train; did you mean --run\?/],
    ['a number and more in one word', ['x', '-or', '-n5x'], /-n: expected a whole number >= 2, got '5x'/],
    ['an option twice, once with its value in one word', ['x', '-orun', '-o', 'r'], /-o or --run is given 2 times/],
    ['too few endmembers', ['x', '-o', 'r', '-n1'], /-n: expected a whole number >= 2, got 1/],
    ['an option in another spelling', ['x', '-o', 'r', '--saveEvery', '3'], /did you mean --save-every\?/],
    ['the beginning of an option', ['x', '-o', 'r', '--learning', '3'], /did you mean --learning-rate\?/],
    ['an empty name', ['x', '-o', ''], /-o: expected a name, got nothing/],
    ['a share of one', ['x', '-o', 'r', '--drop-rate', '1'], /--drop-rate: expected a number >= 0 and < 1, got 1/],
    ['an infinite rate', ['x', '-o', 'r', '--learning-rate', 'Infinity'], /expected a number > 0, got Infinity/],
    ['a decimal comma', ['x', '-o', 'r', '--learning-rate', '0,1'], /expected a number > 0, got '0,1'/],
    [
      'more threads than processors',
      ['x', '-o', 'r', '--threads', '100000'],
      /--threads: expected .* <= \d+, got 100000/,
    ],
    [
      'an unknown choice',
      ['x', '-o', 'r', '--schedule', 'cosine'],
      /--schedule: expected released or poly, got 'cosine'/,
    ],
    [
      'a divisor for a factor',
      ['x', '-o', 'r', '--reflectance-scale', '10000'],
      /--reflectance-scale: expected a number > 0 and <= 1, got 10000; reflectance is the stored value x this: give 0\.0001/,
    ],
    ['half a size', ['x', '-o', 'r', '--cols', '3'], /--rows and --cols belong together/],
    ['wavelengths that are none', ['x', '-o', 'r', '--exclude', '1400'], /--exclude: expected intervals in nm/],
    [
      '--resume with a convention',
      ['-o', 'r', '--resume', '--brightness', 'bounded'],
      /--brightness: a resumed run keeps/,
    ],
    [
      'a way to count what is given',
      ['x', '-o', 'r', '-n', '3', '--count-by', 'residual'],
      /--count-by: the number of endmembers is given/,
    ],
    [
      'a way to count a library',
      ['x', '-o', 'r', '--library', 'l.csv', '--count-by', 'residual'],
      /--count-by: the number of endmembers is given/,
    ],
    [
      'a way to count that is none',
      ['x', '-o', 'r', '--count-by', 'eye'],
      /--count-by: expected hysime or residual, got 'eye'/,
    ],
    [
      '--resume with a way to count',
      ['-o', 'r', '--resume', '--count-by', 'residual'],
      /--count-by: a resumed run keeps/,
    ],
    [
      'a brightness that is none',
      ['x', '-o', 'r', '--brightness', 'dim'],
      /--brightness: expected absolute or bounded or equalised, got 'dim'/,
    ],
    [
      'a brightness of a library',
      ['x', '-o', 'r', '--library', 'l.csv', '--brightness', 'absolute'],
      /--brightness: the spectra of a library are used as they are/,
    ],
    ['--resume with a setting', ['-o', 'r', '--resume', '--epochs', '5'], /--epochs: a resumed run keeps its settings/],
    ['--resume with a count', ['-o', 'r', '--resume', '-n', '5'], /: -n: a resumed run keeps its settings/],
    ['--resume with a scene', ['x', '-o', 'r', '--resume'], /a resumed run knows its scene/],
    ['--resume with --overwrite', ['-o', 'r', '--resume', '--overwrite'], /choose one/],
  ],
  report: [
    ['a name without .html', ['r', '-o', 'report'], /-o: expected a name that ends in \.html, got 'report'/],
    ['a reference without a map', ['r', '-r', 't.tif'], /--reference is compared with a map; give --map with it/],
    [
      'spectra without a reference',
      ['r', '--reference-endmembers', 't.csv'],
      /--reference-endmembers is about the reference; give --reference with it/,
    ],
    ['two materials of one name', ['r', '--names', 'a,a'], /--names: expected different names .*, got 'a,a'/],
    ['names without a reference', ['r', '--names', 'a,b'], /--names is about the reference/],
  ],
  export: [['a model name without .onnx', ['r', '-o', 'model'], /ends in .onnx, got 'model'/]],
  infer: [
    ['an ending of no format', ['x', '-m', 'm', '-o', 'a.png'], /-o and --format: a\.png: its ending names no format/],
    [
      'a format that its name contradicts',
      ['x', '-m', 'm', '-o', 'a.tif', '--format', 'envi'],
      /a\.tif: is the name of a GeoTIFF, but the format asked for is envi; change one of them/,
    ],
    [
      'half a repetition',
      ['x', '-m', 'm', '-o', 'a.tif', '--http-retries', '0.5'],
      /whole number >= 0 and <= 1000, got 0\.5/,
    ],
    ['no time to answer', ['x', '-m', 'm', '-o', 'a.tif', '--http-timeout', '0'], /expected a number > 0 .*, got 0/],
    ['an unknown format', ['x', '-m', 'm', '-o', 'a', '--format', 'png'], /expected cog or zarr or envi, got 'png'/],
  ],
  evaluate: [
    ['spectra without their scene', ['a.tif', '-r', 't.tif', '--model', 'm.onnx'], /--model needs --scene/],
    [
      'endmembers twice over',
      ['a.tif', '-r', 't.tif', '--scene', 's', '--model', 'm.onnx', '--endmembers', 'e.csv'],
      /leave --endmembers out/,
    ],
    ['a size without a scene', ['a.tif', '-r', 't.mat', '--rows', '5', '--cols', '5'], /--rows needs --scene/],
    [
      'a matrix of no file',
      ['a.tif', '-r', 't.tif', '--reference-variable', 'B'],
      /--reference-variable names a matrix/,
    ],
    [
      'spectra in no matrix',
      ['a.tif', '-r', 't.mat', '--endmember-variable', 'B'],
      /--endmember-variable names a matrix/,
    ],
    ['a material without a name', ['a.tif', '-r', 't.tif', '--names', 'tree,,road'], /--names: .*got 'tree,,road'/],
    ['two materials of one name', ['a.tif', '-r', 't.tif', '--names', 'tree,tree'], /--names: .*got 'tree,tree'/],
  ],
  serve: [
    ['a port that there is not', ['--port', '65536'], /--port: expected a whole number >= 0 and <= 65535, got 65536/],
    ['no address', ['--host', ''], /--host: expected a name, got nothing/],
    ['two models by option', ['-m', 'a.onnx', '--model', 'b.onnx'], /-m or --model is given 2 times; give it once/],
    [
      'a scene on a web server',
      ['https://user:pw@host/scene.tif?key=1'],
      /https:\/\/host\/scene\.tif is on a web server already: open it on the page/,
    ],
  ],
  demo: [
    ['a scene too small', ['--size', '5'], /--size: expected a whole number >= 24 and <= 1024, got 5/],
    ['a folder of no name', ['-o', ''], /-o: expected a name, got nothing/],
  ],
};

const WITHOUT_COMMAND: readonly Call[] = [
  [
    'nothing',
    [],
    /which command\? info, endmembers, train, export, models, infer, merge, submit, worker, status, retry, cancel, evaluate, serve, report, demo, doctor or setup/,
  ],
  ['an unknown command', ['trian'], /there is no command 'trian'; did you mean train\?/],
  ['help with an unknown command', ['help', 'trian'], /there is no command 'trian'; did you mean train\?/],
  ['a command that is like none', ['x', '--help'], /there is no command 'x'; there are info,/],
  ['an option before the command', ['--seed', '3', 'train'], /the command comes first \(info, .*\), got --seed/],
  ['a property of every object', ['constructor'], /there is no command 'constructor'/],
];

const CALLS: (Call & { 0: string })[] = [
  ...Object.entries(COMMANDS).flatMap(([command, { least, number, missing }]) =>
    [
      ...missing,
      ...alike(least),
      ...(number === undefined ? [] : alikeOfNumbers(least, number)),
      ...(ALONE[command] ?? []),
    ].map(([why, args, says]): Call => [`${command} with ${why}`, [command, ...args], says]),
  ),
  ...WITHOUT_COMMAND.map(([why, args, says]): Call => [`egunet with ${why}`, args, says]),
];

/** Runs every call in one process, whose language is not English, and catches what each says. */
function outcomes(cwd: string): Outcome[] {
  const program = `
    import { main } from ${JSON.stringify(pathToFileURL(join(root, 'cli/dist/main.js')).href)};
    const print = process.stdout.write.bind(process.stdout);
    const said = [];
    for (const args of JSON.parse(process.argv[1])) {
      const outcome = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr']) process[name].write = (text) => { outcome[name] += text; return true; };
      said.push({ ...outcome, code: await main(args), ...outcome });
    }
    print(JSON.stringify(said));`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program, JSON.stringify(CALLS.map(([, args]) => args))],
    { cwd, encoding: 'utf8', env: { ...process.env, LC_ALL: 'de_DE.UTF-8' } },
  );
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

describe('wrong usage', () => {
  const folder = temporaryFolder();
  let said: Outcome[];
  before(() => {
    said = outcomes(folder);
  });

  for (const [k, [why, args, says]] of CALLS.entries())
    it(`${why}: one line says what is wrong, one how to write it, and the exit code is 2`, () => {
      const { code, stdout, stderr } = said[k]!;
      assert.match(stderr, says);
      const name = Object.hasOwn(COMMANDS, args[0] ?? '') ? args[0] : 'COMMAND';
      assert.match(stderr, new RegExp(`^egunet: [^\\n]+\\nusage: egunet ${name}\\b[^\\n]+\\n$`));
      assert.equal(code, 2);
      assert.equal(
        stdout,
        args.includes('--json') && !args.includes('--')
          ? `${JSON.stringify({ error: stderr.slice(8, stderr.indexOf('\n')), exitCode: 2 })}\n`
          : '',
      );
    });

  it('is tried with at least ten calls of every command', () => {
    for (const command of Object.keys(COMMANDS))
      assert.ok(CALLS.filter(([, args]) => args[0] === command).length >= 10, command);
  });

  it('leaves nothing behind', () => {
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('the nearest name', () => {
  const names = ['seed', 'save-every', 'schedule', 'scene', 'o'];

  it('is the one that begins so, else the one with fewest letters wrong', () => {
    assert.equal(nearest('sched', names), 'schedule');
    assert.equal(nearest('sceen', names), 'scene');
    assert.equal(nearest('SEED', names), 'seed');
  });

  it('is none where nothing is near: a wrong guess misleads', () => {
    for (const far of ['z', 'sd', 'epochs', '']) assert.equal(nearest(far, names), undefined, far);
  });
});
