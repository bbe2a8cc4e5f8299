// The engine that a training runs on, by the name that the user gives.
import {
  createOnnxStepEngine,
  type Engine,
  type Problem,
  type StepEngine,
  type StepProblem,
  type TrainingDevice,
} from '@egunet/train';
import type { Finding } from '../doctor/finding.js';
import { ENGINES, type EngineId } from '../doctor/ids.js';
import { findInChild } from '../doctor/in-child.js';
import { engineMaker, isSetUp } from '../doctor/try-engine.js';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { note } from '../support/output.js';

/** `auto` is the fastest of those that are set up and pass their check. */
export type EngineName = 'onnx' | 'tensorflow' | 'auto';

export interface EngineChoice {
  /** `onnx` when absent. */
  readonly engine?: EngineName | undefined;
  /** Of `onnx`; the CPU when absent. */
  readonly device?: TrainingDevice | undefined;
}

/** What a choice depends on besides. */
interface Circumstances {
  readonly control: Control;
  /** What has trained a resumed run so far. */
  readonly before?: EngineId | undefined;
  /** Of onnxruntime; all cores when absent. */
  readonly threads?: number | undefined;
  /** Pixels a step, at which engines are compared; as in a default training when absent. */
  readonly batch?: number | undefined;
}

/** An engine by its name, and what makes it, where it is not onnxruntime on the CPU. */
export interface ChosenEngine {
  readonly id: EngineId;
  readonly make?: (problem: Problem) => Promise<Engine>;
}

/**
 * The engine of a library's steps: onnxruntime on the device that is asked for, or on that which trained a resumed run `before`. Throws CommandError at any other engine.
 */
export function libraryEngine(
  { engine, device }: EngineChoice,
  { threads, before }: Pick<Circumstances, 'before' | 'threads'>,
): { id: EngineId; make: (problem: StepProblem) => Promise<StepEngine> } {
  if (engine !== undefined && engine !== 'onnx')
    throw new CommandError(`--engine ${engine}: a library is trained by onnx, in seconds; leave it out`);
  const trained = TRAINING_DEVICES.find((name) => `onnx-${name}` === before);
  const chosen = device ?? (engine === undefined ? trained : undefined) ?? 'cpu';
  return { id: `onnx-${chosen}`, make: (problem) => createOnnxStepEngine(problem, { threads, device: chosen }) };
}

const TRAINING_DEVICES = ['cpu', 'cuda', 'webgpu'] as const satisfies readonly TrainingDevice[];

/** Throws CommandError where what is asked for is not set up: known before any work. */
export async function assertSetUp({ engine }: EngineChoice): Promise<void> {
  if (engine !== 'tensorflow') return;
  for (const id of TENSORFLOW) if (await isSetUp(id)) return;
  throw noTensorflow();
}

const noTensorflow = () =>
  new CommandError(
    '--engine tensorflow: none is set up and works; egunet setup tensorflow sets it up (with --gpu for an NVIDIA GPU), egunet doctor says what is wrong, --engine onnx trains without',
  );

/**
 * The engine that is asked for; where none is, that which trained a resumed run `before`. Says what it takes, and where a resumed run changes it. Throws CommandError where none of what is asked
 * for is set up and works.
 */
export async function trainingEngine(
  choice: EngineChoice,
  { threads, ...circumstances }: Circumstances,
): Promise<ChosenEngine> {
  const { before } = circumstances;
  const id = await idOf(choice, circumstances);
  if (before !== undefined && id !== before)
    note(`${before} has trained it so far: ${id} rounds otherwise, so that it ends with weights a little different`);
  return { id, ...(id !== 'onnx-cpu' && { make: await engineMaker(id, { threads }) }) };
}

async function idOf(
  { engine, device }: EngineChoice,
  { control, before, batch }: Omit<Circumstances, 'threads'>,
): Promise<EngineId> {
  if (engine === undefined && device === undefined && before !== undefined) {
    if (before !== 'onnx-cpu') note(`engine: ${before}, which has trained it so far`);
    return before;
  }
  if (engine === undefined || engine === 'onnx') return `onnx-${device ?? 'cpu'}`;
  const works = await workingEngines(engine === 'auto' ? ENGINES : TENSORFLOW, { batch, signal: control.signal });
  const [best, ...others] = works;
  if (!best) throw noTensorflow();
  note(`engine: ${best.says}`);
  for (const { says } of others) note(`also works: ${says}`);
  return best.id as EngineId;
}

/** Times faster that another must be for onnxruntime on the CPU to be left: times of one check and the next differ by as much. */
const MARGIN = 1.3;

const TENSORFLOW = ['tensorflow', 'tensorflow-gpu'] as const satisfies readonly EngineId[];

/** Those that are set up and pass their check, each in a process of its own, the fastest first; what fails is told. */
async function workingEngines(
  ids: readonly EngineId[],
  how: Pick<Control, 'signal'> & Pick<Circumstances, 'batch'>,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const id of ids) {
    if (!(await isSetUp(id))) continue;
    const finding = await findInChild(id, how);
    if (finding.works) found.push(finding);
    else note(`no ${id}: ${finding.says}`);
  }
  const stepOf = ({ id, figures }: Finding) => Number(figures?.stepMs) / (id === 'onnx-cpu' ? MARGIN : 1);
  return found.sort((a, b) => stepOf(a) - stepOf(b));
}
