// One training step as a plain tfjs function: traced by the compiled engine, called by the eager one.
import {
  type Batch,
  type BatchStatistics,
  decayMask,
  type PixelwiseNetwork,
  pixelwiseLoss,
  updateMoving,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import { type AdamState, adam } from './adam.js';

/** Everything that a step changes. */
export type StepState = AdamState & {
  /** Moving means and variances of batch-norm [statisticsCount]. */
  readonly moving: tf.Tensor1D;
};

/** State after the step, and [total, cross-entropy, reconstruction] of the loss before it. */
export type StepResult = StepState & { readonly losses: tf.Tensor1D };

export interface StepOptions {
  readonly state: StepState;
  readonly batch: Batch;
  /** Of Adam, a scalar of `adamStepSize`. */
  readonly stepSize: tf.Scalar;
  readonly weightDecay: number;
  readonly dropRate: number;
}

/** What the step needs of a loss. */
export interface StepLoss {
  readonly total: tf.Scalar;
  readonly crossEntropy: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  readonly statistics: readonly (readonly BatchStatistics[])[];
}

/** What is different from network to network. */
export interface StepFunctions {
  /** Differentiable by the flat parameters. */
  readonly lossOf: (parameters: tf.Tensor1D) => StepLoss;
  /** Moving averages after the step. */
  readonly average: (moving: tf.Tensor1D, statistics: StepLoss['statistics']) => tf.Tensor1D;
}

/** Forward, gradients, Adam and batch-norm's moving averages of any network. The caller disposes of the results. */
export function descend(state: StepState, stepSize: tf.Scalar, { lossOf, average }: StepFunctions): StepResult {
  return tf.tidy(() => {
    let parts: tf.Tensor[] = [];
    let kept: tf.Tensor[] = [];
    let moving = state.moving;
    const { grad } = tf.valueAndGrad((parameters) => {
      const loss = lossOf(parameters as tf.Tensor1D);
      kept = loss.statistics.flat().flatMap(({ mean, variance }) => [mean, variance]);
      moving = tf.keep(average(state.moving, loss.statistics));
      parts = [loss.total, loss.crossEntropy, loss.reconstruction].map((part) => tf.keep(tf.reshape(part, [1])));
      return loss.total;
    })(state.parameters);
    const next = adam(state, grad as tf.Tensor1D, stepSize);
    const losses = tf.concat(parts) as tf.Tensor1D;
    const result = { ...next, moving: tf.clone(moving), losses };
    tf.dispose([kept, parts, moving]);
    return result;
  });
}

/** Forward, gradients, Adam and batch-norm's moving averages. The caller disposes of the results. */
export function trainStep(
  network: PixelwiseNetwork,
  { state, batch, stepSize, weightDecay, dropRate }: StepOptions,
): StepResult {
  return tf.tidy(() => {
    const mask = tf.tensor1d(decayMask(network));
    return descend(state, stepSize, {
      lossOf: (parameters) => pixelwiseLoss(network, parameters, { batch, decayMask: mask, weightDecay, dropRate }),
      average: (moving, statistics) => updateMoving(network, moving, statistics),
    });
  });
}
