// The packages as npm delivers them, and the image that is made of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, skipUntested, temporaryFolder } from '../support/index.js';

const { version } = JSON.parse(readFileSync(join(root, 'cli/package.json'), 'utf8'));

describe('egunet as it is delivered', function () {
  this.timeout(600_000);
  const folder = temporaryFolder();

  const place = join(folder, 'place');
  const egunet = join(place, 'node_modules/.bin/egunet');

  it('runs from its packages alone, installed as the images do it', () => {
    const packages = join(folder, 'packages');
    mkdirSync(packages);
    run('npm', ['--prefix', root, 'pack', '--silent', '--workspaces', '--pack-destination', packages]);
    const files = readdirSync(packages).map((file) => join(packages, file));
    const quietly = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    run('npm', ['install', '--prefix', place, ...quietly, ...files]);
    assert.equal(run(egunet, ['--version']).trim(), version);
    for (const id of ['cpu', 'onnx-cpu']) {
      const { findings } = JSON.parse(run(egunet, ['doctor', '--only', id, '--json']));
      assert.ok(findings[0].works, findings[0].says);
    }
  });

  it('has its libraries for CUDA put in place without a GPU, as the image for CUDA does it, if those of NVIDIA are there', function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') this.skip(); // as NVIDIA's images
    const [libraries, nvidia] = [join(folder, 'libraries'), join(folder, 'nvidia')];
    for (const path of [libraries, nvidia]) mkdirSync(path);
    writeFileSync(join(libraries, 'libonnxruntime_providers_shared.so'), '');
    writeFileSync(join(libraries, 'libonnxruntime_providers_cuda.so'), '\0libcudart.so.987\0');
    const setUp = () =>
      spawnSync(egunet, ['setup', 'cuda', '--untried', '--from', libraries], {
        encoding: 'utf8',
        env: { ...process.env, LD_LIBRARY_PATH: nvidia },
      });
    const without = setUp();
    assert.equal(without.status, 1);
    assert.match(
      without.stderr,
      /but does not run on CUDA: .*; install CUDA and cuDNN 9 so that there are libcudart\.so\.987/,
    );
    writeFileSync(join(nvidia, 'libcudart.so.987'), '');
    const { status, stdout, stderr } = setUp();
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^check +all libraries are there; not tried$/m);
  });

  it('is made the same way for both images', () => {
    const stage = (file: string) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n');
      const from = lines.findIndex((line) => line.startsWith('FROM'));
      return lines.slice(from, from + 4);
    };
    assert.deepEqual(stage('Dockerfile.cuda'), stage('Dockerfile'));
  });

  it('is an image that runs it, not as root', function () {
    if (spawnSync('docker', ['info']).status !== 0) skipUntested(this, 'no Docker engine answers');
    run('docker', ['build', '--quiet', '--tag', 'egunet-test', root]);
    const inImage = (...args: string[]) => run('docker', ['run', '--rm', ...args]);
    assert.equal(inImage('egunet-test', '--version').trim(), version);
    assert.match(inImage('egunet-test', 'doctor', '--only', 'cpu'), /runs a model/);
    assert.notEqual(inImage('--entrypoint', 'id', 'egunet-test', '--user').trim(), '0');
  });
});
