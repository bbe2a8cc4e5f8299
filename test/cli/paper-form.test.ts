// The paper's form of EGU-Net-ss, from a scene with gaps to its map.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openScene } from '@egunet/raster/node';
import { runSpatialHead } from '@egunet/train';
import { temporaryFolder } from '../support/index.js';
import { assertFails, binary, type EnviScene, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

const NO_DATA = -1;
const BANDS = 8;

/** A mixed scene of any size with a corner, a hole and single pixels without data. */
function gappyScene(rows: number, cols: number): EnviScene {
  const { value, ...scene } = mixedScene();
  const lacks = (row: number, col: number) =>
    row + col < 5 || (row > 8 && row < 12 && col > 5 && col < 11) || (row * 7 + col) % 23 === 5;
  return {
    ...{ ...scene, rows, cols, noData: NO_DATA },
    value: (pixel, band) => {
      const [row, col] = [Math.floor(pixel / cols), pixel % cols];
      return lacks(row, col) ? NO_DATA : value((row % 20) * 20 + (col % 20), band);
    },
  };
}

describe("the paper's form of the spatial network, on the command line", () => {
  const folder = temporaryFolder();
  const scene = writeEnvi(folder, 'scene', gappyScene(20, 21));
  const common = ['train', scene, '-n', '3', '--model', 'ss-paper', '--threads', '1'];
  const train = [...common, '--epochs', '3'];
  const manifest = (run: string) => readFileSync(join(folder, run, 'manifest.json'), 'utf8');

  it('is trained by name, with its own settings, and says how far it is', () => {
    const { stdout, stderr } = succeed([...train, '-o', 'run', '--json', '--verbose'], folder);
    const { settings, epochs, candidates } = JSON.parse(stdout);
    assert.equal(epochs, 3);
    assert.deepEqual(settings, {
      ...{ model: 'ss-paper', seed: 1, epochs: 3, batch: 20 * 21, candidateBatch: candidates, schedule: 'poly' },
      ...{ learningRate: 0.01, dropRate: 0.1, weightDecay: 0.005 },
    });
    assert.match(stderr, /training 66% ETA \d.*epoch 2\/3 loss/);
    assert.match(stderr, /statistics of the scene 33% ETA \d[\s\S]*statistics of the scene 100% in/);
    assert.match(succeed(['info', 'run'], folder).stdout, /model +egunet-ss-paper\nsettings .* batches of 420 pixels/);
  });

  it('gives the map of the whole scene, however it is cut into tiles', async () => {
    const { card } = JSON.parse(succeed(['export', 'run', '-o', 'paper.onnx', '--json'], folder).stdout);
    assert.deepEqual([card.kind, card.halo, card.network.name], ['spatial', 6, 'egunet-ss-paper']);
    const said = succeed(['info', 'paper.onnx'], folder).stdout;
    assert.match(said, /kind +spatial: looks 6 pixels around each/);
    assert.match(said, /network +egunet-ss-paper, 256-128-32-3, kernels 5 x 5, 3 x 3, 1 x 1, 1 x 1$/m);
    const [rows, cols] = [130, 110];
    const large = writeEnvi(folder, 'large', gappyScene(rows, cols));
    const values = new Float32Array(new Uint8Array(readFileSync(large)).buffer);
    const valid = Float32Array.from({ length: rows * cols }, (_, i) => Number(values[i * BANDS] !== NO_DATA));
    const spectra = values.map((value) => (value === NO_DATA ? 0 : value));
    const bytes = readFileSync(join(folder, 'paper.onnx'));
    const whole = await runSpatialHead(bytes, { rows, cols, valid, spectra, bands: BANDS });
    for (const [i, how] of [['--tile', '7'], ['--tile', '50', '--workers', '2'], []].entries()) {
      mkdirSync(join(folder, `${i}`));
      succeed(['infer', large, '-m', 'paper.onnx', '-o', `${i}/map.tif`, ...how], folder);
      const map = await openScene(join(folder, `${i}/map.tif`));
      const { data } = await map.readWindow({ row: 0, col: 0, rows, cols });
      await map.close();
      let worst = 0;
      whole.forEach((value, at) => {
        const pixel = Math.floor(at / 3);
        const got = data[at]!;
        assert.equal(Number.isNaN(got), valid[pixel] === 0);
        if (valid[pixel] === 1) worst = Math.max(worst, Math.abs(got - value));
      });
      assert.ok(worst <= 1e-5, `${how.join(' ')}: ${worst}`);
    }
    const judged = ['evaluate', '0/map.tif', '-r', '2/map.tif', '--scene', large, '-m', 'paper.onnx'];
    assert.match(succeed(judged, folder).stdout, /aRMSE +abundance +0\.0000/);
  });

  it('goes on after Ctrl-C to the same run', async () => {
    const long = [...common, '--epochs', '40'];
    const { code, stderr } = await interrupted([binary, ...long, '-o', 'stopped', '--verbose'], {
      cwd: folder,
      when: /epoch 2\/40/,
    });
    assert.equal(code, 130);
    assert.match(stderr, /interrupted after \d+ of 40 epochs; the run is saved, go on with: .* --resume/);
    assertFails(
      ['export', 'stopped', '-o', 'stopped.onnx'],
      folder,
      /statistics of the encoder .*--resume\), then export/,
    );
    succeed(['train', '-o', 'stopped', '--resume', '--threads', '1'], folder);
    succeed([...long, '-o', 'straight'], folder);
    assert.equal(manifest('stopped'), manifest('straight')); // names the files by their content
    assert.deepEqual(readdirSync(join(folder, 'stopped')).sort(), readdirSync(join(folder, 'straight')).sort());
  });

  it('sums the statistics that a killed training lacks, though all epochs are done', () => {
    const whole = manifest('run');
    const { statistics: _, ...cut } = JSON.parse(whole);
    writeFileSync(join(folder, 'run', 'manifest.json'), JSON.stringify(cut));
    succeed(['train', '-o', 'run', '--resume', '--threads', '1'], folder);
    assert.equal(manifest('run'), whole);
    assert.match(succeed(['train', '-o', 'run', '--resume'], folder).stderr, /nothing to resume/);
  });

  it('refuses what means nothing for it, and what it cannot do', () => {
    for (const option of ['batch', 'candidate-batch']) {
      const { code, stderr } = egunet([...train, `--${option}`, '8', '-o', 'never'], folder);
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`--${option}: every step of ss-paper takes the whole scene, or patches of it; leave`),
      );
    }
    for (const precision of ['int8', 'float16'])
      assertFails(
        ['export', 'run', '-o', 'less.onnx', '--precision', precision],
        folder,
        new RegExp(`in float32 alone, not in ${precision}; leave --precision out, or train --model ss`),
      );
    const narrow = writeEnvi(folder, 'narrow', { ...mixedScene(), rows: 100, cols: 4 });
    assertFails(
      ['train', narrow, '-n', '3', '--model', 'ss-paper', '-o', 'narrow'],
      folder,
      /looks at 5 x 5 pixels at once, and the scene has 100 rows x 4 columns; use a larger scene, or --model pw/,
    );
    const run = join(folder, 'run', 'manifest.json');
    const whole = manifest('run');
    writeFileSync(run, whole.replace('"batch": 420', '"batch": 8'));
    assertFails(
      ['train', '-o', 'run', '--resume'],
      folder,
      /takes 420 pixels of this scene, got a batch of 8; train anew/,
    );
    writeFileSync(run, whole);
  });
});
