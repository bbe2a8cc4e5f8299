// Whole processes, timed from outside, and the scenes and models that the benchmarks of inference share.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where scenes and models are kept, unless told otherwise. */
export const SCENES = local('../out/scenes');

/** The scenes that are made, and what Python opens of those that are more than one file. */
export const LAYOUTS: Readonly<Record<string, { file: string; python?: string }>> = {
  'bip-deflate-512': { file: 'scene-bip-deflate-512.tif' },
  'bsq-deflate-256': { file: 'scene-bsq-deflate-256.tif' },
  'bip-lzw-strip': { file: 'scene-bip-lzw-strip.tif' },
  'envi-bil': { file: 'scene-envi-bil.hdr', python: 'scene-envi-bil.bil' },
};

export const peerScripts = local('../../../shared/peers/');
/** The command line. */
export const egunet = local('../../cli/bin/egunet.js');

export interface Finished {
  readonly seconds: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws Error where it fails. */
export function run(program: string, args: readonly string[]): Finished {
  const start = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit code ${status}\n${stderr}`);
  return { seconds: (performance.now() - start) / 1000, stdout, stderr };
}

/** The results of each program in so many rounds, in turn; `words` tells of one while the others are awaited. */
export function inTurn<T>(
  rounds: number,
  contenders: readonly { readonly name: string; readonly measure: () => T }[],
  words: (result: T) => string = () => '',
): T[][] {
  const all = contenders.map((): T[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, { name, measure }] of contenders.entries()) {
      const result = measure();
      all[i]!.push(result);
      console.error(`round ${round + 1} of ${rounds}: ${name} ${words(result)}`.trimEnd());
    }
  return all;
}

export const lastLine = (text: string): string => text.trim().split('\n').at(-1)!;

/** What a process took: wall time and processor time in seconds, peak resident memory in MB (2^20 bytes). */
export interface Usage {
  readonly seconds: number;
  readonly cpu: number;
  readonly rss: number;
}

/** Options of every benchmark on these scenes. */
export const SCENE_OPTIONS = {
  rounds: { type: 'string', default: '3' },
  scenes: { type: 'string', default: SCENES },
  peers: { type: 'string', default: process.env.EGUNET_PEERS ?? '.peers' },
} as const;

/** The same, and which of the layouts. */
export const LAYOUT_OPTIONS = {
  ...SCENE_OPTIONS,
  layouts: { type: 'string', default: Object.keys(LAYOUTS).join(',') },
} as const;

/** The scenes hold reflectance x 10000 and do not say so; the peers' scripts assume it. */
export const TEN_THOUSAND = ['--reflectance-scale', '1e-4'];

/** Unmixes a scene, one of ours unless `options` say how else to read it, by `egunet infer` with these options, and those of Node.js. */
export function timeInference(
  scene: string,
  model: string,
  {
    map,
    options = TEN_THOUSAND,
    nodeOptions = [],
  }: {
    readonly map: string;
    readonly options?: readonly string[];
    readonly nodeOptions?: readonly string[];
  },
): Usage {
  rmSync(map, { force: true });
  return timeCommand(['infer', scene, '--model', model, '-o', map, ...options], nodeOptions);
}

/** Runs `egunet` with these arguments, and Node.js with those options. */
export function timeCommand(args: readonly string[], nodeOptions: readonly string[] = []): Usage {
  const usage = new URL('usage.js', import.meta.url).href;
  const { seconds, stderr } = run(process.execPath, [...nodeOptions, '--import', usage, egunet, ...args]);
  const { cpu_s, peak_rss_mb } = JSON.parse(lastLine(stderr));
  return { seconds, cpu: cpu_s, rss: peak_rss_mb };
}

/** Makes the scenes and models that are not there yet; their folder and the Python environment of the peers. */
export function prepare(folder: string, python: string): { float: string; int8: string; spatial: string } {
  if (!existsSync(python))
    throw new Error(`${python} is not there; make it with peers/setup.sh and name it with --peers or EGUNET_PEERS`);
  mkdirSync(folder, { recursive: true });
  const within = (file: string): string => join(folder, file);
  if (!existsSync(within('scene-envi-bil.hdr'))) {
    console.error('making the scenes (1.8 GB, about a minute)');
    run(python, [join(peerScripts, 'make_scene.py'), folder]);
  }
  const models = {
    float: within('model.onnx'),
    int8: within('model-int8.onnx'),
    spatial: within('model-ss.onnx'),
  };
  const command = (name: string, ...args: string[]) => run(process.execPath, [egunet, name, ...args, '--overwrite']);
  const train = (model: string, save: (trained: string) => void) => {
    console.error(`training a model on the scene: ${model}`);
    const trained = within('run');
    const how = ['--model', model, '--count', '5', '--epochs', '20', ...TEN_THOUSAND];
    command('train', within('scene-envi-bil.hdr'), '-o', trained, ...how);
    save(trained);
    rmSync(trained, { recursive: true });
  };
  if (!existsSync(models.int8))
    train('pw', (trained) => {
      command('export', trained, '-o', models.float);
      command('export', trained, '-o', models.int8, '--precision', 'int8');
    });
  if (!existsSync(models.spatial)) train('ss', (trained) => command('export', trained, '-o', models.spatial));
  return models;
}
