// Legend: B bands, C endmembers. Parameters live in one flat vector, in the order of `parameterList`.

/** What a parameter is: only kernels are decayed. */
export type ParameterRole = 'kernel' | 'bias' | 'gamma' | 'beta';

export interface Parameter {
  /** `layer1/kernel` ... `layer8/beta`. */
  readonly name: string;
  readonly role: ParameterRole;
  readonly shape: readonly number[];
  /** Where it begins in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** The sizes of a pixel-wise EGU-Net. */
export interface PixelwiseNetwork {
  readonly name: 'egunet-pw';
  readonly bands: number;
  readonly endmembers: number;
  /** Output width of layers 1 to 8: four of the encoder, four of the decoder. */
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

/** True for layers followed by batch-norm: all but the encoder's last, whose output are the logits. */
export function hasBatchNorm(layer: number): boolean {
  return layer !== ENCODER_LAYERS - 1;
}

/** Input and output width of each layer. */
export function layerSizes(network: PixelwiseNetwork): { inputs: number; outputs: number }[] {
  return network.widths.map((outputs, i) => ({ inputs: i === 0 ? network.bands : network.widths[i - 1]!, outputs }));
}

/**
 * Every trained parameter, in the order of the flat vector.
 * A bias before batch-norm cancels exactly (its gradient is zero and it starts at zero), so those layers have none.
 */
export function parameterList(network: PixelwiseNetwork): Parameter[] {
  let offset = 0;
  const list: Parameter[] = [];
  layerSizes(network).forEach(({ inputs, outputs }, i) => {
    const add = (role: ParameterRole, shape: readonly number[]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      list.push({ name: `layer${i + 1}/${role}`, role, shape, offset, size });
      offset += size;
    };
    add('kernel', [inputs, outputs]);
    if (hasBatchNorm(i)) {
      add('gamma', [outputs]);
      add('beta', [outputs]);
    } else add('bias', [outputs]);
  });
  return list;
}

/** Length of the flat parameter vector. */
export function parameterCount(network: PixelwiseNetwork): number {
  return parameterList(network).reduce((sum, { size }) => sum + size, 0);
}

/** Where each batch-norm layer's moving mean (then variance) begins in the flat vector of statistics. */
export function statisticsList(network: PixelwiseNetwork): { layer: number; offset: number; size: number }[] {
  let offset = 0;
  return network.widths.flatMap((size, layer) => {
    if (!hasBatchNorm(layer)) return [];
    const entry = { layer, offset, size };
    offset += 2 * size;
    return [entry];
  });
}

/** Length of the flat vector of moving means and variances. */
export function statisticsCount(network: PixelwiseNetwork): number {
  return statisticsList(network).reduce((sum, { size }) => sum + 2 * size, 0);
}

/** Glorot-uniform kernels, zero biases and betas, unit gammas. `uniform` draws from [0, 1). */
export function initialParameters(network: PixelwiseNetwork, uniform: () => number): Float32Array {
  const flat = new Float32Array(parameterCount(network));
  for (const { role, shape, offset, size } of parameterList(network)) {
    if (role === 'gamma') flat.fill(1, offset, offset + size);
    if (role !== 'kernel') continue;
    const limit = Math.sqrt(6 / (shape[0]! + shape[1]!));
    for (let i = 0; i < size; i++) flat[offset + i] = (2 * uniform() - 1) * limit;
  }
  return flat;
}

/** Moving means 0 and variances 1, as batch-norm starts. */
export function initialStatistics(network: PixelwiseNetwork): Float32Array {
  const flat = new Float32Array(statisticsCount(network));
  for (const { offset, size } of statisticsList(network)) flat.fill(1, offset + size, offset + 2 * size);
  return flat;
}

/** 1 for every element of a kernel, 0 elsewhere: what weight decay acts on. [parameterCount] */
export function decayMask(network: PixelwiseNetwork): Float32Array {
  const mask = new Float32Array(parameterCount(network));
  for (const { role, offset, size } of parameterList(network))
    if (role === 'kernel') mask.fill(1, offset, offset + size);
  return mask;
}
