import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run as runProgram, temporaryFolder } from '../support/index.js';
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
});
