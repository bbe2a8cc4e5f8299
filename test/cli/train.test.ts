import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run as runProgram, temporaryFolder } from '../support/index.js';
import { assertFails, binary, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

const filesOf = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]);

describe('train, on the command line', () => {
  const folder = temporaryFolder();
  // Epochs of one step, a few milliseconds each: enough of them that an interrupt finds most still to be done.
  const scene = writeEnvi(folder, 'scene', mixedScene());
  const MANY = 60;

  it('gives the same weights for the same seed and others for another', () => {
    const train = ['train', scene, '-n', '3', '--epochs', '2'];
    for (const run of ['one', 'two']) succeed([...train, '-o', run], folder);
    assert.deepEqual(filesOf(join(folder, 'one')), filesOf(join(folder, 'two')));
    succeed([...train, '--seed', '2', '-o', 'other'], folder);
    assert.notDeepEqual(filesOf(join(folder, 'other')), filesOf(join(folder, 'one')));
  });

  it('heeds its settings, and prints JSON', () => {
    const settings = [
      '--schedule',
      'poly',
      '--learning-rate',
      '0.02',
      '--drop-rate',
      '0',
      '--weight-decay',
      '0.001',
      '--batch',
      '40',
      '--candidate-batch',
      '30',
    ];
    const sampling = ['--max-pixels', '300', '--max-blocks', '20', '--threads', '1', '--epochs', '2', '-n', '2'];
    const { stdout } = succeed(['train', scene, ...settings, ...sampling, '-o', 'set', '--json'], folder);
    const result = JSON.parse(stdout);
    assert.deepEqual(result.settings, {
      model: 'pw',
      seed: 1,
      epochs: 2,
      schedule: 'poly',
      learningRate: 0.02,
      dropRate: 0,
      weightDecay: 0.001,
      batch: 40,
      candidateBatch: 30,
    });
    assert.equal(result.pixels, 300);
    assert.equal(result.endmembers.length, 2);
    assert.ok(Number.isFinite(result.losses.total));
  });

  it('makes dark endmembers as bright as it is told, says so in the run and in the model, and keeps to it when it resumes', async () => {
    const train = ['train', scene, '-n', '3', '--epochs', '2'];
    const lengthRatio = (run: string) => {
      const { facts, request } = JSON.parse(readFileSync(join(folder, run, 'manifest.json'), 'utf8'));
      const lengths = facts.endmembers.map(({ spectrum }: { spectrum: number[] }) => Math.hypot(...spectrum));
      return { ratio: Math.min(...lengths) / Math.max(...lengths), method: facts.endmemberMethod, request };
    };
    for (const brightness of ['absolute', 'bounded', 'equalised'])
      succeed([...train, '--brightness', brightness, '-o', brightness], folder);
    succeed([...train, '-o', 'unsaid'], folder);
    const [absolute, bounded, equalised] = ['absolute', 'bounded', 'equalised'].map(lengthRatio);
    // The scene's darkest material is a tenth as long as its brightest.
    assert.ok(absolute!.ratio < 0.2, `${absolute!.ratio}`);
    assert.ok(Math.abs(bounded!.ratio - 0.5) < 1e-5, `${bounded!.ratio}`);
    assert.ok(Math.abs(equalised!.ratio - 1) < 1e-5, `${equalised!.ratio}`);
    assert.equal(absolute!.method, 'agreed, absolute brightness, number given');
    assert.equal(equalised!.request.brightness, 'equalised');
    assert.deepEqual(
      filesOf(join(folder, 'unsaid')).filter(([name]) => !name!.startsWith('manifest')),
      filesOf(join(folder, 'bounded')).filter(([name]) => !name!.startsWith('manifest')),
    );
    succeed(['export', 'equalised', '-o', 'equalised.onnx'], folder);
    const described = succeed(['info', 'equalised', 'equalised.onnx'], folder).stdout;
    assert.equal(described.match(/agreed, equalised brightness, number given/g)?.length, 2);

    const long = [...train.slice(0, -1), `${MANY}`, '--batch', '400', '--brightness', 'equalised'];
    const args = [binary, ...long, '-o', 'stopped', '--verbose'];
    await interrupted(args, { cwd: folder, when: /epoch 2\/60/ });
    succeed(['train', '-o', 'stopped', '--resume'], folder);
    succeed([...long, '-o', 'straight'], folder);
    assert.deepEqual(filesOf(join(folder, 'stopped')), filesOf(join(folder, 'straight')));
  });

  it('takes the bands of a sensor for a scene that states none, as infer, info and a library do', () => {
    const { wavelengths, ...rest } = mixedScene();
    writeEnvi(folder, 'bare', { ...rest, wavelengths });
    const header = join(folder, 'bare.hdr');
    writeFileSync(header, readFileSync(header, 'utf8').replace(/^wavelength.*\n/gm, ''));
    const bands = wavelengths.map((wavelength) => ({ wavelength, fwhm: 20 }));
    writeFileSync(join(folder, 'mine.json'), JSON.stringify({ name: 'Mine', bands, badBands: [[540, 560]] }));
    const sensor = ['--sensor', 'mine.json'];
    succeed(['train', 'bare.img', ...sensor, '-n', '3', '--epochs', '2', '-o', 'mine'], folder);
    const { facts, request } = JSON.parse(readFileSync(join(folder, 'mine/manifest.json'), 'utf8'));
    assert.equal(facts.sensor, 'Mine');
    assert.deepEqual(
      facts.bands.map((band: { wavelength: number }) => band.wavelength),
      wavelengths.filter((nm) => nm !== 550),
    );
    assert.equal(request.open.sensor, join(folder, 'mine.json'));
    succeed(['export', 'mine', '-o', 'bands.onnx'], folder);
    assertFails(['infer', 'bare.img', '-m', 'bands.onnx', '-o', 'mine.tif'], folder, /have no wavelengths/);
    succeed(['infer', 'bare.img', ...sensor, '-m', 'bands.onnx', '-o', 'mine.tif', '--workers', '2'], folder);
    const { stdout } = succeed(['info', 'bare.img', ...sensor, '--json'], folder);
    assert.equal(JSON.parse(stdout)[0].bands[1].wavelength, 550);
    writeFileSync(join(folder, 'two.csv'), ['wavelength,a,b', '400,0.1,0.4', '1300,0.2,0.3'].join('\n'));
    writeFileSync(join(folder, 'classes.csv'), 'name,class\na,dark\nb,bright\n');
    const library = ['train', 'bare.img', '--library', 'two.csv', '--classes', 'classes.csv', '--steps', '3'];
    assertFails(
      [...library, '-o', 'seen'],
      folder,
      /have no wavelength, which a library needs; .* or name its sensor \(--sensor\)$/,
    );
    succeed([...library, ...sensor, '-o', 'seen'], folder);
    assert.equal(JSON.parse(readFileSync(join(folder, 'seen/manifest.json'), 'utf8')).facts.bands.length, 7);
  });

  it('finds endmembers beside those of a library, which keep their names and spectra', () => {
    const { wavelengths } = mixedScene();
    const water = [0.08, 0.07, 0.05, 0.03, 0.02, 0.02, 0.01, 0.01];
    const lines = ['wavelength,lake', ...wavelengths.map((nm, b) => `${nm},${water[b]}`)];
    writeFileSync(join(folder, 'lake.csv'), lines.join('\n'));
    const train = ['train', scene, '--library', 'lake.csv', '--epochs', '1'];
    const { stderr } = succeed([...train, '-n', '3', '--brightness', 'absolute', '-o', 'beside'], folder);
    assert.match(stderr, /^3 endmembers \(as asked\)/m);
    const { facts } = JSON.parse(readFileSync(join(folder, 'beside/manifest.json'), 'utf8'));
    assert.equal(facts.endmemberMethod, '1 given by lake.csv, 2 found beside them: agreed, absolute brightness');
    const [lake, ...others] = facts.endmembers;
    assert.deepEqual(
      [lake.name, others.map(({ name }: { name: string }) => name)],
      ['lake', ['endmember 2', 'endmember 3']],
    );
    for (const [b, value] of water.entries()) assert.ok(Math.abs(lake.spectrum[b] - value) < 1e-6);
    // The other two materials, of which the second rises throughout and the first falls from 550 nm to 650 nm.
    const falls = others.map(({ spectrum }: { spectrum: number[] }) => spectrum[2]! < spectrum[1]!);
    assert.deepEqual([...falls].sort(), [false, true]);
  });

  it('interrupted by Ctrl-C saves the run; resumed, it ends with the same weights as one that was not', async () => {
    const train = ['train', scene, '-n', '3', '--batch', '400', '--epochs', `${MANY}`];
    const outcome = await interrupted([binary, ...train, '-o', 'broken', '--verbose'], {
      cwd: folder,
      when: /epoch 3\/60/,
    });
    assert.equal(outcome.code, 130);
    assert.match(
      outcome.stderr,
      /interrupted after \d+ of 60 epochs; the run is saved, go on with: egunet train -o broken --resume/,
    );
    const [half] = JSON.parse(succeed(['info', 'broken', '--json'], folder).stdout);
    assert.ok(half.epoch >= 3 && half.epoch < MANY && !half.finished, `stopped at ${half.epoch}`);
    assert.match(succeed(['info', 'broken'], folder).stdout, /continue with egunet train -o broken --resume/);
    succeed(['train', '-o', 'broken', '--resume'], folder);
    succeed([...train, '-o', 'whole'], folder);
    assert.deepEqual(filesOf(join(folder, 'broken')), filesOf(join(folder, 'whole')));
    assert.match(succeed(['train', '-o', 'broken', '--resume'], folder).stderr, /nothing to resume/);
  });

  it('goes on when nobody reads its standard error any more', () => {
    const train = `'${process.execPath}' '${binary}' train '${scene}' -n 3 --batch 400 --epochs 5 --verbose -o unread`;
    const shell = `cd '${folder}'; { ${train} 2>&1 >/dev/null; echo $? >unread.code; } | head -n 1`;
    runProgram('bash', ['-c', shell]);
    assert.equal(readFileSync(join(folder, 'unread.code'), 'utf8').trim(), '0');
    assert.match(succeed(['info', 'unread'], folder).stdout, /5 of 5 epochs/);
  });

  it('interrupted before the first epoch leaves nothing', async () => {
    const args = [binary, 'train', scene, '-o', 'never', '--verbose'];
    const outcome = await interrupted(args, { cwd: folder, when: /endmembers: count/ });
    assert.equal(outcome.code, 130);
    assert.ok(!readdirSync(folder).includes('never'));
  });

  it('warns where an unfinished run is exported', async () => {
    const train = [
      binary,
      'train',
      scene,
      '-n',
      '3',
      '--batch',
      '400',
      '--epochs',
      `${MANY}`,
      '-o',
      'part',
      '--verbose',
    ];
    assert.equal((await interrupted(train, { cwd: folder, when: /epoch 2\/60/ })).code, 130);
    assert.match(succeed(['export', 'part', '-o', 'part.onnx'], folder).stderr, /only \d+ of 60 epochs are trained/);
  });

  it('warns of values that cannot be reflectance', () => {
    const { value, ...rest } = mixedScene();
    const path = writeEnvi(folder, 'counts', { ...rest, value: (pixel, band) => 10_000 * value(pixel, band) });
    const { stderr } = succeed(['train', path, '-n', '3', '--epochs', '1', '-o', 'counts'], folder);
    assert.match(stderr, /mean of 8 of 8 bands is above 1 .*give --reflectance-scale/);
  });
});

describe('the second Ctrl-C', () => {
  const folder = temporaryFolder();

  it('ends the process at once, even while it computes', async () => {
    const control = new URL('../../../cli/dist/support/control.js', import.meta.url).href;
    const script = `
      import { takeControl } from '${control}';
      const { signal } = takeControl({ verbose: false });
      signal.addEventListener('abort', () => {
        process.kill(process.pid, 'SIGINT');
        const end = Date.now() + 60_000;
        while (Date.now() < end); // a computation that does not look at signals
      });
      setInterval(() => {}, 1000);
      process.stderr.write('ready');
    `;
    const outcome = await interrupted(['--input-type=module', '-e', script], { cwd: folder, when: /ready/ });
    assert.equal(outcome.signal, 'SIGINT');
    assert.match(outcome.stderr, /stopping: nothing is left behind \(Ctrl-C again quits at once\)/);
  });
});
