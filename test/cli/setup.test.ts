// Setting up TensorFlow: what is there, what is broken, and what cannot be had.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libraryFolder } from 'egunet/dist/setup/places.js';
import { requireTensorflow, temporaryFolder } from '../support/index.js';
import { egunet, succeed } from './support.js';

describe('egunet setup tensorflow', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  it('leaves what is there and works', function () {
    requireTensorflow(this, 'tfjs-node');
    const { stdout } = succeed(['setup', 'tensorflow'], folder);
    assert.match(stdout, /^tensorflow +@tensorflow\/tfjs-node 4\.22\.0 with TensorFlow 2\.18\.1 \(cpu\), was there$/m);
    assert.match(stdout, /^check +tensorflow 2\.18\.1, cpu: [\d.]+ ms a step of 512 pixels, losses right within/m);
  });

  it('makes anew what is there and does not work', function () {
    const there = requireTensorflow(this, 'tfjs-node');
    const place = at('broken/tensorflow');
    mkdirSync(join(place, 'tfjs-node'), { recursive: true });
    symlinkSync(libraryFolder('cpu', '2.18.1'), join(place, 'library-cpu-2.18.1'));
    writeFileSync(join(place, 'tfjs-node/egunet.json'), readFileSync(join(there, 'egunet.json')));
    const { stderr, stdout } = succeed(['setup', 'tensorflow', '--json'], folder, { EGUNET_HOME: at('broken') });
    assert.match(stderr, /tfjs-node: is there, but does not work; setting it up anew/);
    assert.match(stderr, /^taking TensorFlow 2\.18\.1 from /m);
    const { already, finding } = JSON.parse(stdout);
    assert.ok(!already && finding.works);
    assert.deepEqual(readdirSync(place).sort(), ['library-cpu-2.18.1', 'tfjs-node']);
  });

  it('says in a line what cannot be had, and leaves nothing', () => {
    writeFileSync(at('torn.whl'), 'PK');
    writeFileSync(at('wheel.txt'), '');
    mkdirSync(at('empty'));
    const place = { EGUNET_HOME: at('cache') };
    for (const [args, env, says] of [
      [['--from', 'torn.whl'], {}, /torn\.whl: is not a whole wheel \(.*\); get it again$/m],
      [['--from', 'wheel.txt'], {}, /wheel\.txt: is not a wheel \(\.whl\)/],
      [['--from', 'nowhere'], {}, /nowhere: there is no such file or folder/],
      [['--from', 'empty'], {}, /pip|No matching distribution/],
      [['--from', 'empty'], { PATH: at('empty') }, /'python3' is not installed: install Python 3 with pip/],
    ] as const) {
      const { code, stderr } = egunet(['setup', 'tensorflow', ...args], folder, { ...place, ...env });
      assert.equal(code, 1, stderr);
      assert.match(stderr, says);
      assert.deepEqual(existsSync(at('cache/tensorflow')) ? readdirSync(at('cache/tensorflow')) : [], []);
    }
    rmSync(at('cache'), { recursive: true, force: true });
  });

  it('is wrong usage of anything else', () => {
    for (const [args, says] of [
      [['setup', 'torch'], /setup: expected tensorflow, got 'torch'/],
      [['setup'], /setup needs WHAT/],
      [['setup', 'tensorflow', '--library', 'rocm'], /--library: expected cpu or cuda, got 'rocm'/],
      [['setup', 'tensorflow', '--tensorflow', '2'], /--tensorflow: expected a version such as 2\.18\.1, got '2'/],
    ] as const) {
      const { code, stderr } = egunet(args, folder);
      assert.equal(code, 2, stderr);
      assert.match(stderr, says);
    }
  });
});
