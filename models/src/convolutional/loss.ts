// The loss of the convolutional EGU-Net-ss. Legend: N images of H x W pixels, m candidates, B bands, C endmembers.
import * as tf from '@tensorflow/tfjs-core';
import { decayLoss } from '../loss.js';
import type { BatchStatistics, SaveTensors } from '../normalised-layer.js';
import { cutLayers, decodeImage, encodeImage, encodeSpectra, trainingConvolutions } from './forward.js';
import type { ConvolutionalNetwork } from './network.js';

/** What E-Net learns from, in the paper's form. */
export interface CandidateBatch {
  /** Scaled to [0, 1]: [1, 1, m, B]. */
  readonly spectra: tf.Tensor4D;
  /** Soft labels [1, 1, m, C]. */
  readonly labels: tf.Tensor4D;
  /** What its layer 1 keeps, 1 or 0 [1, 1, m, 256]. */
  readonly keep: tf.Tensor4D;
}

/** One training batch. It has to live until the gradients are computed. */
export interface ConvolutionalBatch {
  /** Inputs scaled to [0, 1], 0 where a pixel is not valid: [N, H, W, B]. */
  readonly images: tf.Tensor4D;
  /** 1 where a pixel has data, else 0 [N, H, W, 1]. */
  readonly valid: tf.Tensor4D;
  /** 1 where a valid pixel counts in losses and statistics: not in the halo of a patch. [N, H, W, 1] */
  readonly counted: tf.Tensor4D;
  /** What layer 1 keeps, 1 or 0: [N, H, W, 256]. */
  readonly keep: tf.Tensor4D;
  /** `guided`: the sum of the soft labels of the candidates that lie at a counted pixel, 0 elsewhere: [N, H, W, C]. */
  readonly targets?: tf.Tensor4D;
  /** `paper`: the candidates themselves. */
  readonly candidates?: CandidateBatch;
}

export interface ConvolutionalLoss {
  /** crossEntropy + reconstruction + decay. */
  readonly total: tf.Scalar;
  /** Mean softmax cross-entropy of the candidates' logits with their soft labels, nats. */
  readonly crossEntropy: tf.Scalar;
  /** Mean squared error of the counted pixels' reconstruction, in squared units of the scaled input. */
  readonly reconstruction: tf.Scalar;
  /** Statistics of each layer's batches: E-Net's, then UR-Net's. Kept: dispose of them. */
  readonly statistics: BatchStatistics[][];
}

/** Mean of (a - b)^2 over the counted pixels and all bands, with its gradient by `a` in one pass. */
function countedError(a: tf.Tensor4D, b: tf.Tensor4D, counted: tf.Tensor4D): tf.Scalar {
  const op = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor4D, SaveTensors];
    const error = tf.mul(tf.sub(x, b), counted);
    const values = tf.mul(tf.maximum(tf.sum(counted), 1), x.shape[3]);
    save([error, values]);
    const gradFunc = (dy: tf.Tensor, [e, n]: tf.Tensor[]) => tf.mul(e!, tf.div(tf.mul(dy, 2), n!));
    return { value: tf.div(tf.sum(tf.mul(error, error)), values), gradFunc };
  });
  return op(a) as tf.Scalar;
}

/** Mean cross-entropy of logits with sums of soft labels, each of which weighs 1. Both [N, H, W, C]. */
function meanCrossEntropy(logits: tf.Tensor4D, labels: tf.Tensor4D): tf.Scalar {
  const sum = tf.sum(tf.mul(labels, tf.logSoftmax(logits)));
  return tf.div(tf.neg(sum), tf.maximum(tf.sum(labels), 1));
}

/**
 * Mean cross-entropy of the candidates + mean (x_hat - x)^2 + weight decay on the kernels. Differentiable by `parameters` (flat).
 * `paper`: the candidates pass through E-Net; `guided`: they are pixels of the images. Source: Hong et al. 2021, eq. 7-11.
 */
export function convolutionalLoss(
  network: ConvolutionalNetwork,
  parameters: tf.Tensor1D,
  options: { batch: ConvolutionalBatch; decayMask: tf.Tensor1D; weightDecay: number; dropRate: number },
): ConvolutionalLoss {
  const { batch, decayMask, weightDecay, dropRate: rate } = options;
  const { images, valid, counted, keep, candidates } = batch;
  const layers = cutLayers(network, parameters);
  const statistics: BatchStatistics[][] = layers.map(() => []);
  const collect = (index: number, one: BatchStatistics) => statistics[index]!.push(one);
  let crossEntropy: tf.Scalar | undefined;
  if (candidates) {
    const all = tf.ones([1, 1, candidates.spectra.shape[2], 1]) as tf.Tensor4D;
    const block = trainingConvolutions(layers, { valid: all, counted: all }, collect);
    const logits = encodeSpectra(candidates.spectra, block, { keep: candidates.keep, rate });
    crossEntropy = meanCrossEntropy(logits, candidates.labels);
  }
  const block = trainingConvolutions(layers, { valid, counted }, collect);
  const logits = encodeImage(images, block, { network, valid, dropout: { keep, rate } });
  crossEntropy ??= meanCrossEntropy(logits, batch.targets!);
  const reconstruction = countedError(decodeImage(tf.softmax(logits), block), images, counted);
  const total = tf.addN([crossEntropy, reconstruction, decayLoss(parameters, decayMask, weightDecay)]) as tf.Scalar;
  return { total, crossEntropy, reconstruction, statistics };
}
