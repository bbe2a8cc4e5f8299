// Whether an engine trains on this machine as tfjs's own CPU backend does.
import { checkEngine, createOnnxEngine, type Engine, openTensorflow, type Problem } from '@egunet/train';
import { packageFolder, type TensorflowPackage } from '../setup/places.js';
import { installedTensorflow } from '../setup/tensorflow.js';
import type { Finding } from './finding.js';

/** Engines by the name that they are asked for by. */
export const ENGINES = ['onnx-cpu', 'tensorflow', 'tensorflow-gpu'] as const;
export type EngineName = (typeof ENGINES)[number];

const PACKAGES = { tensorflow: 'tfjs-node', 'tensorflow-gpu': 'tfjs-node-gpu' } as const satisfies Record<
  Exclude<EngineName, 'onnx-cpu'>,
  TensorflowPackage
>;

/** What sets an engine up. */
const REMEDIES = { tensorflow: 'egunet setup tensorflow', 'tensorflow-gpu': 'egunet setup tensorflow --gpu' } as const;

/** Trains a few steps and compares their losses with the reference's. */
export async function tryEngine(id: EngineName): Promise<Finding> {
  if (id !== 'onnx-cpu' && !(await installedTensorflow(PACKAGES[id])))
    return { id, works: false, says: 'not set up', remedy: REMEDIES[id] };
  try {
    const { name, difference, passed, stepMs } = await checkEngine(await makerOf(id));
    const figures = { name, lossDifference: difference, stepMs };
    if (!passed)
      return {
        id,
        works: false,
        says: `${name}: wrong results: losses differ by ${difference.toPrecision(2)}`,
        figures,
      };
    const says = `${name}: ${stepMs.toPrecision(2)} ms a step of 512 pixels, losses right within ${difference.toExponential(0)}`;
    return { id, works: true, says, figures };
  } catch (error) {
    const remedy = id === 'onnx-cpu' ? undefined : `${REMEDIES[id]} --force`;
    return { id, works: false, says: (error as Error).message, ...(remedy && { remedy }) };
  }
}

async function makerOf(id: EngineName): Promise<(problem: Problem) => Promise<Engine>> {
  if (id === 'onnx-cpu') return (problem) => createOnnxEngine(problem);
  const { engine } = await openTensorflow(packageFolder(PACKAGES[id]), PACKAGES[id]);
  return engine;
}
