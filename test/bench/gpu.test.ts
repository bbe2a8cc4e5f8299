// The benchmark of GPUs, rehearsed on SwiftShader, a GPU in software, and on the processor.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeEnviImage } from '../support/envi.js';
import { requireData, requireSwiftShader, requireTensorflow, root, temporaryFolder } from '../support/index.js';
import { compiled } from './support.js';

const model = join(root, 'fixtures/golden/infer/pixel.onnx');
const NONE = { VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json', CUDA_VISIBLE_DEVICES: '' };

describe('the benchmark of GPUs', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();

  function bench(args: readonly string[], env: Record<string, string>) {
    const all = [compiled('gpu'), '--rounds', '1', '--peers', folder, ...args];
    return spawnSync(process.execPath, all, { encoding: 'utf8', env: { ...process.env, ...env } });
  }

  /** The cells of a table's row. */
  function row(text: string, ...first: string[]): string[] {
    const line = text.split('\n').find((one) => one.startsWith(`| ${first.join(' | ')} |`));
    assert.ok(line, `no row '${first.join(', ')}' in\n${text}`);
    return line.split(' | ').slice(first.length);
  }

  it('measures network and scene on a GPU, beside what it can do at best', function () {
    const gpu = requireSwiftShader(this);
    const wavelengths = [450, 550, 650, 750, 990, 985, 1650, 2200];
    const data = Float32Array.from({ length: 40 * 30 * wavelengths.length }, (_, i) => ((i * 37) % 997) / 997);
    writeEnviImage(join(folder, 'scene.hdr'), { rows: 40, cols: 30, wavelengths, data });
    const small = ['--batches', '64,128', '--matrix', '128', '--mib', '4', '--parts', 'network,scene'];
    const what = ['--devices', 'cpu,webgpu', '--scene', join(folder, 'scene.hdr'), '--model', model];
    const { status, stdout, stderr } = bench([...what, ...small], gpu);
    assert.equal(status, 0, stderr);
    for (const device of ['cpu', 'webgpu'])
      for (const pixels of ['64', '128']) {
        const [rate, arithmetic, carrying, difference] = row(stdout, device, pixels);
        assert.ok(Number.parseFloat(rate!) > 0, rate);
        for (const share of [arithmetic!, carrying!]) {
          const [, of, limit] = /^([\d.e+-]+) of ([\d.e+-]+) \(\d+ %\)$/.exec(share)!.map(Number);
          assert.ok(of! > 0 && limit! > 0, share);
        }
        assert.ok(Number.parseFloat(difference!) <= 1e-4, difference);
      }
    assert.match(stdout, /^A scene from file to map, 40 x 30 pixels/m);
    for (const device of ['cpu', 'webgpu']) assert.ok(Number.parseFloat(row(stdout, device)[1]!) > 0); // Mpixel/s
  });

  it('measures training steps on every engine that works', function () {
    requireData(this, 'jasper-ridge/jasperRidge2_R198.mat');
    requireTensorflow(this, 'tfjs-node-gpu');
    const { status, stdout, stderr } = bench(['--parts', 'training', '--devices', 'cpu', '--steps', '5'], NONE);
    assert.equal(status, 0, stderr);
    for (const engine of ['onnx-cpu', 'tensorflow-gpu']) {
      const [ms, times, difference] = row(stdout, `egunet, ${engine}`);
      assert.ok(Number.parseFloat(ms!) > 0 && Number.parseFloat(times!) >= 1, stdout);
      assert.ok(Number.parseFloat(difference!) <= 1e-4, stdout);
    }
    assert.match(stderr, /^no PyTorch beside it: /m);
  });

  it('says why nothing is measured where no GPU runs a model', () => {
    const { status, stderr } = bench([], NONE);
    assert.equal(status, 1);
    assert.match(stderr, /no GPU runs a model here \(cuda: .*; webgpu: .*\); name --devices to measure others/);
    assert.match(bench(['--devices', 'cuda'], NONE).stderr, /it does not work here: cuda: /);
  });
});
