// EGU-Net's loss. Legend: n mixed pixels (UR-Net), m pseudo-endmembers (E-Net), B bands, C endmembers.
import * as tf from '@tensorflow/tfjs-core';
import type { BatchStatistics, SaveTensors } from './normalised-layer.js';
import type { PixelwiseNetwork } from './parameters.js';
import { decode, encode, trainingBlock, unflatten } from './pixelwise.js';

/** One training batch, feature-major but for the labels, inputs already scaled to [0, 1]. It has to live until the gradients are computed. */
export interface Batch {
  /** Mixed pixels [B, n]. */
  readonly mixed: tf.Tensor2D;
  /** Pseudo-endmembers [B, m] and their soft labels [m, C]. */
  readonly candidates: tf.Tensor2D;
  readonly labels: tf.Tensor2D;
  /** What layer 1 of each stream keeps, 1 or 0: [256, n], [256, m]. */
  readonly mixedKeep: tf.Tensor2D;
  readonly candidateKeep: tf.Tensor2D;
}

export interface Loss {
  /** crossEntropy + reconstruction + decay. */
  readonly total: tf.Scalar;
  /** Mean softmax cross-entropy of E-Net's logits with the soft labels, nats. */
  readonly crossEntropy: tf.Scalar;
  /** Mean squared error of UR-Net's reconstruction, in squared units of the scaled input. */
  readonly reconstruction: tf.Scalar;
  /** Statistics of each layer's batches: E-Net's, then UR-Net's. Kept: dispose of them. */
  readonly statistics: BatchStatistics[][];
}

export interface LossOptions {
  readonly batch: Batch;
  /** 1 on kernels, 0 elsewhere. [parameterCount] */
  readonly decayMask: tf.Tensor1D;
  readonly weightDecay: number;
  /** Share of what layer 1 drops. */
  readonly dropRate: number;
}

/** Mean of (a - b)^2 over everything, with its gradient by `a` in one pass. */
function meanSquaredError(a: tf.Tensor2D, b: tf.Tensor2D): tf.Scalar {
  const op = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor2D, SaveTensors];
    const error = tf.sub(x, b);
    save([error]);
    const value = tf.mul(tf.sum(tf.mul(error, error)), 1 / error.size);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0]!, tf.mul(dy, 2 / error.size)) };
  });
  return op(a) as tf.Scalar;
}

/** Weight decay times the sum of squared kernel elements / 2, with its gradient in one pass. `mask` is 1 on kernels. */
export function decayLoss(parameters: tf.Tensor1D, mask: tf.Tensor1D, weightDecay: number): tf.Scalar {
  const op = tf.customGrad((...args) => {
    const [w, save] = args as unknown as [tf.Tensor1D, SaveTensors];
    const gradient = tf.mul(w, tf.mul(mask, weightDecay));
    save([gradient]);
    const value = tf.mul(tf.sum(tf.mul(gradient, w)), 0.5);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(saved[0]!, dy) };
  });
  return op(parameters) as tf.Scalar;
}

/** Mean cross-entropy of softmax(logits) with soft labels, both [m, C], nats. */
export function softCrossEntropy(logits: tf.Tensor, labels: tf.Tensor2D): tf.Scalar {
  return tf.mul(tf.sum(tf.mul(labels, tf.logSoftmax(logits))), -1 / logits.shape[0]!) as tf.Scalar;
}

/**
 * The joint loss of both streams: mean softmax cross-entropy(E-Net, labels) + mean (x_hat - x)^2 + weight decay on the kernels.
 * Source: Hong et al. 2021, eq. 7-9 and the released settings. Differentiable by `parameters` (flat, [parameterCount]).
 */
export function pixelwiseLoss(
  network: PixelwiseNetwork,
  parameters: tf.Tensor1D,
  { batch, decayMask, weightDecay, dropRate }: LossOptions,
): Loss {
  const statistics: BatchStatistics[][] = network.widths.map(() => []);
  const block = trainingBlock(unflatten(network, parameters), (index, batch) => statistics[index]!.push(batch));
  const dropout = (keep: tf.Tensor2D) => ({ keep, rate: dropRate });
  const logits = tf.transpose(encode(batch.candidates, block, dropout(batch.candidateKeep))); // [m, C]
  const crossEntropy = softCrossEntropy(logits, batch.labels);
  const abundances = tf.softmax(tf.transpose(encode(batch.mixed, block, dropout(batch.mixedKeep)))); // [n, C]
  const reconstruction = meanSquaredError(decode(tf.transpose(abundances), block), batch.mixed);
  const total = tf.addN([crossEntropy, reconstruction, decayLoss(parameters, decayMask, weightDecay)]) as tf.Scalar;
  return { total, crossEntropy, reconstruction, statistics };
}
