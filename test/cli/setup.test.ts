// Setting up TensorFlow: what is there, what is broken, and what cannot be had.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { missingForCuda, neededLibraries, onnxruntimeIn, setUpCuda } from 'egunet/dist/setup/cuda.js';
import { libraryFolder } from 'egunet/dist/setup/places.js';
import { requireProgram, requireTensorflow, run, temporaryFolder } from '../support/index.js';
import { binary, egunet, interrupted, succeed } from './support.js';

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
      [['--from', 'torn.whl'], {}, /torn\.whl: is not a whole archive \(.*\); get it again$/m],
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

  it('stopped in the middle leaves nothing, and removes what killed ones left long ago', async function () {
    requireTensorflow(this, 'tfjs-node'); // where it can be downloaded
    const place = at('stopped/tensorflow');
    mkdirSync(join(place, 'tfjs-node.a1B2c3'), { recursive: true });
    mkdirSync(join(place, 'tfjs-node.x9Y8z7'));
    utimesSync(join(place, 'tfjs-node.a1B2c3'), 1, 1);
    const args = [binary, 'setup', 'tensorflow', '--verbose'];
    const env = { EGUNET_HOME: at('stopped') };
    const { code, stderr } = await interrupted(args, {
      cwd: folder,
      env,
      when: /downloading tensorflow-cpu==2\.18\.1/,
    });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /interrupted: nothing is left behind/);
    assert.deepEqual(readdirSync(place), ['tfjs-node.x9Y8z7']); // of another set-up that goes on
  });

  it('is wrong usage of anything else', () => {
    for (const [args, says] of [
      [['setup', 'torch'], /setup: expected tensorflow or cuda, got 'torch'/],
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

describe('egunet setup cuda', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const files = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'];
  const control = { signal: new AbortController().signal, startProgress: () => ({ update() {}, stop() {} }) };

  /** An onnxruntime-node that lacks its libraries for CUDA. */
  async function bare(name: string) {
    const binaries = at(`${name}/bin/napi-v6/${process.platform}/${process.arch}`);
    mkdirSync(binaries, { recursive: true });
    writeFileSync(at(`${name}/package.json`), '{ "version": "1.30.0" }');
    return onnxruntimeIn(at(name));
  }

  before(() => {
    mkdirSync(at('libraries'));
    writeFileSync(at(`libraries/${files[0]}`), 'shared');
    const linked = ['libcublasLt.so.13', 'libcudart.so.12', 'libcudart.so.13', 'libcuda.so.1', 'libcudnn.so'];
    // One name lies across two pieces of the file as it is read.
    const names = Buffer.from(`\0${linked.join('\0')}\0`);
    writeFileSync(at(`libraries/${files[1]}`), Buffer.concat([Buffer.alloc(65530), names]));
  });

  it('takes the libraries of a folder or an archive, and knows what they need', async function () {
    requireProgram(this, 'zip', 'apt-get install zip');
    run('bash', ['-c', `cd '${at('libraries')}' && zip -q ../onnxruntime_gpu-1.30.0-cp312-cp312-any.whl *`]);
    for (const [name, from] of [
      ['a', at('libraries')],
      ['b', at('onnxruntime_gpu-1.30.0-cp312-cp312-any.whl')],
    ] as const) {
      const onnxruntime = await bare(name);
      assert.match((await missingForCuda(onnxruntime))!, /^egunet setup cuda /);
      assert.deepEqual(await setUpCuda({ onnxruntime, from, control }), { source: from });
      assert.deepEqual(readdirSync(onnxruntime.binaries).sort(), [...files].sort());
      for (const file of files)
        assert.deepEqual(readFileSync(join(onnxruntime.binaries, file)), readFileSync(at(`libraries/${file}`)));
      assert.deepEqual(await neededLibraries(onnxruntime), ['libcublasLt.so.13', 'libcudart.so.13']);
      const missing = await missingForCuda(onnxruntime);
      if (missing !== undefined)
        assert.match(missing, /^egunet setup cuda --nvidia, or install CUDA and cuDNN 9 so that there are lib/);
    }
  });

  it('refuses what is of another version, or none of it, and leaves what was there', async function () {
    requireProgram(this, 'zip', 'apt-get install zip');
    const onnxruntime = await bare('c');
    mkdirSync(at('half'));
    writeFileSync(at(`half/${files[0]}`), '');
    run('bash', ['-c', `cd '${at('half')}' && zip -q ../half-1.30.0.zip *`]);
    writeFileSync(at('onnxruntime_gpu-1.29.0-cp312-cp312-any.whl'), '');
    writeFileSync(at('torn-1.30.0.zip'), 'PK');
    for (const [from, says] of [
      ['half', /half: has no libonnxruntime_providers_cuda\.so; give the folder where both/],
      ['half-1.30.0.zip', /half-1\.30\.0\.zip: has no libonnxruntime_providers_cuda\.so; give the archive of/],
      ['onnxruntime_gpu-1.29.0-cp312-cp312-any.whl', /has onnxruntime 1\.29\.0, expected 1\.30\.0, which is installed/],
      ['torn-1.30.0.zip', /torn-1\.30\.0\.zip: is not a whole archive/],
      ['nowhere', /nowhere: there is no such file or folder/],
    ] as const) {
      await assert.rejects(setUpCuda({ onnxruntime, from: at(from), control }), {
        _tag: 'CommandError',
        message: says,
      });
      assert.deepEqual(readdirSync(onnxruntime.binaries), []);
    }
  });

  it("has NVIDIA's libraries loaded by this process, and looked for by those that it starts", function () {
    if (process.platform !== 'linux') this.skip();
    requireProgram(this, 'cc', 'apt-get install gcc');
    const lib = at('home/cuda/lib');
    mkdirSync(lib, { recursive: true });
    run('cc', ['-shared', '-o', join(lib, 'libcudart.so.13'), '-x', 'c', '/dev/null']);
    writeFileSync(join(lib, 'libcublas.so.13'), 'torn');
    const module = new URL('../../../cli/dist/setup/nvidia.js', import.meta.url).href;
    const script = `const { useNvidia } = await import('${module}'); await useNvidia();
      const maps = (await import('node:fs')).readFileSync('/proc/self/maps', 'utf8');
      console.log(JSON.stringify([maps.includes('/cuda/lib/libcudart.so.13'), process.env.LD_LIBRARY_PATH]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, EGUNET_HOME: at('home'), LD_LIBRARY_PATH: '/elsewhere' },
    });
    assert.equal(stderr, '');
    assert.deepEqual(JSON.parse(stdout), [true, `${lib}:/elsewhere`]);
  });

  it('is told on the command line, and wrong usage with options of TensorFlow', () => {
    const failed = egunet(['setup', 'cuda', '--from', 'nowhere'], folder);
    assert.deepEqual(
      [failed.code, failed.stderr],
      [1, 'egunet: nowhere: there is no such file or folder; check the path\n'],
    );
    const { code, stderr } = egunet(['setup', 'cuda', '--gpu'], folder);
    assert.equal(code, 2);
    assert.match(stderr, /--gpu is of setup tensorflow; leave it out/);
    const other = egunet(['setup', 'tensorflow', '--untried'], folder);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /--untried is of setup cuda; leave it out/);
    const file = egunet(['setup', 'cuda', '--nvidia', '--from', `libraries/${files[0]}`], folder);
    assert.equal(file.code, 1);
    assert.match(file.stderr, /is no folder; --nvidia takes the wheels of NVIDIA, too, from a folder of them/);
  });
});
