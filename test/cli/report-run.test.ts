// The report of a run, made again from its folder. Legend: B bands, C endmembers.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withBrowser } from '../support/browser.js';
import { run as runProgram, skipUntested, temporaryFolder } from '../support/index.js';
import { smallDisk } from './small-disk.js';
import { assertFails, mixedScene, succeed, writeEnvi } from './support.js';

const { wavelengths } = mixedScene();

/** Three spectra of each kind, a spectrum a line, with its kind and its laboratory. */
const libraryOf = (curves: Readonly<Record<string, (t: number) => number>>): string =>
  [
    ['name', 'kind', 'lab', ...wavelengths],
    ...Object.entries(curves).flatMap(([kind, curve]) =>
      [0.8, 1, 1.2].map((bright, i) => [
        ...[`${kind} ${i}`, kind, `lab ${Math.min(i, 1)}`],
        ...wavelengths.map((_, b) => (bright * curve(b / 8)).toFixed(4)),
      ]),
    ),
  ]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');

const stateOf = (run: string): string => JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8')).state.sha256;

/** The text of a page as it stands in its HTML. */
const textOf = (html: string): string =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/\s+/g, ' ');

/** The command line that a page tells, which a shell can run. */
const commandOf = (html: string): string => textOf(/<pre><code>(.*?)<\/code>/s.exec(html)![1]!);

/** Runs such a line with another folder for the run. */
function again(line: string, folder: string, output: string): void {
  const words = runProgram('bash', ['-c', `printf '%s\\n' ${line}`])
    .trimEnd()
    .split('\n');
  assert.equal(words.shift(), 'egunet');
  succeed([...words.slice(0, -1), output], folder);
}

