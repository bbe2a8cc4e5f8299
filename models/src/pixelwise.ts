// EGU-Net-pw. Legend: n pixels, B bands, C endmembers.
// The network is written once, over a `Block`: how a layer's linear part and batch-norm are computed. Training uses batch statistics,
// evaluation moving averages, the exported head folded kernels.
import * as tf from '@tensorflow/tfjs-core';
import { type BatchStatistics, batchNormLinear } from './batch-norm-linear.js';
import { BATCH_NORM, ENCODER_LAYERS, type PixelwiseNetwork, parameterList, statisticsList } from './parameters.js';

/** The linear part of layer `index` (0-based) and the batch-norm after it, if the layer has one: [n, i] -> [n, o]. */
export type Block = (x: tf.Tensor2D, index: number) => tf.Tensor2D;

/** A layer's parameters. */
export interface Layer {
  readonly kernel: tf.Tensor2D;
  readonly bias?: tf.Tensor1D;
  readonly gamma?: tf.Tensor1D;
  readonly beta?: tf.Tensor1D;
}

/** The network's input: reflectance scaled by one global factor and clipped to [0, 1], as the reconstruction is. [n, B] */
export function scaleInput(reflectance: tf.Tensor2D, inputScale: number): tf.Tensor2D {
  return tf.clipByValue(tf.mul(reflectance, inputScale), 0, 1) as tf.Tensor2D;
}

/**
 * Encoder up to the logits; abundances are their softmax. Layer 1: batch-norm, dropout, tanh; 2: tanh; 3: ReLU; 4: logits.
 * spectra [n, B] -> [n, C]. `dropout` [n, 256] holds 0 or 1/(1 - rate), absent outside training.
 */
export function encode(spectra: tf.Tensor2D, block: Block, dropout?: tf.Tensor2D): tf.Tensor2D {
  const first = block(spectra, 0);
  const h1 = tf.tanh(dropout ? (tf.mul(first, dropout) as tf.Tensor2D) : first); // [n, 256]
  const h2 = tf.tanh(block(h1, 1)); // [n, 128]
  const h3 = tf.relu(block(h2, 2)); // [n, 32]
  return block(h3, 3); // [n, C]
}

/** Decoder: abundances [n, C] -> reconstructed input [n, B], sigmoid in every layer. */
export function decode(abundances: tf.Tensor2D, block: Block): tf.Tensor2D {
  let h = abundances;
  for (let i = ENCODER_LAYERS; i < 2 * ENCODER_LAYERS; i++) h = tf.sigmoid(block(h, i));
  return h;
}

/** Cuts the flat parameter vector into the layers' tensors. Differentiable. */
export function unflatten(network: PixelwiseNetwork, flat: tf.Tensor1D): Layer[] {
  const list = parameterList(network);
  const parts = tf.split(
    flat,
    list.map(({ size }) => size),
  );
  const layers: Record<string, tf.Tensor>[] = network.widths.map(() => ({}));
  list.forEach(({ name, role, shape }, i) => {
    layers[Number(/\d+/.exec(name)![0]) - 1]![role] = tf.reshape(parts[i]!, [...shape]);
  });
  return layers as unknown as Layer[];
}

function linear(x: tf.Tensor2D, { kernel, bias }: Layer): tf.Tensor2D {
  return tf.fused.matMul({ a: x, b: kernel, bias: bias! }) as tf.Tensor2D;
}

/** Layers normalised by their own batch; `collect` receives each batch-norm layer's statistics, kept. */
export function trainingBlock(
  layers: readonly Layer[],
  collect: (index: number, statistics: BatchStatistics) => void,
): Block {
  return (x, index) => {
    const { kernel, gamma, beta } = layers[index]!;
    if (!gamma || !beta) return linear(x, layers[index]!);
    return batchNormLinear(x, { kernel, gamma, beta }, (statistics) => collect(index, statistics));
  };
}

/** Layers normalised by the moving averages [statisticsCount]. */
export function evaluationBlock(network: PixelwiseNetwork, layers: readonly Layer[], moving: tf.Tensor1D): Block {
  const where = new Map(statisticsList(network).map((entry) => [entry.layer, entry]));
  return (x, index) => {
    const { kernel, gamma, beta } = layers[index]!;
    const entry = where.get(index);
    if (!entry || !gamma || !beta) return linear(x, layers[index]!);
    const mean = tf.slice(moving, [entry.offset], [entry.size]);
    const variance = tf.slice(moving, [entry.offset + entry.size], [entry.size]);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, BATCH_NORM.epsilon)));
    return tf.add(tf.mul(tf.sub(tf.matMul(x, kernel), mean), scale), beta) as tf.Tensor2D;
  };
}

/** Plain linear layers: what folding the batch-norm into kernel and bias leaves. */
export function foldedBlock(layers: readonly Layer[]): Block {
  return (x, index) => linear(x, layers[index]!);
}

/** The abundance head: reflectance [n, B] -> abundances [n, C]. */
export function abundanceHead(reflectance: tf.Tensor2D, block: Block, inputScale: number): tf.Tensor2D {
  return tf.softmax(encode(scaleInput(reflectance, inputScale), block)) as tf.Tensor2D;
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
  const { momentum } = BATCH_NORM;
  const parts = statisticsList(network).map(({ layer, offset, size }) => {
    let average: tf.Tensor = tf.slice(moving, [offset], [2 * size]);
    for (const { mean, variance } of batches[layer]!) {
      const batch = tf.reshape(tf.concat([mean, variance], 1), [2 * size]);
      average = tf.add(tf.mul(average, momentum), tf.mul(batch, 1 - momentum));
    }
    return average as tf.Tensor1D;
  });
  return tf.concat(parts);
}
