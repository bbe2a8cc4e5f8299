// Legend: I inputs, O outputs of a linear layer.

import { ExportError } from './error.js';

/** A linear layer followed by a batch normalisation. */
export interface BatchNormToFold {
  readonly inputs: number;
  readonly outputs: number;
  /** [I, O] */
  readonly kernel: Float32Array;
  /** [O]; zeros when absent. */
  readonly bias?: Float32Array;
  /** [O] */
  readonly gamma: Float32Array;
  /** [O] */
  readonly beta: Float32Array;
  /** Moving averages [O]. */
  readonly mean: Float32Array;
  /** [O] */
  readonly variance: Float32Array;
  /** What the normalisation adds to the variance; frameworks differ, so there is no default. */
  readonly epsilon: number;
}

/**
 * The one linear layer equal to a linear layer and its batch normalisation (inference form):
 * s = gamma / sqrt(variance + epsilon); kernel' = kernel * s; bias' = (bias - mean) * s + beta.
 * Computed in float64, rounded once. Throws ExportError where a size is wrong or a scale is not finite.
 */
export function foldBatchNorm(layer: BatchNormToFold): { kernel: Float32Array; bias: Float32Array } {
  const { inputs: I, outputs: O, gamma, beta, mean, variance, epsilon } = layer;
  const before = layer.bias ?? new Float32Array(O);
  assertLength('kernel', layer.kernel, I * O);
  for (const [name, values] of Object.entries({ bias: before, gamma, beta, mean, variance }))
    assertLength(name, values, O);
  const scale = new Float64Array(O).map((_, o) => gamma[o]! / Math.sqrt(variance[o]! + epsilon));
  const bad = scale.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0)
    throw new ExportError(
      `fold batch-norm: output ${bad} has gamma ${gamma[bad]}, variance ${variance[bad]}, epsilon ${epsilon}; expected finite gamma and variance + epsilon > 0`,
    );
  const kernel = layer.kernel.map((value, i) => value * scale[i % O]!);
  const bias = before.map((value, o) => (value - mean[o]!) * scale[o]! + beta[o]!);
  return { kernel, bias };
}

function assertLength(name: string, values: Float32Array, expected: number): void {
  if (values.length !== expected)
    throw new ExportError(`fold batch-norm: ${name} should have ${expected} values, got ${values.length}`);
}
