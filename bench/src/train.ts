// npm run bench:train [-- --rounds 3 --steps 100 --peers FOLDER]
// Milliseconds of a whole EGU-Net-pw training step beside PyTorch and TensorFlow: same sizes, same cores, in turn, 1 and 2 threads.
// --peers names the Python environment that ../shared/peers/setup.sh makes (default: EGUNET_PEERS).
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dataFolder } from './scenes.js';
import { median, table } from './statistics.js';
import { lastLine, peerScripts, run } from './timed.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '100' },
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

const ours: Contender = {
  name: 'egunet',
  command: (threads) => [
    process.execPath,
    [fileURLToPath(new URL('train-steps.js', import.meta.url)), `${threads}`, values.steps],
  ],
};
const contenders: Contender[] = [ours];
if (existsSync(python))
  contenders.push(peer('TensorFlow tf.function', 'train_tf.py'), peer('PyTorch eager', 'train_torch.py'));
else console.error(`no rivals: ${python} is not there; make it with peers/setup.sh and name it with --peers`);

/** Milliseconds a step of one process bound to as many cores as it has threads. */
function time({ command }: Contender, threads: number): number {
  const [program, args] = command(threads);
  const cores = Array.from({ length: threads }, (_, i) => i).join(',');
  const [first, ...rest] = [...(process.platform === 'linux' ? ['taskset', '-c', cores] : []), program, ...args];
  return JSON.parse(lastLine(run(first!, rest).stdout)).ms_per_step;
}

const rows: string[][] = [];
for (const threads of [1, 2].filter((n) => n <= cpus().length)) {
  const times = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const contender of contenders) {
      const ms = time(contender, threads);
      times.get(contender.name)!.push(ms);
      console.error(`${threads} thread(s), round ${round + 1}: ${contender.name} ${ms.toFixed(1)} ms`);
    }
  const own = median(times.get(ours.name)!);
  for (const [name, all] of times)
    rows.push([
      `${threads}`,
      name,
      `${median(all).toFixed(1)} (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})`,
      (median(all) / own).toFixed(2),
    ]);
}
console.log(
  `EGU-Net-pw training step, Jasper Ridge: 198 bands, 4 endmembers, 2000 mixed + 1600 pure pixels. ${cpus()[0]!.model}.`,
);
console.log(table(['threads', 'program', 'ms a step: median (least to most)', 'times egunet'], rows));
