// What to do where an engine's device has too little memory for a step.
import { TrainError } from '../error.js';
import type { Engine, Problem } from './engine.js';

/** How TensorFlow and onnxruntime say that memory could not be had, on the CPU and on CUDA. */
const OUT_OF_MEMORY =
  /\bOOM\b|RESOURCE_EXHAUSTED|out of memory|failed to allocate memory|bad_alloc|bad allocation|ALLOC_FAILED/i;

/** True for what a runtime throws when it has too little memory. */
export const isOutOfMemory = (error: unknown): boolean => error instanceof Error && OUT_OF_MEMORY.test(error.message);

/** The same engine, whose lack of memory is a TrainError that names a batch to try. */
export function withMemoryAdvice(engine: Engine, { batch, candidateBatch }: Problem): Engine {
  return {
    ...engine,
    runEpoch: (state, plan) =>
      engine.runEpoch(state, plan).catch((cause) => {
        if (!isOutOfMemory(cause)) throw cause;
        const advice =
          batch > 2
            ? `train anew with a smaller batch (--batch ${Math.max(2, batch >> 1)})`
            : 'train with fewer pixels (--max-pixels)';
        throw new TrainError(
          `training: ${engine.name} has too little memory for steps of ${batch} pixels and ${candidateBatch} candidates; ${advice}`,
          { cause },
        );
      }),
  };
}
