// The packages as npm delivers them, and the image that is made of them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireProgram, root, run, skipUntested, temporaryFolder } from '../support/index.js';

const { version } = JSON.parse(readFileSync(join(root, 'cli/package.json'), 'utf8'));

/** Wheels, their versions, and what of them counts. */
const NVIDIA: readonly (readonly [name: string, version: string, libraries: readonly string[]])[] = [
  ['cuda_runtime', '13.5.37', ['libcudart.so.13']],
  ['cuda_nvrtc', '13.0.1', ['libnvrtc.so.13']],
  ['cublas', '13.10.0.20', ['libcublas.so.13', 'libcublasLt.so.13', 'libnvblas.so.13']],
  ['nvjitlink', '13.0.1', ['libnvJitLink.so.13']],
  ['cufft', '12.0.1', ['libcufft.so.12']],
  ['curand', '10.4.5', ['libcurand.so.10']],
  ['cudnn_cu13', '9.28.1.4', ['libcudnn.so.9', 'libcudnn_ops.so.9']],
];

/** Writes a wheel for Python with these files, by their paths. */
function writeWheel(folder: string, name: string, version: string, files: Readonly<Record<string, string>>): void {
  const work = join(folder, `${name}.d`);
  const about = `${name}-${version}.dist-info`;
  const all: Record<string, string> = {
    ...files,
    [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: ${name.replaceAll('_', '-')}\nVersion: ${version}\n`,
    [`${about}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  run('bash', ['-c', `cd '${work}' && zip -qr '../${name}-${version}-py3-none-any.whl' .`]);
}

const installedOnnxruntime = (place: string): string =>
  JSON.parse(readFileSync(join(place, 'node_modules/onnxruntime-node/package.json'), 'utf8')).version;

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

  it('has its libraries for CUDA, and NVIDIA’s, put in place without a GPU, as the image for CUDA does it', function () {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      skipUntested(this, 'CUDA is set up on Linux on x86-64 alone, as the wheels are');
    requireProgram(this, 'zip', 'apt-get install zip');
    const [wheels, home] = [join(folder, 'wheels'), join(folder, 'home')];
    mkdirSync(wheels);
    const elf = `\x7fELF\x02${'\0'.repeat(13)}\x3e${'\0'.repeat(45)}`; // a library for Linux on x86-64
    const provider = `${elf}\0${installedOnnxruntime(place)}\0libcudart.so.13\0libcublas.so.13\0libcurand.so.10\0libcudnn.so\0`;
    const ofOnnxruntime = { shared: elf, cuda: provider };
    writeWheel(wheels, 'onnxruntime_gpu', installedOnnxruntime(place), {
      ...Object.fromEntries(
        Object.entries(ofOnnxruntime).map(([name, text]) => [
          `onnxruntime/capi/libonnxruntime_providers_${name}.so`,
          text,
        ]),
      ),
    });
    const setUp = () =>
      spawnSync(egunet, ['setup', 'cuda', '--nvidia', '--untried', '--from', wheels], {
        encoding: 'utf8',
        env: { ...process.env, EGUNET_HOME: home, LD_LIBRARY_PATH: '' },
      });
    const without = setUp();
    assert.equal(without.status, 1);
    assert.match(without.stderr, /nvidia-/);
    assert.ok(!existsSync(join(home, 'cuda')));
    for (const [name, version, libraries] of NVIDIA)
      writeWheel(wheels, `nvidia_${name}`, version, {
        ...Object.fromEntries(libraries.map((library) => [`nvidia/cu13/lib/${library}`, library])),
        [`nvidia_${name}-${version}.dist-info/License.txt`]: 'as it is',
      });
    const { status, stdout, stderr } = setUp();
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^check +all libraries are there; not tried$/m);
    const expected = NVIDIA.flatMap(([, , libraries]) => libraries).filter((library) => !/nvblas/.test(library));
    assert.deepEqual(readdirSync(join(home, 'cuda/lib')).sort(), expected.sort());
    assert.equal(readdirSync(join(home, 'cuda/licences')).length, NVIDIA.length);
    // One of them is missing, and the remedy is told.
    rmSync(join(home, 'cuda/lib/libcudnn.so.9'));
    const torn = spawnSync(egunet, ['doctor', '--only', 'cuda', '--json'], {
      encoding: 'utf8',
      env: { ...process.env, EGUNET_HOME: home, LD_LIBRARY_PATH: '' },
    });
    const [{ works, remedy }] = JSON.parse(torn.stdout).findings;
    assert.ok(!works);
    assert.match(
      remedy,
      /^egunet setup cuda --nvidia, or install CUDA and cuDNN 9 so that there are libcudnn\.so\.9, or/,
    );
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
