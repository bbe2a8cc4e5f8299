// The engine of TensorFlow's own library, through @tensorflow/tfjs-node or tfjs-node-gpu, which are installed apart from this package.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { TrainError } from '../error.js';
import { createEagerEngine } from './eager.js';
import type { Engine, Problem } from './engine.js';

/** An opened TensorFlow. */
export interface Tensorflow {
  /** TensorFlow's version. */
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  /** Creates the engine, on which tfjs computes until it is released. */
  engine(problem: Problem): Promise<Engine>;
}

/** The backend's name in tfjs, and what it tells of itself. */
const BACKEND = 'tensorflow';
interface Backend {
  readonly binding: { readonly TF_Version: string; isUsingGpuDevice(): boolean };
}

/** What TensorFlow's library is told before it is loaded: no notes on standard error, and no more of a GPU's memory than is needed. */
const ENVIRONMENT = { TF_CPP_MIN_LOG_LEVEL: '2', TF_FORCE_GPU_ALLOW_GROWTH: 'true' };

/**
 * Loads a package from `folder`, below which it is in `node_modules`. Once in a process, in its main thread. Throws TrainError where it is not there or
 * cannot be loaded.
 */
export async function openTensorflow(folder: string, name: 'tfjs-node' | 'tfjs-node-gpu'): Promise<Tensorflow> {
  const before = tf.getBackend();
  for (const [key, value] of Object.entries(ENVIRONMENT)) process.env[key] ??= value;
  withFormerUtilities();
  // Its own copy of tfjs registers what is registered already, each time with a warning unless this is production.
  tf.enableProdMode();
  try {
    createRequire(join(folder, 'package.json'))(`@tensorflow/${name}`);
  } catch (cause) {
    throw new TrainError(
      `@tensorflow/${name} in ${folder} cannot be loaded: ${(cause as Error).message.split('\n')[0]}`,
      {
        cause,
      },
    );
  }
  await use(BACKEND);
  const { binding } = tf.backend() as unknown as Backend;
  const opened = { version: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu' } as const;
  await use(before);
  return {
    ...opened,
    engine: (problem) => createEngine(problem, `tensorflow ${opened.version} by ${name}, ${opened.device}`),
  };
}

async function createEngine(problem: Problem, name: string): Promise<Engine> {
  const before = tf.getBackend();
  await use(BACKEND);
  const engine = createEagerEngine(problem);
  return {
    ...engine,
    name,
    async release() {
      await engine.release();
      await use(before);
    },
  };
}

/** Makes a backend the one that tfjs computes on. */
async function use(name: string): Promise<void> {
  if (name && !(await tf.setBackend(name))) throw new TrainError(`tfjs has no backend '${name}'`);
}

/** Node.js 23 removed two functions that the packages still call. */
function withFormerUtilities(): void {
  const former = util as unknown as Record<string, unknown>;
  former.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  former.isArray ??= Array.isArray;
}
