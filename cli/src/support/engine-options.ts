// What trains and where, as the user names it.
import type { TrainingDevice } from '@egunet/train';
import type { Argv } from 'yargs';
import type { EngineChoice, EngineName } from '../pipeline/training-engine.js';
import { UsageError } from './errors.js';
import { oneOf, threads } from './options.js';

/** As the pipeline's, which is not loaded for a help text. */
const ENGINES = ['onnx', 'tensorflow', 'auto'] as const satisfies readonly EngineName[];
const DEVICES = ['cpu', 'cuda', 'webgpu'] as const satisfies readonly TrainingDevice[];

/** Adds `--engine`, `--device` and `--threads`. */
export const withEngineOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'engine',
      oneOf(
        'engine',
        ENGINES,
        'What trains: onnxruntime, the TensorFlow that egunet setup tensorflow sets up, or the fastest that works here [default: onnx]',
      ),
    )
    .option('device', oneOf('device', DEVICES, 'Where onnxruntime trains [default: cpu]'))
    .option('threads', threads);

interface EngineArguments {
  readonly engine?: EngineName | undefined;
  readonly device?: TrainingDevice | undefined;
}

/** The engine that is asked for. Throws UsageError for a device of what has none to choose. */
export function engineChoice({ engine, device }: EngineArguments): EngineChoice {
  if (device !== undefined && (engine ?? 'onnx') !== 'onnx')
    throw new UsageError(`--device is where --engine onnx trains; leave it out with --engine ${engine}`);
  return { engine, device };
}
