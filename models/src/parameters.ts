// Legend: B bands, C endmembers. Parameters live in one flat vector, in the order of `parameterList`.
import {
  countParameters,
  countStatistics,
  drawParameters,
  type LayerShape,
  listParameters,
  listStatistics,
  markKernels,
  type Parameter,
  type StatisticsEntry,
  startStatistics,
} from './layer-list.js';

/** The sizes of a pixel-wise EGU-Net, or of its encoder alone. */
export interface PixelwiseNetwork {
  readonly name: 'egunet-pw' | 'egunet-encoder';
  readonly bands: number;
  readonly endmembers: number;
  /** Output width of each layer: four of the encoder, then four of the decoder, where there is one. */
  readonly widths: readonly number[];
}

/** Number of layers of the encoder; the rest are the decoder's. */
export const ENCODER_LAYERS = 4;

/** Batch-norm's constants, as in the released code. */
export const BATCH_NORM = { epsilon: 1e-3, momentum: 0.9 } as const;

/**
 * EGU-Net-pw for B bands and C endmembers: B-256-128-32-C and back.
 * Source: Hong et al. 2021, DOI 10.1109/TNNLS.2021.3082289, table I.
 */
export function pixelwiseNetwork(bands: number, endmembers: number): PixelwiseNetwork {
  return { name: 'egunet-pw', bands, endmembers, widths: [256, 128, 32, endmembers, 32, 128, 256, bands] };
}

/** The encoder of `pixelwiseNetwork`, which is all of it that labelled spectra train. */
export function encoderNetwork(bands: number, endmembers: number): PixelwiseNetwork {
  const { widths } = pixelwiseNetwork(bands, endmembers);
  return { name: 'egunet-encoder', bands, endmembers, widths: widths.slice(0, ENCODER_LAYERS) };
}

/** True for layers followed by batch-norm: all but the encoder's last, whose output are the logits. */
export function hasBatchNorm(layer: number): boolean {
  return layer !== ENCODER_LAYERS - 1;
}

/** Input and output width of each layer. */
export function layerSizes(network: PixelwiseNetwork): { inputs: number; outputs: number }[] {
  return network.widths.map((outputs, i) => ({ inputs: i === 0 ? network.bands : network.widths[i - 1]!, outputs }));
}

const layersOf = (network: PixelwiseNetwork): LayerShape[] =>
  layerSizes(network).map(({ inputs, outputs }, i) => ({ kernel: [inputs, outputs], normalised: hasBatchNorm(i) }));

/**
 * Every trained parameter, in the order of the flat vector.
 * A bias before batch-norm cancels exactly (its gradient is zero and it starts at zero), so those layers have none.
 */
export const parameterList = (network: PixelwiseNetwork): Parameter[] => listParameters(layersOf(network));

/** Length of the flat parameter vector. */
export const parameterCount = (network: PixelwiseNetwork): number => countParameters(layersOf(network));

/** Where each batch-norm layer's moving mean (then variance) begins in the flat vector of statistics. */
export const statisticsList = (network: PixelwiseNetwork): StatisticsEntry[] => listStatistics(layersOf(network));

/** Length of the flat vector of moving means and variances. */
export const statisticsCount = (network: PixelwiseNetwork): number => countStatistics(layersOf(network));

/** Glorot-uniform kernels, zero biases and betas, unit gammas. `uniform` draws from [0, 1). */
export const initialParameters = (network: PixelwiseNetwork, uniform: () => number): Float32Array =>
  drawParameters(layersOf(network), uniform);

/** Moving means 0 and variances 1, as batch-norm starts. */
export const initialStatistics = (network: PixelwiseNetwork): Float32Array => startStatistics(layersOf(network));

/** 1 for every element of a kernel, 0 elsewhere: what weight decay acts on. [parameterCount] */
export const decayMask = (network: PixelwiseNetwork): Float32Array => markKernels(layersOf(network));
