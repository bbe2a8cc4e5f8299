// Training by the engine that is asked for, beside the default one.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { requireData, requireSwiftShader, requireTensorflow, temporaryFolder } from '../support/index.js';
import { assertFails, binary, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

describe('egunet train --engine', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const nothing = { EGUNET_HOME: join(folder, 'nothing') };
  let scene: string;
  before(() => {
    scene = writeEnvi(folder, 'scene', mixedScene());
  });

  /** The losses of a run's epochs. */
  const losses = (run: string): number[] =>
    JSON.parse(readFileSync(join(folder, run, 'manifest.json'), 'utf8')).history.map(
      ({ total }: { total: number }) => total,
    );

  function assertSame(run: string, other: string): void {
    const [got, expected] = [losses(run), losses(other)];
    assert.equal(got.length, expected.length);
    for (const [i, loss] of got.entries())
      assert.ok(
        Math.abs(loss - expected[i]!) <= 1e-4 * Math.abs(expected[i]!),
        `epoch ${i + 1}: ${loss}, ${expected[i]}`,
      );
  }

  /** Ten epochs of a step each. */
  const train = () => ['train', scene, '-n', '3', '--epochs', '10', '--batch', '400', '--learning-rate', '0.001'];

  it('onnx --device webgpu has the losses of the CPU within 1e-4, and ends with its abundances within .002', function () {
    const gpu = requireSwiftShader(this);
    const few = [...train(), '--epochs', '3'].filter((_, i) => i !== 4 && i !== 5);
    succeed([...few, '-o', 'cpu'], folder);
    succeed([...few, '-o', 'webgpu', '--engine', 'onnx', '--device', 'webgpu'], folder, gpu);
    assertSame('webgpu', 'cpu');
    for (const run of ['cpu', 'webgpu']) {
      succeed(['export', run, '-o', `${run}.onnx`], folder);
      succeed(['infer', scene, '-m', `${run}.onnx`, '-o', `${run}.tif`], folder);
    }
    const judged = succeed(['evaluate', 'webgpu.tif', '-r', 'cpu.tif', '--json'], folder);
    assert.ok(figureOf(judged.stdout, 'RMSE') <= 0.002, judged.stdout);
  });

  /** A figure of what `evaluate --json` prints. */
  function figureOf(json: string, wanted: string): number {
    const { figures }: { figures: { name: string; value: number }[] } = JSON.parse(json);
    return figures.find(({ name }) => name === wanted)!.value;
  }

  it('onnx on a device that is not there says so, and leaves nothing', () => {
    const none = { ...nothing, VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json' };
    for (const device of ['cuda', 'webgpu']) {
      const { code, stderr } = egunet([...train(), '-o', 'none', '--device', device], folder, none);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`cannot train on '${device}': .*; egunet doctor says what is missing$`, 'm'));
      assert.ok(!existsSync(join(folder, 'none')));
    }
  });

  it('tensorflow has the losses of onnx in ten steps within 1e-4', function () {
    requireTensorflow(this, 'tfjs-node');
    succeed([...train(), '-o', 'onnx'], folder);
    const { stderr } = succeed([...train(), '-o', 'tensorflow', '--engine', 'tensorflow'], folder);
    assert.match(stderr, /^engine: tensorflow 2\.\d+\.\d+ by tfjs-node(-gpu)?, \wpu: [\d.]+ ms a step of 400 pixels/m);
    assertSame('tensorflow', 'onnx');
  });

  /** aRMSE on Jasper Ridge after 20 epochs of an engine. */
  function scoreOf(
    image: string,
    truth: string,
    { engine, env = {} }: { engine: string; env?: Record<string, string> },
  ) {
    const read = ['--reflectance-scale', '0.0002'];
    const trained = ['train', image, '-n', '4', '--epochs', '20', ...read, '-o', 'jasper', '--overwrite'];
    const { stderr } = succeed([...trained, '--engine', engine], folder, env);
    succeed(['export', 'jasper', '-o', 'jasper.onnx', '--overwrite'], folder);
    succeed(['infer', image, ...read, '-m', 'jasper.onnx', '-o', 'jasper.tif', '--overwrite'], folder);
    const judged = succeed(['evaluate', 'jasper.tif', '-r', truth, '--json'], folder);
    return { stderr, score: figureOf(judged.stdout, 'aRMSE') };
  }

  for (const name of ['tfjs-node', 'tfjs-node-gpu'] as const)
    it(`tensorflow by ${name} ends with the score of onnx within .002`, function () {
      const installed = requireTensorflow(this, name);
      const image = requireData(this, 'jasper-ridge/jasperRidge2_R198.mat');
      const truth = requireData(this, 'jasper-ridge/Jasper_GT.mat');
      // It alone is set up there.
      const home = join(folder, `home of ${name}`);
      mkdirSync(join(home, 'tensorflow'), { recursive: true });
      symlinkSync(installed, join(home, 'tensorflow', name));
      const onnx = scoreOf(image, truth, { engine: 'onnx' });
      const { score, stderr } = scoreOf(image, truth, { engine: 'tensorflow', env: { EGUNET_HOME: home } });
      assert.match(stderr, /^engine: tensorflow 2/m);
      assert.doesNotMatch(stderr, /^also works: /m);
      assert.ok(score > 0 && score < 0.1 && onnx.score > 0, `${score}`);
      assert.ok(Math.abs(score - onnx.score) <= 0.002, `${score}, onnx ${onnx.score}`);
    });

  it('auto takes the fastest that works, and says what the others do', function () {
    requireTensorflow(this, 'tfjs-node');
    const { stderr } = succeed([...train(), '-o', 'auto', '--engine', 'auto'], folder);
    // At the batch that is asked for.
    const steps = [...stderr.matchAll(/^(engine|also works): .*: ([\d.]+) ms a step of 400 pixels/gm)].map(([, , ms]) =>
      Number(ms),
    );
    assert.ok(steps.length >= 2, stderr);
    assert.ok(steps[0]! <= 1.4 * Math.min(...steps), stderr); // onnxruntime is left only for what is a good deal faster
    assert.match(stderr, /^no onnx-cuda: /m);
  });

  it('is kept in the run: what began it goes on with it, and another is told of', async function () {
    requireTensorflow(this, 'tfjs-node');
    const args = [binary, ...train(), '--epochs', '4000', '-o', 'kept', '--engine', 'tensorflow'].filter(
      (_, i) => i !== 5 && i !== 6,
    );
    const { code } = await interrupted(args, { cwd: folder, when: /epoch \d+\/4000/ });
    assert.equal(code, 130);
    const engineOf = () => JSON.parse(readFileSync(join(folder, 'kept/manifest.json'), 'utf8')).request.engine;
    assert.match(engineOf(), /^tensorflow/);
    const again = [binary, 'train', '-o', 'kept', '--resume'];
    const same = await interrupted(again, { cwd: folder, when: /epoch \d+\/4000/ });
    assert.match(same.stderr, /^engine: tensorflow(-gpu)?, which has trained it so far$/m);
    assert.match(engineOf(), /^tensorflow/);
    const other = await interrupted([...again, '--engine', 'onnx'], { cwd: folder, when: /epoch \d+\/4000/ });
    assert.match(other.stderr, /^tensorflow(-gpu)? has trained it so far: onnx-cpu rounds otherwise/m);
    assert.equal(engineOf(), undefined);
  });

  it('tensorflow that is not set up is an error that says how', () => {
    assertFails([...train(), '-o', 'no', '--engine', 'onnx', '--device', 'cuda'], folder, /cannot train on 'cuda'/);
    const { code, stderr } = egunet([...train(), '-o', 'no', '--engine', 'tensorflow'], folder, nothing);
    assert.equal(code, 1);
    assert.match(stderr, /--engine tensorflow: none is set up and works; egunet setup tensorflow sets it up/);
    assert.ok(!existsSync(join(folder, 'no')));
  });

  it('is refused where it means nothing', () => {
    const both = egunet([...train(), '-o', 'no', '--engine', 'auto', '--device', 'cuda'], folder);
    assert.equal(both.code, 2);
    assert.match(both.stderr, /--device is where --engine onnx trains; leave it out with --engine auto/);
    const paper = ['train', scene, '-n', '3', '--model', 'ss-paper', '--device', 'webgpu', '-o', 'no'];
    assertFails(paper, folder, /ss-paper is trained by --engine onnx on --device cpu alone/);
    assert.ok(!existsSync(join(folder, 'no')));
  });
});
