// npm run bench:profile [-- --layouts A,B --rounds 3 --scenes FOLDER --peers FOLDER]
// Where `egunet infer` spends its time: V8's sampling profiler in each of its threads, the samples summed by what the innermost function is for. Time
// in which a thread waits for a core counts, so that it is more than processor time. V8's compiler has threads that are not seen.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, table } from './statistics.js';
import { LAYOUT_OPTIONS, LAYOUTS, prepare, timeInference } from './timed.js';

const { values } = parseArgs({ options: LAYOUT_OPTIONS });

/** The parts that are used of V8's profiles (Chrome DevTools Protocol, Profiler.Profile); times in microseconds. */
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly functionName: string;
  readonly url: string;
}

const IDLE = 'idle';
const REST = 'start, and all else';

/** What functions are for, by their names and modules; the first that fits. */
const STAGES: readonly (readonly [stage: string, name: RegExp, module: RegExp])[] = [
  [IDLE, /^\(idle\)$/, /^/],
  ['read the file', /^(read|readBuffers|openFileHandle)$/, /^$/],
  ['decompress', /^(inflate|huffman|lzw|adler)\//, /^wasm/],
  ['undo the predictor', /^predictor\/undo/, /^wasm/],
  ['gather bands, reflectance, NoData', /^pack\//, /^wasm/],
  ['run the model', /^/, /onnxruntime/],
  ['check and place abundances', /^(unmixWindow|assertAbundances|spread|look|mean)$/, /./],
  [
    'tiles, overviews, statistics',
    /^(predictor\/apply.*|transform|reduceInto|reduce|join|takeZeros|tileStatistics|addSamples|copyPixels|makeTile)$/,
    /./,
  ],
  [
    'compress',
    /^((runs|prefix-codes)\/.*|put\w+|tell\w*|writeWords|frequenciesOf|bitsOf|load|deflateRuns)$/,
    /wasm|chunk/,
  ],
  ['garbage collection', /^\(garbage collector\)$/, /^/],
];

const stageOf = ({ functionName, url }: Frame): string =>
  STAGES.find(([, name, module]) => name.test(functionName) && module.test(url))?.[0] ?? REST;

/** Adds the seconds of each stage of one thread. */
function addThread(seconds: Map<string, number>, { nodes, samples, timeDeltas }: Profile): void {
  const stages = new Map(nodes.map(({ id, callFrame }) => [id, stageOf(callFrame)]));
  for (const [i, id] of samples.entries()) {
    const stage = stages.get(id)!;
    seconds.set(stage, (seconds.get(stage) ?? 0) + timeDeltas[i]! / 1e6);
  }
}

/** Seconds of each stage in one run. */
function profile(scene: string, model: string): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'egunet-profile-'));
  try {
    const nodeOptions = ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-interval', '500'];
    timeInference(scene, model, { map: join(values.scenes, 'profiled.tif'), nodeOptions });
    const seconds = new Map<string, number>();
    for (const file of readdirSync(folder)) addThread(seconds, JSON.parse(readFileSync(join(folder, file), 'utf8')));
    return seconds;
  } finally {
    rmSync(folder, { recursive: true });
    rmSync(join(values.scenes, 'profiled.tif'), { force: true });
  }
}

const { float } = prepare(values.scenes, join(values.peers, 'bin/python'));
const layouts = values.layouts.split(',');
const runs = layouts.map((layout) =>
  Array.from({ length: Number(values.rounds) }, () => profile(join(values.scenes, LAYOUTS[layout]!.file), float)),
);
const stages = [...new Set([...STAGES.map(([stage]) => stage).filter((stage) => stage !== IDLE), REST])];
const cell = (l: number, stage: string): number => median(runs[l]!.map((seconds) => seconds.get(stage) ?? 0));
const rows = stages.map((stage) => [stage, ...layouts.map((_, l) => cell(l, stage).toFixed(2))]);
const sums = layouts.map((_, l) => stages.reduce((sum, stage) => sum + cell(l, stage), 0).toFixed(2));
console.log(
  `Busy seconds of all threads of JavaScript, medians of ${values.rounds} runs, float32. ${cpus().length} x ${cpus()[0]!.model}.`,
);
console.log(table(['step', ...layouts], [...rows, ['sum', ...sums]]));
