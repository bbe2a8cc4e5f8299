// What the program says of the machine, beside what is known of it.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { findCudaLibraries, parseGpus } from 'egunet/dist/doctor/machine.js';
import { requireGdal, requireSwiftShader, run, skipUntested, temporaryFolder } from '../support/index.js';
import { binary, egunet, interrupted, succeed } from './support.js';

interface Finding {
  readonly id: string;
  readonly works: boolean;
  readonly says: string;
  readonly remedy?: string;
  readonly figures?: Record<string, number>;
}

/** A machine without a GPU that onnxruntime finds. */
const NO_GPU = {
  VK_DRIVER_FILES: '/nonexistent.json',
  VK_ICD_FILENAMES: '/nonexistent.json',
  CUDA_VISIBLE_DEVICES: '',
};

describe('egunet doctor', function () {
  this.timeout(240_000);
  const folder = temporaryFolder();

  const only = (id: string, env: Record<string, string> = {}): Finding =>
    JSON.parse(succeed(['doctor', '--only', id, '--json'], folder, env).stdout).findings[0];

  it('tries everything, and says of what is missing what brings it', () => {
    const env = { ...NO_GPU, EGUNET_HOME: join(folder, 'nothing') };
    const { machine, findings } = JSON.parse(succeed(['doctor', '--json'], folder, env).stdout);
    assert.equal(machine.node, process.versions.node);
    assert.equal(machine.processor.cores, availableParallelism());
    assert.equal(machine.memory.totalMib, Math.round(totalmem() / 2 ** 20));
    const found = new Map((findings as Finding[]).map((finding) => [finding.id, finding]));
    assert.deepEqual([...found.keys()], ['cpu', 'cuda', 'webgpu', 'onnx-cpu', 'onnx-cuda', 'onnx-webgpu', 'tensorflow', 'tensorflow-gpu', 'gdal', 'chromium']); // biome-ignore format: one list
    for (const id of ['cpu', 'onnx-cpu']) assert.ok(found.get(id)!.works, found.get(id)!.says);
    assert.ok(found.get('onnx-cpu')!.figures!.lossDifference! < 1e-4);
    assert.ok(found.get('onnx-cpu')!.figures!.stepMs! > 0);
    for (const [id, says, remedy] of [
      ['cuda', /cannot run the model on 'cuda'/, /NVIDIA GPU|^egunet setup cuda/],
      ['webgpu', /cannot run the model on 'webgpu'/, /Vulkan|vulkan/],
      ['onnx-cuda', /cannot train on 'cuda'/, /NVIDIA GPU|^egunet setup cuda/],
      ['onnx-webgpu', /cannot train on 'webgpu'/, /vulkan/],
      ['tensorflow', /^not set up$/, /^egunet setup tensorflow$/],
      ['tensorflow-gpu', /^not set up$/, /^egunet setup tensorflow --gpu$/],
    ] as const) {
      const finding = found.get(id)!;
      assert.ok(!finding.works, id);
      assert.match(finding.says, says);
      assert.match(finding.remedy!, remedy);
    }
  });

  it('says it in lines', () => {
    const { stdout, stderr } = succeed(['doctor'], folder, { ...NO_GPU, EGUNET_HOME: join(folder, 'nothing') });
    assert.match(
      stdout,
      /^machine +Node\.js \d+\.\d+\.\d+, \w+ \w+\nprocessor +\d+ x .*\nmemory +[\d.]+ GiB, [\d.]+ GiB free/,
    );
    assert.match(stdout, /^ {2}cpu +runs a model$/m);
    assert.match(
      stdout,
      /^ {2}onnx-cpu +onnxruntime cpu: [\d.]+ ms a step of 512 pixels, losses right within \de-\d+$/m,
    );
    assert.match(stdout, /^ {2}tensorflow +no: not set up\n +to have it: egunet setup tensorflow$/m);
    assert.match(stderr, /^looking at cpu$/m);
  });

  it('finds programs by their own version', function () {
    requireGdal(this);
    assert.equal(only('gdal').says, run('gdalinfo', ['--version']).trim());
    const { works, remedy } = only('gdal', { PATH: '' });
    assert.deepEqual([works, remedy], [false, 'apt-get install gdal-bin']);
  });

  it('runs a model and trains on a GPU, and compares', function () {
    const gpu = requireSwiftShader(this);
    const model = only('webgpu', gpu);
    assert.ok(model.works, model.says);
    assert.ok(model.figures!.largestDifference! <= 1e-4);
    const training = only('onnx-webgpu', gpu);
    assert.ok(training.works, training.says);
    assert.ok(training.figures!.lossDifference! <= 1e-4);
  });

  it('says what is broken of a TensorFlow that was set up', () => {
    const cache = join(folder, 'cache');
    mkdirSync(join(cache, 'tensorflow/tfjs-node'), { recursive: true });
    const installed = { format: 'egunet-tensorflow', package: 'tfjs-node', version: '4.22.0', tensorflow: '2.18.1', build: 'cpu' }; // biome-ignore format: one line
    writeFileSync(join(cache, 'tensorflow/tfjs-node/egunet.json'), JSON.stringify(installed));
    const { works, says, remedy } = only('tensorflow', { EGUNET_HOME: cache });
    assert.ok(!works);
    assert.match(says, /^@tensorflow\/tfjs-node in .* cannot be loaded: Cannot find module/);
    assert.equal(remedy, 'egunet setup tensorflow --force');
  });

  it('says what the system killed, and leaves nothing when it is stopped', async function () {
    if (process.platform !== 'linux') skipUntested(this, 'its processes are found in /proc, which Linux alone has');
    const own = join(folder, 'own');
    mkdirSync(own);
    const [env, args] = [{ ...NO_GPU, TMPDIR: own }, [binary, 'doctor', '--json']];
    /** Processes of what is looked at, below this folder. */
    const lookingAt = (id: string) =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => {
          const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'latin1');
          try {
            return read('cmdline').includes(`--only\0${id}\0`) && read('environ').includes(`TMPDIR=${own}`);
          } catch {
            return false; // it has ended
          }
        });
    const killed = await interrupted(args, {
      cwd: folder,
      env,
      when: () => {
        const [pid] = lookingAt('cpu');
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
        return pid !== undefined;
      },
      by: 'SIGCONT', // means nothing to a program that runs
    });
    const { findings } = JSON.parse(killed.stdout) as { findings: Finding[] };
    assert.match(findings.find(({ id }) => id === 'cpu')!.says, /^ended its process \(SIGKILL, as the system does/);
    assert.deepEqual(readdirSync(own), []);
    const stopped = await interrupted(args, { cwd: folder, env, when: () => lookingAt('onnx-cpu').length > 0 });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.deepEqual(readdirSync(own), []);
    assert.deepEqual(lookingAt('onnx-cpu'), []);
  });

  it('refuses to look at what there is not', () => {
    const { code, stderr } = egunet(['doctor', '--only', 'tpu'], folder);
    assert.equal(code, 2);
    assert.match(stderr, /--only: expected cpu or cuda or webgpu or .*, got 'tpu'/);
  });
});

