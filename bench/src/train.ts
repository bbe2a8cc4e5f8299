// npm run bench:train [-- --rounds 3 --steps 100 --threads 1,2 --network pw --peers FOLDER]
// Milliseconds of a whole training step beside PyTorch and TensorFlow: same sizes, same cores, in turn.
// --network pw: EGU-Net-pw. --network images: the guided convolutional EGU-Net-ss on a whole image, beside PyTorch.
// --peers names the Python environment that ../shared/peers/setup.sh makes (default: EGUNET_PEERS).
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataFolder } from './scenes.js';
import { inRange, median, table } from './statistics.js';
import { inTurn, lastLine, peerScripts, run } from './timed.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
    threads: { type: 'string', default: '1,2' },
    network: { type: 'string', default: 'pw' },
    peers: { type: 'string', default: process.env.EGUNET_PEERS ?? '.peers' },
  },
});

const python = join(values.peers, 'bin/python');

interface Contender {
  readonly name: string;
  command(threads: number): [string, string[]];
}

const peer = (name: string, script: string): Contender => ({
  name,
  command: (threads) => [
    python,
    [
      join(peerScripts, script),
      '--threads',
      `${threads}`,
      '--steps',
      values.steps,
      '--data',
      join(dataFolder, 'jasper-ridge'),
    ],
  ],
});

const own = (script: string): Contender => ({
  name: 'egunet',
  command: (threads) => [
    process.execPath,
    [fileURLToPath(new URL(script, import.meta.url)), `${threads}`, values.steps],
  ],
});

/** PyTorch with the convolutional network, in either layout of its images. */
const imagesPeer = (name: string, ...options: string[]): Contender => ({
  name,
  command: (threads) => [
    python,
    [
      fileURLToPath(new URL('../peers/train_images_torch.py', import.meta.url)),
      ...['--threads', `${threads}`, '--steps', values.steps, ...options],
    ],
  ],
});

/** What is timed, and the programs that do it: ours first. */
const NETWORKS: Record<string, { what: string; contenders: [Contender, ...Contender[]] }> = {
  pw: {
    what: 'EGU-Net-pw training step, Jasper Ridge: 198 bands, 4 endmembers, 2000 mixed + 1600 pure pixels',
    contenders: [
      own('train-steps.js'),
      peer('TensorFlow tf.function', 'train_tf.py'),
      peer('PyTorch eager', 'train_torch.py'),
    ],
  },
  images: {
    what: 'Training step of the guided convolutional EGU-Net-ss without pools, 100 x 100 pixels, 198 bands, 4 endmembers, 1600 candidates',
    contenders: [
      own('image-steps.js'),
      imagesPeer('PyTorch eager'),
      imagesPeer('PyTorch eager, channels last', '--channels-last'),
    ],
  },
};
const chosen = NETWORKS[values.network];
if (!chosen) throw new Error(`no network '${values.network}': one of ${Object.keys(NETWORKS).join(', ')}`);
const [ours, ...rivals] = chosen.contenders;
const contenders: Contender[] = [ours];
if (existsSync(python)) contenders.push(...rivals);
else console.error(`no rivals: ${python} is not there; make it with peers/setup.sh and name it with --peers`);

/** What a step takes, milliseconds; processor time of programs that say it. */
interface StepTime {
  readonly ms_per_step: number;
  readonly cpu_ms_per_step?: number;
}

/** A step of one process bound to as many cores as it has threads. */
function time({ command }: Contender, threads: number): StepTime {
  const [program, args] = command(threads);
  const cores = Array.from({ length: threads }, (_, i) => i).join(',');
  const [first, ...rest] = [...(process.platform === 'linux' ? ['taskset', '-c', cores] : []), program, ...args];
  return JSON.parse(lastLine(run(first!, rest).stdout));
}

const rows: string[][] = [];
for (const threads of values.threads
  .split(',')
  .map(Number)
  .filter((n) => n <= cpus().length)) {
  console.error(`${threads} thread(s)`);
  const measured = inTurn(
    Number(values.rounds),
    contenders.map((contender) => ({ name: contender.name, measure: () => time(contender, threads) })),
    ({ ms_per_step }) => `${ms_per_step.toFixed(1)} ms`,
  );
  const times = new Map(contenders.map(({ name }, i) => [name, measured[i]!]));
  const wall = (name: string) => times.get(name)!.map(({ ms_per_step }) => ms_per_step);
  for (const [name, steps] of times) {
    const all = wall(name);
    const cpu = steps.flatMap(({ cpu_ms_per_step }) => cpu_ms_per_step ?? []);
    rows.push([
      `${threads}`,
      name,
      inRange(all, 1),
      (median(all) / median(wall(ours.name))).toFixed(2),
      cpu.length === 0 ? '-' : median(cpu).toFixed(1),
    ]);
  }
}
console.log(`${chosen.what}. ${cpus()[0]!.model}.`);
console.log(table(['threads', 'program', 'ms a step: median (least to most)', 'times egunet', 'CPU ms a step'], rows));
