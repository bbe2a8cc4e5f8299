// The abundance head as a graph. Legend: n pixels, B bands, C endmembers.
import { foldBatchNorm, type Graph, type LinearLayer, traceFunction } from '@egunet/export';
import {
  abundanceHead,
  BATCH_NORM,
  ENCODER_LAYERS,
  encoderNetwork,
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
import type { TrainState } from './engines/engine.js';
import type { Checkpoint } from './fit/checkpoint.js';
import { memberState } from './library/members.js';
import { foldStandard } from './library/standard.js';

export function networkOf({ facts, settings }: Pick<Checkpoint, 'facts' | 'settings'>): PixelwiseNetwork {
  const make = settings.model === 'library' ? encoderNetwork : pixelwiseNetwork;
  return make(facts.bands.length, facts.endmembers.length);
}

/** Weights below this are 0: weight decay drives those of idle units to subnormal numbers, which multiply many times slower. */
const LEAST_WEIGHT = 1e-30;

/** A kernel without weights that are as good as 0. */
export const withoutSubnormals = (kernel: Float32Array): Float32Array =>
  kernel.map((weight) => (Math.abs(weight) < LEAST_WEIGHT ? 0 : weight));

/** Kernels and biases of each encoder's layers with the moving averages, and what standardises its input, folded in: one encoder, or those of an ensemble. */
export function foldEncoders(checkpoint: Checkpoint): LinearLayer[][] {
  const { state, library } = checkpoint;
  const members = library?.members ?? 1;
  return Array.from({ length: members }, (_, k) => {
    const layers = foldedLayers(networkOf(checkpoint), memberState(state, k, members));
    const plain = library ? [foldStandard(layers[0]!, library.standard), ...layers.slice(1)] : layers;
    return plain.map((layer) => ({ ...layer, kernel: withoutSubnormals(layer.kernel) }));
  });
}

function foldedLayers(network: PixelwiseNetwork, { parameters, moving }: TrainState): LinearLayer[] {
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

/** Mean abundances [n, C] of an ensemble's members, and their standard deviation. */
export function combine(members: readonly tf.Tensor2D[]): [abundances: tf.Tensor2D, spread: tf.Tensor2D] {
  const share = 1 / members.length;
  const sum = (all: readonly tf.Tensor[]) => all.reduce((total, one) => tf.add(total, one)); // WebGPU has no kernel for Sum
  const mean = tf.mul(sum(members), share) as tf.Tensor2D;
  const squares = members.map((abundances) => tf.squaredDifference(abundances, mean));
  return [mean, tf.sqrt(tf.mul(sum(squares), share)) as tf.Tensor2D];
}

/**
 * Encoders as one graph: of several `spectra` [n, B] -> `abundances` [n, C], the members' mean, and `spread` [n, C], their standard deviation; of one see `headGraph`,
 * also for the input scale.
 */
export function encodersGraph(encoders: readonly (readonly LinearLayer[])[], inputScale?: number): Graph {
  if (encoders.length === 1) return headGraph(encoders[0]!, inputScale);
  const head = (spectra: tf.Tensor) =>
    combine(
      encoders.map((layers) => abundanceHead(spectra as tf.Tensor2D, foldedBlock(layerTensors(layers)), inputScale)),
    );
  const inputs = [{ name: 'spectra', shape: ['pixels', encoders[0]![0]!.inputs] }];
  return traceFunction(head, inputs, { outputs: ['abundances', 'spread'], graphName: 'egunet-ensemble' });
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
