// Whether an engine trains on this machine as tfjs's own CPU backend does.
import {
  checkEngine,
  createOnnxEngine,
  DEFAULT_SIZES,
  type Engine,
  openTensorflow,
  type Problem,
  type TrainingDevice,
} from '@egunet/train';
import { useNvidia } from '../setup/nvidia.js';
import { packageFolder, type TensorflowPackage } from '../setup/places.js';
import { installedTensorflow } from '../setup/tensorflow.js';
import type { Finding } from './finding.js';
import type { EngineId } from './ids.js';
import { remedyOf } from './try-device.js';

/** What an engine is, and what brings it where it does not work. */
type Kind = { readonly device: TrainingDevice } | { readonly package: TensorflowPackage; readonly remedy: string };

const KINDS: Readonly<Record<EngineId, Kind>> = {
  'onnx-cpu': { device: 'cpu' },
  'onnx-cuda': { device: 'cuda' },
  'onnx-webgpu': { device: 'webgpu' },
  tensorflow: { package: 'tfjs-node', remedy: 'egunet setup tensorflow' },
  'tensorflow-gpu': { package: 'tfjs-node-gpu', remedy: 'egunet setup tensorflow --gpu' },
};

/** False where an engine needs a set-up that was not made. */
export async function isSetUp(id: EngineId): Promise<boolean> {
  const kind = KINDS[id];
  return 'device' in kind || (await installedTensorflow(kind.package)) !== undefined;
}

/** Trains a few steps and compares their losses with the reference's; then times some of `batch` pixels. */
export async function tryEngine(id: EngineId, batch: number = DEFAULT_SIZES.batch): Promise<Finding> {
  const kind = KINDS[id];
  if ('package' in kind && !(await isSetUp(id))) return { id, works: false, says: 'not set up', remedy: kind.remedy };
  try {
    const { name, difference, passed, stepMs } = await checkEngine(await engineMaker(id), { batch });
    const figures = { name, lossDifference: difference, stepMs };
    if (!passed) {
      const says = `${name}: wrong results: losses differ by ${difference.toPrecision(2)}`;
      return { id, works: false, says, figures };
    }
    const idle =
      'package' in kind && /, cpu$/.test(name) && (await installedTensorflow(kind.package))?.build === 'cuda';
    const without = idle ? '; its CUDA found no GPU that it can use' : '';
    const says = `${name}: ${stepMs.toFixed(1)} ms a step of ${batch} pixels, losses right within ${difference.toExponential(0)}${without}`;
    return { id, works: true, says, figures };
  } catch (error) {
    const says = (error as Error).message.split('\n')[0]!.replace(/^training: |; egunet doctor says.*$/g, '');
    const remedy = 'package' in kind ? `${kind.remedy} --force` : await remedyOf(kind.device).catch(() => undefined);
    return { id, works: false, says, ...(remedy && { remedy }) };
  }
}

/** What makes an engine. Rejects with TrainError where a package cannot be loaded. */
export async function engineMaker(id: EngineId, { threads = 0 } = {}): Promise<(problem: Problem) => Promise<Engine>> {
  const kind = KINDS[id];
  if ('device' in kind && kind.device === 'cuda') await useNvidia();
  if ('device' in kind) return (problem) => createOnnxEngine(problem, { threads, device: kind.device });
  const { engine } = await openTensorflow(packageFolder(kind.package), kind.package);
  return engine;
}
