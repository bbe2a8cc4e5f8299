// One model for every scene of a sensor: trained on the classes of a library. Legend: B bands.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { requireData, temporaryFolder } from '../support/index.js';
import { binary, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

const WAVELENGTHS = Array.from({ length: 60 }, (_, i) => 420 + 32 * i);
const CURVES: Record<string, (t: number) => number> = {
  leaf: (t) => 0.05 + 0.4 * t * (1 - t),
  soil: (t) => 0.15 + 0.3 * t,
  water: (t) => 0.06 * (1 - t),
};

/** A CSV of nine spectra with the column `kind`, and the table of their classes. */
function writeLibrary(folder: string, name: string, { scale = 1, wavelengths = WAVELENGTHS, digits = 6 } = {}): void {
  const spectra = Object.entries(CURVES).flatMap(([kind, curve]) =>
    [0.9, 1, 1.1].map((bright, i) => ({ kind, name: `${kind}-${i}`, of: (t: number) => scale * bright * curve(t) })),
  );
  const cells = ({ of }: (typeof spectra)[number]) =>
    wavelengths.map((_, i) => of(i / (wavelengths.length - 1)).toFixed(digits));
  const lines = spectra.map((spectrum) => `${spectrum.name},${cells(spectrum).join(',')}`);
  writeFileSync(join(folder, `${name}.csv`), `name,${wavelengths.join(',')}\n${lines.join('\n')}\n`);
  const rows = spectra.map(({ name: of, kind }, i) => `${of},${kind},lab ${i % 2}`);
  writeFileSync(join(folder, `${name}-classes.csv`), `name,class,source\n${rows.join('\n')}\n`);
}

const SHORT = ['--steps', '20', '--batch', '64'];
const given = (name: string) => ['train', '--library', `${name}.csv`, '--classes', `${name}-classes.csv`];

describe('train on the classes of a library, on the command line', () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  before(() => writeLibrary(folder, 'lib'));

  it('makes a model of a sensor without a scene, whose card says what it is made of', () => {
    const trained = succeed([...given('lib'), '--sensor', 'enmap', ...SHORT, '-o', 'run'], folder);
    assert.match(trained.stderr, /EnMAP: 214 of 224 bands/);
    assert.match(
      trained.stderr,
      /left out, outside of its range \(lib.csv\): \d+ bands?, [\d, -]+ \(418, 2314-2446 nm\)/,
    );
    assert.match(trained.stderr, /soil: 3 spectra of 2 sources: lab 0 1, lab 1 2/);
    assert.match(trained.stdout, /trained +20 steps on 64 mixtures each, of 9 spectra/);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    const [{ card }] = JSON.parse(succeed(['info', 'model.onnx', '--json'], folder).stdout);
    assert.deepEqual(
      card.endmembers.map(({ name }: { name: string }) => name),
      ['leaf', 'soil', 'water'],
    );
    assert.equal(card.library.files[0].name, 'lib.csv');
    assert.deepEqual(card.library.classes[0], { name: 'leaf', spectra: 3, sources: ['lab 0', 'lab 1'] });
    assert.equal(card.library.members, 1);
    const said = succeed(['info', 'model.onnx'], folder).stdout;
    assert.match(said, /training +20 steps of fresh mixtures/);
    assert.match(said, /classes +leaf: 3 spectra, 2 sources \(lab 0, lab 1\)/);
    assert.match(succeed(['info', 'run'], folder).stdout, /state +20 of 20 steps/);
  });

  it('takes the bands and the noise of a scene, and every option of mixtures and training', () => {
    writeEnvi(folder, 'scene', { ...mixedScene(), rows: 60 });
    const options = [
      ...['--class-shares', '0.5,0.5', '--pair-share', '0.2', '--component-brightness', '0.1'],
      ...['--mixture-brightness', '0.05', '--smooth-error', '0.01', '--ensemble', '2', '--seed', '3'],
      ...['--learning-rate', '0.002', '--weight-decay', '0.001', '--class-names', 'soil=ground,water'],
      ...['--source-column', 'name', '--class-column', 'class', '--library-scale', '0.5'],
    ];
    succeed([...given('lib'), 'scene.hdr', ...options, ...SHORT, '-o', 'of-scene'], folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'of-scene', 'manifest.json'), 'utf8'));
    assert.deepEqual(manifest.library.mixtures, {
      ...{ classShares: [0.5, 0.5], pairShare: 0.2, componentBrightness: 0.1, brightness: 0.05, smoothError: 0.01 },
    });
    assert.equal(manifest.library.members, 2);
    const { seed, learningRate, weightDecay, batch, epochs } = manifest.settings;
    assert.deepEqual([seed, learningRate, weightDecay, batch, epochs], [3, 0.002, 0.001, 64, 20]);
    assert.deepEqual(
      manifest.facts.endmembers.map(({ name }: { name: string }) => name),
      ['ground', 'water'],
    );
    assert.equal(manifest.facts.library.classes[0].sources.length, 3); // each spectrum is its own source
    const noisier = [...given('lib'), 'scene.hdr', '--noise', '0.05', ...SHORT, '-o', 'noisy'];
    succeed(noisier, folder);
    const quiet = [...given('lib'), 'scene.hdr', '--noise', '0', ...SHORT, '-o', 'quiet'];
    succeed(quiet, folder);
    const loss = (run: string) =>
      JSON.parse(readFileSync(join(folder, run, 'manifest.json'), 'utf8')).history.at(-1).total;
    assert.ok(loss('noisy') > loss('quiet'));
    writeEnvi(folder, 'tiny', { ...mixedScene(), rows: 1, cols: 5 });
    const tiny = succeed([...given('lib'), 'tiny.hdr', ...SHORT, '-o', 'tiny'], folder);
    assert.match(tiny.stderr, /\d+ pixels are too few to estimate the noise of \d+ bands; none is added/);
  });

  it('takes the class from the library itself: a column of its table, or what text files of spectra say', () => {
    const table = readFileSync(file('lib.csv'), 'utf8').trim().split('\n');
    const told = table.map((line, i) => (i === 0 ? `kind,made by,${line}` : `${line.split('-')[0]},me,${line}`));
    writeFileSync(file('told.csv'), told.join('\n'));
    const args = ['train', '--library', 'told.csv', '--classes', 'Kind', '--source-column', 'made by'];
    const trained = succeed([...args, '--sensor', 'enmap', ...SHORT, '-o', 'told'], folder);
    assert.match(trained.stderr, /leaf: 3 spectra of 1 source: me 3/);
    mkdirSync(file('texts'));
    for (const [kind, curve] of Object.entries(CURVES)) {
      const lines = WAVELENGTHS.map((nm, i) => `${(nm / 1000).toFixed(4)}\t${(100 * curve(i / 59)).toFixed(4)}`);
      const head = [`Name: ${kind} 1`, `Type: ${kind}`, 'Class: any', 'X Units: Wavelength (micrometers)', 'Y Units: Reflectance (percentage)', `Number of X Values: ${lines.length}`]; // biome-ignore format: one line says more
      writeFileSync(file(`texts/${kind}.spectrum.txt`), `${head.join('\n')}\n\n${lines.join('\n')}\n`);
    }
    writeFileSync(file('texts/readme.txt'), 'no spectrum');
    const texts = succeed(['train', '--library', 'texts', '--classes', 'Type', '--sensor', 'emit', ...SHORT, '-o', 'texts-run'], folder); // biome-ignore format: one line says more
    assert.match(texts.stderr, /texts: 1 files are no spectra and are passed over: 'readme.txt'/);
    assert.match(texts.stderr, /note: one spectrum of soil is all that it varies by/);
    const refused = egunet([...args.slice(0, 3), '--classes', 'sort', '--sensor', 'enmap', '-o', 'none'], folder);
    assert.match(refused.stderr, /'sort' is neither a class table nor told by told.csv, which tells 'kind', 'made by'/);
  });

  it("joins several libraries, each with its classes, and a sensor of one's own", () => {
    writeLibrary(folder, 'fine', { wavelengths: Array.from({ length: 900 }, (_, i) => 400 + 2 * i) });
    const bands = WAVELENGTHS.slice(5, 30).map((wavelength) => ({ wavelength, fwhm: 12 }));
    writeFileSync(file('mine.json'), JSON.stringify({ name: 'mine', bands, badBands: [[700, 760]] }));
    const args = ['train', '--library', 'lib.csv,fine.csv', '--classes', 'lib-classes.csv,fine-classes.csv'];
    const { stderr } = succeed([...args, '--sensor', 'mine.json', ...SHORT, '-o', 'both'], folder);
    assert.match(stderr, /mine: 23 of 25 bands/);
    assert.match(stderr, /leaf: 6 spectra/);
  });

  it('says on the card what it was made with and what it is for, without folders', () => {
    mkdirSync(file('secret'));
    writeLibrary(file('secret'), 'mine');
    const args = [
      'train',
      '--library',
      'secret/mine.csv',
      '--classes',
      './secret/mine-classes.csv',
      '--sensor',
      'enmap',
    ];
    succeed(
      [...args, '--noise', '0.01', '--licence', 'CC0', '--limits', 'tests alone', ...SHORT, '-o', 'told-all'],
      folder,
    );
    const { about } = JSON.parse(readFileSync(file('told-all/manifest.json'), 'utf8')).facts.library;
    const { sha256, ...table } = about.tables[0];
    assert.deepEqual(table, { name: 'mine-classes.csv' });
    assert.equal(
      sha256,
      createHash('sha256')
        .update(readFileSync(file('secret/mine-classes.csv')))
        .digest('hex'),
    );
    assert.deepEqual(
      [about.licence, about.limits, about.noise, about.mixtures.pairShare],
      ['CC0', 'tests alone', 0.01, 0.5],
    );
    succeed(['export', 'told-all', '-o', 'told-all.onnx'], folder);
    const card = succeed(['info', 'told-all.onnx'], folder).stdout;
    assert.match(card, /^limits +tests alone$/m);
    assert.match(
      card,
      /^command +egunet train --library mine\.csv --classes mine-classes\.csv --sensor enmap --noise 0\.01 --steps 20 --batch 64 -o told-all$/m,
    );
    assert.match(succeed(['info', 'told-all'], folder).stdout, /^licence +CC0$/m);
    // Cards are not checked in this part; what is damaged there is passed over.
    const bytes = readFileSync(file('told-all.onnx'));
    const at = bytes.indexOf('"tests alone"');
    bytes.write('[1,2,3,4,5,6]', at);
    writeFileSync(file('damaged.onnx'), bytes);
    assert.ok(!succeed(['info', 'damaged.onnx'], folder).stdout.includes('limits'));
  });

  it('has no say in the bands with spectra of no class that is used, nor where it knows few of them', () => {
    writeLibrary(folder, 'visible', { wavelengths: Array.from({ length: 60 }, (_, i) => 420 + 6 * i) });
    const rows = readFileSync(file('visible-classes.csv'), 'utf8');
    const trained = (classes: string, ...more: string[]) => {
      writeFileSync(file('visible-as.csv'), classes);
      const args = [
        'train',
        '--library',
        'lib.csv,visible.csv',
        '--classes',
        'lib-classes.csv,visible-as.csv',
        ...more,
      ];
      return succeed([...args, '--sensor', 'enmap', ...SHORT, '-o', 'covering', '--overwrite'], folder).stderr;
    };
    const bands = () => JSON.parse(readFileSync(file('covering/manifest.json'), 'utf8')).facts.bands.length;
    const told = trained(rows);
    assert.match(told, /left out, visible\.csv: 9 spectra \(leaf-0, leaf-1, leaf-2, \.\.\.\) know \d+ of 214 bands/);
    assert.ok(bands() > 190);
    trained(rows, '--bands', '430-760'); // where both know all
    assert.ok(bands() > 40 && bands() < 80);
    const unused = trained(rows.replace(/,(leaf|soil|water),/g, ',rock,'), '--class-names', 'leaf,soil,water');
    assert.ok(!unused.includes('know'), unused);
    assert.ok(bands() > 190);
  });

  it('counts libraries of one file name apart, in any folder, and reads names in Latin-1', () => {
    for (const place of ['north', 'south']) {
      mkdirSync(file(place));
      writeLibrary(file(place), 'same');
    }
    writeFileSync(file('plain.csv'), readFileSync(file('lib-classes.csv'), 'utf8').replace(/,[^,\n]*$/gm, ''));
    const both = ['train', '--library', 'north/same.csv,south/same.csv', '--classes', 'plain.csv', ...SHORT];
    mkdirSync(file('emit')); // a folder named like the sensor is no definition
    const { stderr } = succeed([...both, '--sensor', 'EMIT', '-o', 'both-same'], folder);
    assert.match(stderr, /leaf: 6 spectra of 2 sources: north\/same\.csv 3, south\/same\.csv 3/);
    writeFileSync(file('latin.csv'), Buffer.from(readFileSync(file('plain.csv'), 'utf8').replaceAll('leaf', 'leaf').replaceAll(',leaf', ',Grünland'), 'latin1')); // biome-ignore format: one line says more
    succeed(
      ['train', '--library', 'lib.csv', '--classes', 'latin.csv', '--sensor', 'enmap', ...SHORT, '-o', 'latin'],
      folder,
    );
    const { facts } = JSON.parse(readFileSync(file('latin/manifest.json'), 'utf8'));
    assert.ok(facts.endmembers.some(({ name }: { name: string }) => name === 'Grünland'));
  });

  it('says what became of a class whose spectra are all left out, and of classes that differ by capitals', () => {
    const scaled = readFileSync(file('lib.csv'), 'utf8').split('\n');
    const high = scaled.map((line) =>
      line.startsWith('soil') ? line.replaceAll(/,(0\.\d+)/g, (_, v) => `,${100 * v}`) : line,
    );
    writeFileSync(file('percent-soil.csv'), high.join('\n'));
    const args = (classes: string) => [
      'train',
      '--library',
      'percent-soil.csv',
      '--classes',
      classes,
      '--sensor',
      'enmap',
      ...SHORT,
    ];
    const { stderr, code } = egunet([...args('lib-classes.csv'), '-o', 'none'], folder);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /class 'soil': none of its 3 spectra is left, 0 lack a value in a band and 3 lie outside of -0\.02 to 1\.2 reflectance; give the library's scale/,
    );
    const wide = succeed([...args('lib-classes.csv'), '--reflectance-range', '-0.1,60', '-o', 'wide'], folder);
    assert.match(wide.stderr, /soil: 3 spectra/);
    const narrow = egunet([...args('lib-classes.csv'), '--reflectance-range', '0,0.3', '-o', 'none'], folder);
    assert.match(narrow.stderr, /lie outside of 0 to 0\.3 reflectance/);
    writeFileSync(
      file('capitals.csv'),
      readFileSync(file('lib-classes.csv'), 'utf8').replace('leaf-0,leaf', 'leaf-0,Leaf'),
    );
    const told = succeed(
      [...given('lib').slice(0, 4), 'capitals.csv', '--sensor', 'enmap', ...SHORT, '-o', 'capitals'],
      folder,
    );
    assert.match(told.stderr, /note: '[Ll]eaf' and '[Ll]eaf' are two classes; --class-names makes them one/);
    writeFileSync(file('holes.csv'), readFileSync(file('lib-classes.csv'), 'utf8').replace('soil,lab 0', 'soil,'));
    const holes = egunet(
      [...given('lib').slice(0, 4), 'holes.csv', '--sensor', 'enmap', ...SHORT, '-o', 'none'],
      folder,
    );
    assert.match(
      holes.stderr,
      /holes\.csv: 1 of 9 rows have no source, the first in line 6; fill them in, or leave the column out/,
    );
    writeFileSync(file('exact.csv'), 'name,420,500\na,"0,1",0.2\n');
    const comma = egunet(
      ['train', '--library', 'exact.csv', '--classes', 'plain.csv', '--sensor', 'enmap', '-o', 'none'],
      folder,
    );
    assert.match(comma.stderr, /should be a number, got '0,1'; write decimals with a point/);
  });

  it('trains an ensemble, whose maps say how far its networks disagree unless told not to', () => {
    writeEnvi(folder, 'seen', { ...mixedScene(), rows: 20 });
    succeed([...given('lib'), 'seen.hdr', '--ensemble', '3', ...SHORT, '-o', 'three'], folder);
    const exported = succeed(['export', 'three', '-o', 'three.onnx'], folder).stdout;
    assert.match(exported, /gives +abundances of leaf, soil, water, and the spread of each/);
    assert.match(succeed(['info', 'three.onnx'], folder).stdout, /ensemble +mean of 3 encoders; spread: their standard deviation, how far they disagree, no error bar/); // biome-ignore format: one line says more
    const { properties } = JSON.parse(readFileSync(file('three.json'), 'utf8'));
    assert.deepEqual(
      properties['mlm:output'].map(({ name }: { name: string }) => name),
      ['abundances', 'spread'],
    );
    const model = ['--model', 'three.onnx'];
    assert.match(succeed(['infer', 'seen.hdr', ...model, '-o', 'three.tif'], folder).stdout, /mean spread +0\.\d{4} {2}leaf\n +0\.\d{4} {2}soil\n/); // biome-ignore format: one line says more
    const told = JSON.parse(succeed(['infer', 'seen.hdr', ...model, '-o', 'again.tif', '--json'], folder).stdout);
    assert.deepEqual(
      told.spread.map(({ name }: { name: string }) => name),
      ['leaf', 'soil', 'water'],
    );
    assert.ok(told.spread.every(({ mean }: { mean: number }) => mean > 0 && mean < 0.5));
    const without = succeed(['infer', 'seen.hdr', ...model, '--no-spread', '-o', 'plain.tif'], folder).stdout;
    assert.doesNotMatch(without, /spread/);
    const bandsOf = (map: string) => JSON.parse(succeed(['info', map, '--json'], folder).stdout)[0].bands.length;
    assert.deepEqual([bandsOf('three.tif'), bandsOf('plain.tif')], [6, 3]);
    assert.match(readFileSync(file('plain.tif'), 'latin1'), /egunet infer seen\.hdr --model three\.onnx -o plain\.tif --no-spread/); // biome-ignore format: one line says more
    const judge = ['evaluate', 'three.tif', '--reference', 'plain.tif', '--json'];
    assert.equal(JSON.parse(succeed(judge, folder).stdout).endmembers.length, 3);
    succeed(['export', 'three', '-o', 'small.onnx', '--precision', 'int8', '--max-mean-error', '1', '--max-error', '1'], folder); // biome-ignore format: one line says more
    assert.match(succeed(['infer', 'seen.hdr', '--model', 'small.onnx', '-o', 'small.tif'], folder).stdout, /small\.onnx, int8\n(.*\n)*mean spread/); // biome-ignore format: one line says more
  });

  it('interrupted by Ctrl-C saves the run; resumed, it ends with the same weights as one that was not', async () => {
    const train = [...given('lib'), '--sensor', 'landsat-8', '--steps', '3000', '--batch', '64'];
    const outcome = await interrupted([binary, ...train, '-o', 'broken', '--verbose'], {
      cwd: folder,
      when: /step \d+\/3000/,
    });
    assert.equal(outcome.code, 130);
    assert.match(outcome.stderr, /interrupted after \d+ of 3000 steps; the run is saved/);
    succeed(['train', '-o', 'broken', '--resume'], folder);
    succeed([...train, '-o', 'whole'], folder);
    const state = (run: string) => readdirSync(file(run)).find((name) => name.startsWith('state-'));
    assert.equal(state('broken'), state('whole')); // the name holds the sha256
    assert.match(egunet(['train', '-o', 'whole', '--resume'], folder).stderr, /all 3000 steps are done already/);
  });

  it('refuses what does not fit, with what to do', () => {
    writeFileSync(file('bare.csv'), 'band,a,b\n1,0.1,0.2\n2,0.1,0.3\n');
    writeFileSync(file('ab.csv'), 'name,class\na,x\nb,y\n');
    writeFileSync(file('strange.csv'), 'name,class\nnobody,x\n');
    writeLibrary(folder, 'percent', { scale: 1000 });
    writeLibrary(folder, 'far', { wavelengths: [3000, 3100, 3200] });
    const enmap = ['--sensor', 'enmap', ...SHORT, '-o', 'none'];
    const table = (classes: string) => ['train', '--library', 'lib.csv', '--classes', classes, ...enmap];
    const cases: [string[], number, RegExp][] = [
      [['train', '--library', 'bare.csv', '--classes', 'ab.csv', ...enmap], 1, /bare.csv: has no wavelengths/],
      [table('strange.csv'), 1, /1 of 1 rows name no spectrum of lib.csv: 'nobody' \(line 2\)/],
      [table('missing.csv'), 1, /missing.csv: cannot be read/],
      [table('lib-classes.csv,ab.csv'), 1, /2 are given for 1 libraries/],
      [[...given('percent'), ...enmap], 1, /values are no reflectance; give their scale/],
      [[...given('far'), ...enmap], 1, /none of its 214 bands lies in the range/],
      [
        [...given('lib'), '--class-names', 'rock', ...enmap],
        1,
        /no spectrum is of class 'rock'; there are 'leaf', 'soil', 'water'/,
      ],
      [[...given('lib'), '--class-names', 'soil', ...enmap], 1, /needs 2 classes or more, got 1/],
      [
        [...given('lib'), '--sensor', 'hubble', '-o', 'none'],
        1,
        /hubble is none of enmap, emit, prisma, desis, aviris-c, sentinel-2, landsat-8/,
      ],
      [[...given('lib'), '--engine', 'tensorflow', ...enmap], 1, /a library is trained by onnx/],
      [[...given('lib'), '--bands', '3000-4000', ...enmap], 1, /EnMAP: no band is left/],
      [[...given('lib'), '-o', 'none'], 2, /what sees the library\? Give --sensor/],
      [
        [...given('lib'), '--reflectance-scale', '0.01', ...enmap],
        2,
        /--reflectance-scale is about reading a scene, and none is named/,
      ],
      [
        [...given('lib'), '--batch', '70000', '--sensor', 'enmap', '-o', 'none'],
        1,
        /a batch must hold 2 to 65536 mixtures, got 70000/,
      ],
      [[...given('lib'), '--class-names', 'soil,water,soil=x', ...enmap], 2, /--class-names: 'soil' is named twice/],
      [[...given('lib'), '--class-names', 'a=b=c', ...enmap], 2, /--class-names: expected names such as/],
      [[...given('lib'), '--reflectance-range', '1,0', ...enmap], 2, /--reflectance-range: expected LEAST,MOST/],
      [[...given('lib'), '--class-shares', '0.5,,0.5', ...enmap], 2, /--class-shares: expected shares such as/],
      [
        ['train', '--library', 'lib.csv,', '--classes', 'x.csv', ...enmap],
        2,
        /--library: expected names of files parted by commas/,
      ],
      [['train', '--classes', 'ab.csv', ...enmap], 2, /give both/],
      [['train', 'scene.hdr', '--steps', '5', '-o', 'none'], 2, /--steps is about mixtures of a library's classes/],
      [[...given('lib'), '--epochs', '5', ...enmap], 2, /--epochs is about the network of a scene/],
      [[...given('lib'), '-n', '5', ...enmap], 2, /-n is about endmembers of a scene/],
      [[...given('lib'), '--class-shares', 'a,b', ...enmap], 2, /--class-shares: expected shares such as/],
      [[...given('lib'), '--class-names', '=x', ...enmap], 2, /--class-names: expected names such as/],
    ];
    for (const [args, code, message] of cases) {
      const outcome = egunet(args, folder);
      assert.match(outcome.stderr, message, args.join(' '));
      assert.equal(outcome.code, code, args.join(' '));
    }
    assert.ok(!readdirSync(folder).includes('none'));
  });

  it('unmixes real EnMAP pixels with a public library: where there is vegetation, it finds it', async function () {
    const earthlib = requireData(this, 'earthlib');
    const images = requireData(this, 'enmap-potsdam/images');
    const tile = join(images, readdirSync(images).filter((name) => name.endsWith('.tif')).sort()[0]!); // biome-ignore format: one line says more
    const table = ['--classes', join(earthlib, 'spectra.csv'), '--class-column', 'LEVEL_2'];
    const names = ['--class-names', 'vegetation=green vegetation,npv=dry vegetation,bare=soil,built'];
    const args = ['train', '--library', join(earthlib, 'spectra.sli'), ...table, ...names];
    const { stderr } = succeed([...args, '--sensor', 'enmap', '--bands', '460-2400', '-o', 'earth'], folder);
    assert.match(stderr, /left out: 21 of no class that is used, of 7261 spectra/);
    succeed(['export', 'earth', '-o', 'earth.onnx'], folder);
    succeed(['infer', tile, '--model', 'earth.onnx', '-o', 'cover.tif'], folder);
    const [map, scene] = [await openScene(file('cover.tif')), await openScene(tile)];
    const window = { row: 0, col: 0, rows: 32, cols: 32 };
    const { data } = await map.readWindow(window, [0, 1, 2, 3]);
    const nearest = (nm: number) => scene.bands.findIndex(({ wavelength }) => Math.abs(wavelength! - nm) < 5);
    const two = (await scene.readWindow(window, [nearest(665), nearest(842)])).data;
    const [green, bare]: [number[], number[]] = [[], []];
    for (let i = 0; i < 1024; i++) {
      const ndvi = (two[2 * i + 1]! - two[2 * i]!) / (two[2 * i + 1]! + two[2 * i]!);
      if (ndvi > 0.7) green.push(data[4 * i]!);
      if (ndvi < 0.2) bare.push(data[4 * i]!);
    }
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    assert.ok(green.length > 20 && mean(green) > 0.6, `${green.length} pixels, ${mean(green)}`);
    if (bare.length > 0) assert.ok(mean(bare) < 0.2, `${bare.length} pixels, ${mean(bare)}`);
    await Promise.all([map.close(), scene.close()]);
  });
});
