// The loss of an encoder that is trained on labelled spectra alone. Legend: n spectra, B bands, C endmembers.
import * as tf from '@tensorflow/tfjs-core';
import { decayLoss, type Loss, type LossOptions, softCrossEntropy } from './loss.js';
import type { BatchStatistics } from './normalised-layer.js';
import type { PixelwiseNetwork } from './parameters.js';
import { encode, trainingBlock, unflatten } from './pixelwise.js';

/** One training batch. It has to live until the gradients are computed. */
export interface LabelledBatch {
  /** As the network takes them: scaled, clipped, standardised [n, B]. */
  readonly spectra: tf.Tensor2D;
  /** Abundances >= 0, sum 1 [n, C]. */
  readonly labels: tf.Tensor2D;
}

/** crossEntropy + decay; `statistics` of each layer's batch are kept: dispose of them. */
export type LabelledLoss = Pick<Loss, 'total' | 'crossEntropy' | 'statistics'>;

/** Mean softmax cross-entropy with the labels + weight decay on the kernels, of an `encoderNetwork`. Differentiable by `parameters` (flat, [parameterCount]). */
export function labelledLoss(
  network: PixelwiseNetwork,
  parameters: tf.Tensor1D,
  { batch, decayMask, weightDecay }: Pick<LossOptions, 'decayMask' | 'weightDecay'> & { readonly batch: LabelledBatch },
): LabelledLoss {
  const statistics: BatchStatistics[][] = network.widths.map(() => []);
  const block = trainingBlock(unflatten(network, parameters), (index, of) => statistics[index]!.push(of));
  const logits = tf.transpose(encode(tf.transpose(batch.spectra), block)); // [n, C]
  const crossEntropy = softCrossEntropy(logits, batch.labels);
  const total = tf.add(crossEntropy, decayLoss(parameters, decayMask, weightDecay)) as tf.Scalar;
  return { total, crossEntropy, statistics };
}
