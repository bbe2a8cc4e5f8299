import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireData, run as runProgram, temporaryFolder } from '../support/index.js';
import { egunet, mixedScene, succeed, writeEnvi } from './support.js';

describe('export, on the command line', () => {
  const folder = temporaryFolder();
  before(() => {
    // More pixels than a probe holds. The scene is gone before anything is exported.
    const scene = writeEnvi(folder, 'scene', { ...mixedScene(), rows: 60 });
    succeed(['train', scene, '-n', '3', '--epochs', '2', '-o', 'run'], folder);
    for (const ending of ['img', 'hdr']) rmSync(join(folder, `scene.${ending}`));
  });

  it('needs nothing but the run: checks the model on its pixels and writes a STAC item beside it', () => {
    const { stdout } = succeed(['export', 'run', '-o', 'second.onnx', '--json'], folder);
    const { maxDifference, probePixels, sidecar, bytes } = JSON.parse(stdout);
    assert.ok(maxDifference <= 1e-5);
    assert.equal(probePixels, 1024);
    const item = JSON.parse(readFileSync(join(folder, sidecar), 'utf8'));
    assert.equal(item.properties['mlm:architecture'], 'EGU-Net');
    assert.equal(item.assets.model.href, './second.onnx');
    assert.equal(item.assets.model['file:size'], bytes);
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, 'second.onnx')))
      .digest('hex');
    assert.equal(item.assets.model['file:checksum'], `1220${sha256}`);
  });

  it('writes the same bytes twice at the time that SOURCE_DATE_EPOCH says', () => {
    const env = process.env.SOURCE_DATE_EPOCH;
    try {
      process.env.SOURCE_DATE_EPOCH = '1700000000';
      for (const name of ['dated', 'again']) succeed(['export', 'run', '-o', `${name}.onnx`], folder);
      process.env.SOURCE_DATE_EPOCH = 'today';
      const { code, stderr } = egunet(['export', 'run', '-o', 'undated.onnx'], folder);
      assert.equal(code, 1);
      assert.match(stderr, /SOURCE_DATE_EPOCH: expected whole seconds since 1970, got 'today'/);
    } finally {
      if (env === undefined) delete process.env.SOURCE_DATE_EPOCH;
      else process.env.SOURCE_DATE_EPOCH = env;
    }
    const [dated, again] = ['dated', 'again'].map((name) => readFileSync(join(folder, `${name}.onnx`)));
    assert.ok(dated!.equals(again!));
    const [{ card }] = JSON.parse(succeed(['info', 'dated.onnx', '--json'], folder).stdout);
    assert.equal(card.created, '2023-11-14T22:13:20.000Z');
  });

  it('refuses a run whose pixels are damaged, and writes nothing', () => {
    const probe = readdirSync(join(folder, 'run')).find((name) => name.startsWith('probe-'))!;
    const path = join(folder, 'run', probe);
    const original = readFileSync(path);
    writeFileSync(
      path,
      original.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
    );
    const { code, stderr } = egunet(['export', 'run', '-o', 'damaged.onnx'], folder);
    writeFileSync(path, original);
    assert.equal(code, 1);
    assert.match(stderr, /^egunet: run: probe-[0-9a-f]{8}\.bin is damaged/);
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('damaged')));
  });

  it('prints a next command that a shell reads as it stands', () => {
    mkdirSync(join(folder, "o'clock"));
    const { stdout } = succeed(['export', 'run', '-o', "o'clock/my model.onnx"], folder);
    const next = /^next +(.*)$/m.exec(stdout)![1]!;
    const words = runProgram('bash', ['-c', `printf '%s\\n' ${next}`])
      .trim()
      .split('\n');
    assert.deepEqual(words, ['egunet', 'infer', 'SCENE', '--model', "o'clock/my model.onnx", '-o', 'abundances.tif']);
  });

  it('writes fewer bytes in less than float32, and says what that costs, as do info and infer', () => {
    const sizes = ['float32', 'float16', 'int8'].map((precision) => {
      const args = ['export', 'run', '-o', `${precision}.onnx`, '--precision', precision];
      // Two epochs and few colours: what is off does not matter here.
      const limits = precision === 'float32' ? [] : ['--max-mean-error', '0.5', '--max-error', '1'];
      const { card, bytes } = JSON.parse(succeed([...args, ...limits, '--json'], folder).stdout);
      const { stdout } = succeed(['info', `${precision}.onnx`], folder);
      assert.equal(card.quantisation?.precision ?? 'float32', precision);
      const words = {
        float32: /^precision +float32$/m,
        float16:
          /^precision +float16: abundances within \S+ of float32 on average, \S+ at most, on 1024 training pixels$/m,
        int8: /^precision +int8: abundances within \S+ of .* at most, on 512 training pixels, fitted to 512 others$/m,
      };
      assert.match(stdout, words[precision as 'int8']);
      return bytes;
    });
    assert.deepEqual(
      [...sizes].sort((a, b) => b - a),
      sizes,
    );
    writeEnvi(folder, 'small', mixedScene());
    const { stdout } = succeed(['infer', 'small.img', '-m', 'int8.onnx', '-o', 'small.tif'], folder);
    assert.match(stdout, /^model +int8\.onnx, int8$/m);
  });

  it('gives the same map from int8 however the scene is cut into tiles', () => {
    const scene = writeEnvi(folder, 'cut', { ...mixedScene(), rows: 70 });
    succeed(
      ['export', 'run', '-o', 'cut.onnx', '--precision', 'int8', '--max-mean-error', '1', '--max-error', '1'],
      folder,
    );
    const maps = [['--tile', '7'], ['--tile', '64', '--workers', '1'], []].map((how, i) => {
      mkdirSync(join(folder, String(i)));
      const output = `${i}/cut.tif`;
      const { precision } = JSON.parse(
        succeed(['infer', scene, '-m', 'cut.onnx', '-o', output, ...how, '--json'], folder).stdout,
      );
      assert.equal(precision, 'int8');
      return readFileSync(join(folder, output));
    });
    for (const map of maps) assert.ok(map.equals(maps[0]!));
    assert.ok(maps[0]!.includes('<Item name="EGUNET_MODEL_PRECISION">int8</Item>'));
    const evaluation = succeed(
      ['evaluate', '0/cut.tif', '-r', '1/cut.tif', '--scene', scene, '-m', 'cut.onnx'],
      folder,
    );
    assert.match(evaluation.stdout, /^1400 pixels compared, .*; model in int8/);
  });

  it('exports least squares in the place of the network, which maps the scene as evaluate solves it', () => {
    writeEnvi(folder, 'exact', mixedScene());
    for (const head of ['nnls', 'fcls']) {
      const { stdout } = succeed(['export', 'run', '-o', `${head}.onnx`, '--head', head], folder);
      assert.match(stdout, /^checked +within \S+ of the solver in float64 on \d+ pixels$/m);
      assert.match(succeed(['info', `${head}.onnx`], folder).stdout, /^solved by +.*least squares/m);
      succeed(['infer', 'exact.img', '-m', `${head}.onnx`, '-o', `${head}.tif`], folder);
    }
    const args = ['evaluate', 'nnls.tif', '-r', 'fcls.tif', '--scene', 'exact.img', '--model', 'nnls.onnx', '--json'];
    const { figures, baseline } = JSON.parse(succeed(args, folder).stdout);
    const rmseOf = (all: { name: string; value: number }[]) => all.find(({ name }) => name === 'RMSE')!.value;
    assert.ok(Math.abs(rmseOf(figures) - rmseOf(baseline.figures)) <= 1e-5);
    const precise = egunet(['export', 'run', '-o', 'no.onnx', '--head', 'nnls', '--precision', 'int8'], folder);
    assert.equal(precise.code, 2);
    assert.match(precise.stderr, /--precision int8 is of the network; leave it out with --head nnls/);
  });

  it('refuses what is off by more than the limits, with both figures, and leaves what was there', () => {
    writeFileSync(join(folder, 'off.onnx'), 'kept');
    for (const limit of ['--max-mean-error', '--max-error']) {
      const args = ['export', 'run', '-o', 'off.onnx', '--precision', 'int8', limit, '0', '--overwrite', '--json'];
      const { code, stdout } = egunet(args, folder);
      assert.equal(code, 1);
      const { error } = JSON.parse(stdout);
      assert.match(
        error,
        /^export: abundances in int8 differ from those in float32 by [\d.]+ on average and by [\d.]+ at most, on 512 pixels of the training scene \(limits .*\); nothing was written; export in float32, or raise the limits$/,
      );
    }
    assert.equal(readFileSync(join(folder, 'off.onnx'), 'utf8'), 'kept');
    assert.ok(!readdirSync(folder).includes('off.json'));
  });

  it('takes limits for less than float32 only', () => {
    const cases: [args: string[], pattern: RegExp][] = [
      [['--max-error', '0.1'], /--max-error limits what less than float32 costs; give --precision int8 or float16/],
      [['--max-mean-error', '0.1', '--precision', 'float32'], /--max-mean-error limits what less than float32 costs/],
      [['--precision', 'int4'], /--precision: expected float32 or float16 or int8, got 'int4'/],
      [['--precision', 'int8', '--max-error', '-1'], /--max-error: expected a number >= 0, got -1/],
    ];
    for (const [args, pattern] of cases) {
      const { code, stderr } = egunet(['export', 'run', '-o', 'none.onnx', ...args], folder);
      assert.equal(code, 2, stderr);
      assert.match(stderr, pattern);
    }
    assert.ok(!readdirSync(folder).some((name) => name.startsWith('none')));
  });
});

describe('int8, on real pixels of Jasper Ridge', () => {
  const folder = temporaryFolder();

  it('stays within the limits', function () {
    const jasper = requireData(this, 'jasper-ridge/jasperRidge2_R198.mat');
    const scale = ['--reflectance-scale', '0.0001'];
    succeed(['train', jasper, '-n', '4', '--epochs', '20', ...scale, '-o', 'run'], folder);
    const args = ['export', 'run', '-o', 'model.onnx', '--precision', 'int8', '--json'];
    const { quantisation } = JSON.parse(succeed(args, folder).stdout).card;
    assert.ok(quantisation.meanError < 0.003 && quantisation.maxError < 0.04, JSON.stringify(quantisation));
    succeed(['infer', jasper, ...scale, '-m', 'model.onnx', '-o', 'map.tif'], folder);
  });
});
