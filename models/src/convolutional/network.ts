// The convolutional forms of EGU-Net-ss. Legend: B bands, C endmembers.
import type { LayerShape } from '../layer-list.js';
import { ENCODER_LAYERS, hasBatchNorm } from '../parameters.js';

/**
 * `paper`: E-Net has blocks 1 and 2 of its own, of single pixels, and shares blocks 3 and 4 with the encoder of images.
 * `guided`: one encoder, of images; the cross-entropy is taken where the candidates lie.
 */
export const FORMS = ['paper', 'guided'] as const;
export type ConvolutionalForm = (typeof FORMS)[number];

/**
 * Averages behind layers 1 to 3, one pixel apart. `same`: 2 x 2, down and to the right, as TensorFlow's SAME has it; `alternated`: the second of them up
 * and to the left; `centred`: 3 x 3; `none`.
 */
export const POOLINGS = ['same', 'alternated', 'centred', 'none'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** How many pixels before and behind its own place a window looks, along rows and columns alike. */
export type Reach = readonly [before: number, after: number];

export interface ConvolutionalNetwork {
  readonly name: 'egunet-ss-convolutional';
  readonly form: ConvolutionalForm;
  readonly pooling: Pooling;
  readonly bands: number;
  readonly endmembers: number;
  /** Output width of layers 1 to 8: four of the encoder, four of the decoder. */
  readonly widths: readonly number[];
  /** Side of the kernels of layers 1 to 8, odd. */
  readonly kernels: readonly number[];
}

export interface ConvolutionalOptions {
  readonly form: ConvolutionalForm;
  readonly pooling: Pooling;
  readonly bands: number;
  readonly endmembers: number;
  /** Of layers 1 to 3; 256, 128, 32 when absent. The decoder mirrors them. */
  readonly widths?: readonly [number, number, number];
  /** Of layers 1 to 3; 5, 3, 1 when absent. */
  readonly kernels?: readonly [number, number, number];
  /** Of layers 6 to 8, whose widths are those of layers 2, 1 and B; the encoder's, mirrored, when absent. */
  readonly decoderKernels?: readonly [number, number, number];
}

/**
 * EGU-Net-ss with pools one pixel apart, so that any image has abundances at every pixel. Throws RangeError where a kernel has no middle.
 * Source: Hong et al. 2021, DOI 10.1109/TNNLS.2021.3082289, table II.
 */
export function convolutionalNetwork(options: ConvolutionalOptions): ConvolutionalNetwork {
  const { form, pooling, bands, endmembers, widths = [256, 128, 32], kernels = [5, 3, 1] } = options;
  const [k1, k2, k3] = kernels;
  const sides = [...kernels, 1, 1, ...(options.decoderKernels ?? [k3, k2, k1])];
  const bad = sides.find((side) => !Number.isInteger(side) || side < 1 || side % 2 === 0);
  if (bad !== undefined) throw new RangeError(`a kernel's side must be an odd whole number, got ${bad}`);
  const [w1, w2, w3] = widths;
  const all = [w1, w2, w3, endmembers, w3, w2, w1, bands];
  return { name: 'egunet-ss-convolutional', form, pooling, bands, endmembers, widths: all, kernels: sides };
}

/** Indices of the blocks that E-Net has for itself in the paper's form: behind the eight of UR-Net. */
export const OWN_BLOCKS = [2 * ENCODER_LAYERS, 2 * ENCODER_LAYERS + 1] as const;

/** Layers 1 to 8, kernels [side, side, inputs, outputs]; in the paper's form E-Net's own two behind them. */
export function convolutionalLayers({ form, bands, widths, kernels }: ConvolutionalNetwork): LayerShape[] {
  const layers = widths.map((outputs, i) => ({
    kernel: [kernels[i]!, kernels[i]!, i === 0 ? bands : widths[i - 1]!, outputs],
    normalised: hasBatchNorm(i),
  }));
  if (form === 'guided') return layers;
  const own = [0, 1].map((i) => ({ kernel: [1, 1, ...layers[i]!.kernel.slice(2)], normalised: true }));
  return [...layers, ...own];
}

/** What the average behind layer `index` (0 to 2) looks at. */
export function poolReach(pooling: Pooling, index: number): Reach {
  if (pooling === 'none') return [0, 0];
  if (pooling === 'centred') return [1, 1];
  return pooling === 'alternated' && index % 2 === 1 ? [1, 0] : [0, 1];
}

/** How far the layers from the first to before `end` look, to the farther side. */
function haloUpTo({ kernels, pooling }: ConvolutionalNetwork, end: number): number {
  const sides = [0, 1].map((side) =>
    kernels.slice(0, end).reduce((sum, kernel, i) => {
      const pool = i < ENCODER_LAYERS - 1 ? poolReach(pooling, i)[side]! : 0;
      return sum + (kernel - 1) / 2 + pool;
    }, 0),
  );
  return Math.max(...sides);
}

/** Pixels around it that decide about a pixel's abundances. */
export const headHalo = (network: ConvolutionalNetwork): number => haloUpTo(network, ENCODER_LAYERS);

/** Pixels around it that decide about a pixel's reconstruction. */
export const reconstructionHalo = (network: ConvolutionalNetwork): number => haloUpTo(network, 2 * ENCODER_LAYERS);
