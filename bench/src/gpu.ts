// npm run bench:gpu [-- --parts training,network,scene --devices cuda --rounds 3 --steps 100 --batches 512,8192,65536 --scene FILE --model FILE --peers FOLDER]
// What GPUs make of training and unmixing, beside the processor and PyTorch, and how near it is to what the GPU can do at best.
// Devices are those that `egunet doctor` finds working, unless they are named. Without --scene and --model: the EnMAP-sized scene of bench:infer.
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
// Parts of the command line that are nobody's else.
import type { Finding } from '../../cli/dist/doctor/finding.js';
import { machine } from '../../cli/dist/doctor/machine.js';
import { printTraining } from './gpu-training.js';
import { inRange, median, table } from './statistics.js';
import {
  egunet,
  inTurn,
  LAYOUTS,
  lastLine,
  prepare,
  run,
  SCENE_OPTIONS,
  TEN_THOUSAND,
  timeInference,
} from './timed.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    ...SCENE_OPTIONS,
    parts: { type: 'string', default: 'training,network,scene' },
    devices: { type: 'string' },
    steps: { type: 'string', default: '100' },
    batches: { type: 'string', default: '512,8192,65536' },
    matrix: { type: 'string', default: '4096' },
    mib: { type: 'string', default: '256' },
    scene: { type: 'string' },
    model: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const python = join(values.peers, 'bin/python');

const parts = values.parts.split(',');

/** What `egunet doctor` finds, each in a process of its own. */
function find(id: string): Finding {
  console.error(`trying ${id}`);
  return JSON.parse(run(process.execPath, [egunet, 'doctor', '--only', id, '--json']).stdout).findings[0];
}

const tried = (values.devices?.split(',') ?? ['cpu', 'cuda', 'webgpu']).map(find);
const devices = tried.filter(({ works }) => works).map(({ id }) => id);
const failed = tried.filter(({ works }) => !works).map(({ id, says }) => `${id}: ${says}`);
if (values.devices !== undefined && failed.length > 0) throw new Error(`it does not work here: ${failed.join('; ')}`);
if (values.devices === undefined && devices.length < 2)
  throw new Error(`no GPU runs a model here (${failed.join('; ')}); name --devices to measure others`);

/** What gpu-network.js prints. */
interface Network {
  readonly runs: readonly {
    readonly pixels: number;
    readonly megapixels: number;
    readonly gflops: number;
    readonly mib: number;
  }[];
  readonly limits: { readonly gflops: number; readonly mib: number };
  readonly largestDifference: number;
}

function network(model: string): void {
  const measure = (device: string) => (): Network =>
    JSON.parse(
      lastLine(
        run(process.execPath, [local('gpu-network.js'), device, model, values.batches, values.matrix, values.mib])
          .stdout,
      ),
    );
  const all = inTurn(
    rounds,
    devices.map((device) => ({ name: `the network on ${device}`, measure: measure(device) })),
  );
  console.log(
    '\nThe network alone, whole runs: spectra carried to the device, abundances back. Limits: products of matrices of float32, and carrying there and back, by the same runtime. Abundances: the largest difference from the processor.',
  );
  const rows = all.flatMap((results, d) =>
    results[0]!.runs.map(({ pixels }, r) => {
      const of = (key: 'megapixels' | 'gflops' | 'mib') => results.map(({ runs }) => runs[r]![key]);
      const limit = (key: 'gflops' | 'mib') => median(results.map(({ limits }) => limits[key]));
      const share = (key: 'gflops' | 'mib') =>
        `${median(of(key)).toPrecision(3)} of ${limit(key).toPrecision(3)} (${((100 * median(of(key))) / limit(key)).toFixed(0)} %)`;
      const difference = Math.max(...results.map(({ largestDifference }) => largestDifference));
      return [
        devices[d]!,
        `${pixels}`,
        inRange(of('megapixels'), 3),
        share('gflops'),
        share('mib'),
        difference.toExponential(0),
      ];
    }),
  );
  console.log(
    table(
      [
        'device',
        'pixels a run',
        'Mpixel/s: median (least to most)',
        'GFLOP/s of the limit',
        'MiB/s of the limit',
        'abundances differ by',
      ],
      rows,
    ),
  );
}

function wholeScene(scene: string, model: string, how: readonly string[]): void {
  const map = join(tmpdir(), `egunet-bench-${process.pid}.tif`);
  const all = inTurn(
    rounds,
    devices.map((device) => ({
      name: `the scene on ${device}`,
      measure: () => timeInference(scene, model, { map, options: [...how, '--device', device] }),
    })),
  );
  rmSync(map);
  const [{ rows, cols }] = JSON.parse(run(process.execPath, [egunet, 'info', scene, '--json']).stdout);
  console.log(`\nA scene from file to map, ${rows} x ${cols} pixels, whole processes timed from outside.`);
  console.log(
    table(
      ['device', 'seconds: median (least to most)', 'Mpixel/s', 'CPU s', 'peak MB'],
      devices.map((device, d) => {
        const of = (key: 'seconds' | 'cpu' | 'rss') => all[d]!.map((usage) => usage[key]);
        const rate = (rows * cols) / 1e6 / median(of('seconds'));
        return [
          device,
          inRange(of('seconds'), 2),
          rate.toFixed(3),
          median(of('cpu')).toFixed(1),
          Math.max(...of('rss')).toFixed(0),
        ];
      }),
    ),
  );
}

const { processor, gpus } = await machine();
const cards =
  gpus.map(({ name, driver }) => `${name} (driver ${driver})`).join(', ') || 'no GPU that nvidia-smi tells of';
console.log(`${cards}; ${processor.cores} x ${processor.model}.\n`);
if (parts.includes('training')) printTraining({ devices, find, rounds, steps: values.steps, python });
if (parts.includes('network') || parts.includes('scene')) {
  const given = values.scene !== undefined && values.model !== undefined;
  const model = given ? values.model! : prepare(values.scenes, python).float;
  const scene = given ? values.scene! : join(values.scenes, LAYOUTS['bip-deflate-512']!.file);
  if (parts.includes('network')) network(model);
  if (parts.includes('scene')) wholeScene(scene, model, given ? [] : TEN_THOUSAND);
}
