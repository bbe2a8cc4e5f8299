// EGU-Net-pw. Legend: n pixels, B bands, C endmembers.
// The network is written once, over a `Block`: how a layer is computed. Training uses batch statistics, evaluation moving averages, the
// exported head folded kernels.
import * as tf from '@tensorflow/tfjs-core';
import { type Activation, RELU, SIGMOID, TANH, tanhOfKept } from './activation.js';
import { cutParameters, moveAverages } from './layer-tensors.js';
import { type BatchStatistics, normalisedLayer } from './normalised-layer.js';
import { BATCH_NORM, ENCODER_LAYERS, type PixelwiseNetwork, parameterList, statisticsList } from './parameters.js';

/**
 * Layer `index` (0-based): its linear part, its batch-norm if it has one, and `activation`, if given.
 * [n, i] -> [n, o]; feature-major, [i, n] -> [o, n], in training. `factor` multiplies batch-norm's output.
 */
export type Block = (x: tf.Tensor2D, index: number, activation?: Activation, factor?: number) => tf.Tensor2D;

/** A layer's parameters. */
export interface Layer {
  readonly kernel: tf.Tensor2D;
  readonly bias?: tf.Tensor1D;
  readonly gamma?: tf.Tensor1D;
  readonly beta?: tf.Tensor1D;
}

/** The network's input: reflectance scaled by one global factor and clipped to [0, 1], as the reconstruction is. [n, B], or any shape. */
export function scaleInput<T extends tf.Tensor = tf.Tensor2D>(reflectance: T, inputScale: number): T {
  return tf.clipByValue(tf.mul(reflectance, inputScale), 0, 1) as T;
}

/** Dropout of layer 1. */
export interface Dropout {
  /** 1 keeps, 0 drops: [256, n]. */
  readonly keep: tf.Tensor2D;
  /** Share of zeros; what is kept is divided by 1 - rate. */
  readonly rate: number;
}

/**
 * Encoder up to the logits; abundances are their softmax. Layer 1: batch-norm, dropout (absent outside training), tanh; 2: tanh; 3: ReLU;
 * 4: logits. Spectra [n, B] -> [n, C], or feature-major, as the block works.
 */
export function encode(spectra: tf.Tensor2D, block: Block, dropout?: Dropout): tf.Tensor2D {
  const h1 = dropout ? block(spectra, 0, tanhOfKept(dropout.keep), 1 / (1 - dropout.rate)) : block(spectra, 0, TANH); // 256
  const h2 = block(h1, 1, TANH); // 128
  const h3 = block(h2, 2, RELU); // 32
  return block(h3, 3); // C
}

/** Decoder: abundances -> reconstructed input, sigmoid in every layer. [n, C] -> [n, B], or feature-major, as the block works. */
export function decode(abundances: tf.Tensor2D, block: Block): tf.Tensor2D {
  let h = abundances;
  for (let i = ENCODER_LAYERS; i < 2 * ENCODER_LAYERS; i++) h = block(h, i, SIGMOID);
  return h;
}

/** Cuts the flat parameter vector into the layers' tensors. Differentiable. */
export const unflatten = (network: PixelwiseNetwork, flat: tf.Tensor1D): Layer[] =>
  cutParameters(parameterList(network), flat) as unknown as Layer[];

function linear(x: tf.Tensor2D, { kernel, bias }: Layer): tf.Tensor2D {
  return tf.fused.matMul({ a: x, b: kernel, bias: bias! }) as tf.Tensor2D;
}

/** The same feature-major: x [i, n] -> [o, n]. */
function linearByFeature(b: tf.Tensor2D, { kernel, bias }: Layer): tf.Tensor2D {
  return tf.fused.matMul({ a: kernel, b, bias: tf.reshape(bias!, [-1, 1]), transposeA: true }) as tf.Tensor2D;
}

const activated = (z: tf.Tensor, activation?: Activation) => (activation ? activation.of(z) : z) as tf.Tensor2D;

/** Layers normalised by their own batch; `collect` receives each batch-norm layer's statistics, kept. */
export function trainingBlock(
  layers: readonly Layer[],
  collect: (index: number, statistics: BatchStatistics) => void,
): Block {
  return (x, index, activation, factor = 1) => {
    const { kernel, gamma, beta } = layers[index]!;
    if (!gamma || !beta || !activation) return linearByFeature(x, layers[index]!);
    const [g, b] = [gamma, beta].map((t) => (factor === 1 ? t : tf.mul(t, factor))) as [tf.Tensor1D, tf.Tensor1D];
    return normalisedLayer(x, { kernel, gamma: g, beta: b }, { activation, collect: (batch) => collect(index, batch) });
  };
}

/** Layers normalised by the moving averages [statisticsCount]. */
export function evaluationBlock(network: PixelwiseNetwork, layers: readonly Layer[], moving: tf.Tensor1D): Block {
  const where = new Map(statisticsList(network).map((entry) => [entry.layer, entry]));
  return (x, index, activation) => {
    const { kernel, gamma, beta } = layers[index]!;
    const entry = where.get(index);
    if (!entry || !gamma || !beta) return activated(linear(x, layers[index]!), activation);
    const mean = tf.slice(moving, [entry.offset], [entry.size]);
    const variance = tf.slice(moving, [entry.offset + entry.size], [entry.size]);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon)));
    return activated(tf.add(tf.mul(tf.sub(tf.matMul(x, kernel), mean), scale), beta), activation);
  };
}

/** Plain linear layers: what folding the batch-norm into kernel and bias leaves. */
export function foldedBlock(layers: readonly Layer[]): Block {
  return (x, index, activation) => activated(linear(x, layers[index]!), activation);
}

/** A block whose first layer takes its input standardised by these means and deviations [B]. */
export function standardisedBlock(block: Block, mean: tf.Tensor1D, deviation: tf.Tensor1D): Block {
  return (x, index, ...rest) =>
    block(index === 0 ? (tf.div(tf.sub(x, mean), deviation) as tf.Tensor2D) : x, index, ...rest);
}

/** The abundance head: reflectance [n, B] -> abundances [n, C]. Without an input scale, the block of the first layer scales and clips. */
export function abundanceHead(reflectance: tf.Tensor2D, block: Block, inputScale?: number): tf.Tensor2D {
  const input = inputScale === undefined ? reflectance : scaleInput(reflectance, inputScale);
  return tf.softmax(encode(input, block)) as tf.Tensor2D;
}

/**
 * Moving averages after one step: each batch's statistics in turn, m <- momentum * m + (1 - momentum) * batch.
 * `batches[i]` holds the statistics of layer i, in the order in which the streams ran. [statisticsCount]
 */
export function updateMoving(
  network: PixelwiseNetwork,
  moving: tf.Tensor1D,
  batches: readonly (readonly BatchStatistics[])[],
): tf.Tensor1D {
  return moveAverages(statisticsList(network), moving, batches);
}
