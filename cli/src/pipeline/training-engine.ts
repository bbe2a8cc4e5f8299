// The engine that a training runs on, by the name that the user gives.
import type { Engine, Problem, TrainingDevice } from '@egunet/train';
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
  readonly engine: EngineName;
  /** Of `onnx`. */
  readonly device: TrainingDevice;
  /** Of onnxruntime on the CPU; 0: all cores. */
  readonly threads: number;
  /** Pixels a step, at which engines are compared; as in a default training when absent. */
  readonly batch?: number | undefined;
}

/** What makes the engine; undefined for onnxruntime on the CPU. Throws CommandError where none of what is asked for is set up and works. */
export async function trainingEngine(
  { engine, device, threads, batch }: EngineChoice,
  control: Control,
): Promise<((problem: Problem) => Promise<Engine>) | undefined> {
  if (engine === 'onnx') return device === 'cpu' ? undefined : engineMaker(`onnx-${device}`, { threads });
  const works = await workingEngines(engine === 'auto' ? ENGINES : TENSORFLOW, { batch, signal: control.signal });
  const [best, ...others] = works;
  if (!best)
    throw new CommandError(
      '--engine tensorflow: none is set up and works; egunet setup tensorflow sets it up (with --gpu for an NVIDIA GPU), egunet doctor says what is wrong, --engine onnx trains without',
    );
  note(`engine: ${best.says}`);
  for (const { says } of others) note(`slower: ${says}`);
  return best.id === 'onnx-cpu' ? undefined : engineMaker(best.id as EngineId, { threads });
}

const TENSORFLOW = ['tensorflow', 'tensorflow-gpu'] as const satisfies readonly EngineId[];

/** Those that are set up and pass their check, each in a process of its own, the fastest first; what fails is told. */
async function workingEngines(
  ids: readonly EngineId[],
  how: Pick<Control, 'signal'> & Pick<EngineChoice, 'batch'>,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const id of ids) {
    if (!(await isSetUp(id))) continue;
    const finding = await findInChild(id, how);
    if (finding.works) found.push(finding);
    else note(`no ${id}: ${finding.says}`);
  }
  const stepOf = ({ figures }: Finding) => Number(figures?.stepMs);
  return found.sort((a, b) => stepOf(a) - stepOf(b));
}
