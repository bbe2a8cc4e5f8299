import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '@egunet/fixtures';
import { temporaryFolder } from '../support/index.js';
import { assertFails, binary, type EnviScene, egunet, interrupted, mixedScene, succeed, writeEnvi } from './support.js';

/** A mixed scene in larger patches, with noise that no two pixels share. */
function noisyScene(): EnviScene {
  const { value, ...scene } = mixedScene();
  const random = seededRandom(3);
  const noise = Float64Array.from({ length: 40 * 20 * 8 }, () => 0.03 * random.normal());
  return { ...scene, rows: 40, value: (pixel, band) => value(pixel % 400, band) + noise[8 * pixel + band]! };
}

describe('the spatial network, on the command line', () => {
  const folder = temporaryFolder();
  const scene = writeEnvi(folder, 'noisy', noisyScene());
  const train = ['train', scene, '-n', '3', '--epochs', '10', '--model', 'ss', '--threads', '1'];
  const manifest = (run: string) => JSON.parse(readFileSync(join(folder, run, 'manifest.json'), 'utf8'));

  it('is trained by name, and says how much of what neighbours differ by is noise', () => {
    const result = JSON.parse(succeed([...train, '-o', 'run', '--json'], folder).stdout);
    assert.equal(result.settings.model, 'ss');
    assert.equal(result.noiseShares.length, 2); // three abundances that sum to 1
    assert.ok(result.noiseShares[0] > 0.5, `${result.noiseShares}`);
    assert.match(
      succeed(['info', 'run'], folder).stdout,
      /model +egunet-ss\nspatial +noise is \d+ %, \d+ % of what neighbours differ by .* smoothed over 2 pixels around each/,
    );
    assert.match(succeed([...train, '-o', 'again'], folder).stdout, /spatial +noise is \d+ %, \d+ %/);
    assert.deepEqual(manifest('again'), manifest('run'));
  });

  it('says so where there is nothing to smooth', () => {
    const even = writeEnvi(folder, 'even', { ...mixedScene(), value: (p, b) => (p % 20 < 10 ? 0.1 : 0.4) + 0.01 * b });
    const { stdout } = succeed(['train', even, '-n', '2', '--epochs', '1', '--model', 'ss', '-o', 'even'], folder);
    assert.match(stdout, /no noise that can be told from signal: .* --model pw gives such a map faster/);
  });

  it('is exported to a model that says how far it looks', () => {
    const { card } = JSON.parse(succeed(['export', 'run', '-o', 'spatial.onnx', '--json'], folder).stdout);
    assert.deepEqual([card.kind, card.halo, card.network.name], ['spatial', 2, 'egunet-ss']);
    assert.match(succeed(['info', 'spatial.onnx'], folder).stdout, /kind +spatial: looks 2 pixels around each/);
    const item = JSON.parse(readFileSync(join(folder, 'spatial.json'), 'utf8'));
    assert.equal(item.properties['mlm:input'].length, 2);
  });

  it('goes on after Ctrl-C to the same weights and the same layer', async () => {
    const long = [...train, '--epochs', '60', '--batch', '400'].filter((_, i) => i !== 4 && i !== 5);
    await interrupted([binary, ...long, '-o', 'stopped', '--verbose'], { cwd: folder, when: /epoch 2\/60/ });
    assert.ok(manifest('stopped').spatial, 'an interrupted run can be exported');
    succeed(['train', '-o', 'stopped', '--resume', '--threads', '1'], folder);
    succeed([...long, '-o', 'straight'], folder);
    assert.deepEqual(manifest('stopped'), manifest('straight'));
  });

  it('fits the layer that a killed training lacks, though all epochs are done', () => {
    const whole = manifest('run');
    const { spatial: _, ...cut } = whole;
    writeFileSync(join(folder, 'run', 'manifest.json'), JSON.stringify(cut));
    assertFails(['export', 'run', '-o', 'cut.onnx'], folder, /spatial layer is fitted when a training ends.*--resume/);
    succeed(['train', '-o', 'run', '--resume', '--threads', '1'], folder);
    assert.deepEqual(manifest('run'), whole);
    assert.match(succeed(['train', '-o', 'run', '--resume'], folder).stderr, /nothing to resume/);
  });

  it('refuses what it cannot be', () => {
    const { code, stderr } = egunet(['train', scene, '--model', 'xx', '-o', 'never'], folder);
    assert.equal(code, 2);
    assert.match(stderr, /--model: expected pw or ss or ss-paper, got 'xx'/);
    assert.match(
      egunet(['train', '-o', 'run', '--resume', '--model', 'pw'], folder).stderr,
      /--model: a resumed run keeps its settings/,
    );
    const narrow = writeEnvi(folder, 'narrow', { ...noisyScene(), rows: 300, cols: 2 });
    assertFails(
      ['train', narrow, '-n', '3', '--epochs', '1', '--model', 'ss', '-o', 'narrow'],
      folder,
      /4 rows and columns apart.*--model pw/,
    );
  });
});
