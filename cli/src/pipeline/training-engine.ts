// The engine that a training runs on, by the name that the user gives.
import { type Engine, openTensorflow, type Problem } from '@egunet/train';
import type { Finding } from '../doctor/finding.js';
import { findInChild } from '../doctor/in-child.js';
import { packageFolder } from '../setup/places.js';
import { installedTensorflow } from '../setup/tensorflow.js';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';

/** `onnx` is the compiled engine on the processor; `auto` is the fastest of those that are set up and pass their check. */
export type EngineName = 'onnx' | 'tensorflow' | 'auto';

type Maker = (problem: Problem) => Promise<Engine>;

/** Packages of TensorFlow, and what the doctor calls them. */
const TENSORFLOW = { 'tensorflow-gpu': 'tfjs-node-gpu', tensorflow: 'tfjs-node' } as const;
type TensorflowId = keyof typeof TENSORFLOW;
const TENSORFLOW_IDS = Object.keys(TENSORFLOW) as TensorflowId[];

/** What makes the engine; undefined for `onnx`, which training takes by itself. Throws CommandError where it is not set up or does not work. */
export async function trainingEngine(name: EngineName, control: Control): Promise<Maker | undefined> {
  if (name === 'onnx') return undefined;
  const chosen = name === 'auto' ? await fastest(control) : await workingTensorflow(control);
  if (chosen === 'onnx-cpu') return undefined;
  const { engine } = await openTensorflow(packageFolder(TENSORFLOW[chosen]), TENSORFLOW[chosen]);
  return engine;
}

const setUp = async (): Promise<TensorflowId[]> => {
  const there = await Promise.all(TENSORFLOW_IDS.map((id) => installedTensorflow(TENSORFLOW[id])));
  return TENSORFLOW_IDS.filter((_, i) => there[i]);
};

/** The TensorFlow that is set up, that for GPUs first. */
async function workingTensorflow(control: Control): Promise<TensorflowId> {
  const ids = await setUp();
  if (ids.length === 0)
    throw new CommandError(
      '--engine tensorflow: it is not set up; egunet setup tensorflow does it (with --gpu for an NVIDIA GPU), --engine onnx trains without',
    );
  const failed: string[] = [];
  for (const id of ids) {
    const { works, says } = await findInChild(id, control);
    if (works) {
      note(`engine ${says}`);
      return id;
    }
    failed.push(`${id}: ${says}`);
  }
  throw new CommandError(
    `--engine tensorflow: does not work (${failed.join('; ')}); egunet setup tensorflow --force sets it up anew, --engine onnx trains without`,
  );
}

/** The engine of the shortest step, and why. */
async function fastest(control: Control): Promise<TensorflowId | 'onnx-cpu'> {
  const findings: Finding[] = [];
  for (const id of ['onnx-cpu', ...(await setUp())]) findings.push(await findInChild(id, control));
  const stepOf = ({ works, figures }: Finding) => (works ? Number(figures?.stepMs) : Number.POSITIVE_INFINITY);
  const [best, ...others] = findings.sort((a, b) => stepOf(a) - stepOf(b));
  note(`engine ${best!.says}`);
  for (const { id, works, says } of others) note(`  not ${id}${works ? ', slower' : ''}: ${says}`);
  return best!.id as TensorflowId | 'onnx-cpu';
}
