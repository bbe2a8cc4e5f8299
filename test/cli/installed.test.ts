// The packages as npm delivers them, and the image that is made of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, skipUntested, temporaryFolder } from '../support/index.js';

const { version } = JSON.parse(readFileSync(join(root, 'cli/package.json'), 'utf8'));

describe('egunet as it is delivered', function () {
  this.timeout(600_000);
  const folder = temporaryFolder();

  it('runs from its packages alone, installed as the image does it', () => {
    const [packages, place] = [join(folder, 'packages'), join(folder, 'place')];
    mkdirSync(packages);
    run('npm', ['--prefix', root, 'pack', '--silent', '--workspaces', '--pack-destination', packages]);
    const files = readdirSync(packages).map((file) => join(packages, file));
    const quietly = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    run('npm', ['install', '--prefix', place, ...quietly, ...files]);
    const egunet = join(place, 'node_modules/.bin/egunet');
    assert.equal(run(egunet, ['--version']).trim(), version);
    for (const id of ['cpu', 'onnx-cpu']) {
      const { findings } = JSON.parse(run(egunet, ['doctor', '--only', id, '--json']));
      assert.ok(findings[0].works, findings[0].says);
    }
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
