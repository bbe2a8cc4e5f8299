// The training step on every engine that works, beside PyTorch.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
// A part of the command line that is nobody's else.
import type { Finding } from '../../cli/dist/doctor/finding.js';
import { inRange, median, table } from './statistics.js';
import { inTurn, lastLine, run } from './timed.js';

const local = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Beside those of onnxruntime. */
const ENGINES = ['tensorflow', 'tensorflow-gpu'];

interface Contender {
  readonly name: string;
  /** Milliseconds a step. */
  readonly measure: () => number;
  /** The largest relative difference of a loss from the reference. */
  readonly difference?: number;
}

/** Milliseconds of a training step, from a program that prints them. */
const stepOf = (program: string, args: readonly string[]) => (): number =>
  JSON.parse(lastLine(run(program, args).stdout)).ms_per_step;

/** PyTorch on its best device, where Python has it. */
function rivals(python: string, steps: string): Contender[] {
  const there = existsSync(python) && run(python, ['-c', HAS_TORCH]).stdout.trim() === 'True';
  if (!there) {
    console.error(`no PyTorch beside it: ${python} has none; make it with peers/setup.sh and name it with --peers`);
    return [];
  }
  const args = [local('../peers/train_pixels_torch.py'), '--steps', steps];
  return [
    { name: 'PyTorch eager', measure: orNone(stepOf(python, args)) },
    { name: 'PyTorch compiled', measure: orNone(stepOf(python, [...args, '--compile'])) },
  ];
}

/** NaN where a rival fails, which is told: torch.compile may lack a compiler. */
const orNone = (measure: () => number) => (): number => {
  try {
    return measure();
  } catch (error) {
    console.error((error as Error).message);
    return Number.NaN;
  }
};

const HAS_TORCH = 'import importlib.util as u; print(u.find_spec("torch") is not None)';

/** Prints the table. `find`: what `egunet doctor` finds; `devices`: those of onnxruntime. */
export function printTraining({
  devices,
  find,
  rounds,
  steps,
  python,
}: {
  readonly devices: readonly string[];
  readonly find: (id: string) => Finding;
  readonly rounds: number;
  readonly steps: string;
  readonly python: string;
}): void {
  const working = [...devices.map((device) => `onnx-${device}`), ...ENGINES].map(find).filter(({ works }) => works);
  const ours = working.map(({ id, figures }) => ({
    name: `egunet, ${id}`,
    measure: stepOf(process.execPath, [local('train-steps.js'), '0', steps, id]),
    difference: Number(figures?.lossDifference),
  }));
  const contenders: Contender[] = [...ours, ...rivals(python, steps)];
  const all = inTurn(rounds, contenders);
  const fastest = Math.min(...all.map(median).filter((ms) => !Number.isNaN(ms)));
  console.log(
    'Training step of EGU-Net-pw: 198 bands, 4 endmembers, 2000 mixed + 1600 pure pixels. Losses: the largest relative difference from tfjs on the processor in ten steps of a small problem.',
  );
  console.log(
    table(
      ['program', 'ms a step: median (least to most)', 'times the fastest', 'losses differ by'],
      contenders.map(({ name, difference }, i) => [
        name,
        inRange(all[i]!, 2),
        (median(all[i]!) / fastest).toFixed(2),
        difference?.toExponential(0) ?? '-',
      ]),
    ),
  );
}
