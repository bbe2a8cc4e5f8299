// The abundance head of a convolutional network as a graph. Legend: H x W pixels, B bands, C endmembers.
import { foldBatchNorm, type Graph, traceFunction } from '@egunet/export';
import {
  BATCH_NORM,
  type ConvolutionalNetwork,
  convolutionalHead,
  convolutionalLayers,
  ENCODER_LAYERS,
  foldedConvolutions,
  listParameters,
  listStatistics,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import { withoutSubnormals } from '../head-graph.js';
import type { NetworkState } from './statistics.js';

interface FoldedLayer {
  /** [h, w, inputs, outputs] */
  readonly shape: readonly number[];
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Kernels and biases of the encoder's layers, batch-norm folded in: a window's places are so many inputs more. */
function foldLayers({ network, parameters, moving }: NetworkState): FoldedLayer[] {
  const layers = convolutionalLayers(network);
  const list = listParameters(layers);
  const statistics = listStatistics(layers);
  return layers.slice(0, ENCODER_LAYERS).map(({ kernel: shape, normalised }, index) => {
    const part = (role: string) => {
      const { offset, size } = list.find(({ name }) => name === `layer${index + 1}/${role}`)!;
      return parameters.slice(offset, offset + size);
    };
    const kernel = part('kernel');
    if (!normalised) return { shape, kernel: withoutSubnormals(kernel), bias: part('bias') };
    const { offset, size } = statistics.find(({ layer }) => layer === index)!;
    const folded = foldBatchNorm({
      kernel,
      gamma: part('gamma'),
      beta: part('beta'),
      mean: moving.slice(offset, offset + size),
      variance: moving.slice(offset + size, offset + 2 * size),
      epsilon: BATCH_NORM.epsilon,
      inputs: kernel.length / size,
      outputs: size,
    });
    return { shape, kernel: withoutSubnormals(folded.kernel), bias: folded.bias };
  });
}

const folded = (layers: readonly FoldedLayer[]) =>
  layers.map(({ shape, kernel, bias }) => ({
    kernel: tf.tensor4d(kernel, shape as [number, number, number, number]),
    bias: tf.tensor1d(bias),
  }));

/**
 * The head: `image` [H, W, B] reflectance, finite everywhere, and `valid` [H, W] (1 data, 0 none) -> `abundances` [H, W, C], sizes open.
 * Beyond the image there are no valid pixels: a tile with a halo of `headHalo(network)` has in its core what the whole scene has there.
 */
export function convolutionalHeadGraph(state: NetworkState): Graph {
  const { network, inputScale } = state;
  const layers = foldLayers(state);
  const head = (...[image, valid]: tf.Tensor[]) => {
    const mask = tf.expandDims(tf.expandDims(valid!, 0), 3) as tf.Tensor4D;
    const block = foldedConvolutions(folded(layers), mask);
    const images = tf.expandDims(image!, 0) as tf.Tensor4D;
    return tf.squeeze(convolutionalHead(images, block, { network, valid: mask, inputScale }), [0]);
  };
  return traceFunction(head, headInputs(network), { outputs: ['abundances'], graphName: 'egunet-ss' });
}

const headInputs = ({ bands }: ConvolutionalNetwork) => [
  { name: 'image', shape: ['rows', 'cols', bands] },
  { name: 'valid', shape: ['rows', 'cols'] },
];
