// A session of onnxruntime that trains.
import * as ort from 'onnxruntime-node';
import { TrainError } from '../error.js';

/** Where onnxruntime trains: its execution providers of these names. */
export type TrainingDevice = 'cpu' | 'cuda' | 'webgpu';

/** Parts that WebGPU's shaders make of a tensor at most. */
export const WEBGPU_PARTS = 7;

export interface OnnxEngineOptions {
  /** Of the CPU; 0: all cores. */
  readonly threads?: number | undefined;
  /**
   * Where to train; the CPU when absent. On a GPU the loop over batches itself, and what it does with whole numbers, stays on the CPU.
   */
  readonly device?: TrainingDevice | undefined;
}

/** Opens a training graph. Throws TrainError where the device is not there. */
export async function createTrainingSession(
  model: Uint8Array,
  { threads = 0, device = 'cpu' }: OnnxEngineOptions,
): Promise<ort.InferenceSession> {
  if (device !== 'cpu') ort.env.logLevel = 'fatal'; // what fails is thrown besides
  return ort.InferenceSession.create(model, {
    executionProviders: [device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // The graph dequantises keep bits alone: nothing in it should be turned into computing with integers.
    extra: { session: { disable_quant_qdq: '1' } },
  }).catch((cause: Error) => {
    // Without the places in its source that it names.
    const reason = cause.message
      .split('\n')[0]!
      .replace(/^.* was false\. /, '')
      .replace(/^.*(CUDA failure \d+: .*?) *; GPU=.*$/, '$1');
    throw new TrainError(
      `training: onnxruntime cannot train on '${device}': ${reason}; egunet doctor says what is missing`,
      {
        cause,
      },
    );
  });
}
