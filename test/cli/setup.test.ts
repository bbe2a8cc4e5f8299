// Setting up TensorFlow: what is there, what is broken, and what cannot be had.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
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
import { requireProgram, requireTensorflow, run, skipUntested, temporaryFolder } from '../support/index.js';
import { binary, egunet, interrupted, succeed } from './support.js';

describe('egunet setup tensorflow', function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);

  it('leaves what is there and works', function () {
    requireTensorflow(this, 'tfjs-node');
    const { stdout } = succeed(['setup', 'tensorflow'], folder);
    assert.match(stdout, /^tensorflow +@tensorflow\/tfjs-node 4\.22\.0 with TensorFlow 2\.18\.1 \(cpu\), was there$/m);
    assert.match(
      stdout,
      /^check +tensorflow 2\.18\.1 by tfjs-node, cpu: [\d.]+ ms a step of 512 pixels, losses right within/m,
    );
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

  it('refuses a wheel of another version or build, and a path that is not there', async function () {
    requireProgram(this, 'zip', 'apt-get install zip');
    const about = 'tensorflow_cpu-2.21.0.dist-info';
    mkdirSync(at(`wheel/${about}`), { recursive: true });
    writeFileSync(at(`wheel/${about}/METADATA`), 'Metadata-Version: 2.1\nName: tensorflow_cpu\nVersion: 2.21.0\n');
    run('bash', ['-c', `cd '${at('wheel')}' && zip -qr ../tf.whl .`]);
    for (const [args, says] of [
      [
        ['--from', 'tf.whl'],
        /the wheel is tensorflow-cpu==2\.21\.0, expected tensorflow-cpu==2\.18\.1; --tensorflow names/,
      ],
      [
        ['--gpu', '--tensorflow', '2.21.0', '--from', 'tf.whl'],
        /the wheel is tensorflow-cpu==2\.21\.0, expected tensorflow==2/,
      ],
      [['--from', 'nowhere.whl'], /nowhere\.whl: there is no such file or folder/],
    ] as const) {
      const { code, stderr } = egunet(['setup', 'tensorflow', ...args], folder, { EGUNET_HOME: 'relative' });
      assert.equal(code, 1);
      assert.match(stderr, says);
      assert.deepEqual(existsSync(at('relative/tensorflow')) ? readdirSync(at('relative/tensorflow')) : [], []);
    }
  });

  it('is used from a folder that is named from here, says that it does not look at --from, and makes a torn library anew', function () {
    const installed = requireTensorflow(this, 'tfjs-node');
    mkdirSync(at('here/tensorflow'), { recursive: true });
    symlinkSync(installed, at('here/tensorflow/tfjs-node'));
    const here = { EGUNET_HOME: 'here' };
    const { findings } = JSON.parse(succeed(['doctor', '--only', 'tensorflow', '--json'], folder, here).stdout);
    assert.ok(findings[0].works, findings[0].says);
    const { stderr } = succeed(['setup', 'tensorflow', '--from', 'tf.whl'], folder, here);
    assert.match(stderr, /is there and works, so tf\.whl is not looked at; --force takes it/);
    // Of a library that is left without its files only the wheel helps, and this one is another's.
    mkdirSync(at('torn/tensorflow/library-cpu-2.18.1'), { recursive: true });
    const torn = egunet(['setup', 'tensorflow', '--from', 'tf.whl'], folder, { EGUNET_HOME: at('torn') });
    assert.match(torn.stderr, /the wheel is tensorflow-cpu==2\.21\.0, expected/);
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

  /** What a library for Linux on x86-64 begins with. */
  const elf = Buffer.alloc(64);
  elf.write('\x7fELF\x02', 'latin1');
  elf.writeUInt16LE(62, 18);

  before(() => {
    mkdirSync(at('libraries'));
    writeFileSync(at(`libraries/${files[0]}`), elf);
    const linked = ['libcublasLt.so.13', 'libcudart.so.12', 'libcudart.so.13', 'libcuda.so.1', 'libcudnn.so'];
    // One name lies across two pieces of the file as it is read.
    const names = Buffer.from(`\0${linked.join('\0')}\0`);
    const version = Buffer.from('\x001.30.0\x00');
    writeFileSync(at(`libraries/${files[1]}`), Buffer.concat([elf, version, Buffer.alloc(65530 - 64 - 8), names]));
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
    for (const name of ['onnxruntime_gpu-1.29.0-cp312-cp312-any.whl', 'onnxruntime-linux-x64-gpu-1.30.0.tgz'])
      writeFileSync(at(name), '');
    writeFileSync(at('torn-1.30.0.zip'), 'PK');
    const variant = (name: string, change: (bytes: Buffer) => Buffer) => {
      mkdirSync(at(name));
      copyFileSync(at(`libraries/${files[0]}`), at(`${name}/${files[0]}`));
      writeFileSync(at(`${name}/${files[1]}`), change(readFileSync(at(`libraries/${files[1]}`))));
    };
    const replaced = (from: string, to: string) => (bytes: Buffer) =>
      Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
    variant('text', () => Buffer.from('garbage\n'));
    variant('arm', (bytes) => Buffer.from(bytes.fill(183, 18, 19)));
    variant('older', replaced('1.30.0', '1.29.0'));
    variant('without', replaced('lib', 'bil'));
    // A wheel whose bytes are not those that its checksum is of.
    run('bash', ['-c', `cd '${at('libraries')}' && zip -q -0 ../flipped-1.30.0.zip *`]);
    const flipped = readFileSync(at('flipped-1.30.0.zip'));
    flipped[flipped.indexOf('libcudart.so.13') + 40]! ^= 1;
    writeFileSync(at('flipped-1.30.0.zip'), flipped);
    for (const [from, says] of [
      ['text', /text: its libonnxruntime_providers_cuda\.so is no library for Linux on x86-64; get it again/],
      ['arm', /arm: its libonnxruntime_providers_cuda\.so is no library for Linux on x86-64/],
      ['older', /older: its libonnxruntime_providers_cuda\.so is not of onnxruntime 1\.30\.0, which is installed/],
      ['without', /without: its libonnxruntime_providers_cuda\.so asks for no library of CUDA/],
      ['flipped-1.30.0.zip', /flipped-1\.30\.0\.zip: is not a whole archive \(its checksum is wrong\); get it again/],
      ['onnxruntime-linux-x64-gpu-1.30.0.tgz', /is a tar archive; unpack it and give the folder of its libraries/],
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
    if (process.platform !== 'linux') skipUntested(this, "CUDA is set up on Linux alone, by its loader's rules");
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