describe('egunet report', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  const pageOf = (name: string) => readFileSync(file(name), 'utf8');
  const chromium = withBrowser({ gpu: false });

  before(() => {
    writeEnvi(folder, 'scene', { ...mixedScene(), mapInfo: 'UTM, 1, 1, 360000, 5800000, 30, 30, 33, North, WGS-84' });
    const training = ['--epochs', '3', '--batch', '100', '--bands', '400-1100', '--seed', '5', '--drop-rate', '0.2'];
    succeed(['train', 'scene.img', '-n', '3', ...training, '-o', 'run'], folder);
    succeed(['export', 'run', '-o', 'model.onnx'], folder);
    succeed(['infer', 'scene.img', '-m', 'model.onnx', '-o', 'map.tif', '--quality'], folder);
    writeFileSync(
      file('plants.csv'),
      libraryOf({ leaf: (t) => 0.05 + 0.5 * t * (1 - t / 2), '<moss>': (t) => 0.1 + 0.1 * t }),
    );
    writeFileSync(
      file('ground.csv'),
      libraryOf({ soil: (t) => 0.15 + 0.3 * t, leaf: (t) => 0.1 + 0.3 * t * (1 - t / 2) }),
    );
    const classes = ['--classes', 'kind', '--source-column', 'lab', '--sensor', 'sentinel-2', '--pair-share', '0.4'];
    const how = ['--steps', '8', '--batch', '64', '--noise', '0.01', '--ensemble', '2', '--exclude', '1300-2500'];
    succeed(['train', '--library', 'plants.csv,ground.csv', ...classes, ...how, '-o', 'classes'], folder);
  });

  it('tells of a run of a scene: the scene, endmembers, losses, settings, and the network beside NNLS', () => {
    const { stdout } = succeed(['report', 'run'], folder);
    assert.match(
      stdout,
      /^report +report\.html {2}<- open this in a browser\nshows +egunet run: egunet-pw on scene\.img$/m,
    );
    assert.doesNotMatch(stdout, /^note/m);
    const html = pageOf('report.html');
    const text = textOf(html);
    for (const words of [
      '3 endmembers',
      '400 training pixels',
      '7 bands',
      'true colour (650, 550, 450 nm)',
      'Beside NNLS, on 400 training pixels',
      'endmember 1 ',
      'reconstruction (UR-Net)',
      '3 of 3 epochs',
      'seed 5, batches of 100 pixels',
      'drop rate 0.2',
      'EPSG:32633',
      'number given',
    ])
      assert.ok(text.includes(words), words);
    assert.equal(html.match(/<img /g)?.length, 1);
    assert.match(html, /<div class="scale">/);
    assert.ok(!text.includes('Accuracy') && !text.includes('Not finished'));
    assert.ok(!/(src|href)="(?!data:)/.test(html) && !html.includes('<script'));
  });

  it('tells the command that makes the same run again', () => {
    succeed(['report', 'run', '-o', 'of-scene.html', '--overwrite'], folder);
    succeed(['report', 'classes', '-o', 'of-classes.html'], folder);
    again(commandOf(pageOf('of-scene.html')), folder, 'run-again');
    assert.equal(stateOf(file('run-again')), stateOf(file('run')));
    again(commandOf(pageOf('of-classes.html')), folder, 'classes-again');
    assert.equal(stateOf(file('classes-again')), stateOf(file('classes')));
  });

  it('shows a map, and with a reference how well they agree', () => {
    succeed(['report', 'run', '--map', 'map.tif', '-o', 'mapped.html'], folder);
    assert.equal(pageOf('mapped.html').match(/<img /g)?.length, 1 + 3); // quality is no abundance
    const given = ['--map', 'map.tif', '-r', 'map.tif', '--names', 'tree,road,lake'];
    succeed(['endmembers', 'scene.img', '-n', '3', '--seed', '5', '-o', 'truth'], folder);
    const spectra = ['--reference-endmembers', 'truth.csv'];
    const { highlights } = JSON.parse(
      succeed(['report', 'run', ...given, ...spectra, '-o', 'judged.html', '--json'], folder).stdout,
    );
    assert.deepEqual(highlights[0], { value: '0.0000', label: 'aRMSE of the network (eq. 9)' });
    assert.match(highlights[1].label, /^aRMSE of NNLS/);
    const html = pageOf('judged.html');
    assert.equal(html.match(/<img /g)?.length, 1 + 3 + 3);
    assert.equal(html.match(/stroke-dasharray="5,3"/g)?.length, 3);
    for (const words of ['Accuracy', 'Over all materials', 'By material', 'road', 'aSAD (near-pure)'])
      assert.ok(textOf(html).includes(words), words);
  });

  it('tells of a run of libraries: classes, their numbers by library and source, their spread, the constants', () => {
    const html = pageOf('of-classes.html');
    const text = textOf(html);
    for (const words of [
      'egunet run: 3 classes for Sentinel-2',
      'class spectra plants.csv ground.csv sources',
      '<moss> 3 3 0 lab 0 1, lab 1 2',
      'leaf 6 3 3 lab 0 2, lab 1 4',
      'soil 3 0 3 lab 0 1, lab 1 2',
      'Beside NNLS, on 1024 mixtures',
      'mixtures of 1, 2, ... classes 10 %, 40 %, 35 %, 15 %',
      'components of two spectra 40 %',
      'noise, deviation 0.01',
      'encoders 2',
      'cross-entropy after 8 steps',
      'Shaded: between the 10 % and the 90 % point',
    ])
      assert.ok(text.includes(words), words);
    assert.equal(html.match(/fill-opacity="0.16"/g)?.length, 3);
    assert.ok(!text.includes('UR-Net') && !text.includes('Quicklook'));
  });

  it('says what it cannot show any more: a scene that is gone, libraries that are gone or changed', () => {
    cpSync(file('classes'), file('old'), { recursive: true });
    renameSync(file('plants.csv'), file('away.csv'));
    const gone = succeed(['report', 'old', '-o', 'gone.html'], folder);
    assert.match(
      gone.stdout,
      /^note +Numbers of spectra .* left out: the libraries cannot be read any more \(.*plants\.csv/m,
    );
    const html = pageOf('gone.html');
    assert.ok(html.includes('<p class="notice" role="note">Numbers of spectra'));
    assert.ok(textOf(html).includes('leaf 6 lab 0, lab 1')); // as the run remembers it
    assert.ok(!html.includes('fill-opacity="0.16"'));
    writeFileSync(file('plants.csv'), readFileSync(file('away.csv'), 'utf8').replace('0.05', '0.06'));
    const changed = JSON.parse(succeed(['report', 'old', '-o', 'changed.html', '--json'], folder).stdout);
    assert.match(changed.notices[0], /the libraries have changed since\.$/);
    renameSync(file('away.csv'), file('plants.csv'));

    mkdirSync(file('moved'));
    for (const ending of ['img', 'hdr']) renameSync(file(`scene.${ending}`), file(`moved/scene.${ending}`));
    const moved = JSON.parse(succeed(['report', 'run', '-o', 'moved.html', '--json'], folder).stdout);
    assert.match(moved.notices[0], /^The scene is not shown: .*scene\.img.* --scene names it where it lies now\.$/);
    const judged = ['report', 'run', '--map', 'map.tif', '-r', 'map.tif', '-o', 'less.html', '--json'];
    const { highlights } = JSON.parse(succeed(judged, folder).stdout);
    assert.deepEqual(
      highlights.map(({ label }: { label: string }) => label.replace(/ .*/, '')),
      ['aRMSE', 'endmembers', 'training', 'bands', 'cross-entropy'], // without spectra neither NNLS nor angles
    );
    succeed(['report', 'run', '--scene', 'moved/scene.img', '-o', 'found.html'], folder);
    assert.equal(pageOf('found.html').match(/<img /g)?.length, 1);
    writeEnvi(folder, 'other', { ...mixedScene(), rows: 10 });
    assertFails(
      ['report', 'run', '--scene', 'other.img', '-o', 'no.html'],
      folder,
      /other\.img: 10 rows x 20 columns, but the run's scene has 20 x 20/,
    );
    for (const ending of ['img', 'hdr']) renameSync(file(`moved/scene.${ending}`), file(`scene.${ending}`));
  });

  it('tells of a run that is not finished, as far as it came', () => {
    cpSync(file('run'), file('half'), { recursive: true });
    const path = file('half/manifest.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...manifest, settings: { ...manifest.settings, epochs: 9 } }));
    const { stdout } = succeed(['report', 'half', '-o', 'half.html'], folder);
    assert.match(stdout, /^note +Not finished: 3 of 9 epochs are trained; go on with egunet train -o half --resume$/m);
    assert.ok(textOf(pageOf('half.html')).includes('Not finished: 3 of 9 epochs'));
  });

  it('tells of spatial networks, too', () => {
    for (const [model, shows] of [
      ['ss', 'before the spatial layer'],
      ['ss-paper', 'model egunet-ss-paper'],
    ] as const) {
      succeed(['train', 'scene.img', '-n', '3', '--epochs', '1', '--model', model, '-o', model], folder);
      succeed(['report', model, '-o', `${model}.html`], folder);
      assert.ok(textOf(pageOf(`${model}.html`)).includes(shows), model);
      assert.ok(commandOf(pageOf(`${model}.html`)).includes(`--model ${model}`));
    }
  });

  it('refuses what is no run, or a damaged one, and what it cannot write, and leaves nothing', () => {
    const cases: [args: string[], says: RegExp][] = [
      [['missing', '-o', 'no.html'], /missing: is no run; name the folder that egunet train -o made/],
      [['model.onnx', '-o', 'no.html'], /model\.onnx: is no run/],
      [['moved', '-o', 'no.html'], /moved: is no run/],
      [['run', '-o', 'report.html'], /report\.html: .*exists.*--overwrite replaces it/],
      [['run', '-o', 'nowhere/report.html'], /nowhere/],
      [['run', '--map', 'missing.tif', '-o', 'no.html'], /missing\.tif/],
      [['run', '--map', 'scene.img', '-o', 'no.html'], /scene\.img: has abundances of 8 endmembers, but the run has 3/],
    ];
    for (const [args, says] of cases) assertFails(['report', ...args], folder, says);
    mkdirSync(file('begun'));
    writeFileSync(file('begun/training.lock'), '{}');
    assertFails(['report', 'begun', '-o', 'no.html'], folder, /begun: a training there has saved nothing yet/);
    cpSync(file('run'), file('damaged'), { recursive: true });
    const state = file(`damaged/${readdirSync(file('damaged')).find((name) => name.startsWith('state-'))}`);
    writeFileSync(
      state,
      readFileSync(state).map((byte, i) => (i === 9 ? byte ^ 1 : byte)),
    );
    assertFails(['report', 'damaged', '-o', 'no.html'], folder, /damaged: state-.* is damaged \(sha256 differs/);
    writeFileSync(file('damaged/manifest.json'), '{ "format": "egunet-run"');
    assertFails(['report', 'damaged', '-o', 'no.html'], folder, /manifest\.json: not valid JSON/);
    rmSync(file('damaged'), { recursive: true });
  });

  it('leaves the report that was there where the disk is full', async function () {
    const disk = await smallDisk(folder, 'disk').catch((error: Error) =>
      skipUntested(this, `no small disk can be made here, by root or in a namespace: ${error.message}`),
    );
    try {
      disk.mount(8192);
      writeFileSync(disk.at('report.html'), 'the old one');
      const { code, stderr } = disk.egunet(['report', 'run', '-o', 'disk/report.html', '--overwrite']);
      assert.match(stderr, /disk\/report\.html: .*the disk is full/);
      assert.equal(code, 1);
      assert.deepEqual(readdirSync(disk.at('.')), ['report.html']);
      assert.equal(readFileSync(disk.at('report.html'), 'utf8'), 'the old one');
    } finally {
      disk.unmount();
      disk.release();
    }
  });

  it('is a page that a browser shows as a whole, on a screen and on a phone, in light and dark', async () => {
    for (const name of ['judged.html', 'of-classes.html', 'gone.html'])
      for (const [width, colorScheme] of [
        [1280, 'light'],
        [380, 'dark'],
      ] as const) {
        const page = await chromium.open(pathToFileURL(file(name)).href, {
          ...{ viewport: { width, height: 900 }, colorScheme },
        });
        const seen = (await page.evaluate(`({
          images: [...document.images].map(({ naturalWidth }) => naturalWidth),
          charts: [...document.querySelectorAll('.chart svg')].map((svg) => svg.getBoundingClientRect().height),
          tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          paper: getComputedStyle(document.body).backgroundColor,
        })`)) as { images: number[]; charts: number[]; tooWide: number; paper: string };
        assert.deepEqual(page.complaints, []);
        assert.ok(seen.images.every((pixels) => pixels > 0));
        assert.equal(seen.charts.length, 2);
        assert.ok(seen.charts.every((height) => height > 100));
        assert.ok(seen.tooWide <= 0, `${name} at ${width}: ${seen.tooWide} px too wide`);
        assert.equal(seen.paper, colorScheme === 'dark' ? 'rgb(21, 23, 26)' : 'rgb(251, 251, 249)');
        await page.close();
      }
  });
});
