// Linear layers in 8-bit integers. Legend: I inputs, O outputs of a layer.
// Source: the ONNX operators QuantizeLinear and DequantizeLinear; runtimes join them with the Gemm between into one integer product.

import { ExportError } from './error.js';

/**
 * Largest size of a weight, 7 bits: two products with unsigned bytes then fit into 16 bits (2 * 255 * 64 = 32640), in which processors without
 * 8-bit dot products (AVX2, AVX-512 without VNNI) add them, saturating. With 127 their results are silently wrong.
 */
export const WEIGHT_LIMIT = 64;

/** Largest size of a bias: what is added to it must not overflow 32 bits. */
const BIAS_LIMIT = 2 ** 30;

/** A closed interval that holds 0. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

/** The values that an unsigned byte stands for: (byte - zeroPoint) * step. */
export interface ByteGrid {
  readonly step: number;
  readonly zeroPoint: number;
}

/** The grid that holds 0 and reaches from `low` to `high`. Throws ExportError unless low <= 0 <= high and low < high. */
export function byteGrid({ low, high }: ValueRange): ByteGrid {
  if (!(low <= 0 && high >= 0 && low < high && Number.isFinite(high - low)))
    throw new ExportError(`quantise: expected a range that holds 0, got [${low}, ${high}]`);
  const zeroPoint = Math.round(((0 - low) / (high - low)) * 255);
  const below = zeroPoint === 0 ? 0 : -low / zeroPoint;
  const above = zeroPoint === 255 ? 0 : high / (255 - zeroPoint);
  return { step: Math.fround(Math.max(below, above)), zeroPoint };
}

/** A linear layer: x [n, I] -> x * kernel + bias [n, O]. */
export interface LinearLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [I, O] */
  readonly kernel: Float32Array;
  /** [O] */
  readonly bias: Float32Array;
}

/** A kernel in integers: weights * scales. */
export interface QuantisedKernel {
  /** [I, O], at most WEIGHT_LIMIT in size. */
  readonly weights: Int8Array;
  /** One for each output [O]. */
  readonly scales: Float32Array;
}

/** Weights [I, O], in units of their scales, as integers of at most WEIGHT_LIMIT in size. */
export type RoundWeights = (weights: Float64Array) => Int8Array;

/** The nearest integer that a weight may be. */
export const nearestWeight = (weight: number): number =>
  Math.max(-WEIGHT_LIMIT, Math.min(WEIGHT_LIMIT, Math.round(weight)));

/**
 * Rounds a kernel to integers, each output with its own scale: the output's largest weight becomes WEIGHT_LIMIT. `step` is that of the input's
 * grid: where a bias is beyond all proportion to the weights, the scale grows until `quantiseBias` can hold it.
 * Throws ExportError where a number is not finite or a length is wrong.
 */
export function quantiseKernel(
  { inputs: I, outputs: O, kernel, bias }: LinearLayer,
  step: number,
  round: RoundWeights = (weights) => Int8Array.from(weights, nearestWeight),
): QuantisedKernel {
  if (kernel.length !== I * O || bias.length !== O)
    throw new ExportError(
      `quantise: expected a kernel [${I}, ${O}] and a bias [${O}], got ${kernel.length} and ${bias.length} values`,
    );
  if (!kernel.every(Number.isFinite) || !bias.every(Number.isFinite))
    throw new ExportError('quantise: a weight is not a finite number; train anew');
  const largest = new Float64Array(O);
  kernel.forEach((weight, i) => {
    largest[i % O] = Math.max(largest[i % O]!, Math.abs(weight));
  });
  const scales = Float32Array.from(
    largest,
    (weight, o) => Math.fround(Math.max(weight / WEIGHT_LIMIT, Math.abs(bias[o]!) / step / BIAS_LIMIT)) || 1,
  );
  const weights = round(Float64Array.from(kernel, (weight, i) => weight / scales[i % O]!));
  return { weights, scales };
}

/** The unit of each output's bias [O]: that of the products of bytes and weights. */
export const biasScales = (step: number, scales: Float32Array): Float32Array => scales.map((scale) => step * scale);

/** Rounds a bias [O] to integers in units of `biasScales`. Throws ExportError where one does not fit into 32 bits. */
export function quantiseBias(bias: Float32Array, step: number, scales: Float32Array): Int32Array {
  const units = biasScales(step, scales);
  return Int32Array.from(bias, (value, o) => {
    const rounded = Math.round(value / units[o]!);
    if (Math.abs(rounded) <= 2 * BIAS_LIMIT - 1) return rounded;
    throw new ExportError(`quantise: bias ${value} of output ${o} is beyond 2^31 units of ${units[o]}`);
  });
}
