// The convolutional EGU-Net-ss, written once over a `ConvolutionalBlock`: how a layer is computed. Training uses batch statistics, evaluation
// averages, the exported head folded kernels. Legend: N images of H x W pixels, m candidates, B bands, C endmembers, o outputs.
import * as tf from '@tensorflow/tfjs-core';
import { listParameters, listStatistics } from '../layer-list.js';
import { cutParameters } from '../layer-tensors.js';
import type { BatchStatistics } from '../normalised-layer.js';
import { BATCH_NORM, ENCODER_LAYERS } from '../parameters.js';
import { scaleInput } from '../pixelwise.js';
import { maskedBatchNorm, maskedConvolution, maskedMean } from './masked.js';
import { type ConvolutionalNetwork, convolutionalLayers, OWN_BLOCKS, poolReach } from './network.js';

/** Layer `index` (0-based): its convolution, and its batch-norm or bias. x [N, H, W, i] -> [N, H, W, o]. */
export type ConvolutionalBlock = (x: tf.Tensor4D, index: number) => tf.Tensor4D;

/** A layer's parameters. */
export interface ConvolutionalLayer {
  readonly kernel: tf.Tensor4D;
  readonly bias?: tf.Tensor1D;
  readonly gamma?: tf.Tensor1D;
  readonly beta?: tf.Tensor1D;
}

/** What layer 1 keeps in training, 1 or 0, and the share of zeros; what is kept is divided by 1 - rate. */
export interface KeepMask {
  readonly keep: tf.Tensor4D;
  readonly rate: number;
}

const dropped = (x: tf.Tensor4D, dropout?: KeepMask) =>
  dropout ? (tf.mul(x, tf.mul(dropout.keep, 1 / (1 - dropout.rate))) as tf.Tensor4D) : x;

interface Images {
  readonly network: ConvolutionalNetwork;
  /** 1 where a pixel has data, else 0 [N, H, W, 1]. */
  readonly valid: tf.Tensor4D;
  /** Of layer 1; absent outside training. */
  readonly dropout?: KeepMask;
}

/** Encoder of images up to the logits: convolution, batch-norm, dropout, pool, activation. images [N, H, W, B] -> [N, H, W, C]. */
export function encodeImage(
  images: tf.Tensor4D,
  block: ConvolutionalBlock,
  { network, valid, dropout }: Images,
): tf.Tensor4D {
  const pooled = (x: tf.Tensor4D, index: number) => maskedMean(x, valid, poolReach(network.pooling, index));
  const h1 = tf.tanh(pooled(dropped(block(images, 0), dropout), 0)); // 256
  const h2 = tf.tanh(pooled(block(h1, 1), 1)); // 128
  const h3 = tf.relu(pooled(block(h2, 2), 2)); // 32
  return block(h3, 3); // C
}

/** E-Net of the paper's form, up to the logits: blocks 1 and 2 its own, 3 and 4 shared. spectra [1, 1, m, B] -> [1, 1, m, C]. */
export function encodeSpectra(spectra: tf.Tensor4D, block: ConvolutionalBlock, dropout?: KeepMask): tf.Tensor4D {
  const [first, second] = OWN_BLOCKS;
  const h1 = tf.tanh(dropped(block(spectra, first), dropout)); // 256
  const h2 = tf.tanh(block(h1, second)); // 128
  return block(tf.relu(block(h2, 2)), 3); // C
}

/** Decoder: abundances [N, H, W, C] -> reconstructed input [N, H, W, B], sigmoid in every layer. */
export function decodeImage(abundances: tf.Tensor4D, block: ConvolutionalBlock): tf.Tensor4D {
  let h = abundances;
  for (let i = ENCODER_LAYERS; i < 2 * ENCODER_LAYERS; i++) h = tf.sigmoid(block(h, i));
  return h;
}

/** Cuts the flat parameter vector into the layers' tensors. Differentiable. */
export const cutLayers = (network: ConvolutionalNetwork, flat: tf.Tensor1D): ConvolutionalLayer[] =>
  cutParameters(listParameters(convolutionalLayers(network)), flat) as unknown as ConvolutionalLayer[];

/** Which pixels a block sees, and which of them make its statistics: [N, H, W, 1], 1 or 0. */
export interface Counting {
  readonly valid: tf.Tensor4D;
  readonly counted: tf.Tensor4D;
}

/** Layers normalised by the counted pixels of their own batch; `collect` receives each batch-norm layer's statistics, kept. */
export function trainingConvolutions(
  layers: readonly ConvolutionalLayer[],
  { valid, counted }: Counting,
  collect: (index: number, statistics: BatchStatistics) => void,
): ConvolutionalBlock {
  return (x, index) => {
    const { kernel, bias, gamma, beta } = layers[index]!;
    const z = maskedConvolution(x, valid, kernel);
    if (!gamma || !beta) return tf.add(z, bias!);
    return maskedBatchNorm(z, { gamma, beta, counted }, (statistics) => collect(index, statistics));
  };
}

/**
 * Layers normalised by averages [countStatistics], from the flat parameters. `watch` receives what goes into each batch-norm.
 */
export function evaluationConvolutions(
  network: ConvolutionalNetwork,
  { parameters, moving, valid }: { parameters: tf.Tensor1D; moving: tf.Tensor1D; valid: tf.Tensor4D },
  watch: (index: number, z: tf.Tensor4D) => void = () => {},
): ConvolutionalBlock {
  const layers = cutLayers(network, parameters);
  const where = new Map(listStatistics(convolutionalLayers(network)).map((entry) => [entry.layer, entry]));
  return (x, index) => {
    const { kernel, bias, gamma, beta } = layers[index]!;
    const z = maskedConvolution(x, valid, kernel);
    const entry = where.get(index);
    if (!entry) return tf.add(z, bias!);
    watch(index, z);
    const mean = tf.slice(moving, [entry.offset], [entry.size]);
    const variance = tf.slice(moving, [entry.offset + entry.size], [entry.size]);
    const scale = tf.mul(gamma!, tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon)));
    return tf.add(tf.mul(tf.sub(z, mean), scale), beta!);
  };
}

/** Plain convolutions with biases: what folding the batch-norm leaves. */
export function foldedConvolutions(
  layers: readonly Required<Pick<ConvolutionalLayer, 'kernel' | 'bias'>>[],
  valid: tf.Tensor4D,
): ConvolutionalBlock {
  return (x, index) => tf.add(maskedConvolution(x, valid, layers[index]!.kernel), layers[index]!.bias);
}

/** The abundance head: reflectance [N, H, W, B], finite everywhere -> abundances [N, H, W, C]; of a pixel that is not valid, nothing of meaning. */
export function convolutionalHead(
  reflectance: tf.Tensor4D,
  block: ConvolutionalBlock,
  { network, valid, inputScale }: Images & { inputScale: number },
): tf.Tensor4D {
  return tf.softmax(encodeImage(scaleInput(reflectance, inputScale), block, { network, valid }));
}