describe('what the doctor reads of a machine', () => {
  it('is its GPUs as nvidia-smi lists them', () => {
    const list = 'NVIDIA H100 80GB HBM3, 550.54.15, 81559\nTesla T4, 535.183.01, 15360\n';
    assert.deepEqual(parseGpus(list), [
      { name: 'NVIDIA H100 80GB HBM3', driver: '550.54.15', memoryMib: 81559 },
      { name: 'Tesla T4', driver: '535.183.01', memoryMib: 15360 },
    ]);
    assert.deepEqual(parseGpus('NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n'), []);
  });

  const folder = temporaryFolder();
  it("is CUDA's libraries, by name, where the loader looks first", async () => {
    for (const place of ['a', 'b']) mkdirSync(join(folder, place));
    for (const file of [
      'a/libcudart.so.12',
      'b/libcudart.so.12',
      'b/libcudnn.so.9',
      'b/libcudnn.so',
      'b/libcurand.so.10',
      'b/libother.so.1',
    ])
      writeFileSync(join(folder, file), '');
    const LD_LIBRARY_PATH = `${join(folder, 'a')}:${join(folder, 'b')}`;
    const found = await findCudaLibraries({ LD_LIBRARY_PATH });
    assert.equal(found['libcudart.so.12'], join(folder, 'a/libcudart.so.12'));
    assert.equal(found['libcudnn.so.9'], join(folder, 'b/libcudnn.so.9'));
    assert.equal(found['libcurand.so.10'], join(folder, 'b/libcurand.so.10'));
    assert.ok(!('libother.so.1' in found) && !('libcudnn.so' in found));
  });
});
