// Whether a model file gives what the trained network gives.
import { TrainError } from './error.js';

/** Largest difference between the model in float32 and the training's own forward pass that an export may show. */
export const EXPORT_TOLERANCE = 1e-5;

/** Throws TrainError where a model file's difference from the network is above EXPORT_TOLERANCE. */
export function assertSame(maxDifference: number): void {
  if (!(maxDifference <= EXPORT_TOLERANCE))
    throw new TrainError(
      `export: the model file differs from the trained network by ${maxDifference} (limit ${EXPORT_TOLERANCE}); nothing was written`,
    );
}

/** Largest absolute difference of two arrays of one length. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);
}
