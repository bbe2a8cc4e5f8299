// The abundance head as a graph. Legend: n pixels, B bands, C endmembers.
import { foldBatchNorm, type Graph, type LinearLayer, traceFunction } from '@egunet/export';
import {
  abundanceHead,
  BATCH_NORM,
  ENCODER_LAYERS,
  foldedBlock,
  hasBatchNorm,
  type Layer,
  layerSizes,
  type PixelwiseNetwork,
  parameterList,
  pixelwiseNetwork,
  statisticsList,
} from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import type { Checkpoint } from './fit/checkpoint.js';

export function networkOf({ facts }: Checkpoint): PixelwiseNetwork {
  return pixelwiseNetwork(facts.bands.length, facts.endmembers.length);
}

/** Weights below this are 0: weight decay drives those of idle units to subnormal numbers, which multiply many times slower. */
const LEAST_WEIGHT = 1e-30;

/** A kernel without weights that are as good as 0. */
export const withoutSubnormals = (kernel: Float32Array): Float32Array =>
  kernel.map((weight) => (Math.abs(weight) < LEAST_WEIGHT ? 0 : weight));

/** Kernels and biases of the encoder's layers with the moving averages folded in. */
export function foldEncoder(checkpoint: Checkpoint): LinearLayer[] {
  return foldedLayers(checkpoint).map((layer) => ({ ...layer, kernel: withoutSubnormals(layer.kernel) }));
}

function foldedLayers(checkpoint: Checkpoint): LinearLayer[] {
  const network = networkOf(checkpoint);
  const { parameters, moving } = checkpoint.state;
  const list = parameterList(network);
  const part = (layer: number, role: string) => {
    const { offset, size } = list.find(({ name }) => name === `layer${layer + 1}/${role}`)!;
    return parameters.slice(offset, offset + size);
  };
  return layerSizes(network)
    .slice(0, ENCODER_LAYERS)
    .map(({ inputs, outputs }, layer) => {
      const kernel = part(layer, 'kernel');
      if (!hasBatchNorm(layer)) return { kernel, bias: part(layer, 'bias'), inputs, outputs };
      const { offset, size } = statisticsList(network).find((entry) => entry.layer === layer)!;
      const folded = foldBatchNorm({
        kernel,
        gamma: part(layer, 'gamma'),
        beta: part(layer, 'beta'),
        mean: moving.slice(offset, offset + size),
        variance: moving.slice(offset + size, offset + 2 * size),
        epsilon: BATCH_NORM.epsilon,
        inputs,
        outputs,
      });
      return { ...folded, inputs, outputs };
    });
}

/** Layers as the tensors that the network takes. */
export function layerTensors(layers: readonly LinearLayer[]): Required<Pick<Layer, 'kernel' | 'bias'>>[] {
  return layers.map(({ kernel, bias, inputs, outputs }) => ({
    kernel: tf.tensor2d(kernel, [inputs, outputs]),
    bias: tf.tensor1d(bias),
  }));
}

/**
 * The head as a graph: `spectra` [n, B] -> `abundances` [n, C]. Without an input scale, `spectra` go into the first layer as they are:
 * whoever changes that layer scales and clips them.
 */
export function headGraph(layers: readonly LinearLayer[], inputScale?: number): Graph {
  const head = (spectra: tf.Tensor) =>
    abundanceHead(spectra as tf.Tensor2D, foldedBlock(layerTensors(layers)), inputScale);
  const inputs = [{ name: 'spectra', shape: ['pixels', layers[0]!.inputs] }];
  return traceFunction(head, inputs, { outputs: ['abundances'], graphName: 'egunet-pw' });
}
