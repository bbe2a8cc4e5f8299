// The abundance head in less than float32, and what that costs. Legend: n pixels, B bands, C endmembers.
import { encodeModel, type Graph, halveWeights, type LinearLayer } from '@egunet/export';
import type { CardQuantisation } from '@egunet/models/card';
import { TrainError } from './error.js';
import { encodersGraph } from './head-graph.js';
import { int8HeadGraph } from './quantise-head.js';
import { runHead } from './run-head.js';

/** How far abundances may lie from the float32 model's. */
export interface ErrorLimits {
  /** On average over pixels and endmembers; DEFAULT_LIMITS' when absent. */
  readonly maxMeanError?: number;
  /** At most. */
  readonly maxError?: number;
}

export const DEFAULT_LIMITS: Required<ErrorLimits> = { maxMeanError: 0.005, maxError: 0.05 };

/** The head in float32 and what it gives. */
export interface FullHead {
  /** One, or those of an ensemble. */
  readonly encoders: readonly (readonly LinearLayer[])[];
  readonly inputScale: number;
  /** Reflectance [n, B]. */
  readonly pixels: Float32Array;
  /** Its abundances of them [n, C]. */
  readonly abundances: Float32Array;
}

/**
 * The head in another precision, with its errors. What is fitted to pixels is fitted to every other one, and compared with float32 on the rest.
 * Throws TrainError where the errors exceed the limits.
 */
export async function reduceHead(
  full: FullHead,
  precision: CardQuantisation['precision'],
  limits: ErrorLimits,
): Promise<{ graph: Graph; quantisation: CardQuantisation }> {
  const { encoders, inputScale, pixels, abundances } = full;
  const [layers] = encoders as [readonly LinearLayer[]];
  const [B, C] = [layers[0]!.inputs, layers.at(-1)!.outputs];
  const fitted = precision === 'int8';
  const calibration = fitted ? everyOther(pixels, B, 0) : new Float32Array();
  const heldOut = fitted ? everyOther(pixels, B, 1) : pixels;
  if (heldOut.length === 0)
    throw new TrainError('export: the run holds a single pixel, int8 needs 2 or more; train on a larger scene');
  const graph = fitted
    ? await int8HeadGraph(encoders, { pixels: calibration, inputScale })
    : halveWeights(encodersGraph(encoders, inputScale));
  const actual = await runHead(encodeModel(graph), heldOut, B);
  const errors = compare(actual, fitted ? everyOther(abundances, C, 1) : abundances);
  const counts = { calibrationPixels: calibration.length / B, heldOutPixels: heldOut.length / B };
  assertWithin({ precision, ...errors, ...counts }, { ...DEFAULT_LIMITS, ...limits });
  // Three digits: the others differ from one processor to the next.
  const [meanError, maxError] = [errors.meanError, errors.maxError].map((error) => Number(error.toPrecision(3)));
  return { graph, quantisation: { precision, meanError: meanError!, maxError: maxError!, ...counts } };
}

/** Every other row of a matrix of rows of this size: the even (0) or the odd (1) ones. */
function everyOther(values: Float32Array, size: number, parity: 0 | 1): Float32Array {
  return values.filter((_, i) => Math.floor(i / size) % 2 === parity);
}

function compare(actual: Float32Array, expected: Float32Array): { meanError: number; maxError: number } {
  let [sum, maxError] = [0, 0];
  expected.forEach((value, i) => {
    const error = Math.abs(actual[i]! - value);
    sum += error;
    maxError = Math.max(maxError, error);
  });
  return { meanError: sum / expected.length, maxError };
}

function assertWithin(found: CardQuantisation, { maxMeanError, maxError }: Required<ErrorLimits>): void {
  if (found.meanError <= maxMeanError && found.maxError <= maxError) return;
  const [mean, most] = [found.meanError, found.maxError].map((error) => error.toPrecision(3));
  throw new TrainError(
    `export: abundances in ${found.precision} differ from those in float32 by ${mean} on average and by ${most} at most, on ${found.heldOutPixels} pixels of the training scene (limits ${maxMeanError} and ${maxError}); nothing was written; export in float32, or raise the limits`,
  );
}
