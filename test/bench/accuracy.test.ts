// The programs that score scenes, on Samson where the data is there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { ReferenceScene } from '../../bench/src/scenes.js';
import { requireData } from '../support/index.js';
import { compiled, load } from './support.js';

const bench = (name: string, ...args: string[]) =>
  spawnSync(process.execPath, [compiled(name), ...args], { encoding: 'utf8' });

/** The first figure of a row of a table: that behind the name and what follows it. */
function figureOf(text: string, row: string, column: number): number {
  const line = text.split('\n').find((one) => one.startsWith(`| ${row} |`));
  assert.ok(line, `no row '${row}' in\n${text}`);
  return Number.parseFloat(line.split(' | ')[column]!);
}

describe('scoring scenes', () => {
  it('refuses scenes and models that there are not, and names those that there are', () => {
    for (const program of ['accuracy', 'schedule', 'counts']) {
      const { status, stderr } = bench(program, '--scenes', 'jasper,nowhere');
      assert.equal(status, 1);
      assert.match(stderr, /no scene 'nowhere': one of jasper, samson/);
    }
    const { status, stderr } = bench('accuracy', '--scenes', 'samson', '--models', 'pw,xy');
    assert.equal(status, 1);
    assert.match(stderr, /no model 'xy': one of pw, ss, or none/);
  });

  it('takes the middle of a scene, spectra and reference alike', async () => {
    const { middleOf } = await load<typeof import('../../bench/src/scene-list.js')>('scene-list');
    // 4 x 5 pixels, 2 bands, 1 material: rows 1-2 and columns 1-2 are the middle of 2 x 2.
    const values = (width: number) => Float32Array.from({ length: 20 * width }, (_, i) => i);
    const scene = { name: 'S', rows: 4, cols: 5, bands: 2, spectra: values(2), reference: values(1) } as ReferenceScene;
    const { rows, cols, spectra, reference, name } = middleOf(scene, 2);
    assert.deepEqual([rows, cols, name], [2, 2, 'S, its middle 2 x 2 pixels']);
    assert.deepEqual([...reference], [6, 7, 11, 12]);
    assert.deepEqual([...spectra], [12, 13, 14, 15, 22, 23, 24, 25]);
    assert.equal(middleOf(scene, 5), scene);
  });

  it('scores every way, each model among them, and leaves the page alone where told to', function () {
    requireData(this, 'samson/Samson.mat');
    const { status, stdout, stderr } = bench(
      'accuracy',
      '--scenes',
      'samson',
      '--seeds',
      '1',
      '--epochs',
      '2',
      '--no-write',
    );
    assert.equal(status, 0, stderr);
    // The reference's abundances are NNLS with its own endmembers: 0.0004 away.
    assert.ok(figureOf(stdout, "the reference's endmembers, NNLS / sum", 3) < 0.001);
    const [nnls, ...networks] = ['NNLS / sum', 'EGU-Net-pw', 'EGU-Net-ss'].map((way) =>
      figureOf(stdout, `M (ours), ${way}`, 3),
    ) as [number, number, number];
    // 16 steps come near the labels, not more; the blind score of NNLS is .037.
    assert.ok(nnls > 0.03 && nnls < 0.045, `${nnls}`);
    for (const network of networks) assert.ok(network > 0.02 && network < 0.15, `${network}`);
    assert.match(
      stdout,
      /Printed by `npm run bench:accuracy -- --scenes samson --models pw,ss --seeds 1 .*--epochs 2 /,
    );
    assert.doesNotMatch(stdout, /!\[/, 'no picture was made');
  });

  it('trains the models of a seed once: the epochs of one serve the other, and give the same network', async function () {
    requireData(this, 'samson/Samson.mat');
    const { createTrainer } = await load<typeof import('../../bench/src/networks.js')>('networks');
    const { prepareBlind } = await load<typeof import('../../bench/src/blind.js')>('blind');
    const { middleOf, sceneNamed } = await load<typeof import('../../bench/src/scene-list.js')>('scene-list');
    const training = await prepareBlind(middleOf(await sceneNamed('samson'), 40), 1, { method: 'kmeans' });
    const settings = { seed: 1, epochs: 2, threads: 1 };
    const train = createTrainer(training, settings);
    const pixelwise = await train('pw');
    const served = await train('ss');
    const alone = await createTrainer(training, settings)('ss');
    assert.equal(pixelwise.checkpoint.spatial, undefined);
    assert.deepEqual(served.checkpoint.state, alone.checkpoint.state);
    assert.deepEqual(served.checkpoint.spatial, alone.checkpoint.spatial);
    assert.equal(served.checkpoint.settings.model, 'ss');
    assert.ok(served.seconds > pixelwise.seconds, 'the time of the epochs counts for both');
  });

  it('tells what one endmember too few or too many costs', function () {
    requireData(this, 'samson/Samson.mat');
    const { status, stdout, stderr } = bench('counts', '--scenes', 'samson', '--seeds', '1');
    assert.equal(status, 0, stderr);
    const [fewer, right, more] = [2, 3, 4].map((column) => figureOf(stdout, 'Samson', column)) as [
      number,
      number,
      number,
    ];
    // docs/accuracy-log.md: .239, .037, .128.
    assert.ok(fewer > 0.2 && right < 0.04 && more > 0.1, `${fewer}, ${right}, ${more}`);
  });

  it('tells settings of training apart: more epochs come nearer to the labels', function () {
    requireData(this, 'samson/Samson.mat');
    const { status, stdout, stderr } = bench(
      'schedule',
      ...['--scenes', 'samson', '--seeds', '1', '--epochs', '1,6', '--weight-decays', '0.0005', '--side', '40'],
      ...['--batches', '200', '--method', 'subset'],
    );
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^### Samson, its middle 40 x 40 pixels/);
    const rows = stdout.split('\n').filter((line) => line.startsWith('| poly'));
    const cells = rows.map((line) => line.slice(2, -2).split(' | '));
    assert.deepEqual(
      cells.map(([, , decay, , batch, epochs]) => [decay, batch, epochs]),
      [
        ['0.0005', '200', '1'],
        ['0.0005', '200', '6'],
      ],
    );
    const [few, more] = cells.map((row) => Number(row.at(-3))) as [number, number];
    assert.ok(more < few, `from labels: ${few}, ${more}`);
  });
});
