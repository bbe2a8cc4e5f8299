// The model on a GPU: SwiftShader's, in software, by the provider that runs on any.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asEnsemble } from '../support/ensembles.js';
import { requireGdal, requireSwiftShader, root, run, temporaryFolder } from '../support/index.js';
import { modelFile, untrained } from '../support/models.js';
import { binary, mixedScene, succeed, writeEnvi } from './support.js';

const model = join(root, 'fixtures/golden/infer/pixel.onnx');
const ROWS = 61;
const COLS = 47;
/** The model's. */
const WAVELENGTHS = [450, 550, 650, 750, 990, 985, 1650, 2200];

/** Of a process that is to find no GPU. */
const NONE = { VK_DRIVER_FILES: '/nonexistent.json', VK_ICD_FILENAMES: '/nonexistent.json', CUDA_VISIBLE_DEVICES: '' };

describe('egunet infer --device', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();

  const infer = (args: readonly string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [binary, 'infer', 'scene.hdr', '-m', model, ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });

  before(() => {
    writeEnvi(folder, 'scene', {
      rows: ROWS,
      cols: COLS,
      wavelengths: WAVELENGTHS,
      value: (pixel, band) => (pixel % 11 === 3 ? -9999 : ((pixel * 37 + band * 101) % 997) / 997),
      noData: -9999,
    });
  });

  /** The samples of a map as GDAL reads them. */
  function samplesOf(map: string): Float32Array {
    run('gdal_translate', ['-q', '-of', 'ENVI', join(folder, map), join(folder, 'read.img')]);
    const bytes = readFileSync(join(folder, 'read.img'));
    return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
  }

  it('webgpu gives the map of the CPU within 1e-4, also with several threads that decode', function () {
    requireGdal(this);
    const gpu = requireSwiftShader(this);
    assert.equal(infer(['-o', 'cpu.tif']).status, 0);
    const expected = samplesOf('cpu.tif');
    const ways = [
      ['--workers', '1'],
      ['--workers', '3', '--tile', '16'],
    ];
    for (const way of ways) {
      const { status, stdout, stderr } = infer(['-o', 'gpu.tif', '--device', 'webgpu', '--overwrite', ...way], gpu);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^model .*, float32, on webgpu$/m);
      const got = samplesOf('gpu.tif');
      let largest = 0;
      for (const [i, value] of got.entries()) {
        assert.equal(Number.isNaN(value), Number.isNaN(expected[i]!));
        if (!Number.isNaN(value)) largest = Math.max(largest, Math.abs(value - expected[i]!));
      }
      assert.ok(largest <= 1e-4, `largest difference ${largest}`);
    }
  });

  it('webgpu gives what the networks of an ensemble disagree by, too', async function () {
    requireGdal(this);
    const gpu = requireSwiftShader(this);
    const bands = WAVELENGTHS.map((wavelength) => ({ wavelength, fwhm: 10 }));
    const probe = Float32Array.from({ length: 64 * bands.length }, (_, i) => ((i * 37) % 101) / 101);
    const single = untrained({ bands, endmembers: 3, probe, scene: { rows: ROWS, cols: COLS } });
    writeFileSync(join(folder, 'ensemble.onnx'), await modelFile(asEnsemble(single)));
    const how = ['-m', 'ensemble.onnx', '--resample'];
    for (const [map, env] of [
      ['cpu-ensemble.tif', {}],
      ['gpu-ensemble.tif', gpu],
    ] as const) {
      const device = map.startsWith('gpu') ? ['--device', 'webgpu'] : [];
      const args = [binary, 'infer', 'scene.hdr', ...how, ...device, '-o', map];
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } }); // biome-ignore format: one line says more
      assert.equal(status, 0, stderr);
    }
    const [expected, got] = [samplesOf('cpu-ensemble.tif'), samplesOf('gpu-ensemble.tif')];
    assert.equal(got.length, ROWS * COLS * 6);
    for (const [i, value] of expected.entries())
      assert.ok(Number.isNaN(value) ? Number.isNaN(got[i]) : Math.abs(got[i]! - value) <= 1e-4, `sample ${i}`);
  });

  it('auto takes the first GPU that runs the model faster than the processor, which one in software does not, and says why not', function () {
    const gpu = requireSwiftShader(this);
    const onGpu = infer(['-o', 'auto.tif', '--device', 'auto'], gpu);
    assert.equal(onGpu.status, 0, onGpu.stderr);
    const there = /^model .* on cuda$/m.test(onGpu.stdout); // a machine with an NVIDIA GPU
    if (!there) {
      assert.match(onGpu.stderr, /^not on cuda: \S/m);
      assert.match(onGpu.stderr, /^not on webgpu: slower than the processor: \d\S* against \d\S* Mpixel\/s$/m);
      assert.match(onGpu.stdout, /^model .*pixel\.onnx, float32$/m);
    }
    const alone = infer(['-o', 'auto-cpu.tif', '--device', 'auto'], NONE);
    assert.equal(alone.status, 0, alone.stderr);
    assert.match(alone.stderr, /^not on cuda: \S.*\nnot on webgpu: \S/m);
    assert.match(alone.stdout, /^model .*pixel\.onnx, float32$/m);
    const numbered = infer(['-o', 'auto-7.tif', '--device', 'auto', '--device-id', '7,9'], NONE);
    assert.equal(numbered.status, 0, numbered.stderr);
    assert.match(numbered.stderr, /^no GPU 7, 9 is used: the model runs on the processor$/m);
    assert.doesNotMatch(numbered.stderr, /webgpu/);
  });

  it('auto takes a GPU that may be slower, pixel-wise and spatial models, and the numbers that it has', function () {
    const gpu = requireSwiftShader(this);
    const image = writeEnvi(folder, 'mixed', mixedScene());
    succeed(['train', image, '-n', '3', '--model', 'ss', '--epochs', '2', '-o', 'ss'], folder);
    succeed(['export', 'ss', '-o', 'spatial.onnx'], folder);
    const spatial = join(folder, 'spatial.onnx');
    const module = new URL('../../../infer/node/dist/index.js', import.meta.url).href;
    for (const [path, options, expected] of [
      [model, {}, { device: 'webgpu' }],
      [spatial, {}, { device: 'webgpu' }],
      [model, { deviceIds: [0, 0] }, { device: 'webgpu', deviceIds: [0, 0] }],
      [model, { deviceIds: [1] }, { device: 'cpu' }],
    ] as const) {
      const script = `const { chooseDevice } = await import('${module}');
        const { reasons, ...chosen } = await chooseDevice(${JSON.stringify(path)}, ${JSON.stringify({ slowdown: 1e9, ...options })});
        console.log(JSON.stringify(chosen)); process.exit();`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        env: { ...process.env, ...gpu, CUDA_VISIBLE_DEVICES: '' },
      });
      assert.ok(stdout, stderr);
      assert.deepEqual(JSON.parse(stdout), expected);
    }
  });

  it('of another system, or a number of what cannot be several, is an error that says so', () => {
    for (const [args, status, says] of [
      [['--device', 'dml'], 1, /cannot run the model on 'dml': .*; it needs Windows with a GPU for Direct3D 12/],
      [['--device', 'coreml'], 1, /cannot run the model on 'coreml': .*; it needs macOS/],
      [['--device', 'cuda', '--device-id', '1'], 1, /cannot run the model on 'cuda': .*; it needs an NVIDIA GPU/],
      [['--device-id', '1'], 2, /--device-id tells GPUs of auto, cuda, dml, webgpu apart, not of cpu; leave it out/],
      [['--device', 'cuda', '--device-id', '0,x'], 2, /--device-id: expected a whole number >= 0, got 'x'/],
      [['--device', 'webgpu', '--device-id', '0,1'], 1, /GPUs 0, 1: expected whole numbers from 0, of webgpu 0 alone/],
    ] as const) {
      if (process.platform !== 'linux' && status === 1) continue;
      const outcome = infer(['-o', 'none.tif', ...args], NONE);
      assert.equal(outcome.status, status, outcome.stderr);
      assert.match(outcome.stderr, says);
    }
  });

  it('cuda or webgpu that is not there is an error in one line that says what it needs, and what does without', () => {
    for (const [device, needs] of [
      ['cuda', /NVIDIA GPU/],
      ['webgpu', /Vulkan/],
    ] as const) {
      const { status, stderr } = infer(['-o', 'none.tif', '--device', device], NONE);
      assert.equal(status, 1);
      const line = stderr.trim().split('\n').at(-1)!;
      assert.match(
        line,
        new RegExp(`^egunet: .*pixel\\.onnx: onnxruntime cannot run the model on '${device}': .*; it needs`),
      );
      assert.match(line, needs);
      assert.match(line, /; --device cpu runs it without, egunet doctor says what is missing$/);
    }
    assert.deepEqual(
      readdirSync(folder).filter((file) => file.startsWith('none')),
      [],
    );
    assert.ok(!existsSync(join(folder, 'none.tif.part')));
  });
});
