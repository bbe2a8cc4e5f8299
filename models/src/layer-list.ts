// A network's layers as one flat vector of parameters and one of batch-norm statistics: the order stands here alone.

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

/** A linear layer, alone or with a batch-norm behind it. */
export interface LayerShape {
  /** [inputs, outputs] of a product, [height, width, inputs, outputs] of a convolution. */
  readonly kernel: readonly number[];
  /** With batch-norm the layer has gamma and beta, else a bias: before batch-norm that would cancel. */
  readonly normalised: boolean;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Every trained parameter, in the order of the flat vector; layers are numbered from 1. */
export function listParameters(layers: readonly LayerShape[]): Parameter[] {
  let offset = 0;
  return layers.flatMap(({ kernel, normalised }, i) => {
    const outputs = [kernel.at(-1)!];
    const after: [ParameterRole, number[]][] = normalised
      ? [
          ['gamma', outputs],
          ['beta', outputs],
        ]
      : [['bias', outputs]];
    const roles: [ParameterRole, readonly number[]][] = [['kernel', kernel], ...after];
    return roles.map(([role, shape]) => {
      const parameter = { name: `layer${i + 1}/${role}`, role, shape, offset, size: product(shape) };
      offset += parameter.size;
      return parameter;
    });
  });
}

/** Length of the flat parameter vector. */
export function countParameters(layers: readonly LayerShape[]): number {
  return listParameters(layers).reduce((sum, { size }) => sum + size, 0);
}

/** Where a batch-norm layer's mean (then variance) begins in the flat vector of statistics. */
export interface StatisticsEntry {
  /** Index of the layer, from 0. */
  readonly layer: number;
  readonly offset: number;
  readonly size: number;
}

/** The statistics of each batch-norm layer, in the order of the flat vector. */
export function listStatistics(layers: readonly LayerShape[]): StatisticsEntry[] {
  let offset = 0;
  return layers.flatMap(({ kernel, normalised }, layer) => {
    if (!normalised) return [];
    const entry = { layer, offset, size: kernel.at(-1)! };
    offset += 2 * entry.size;
    return [entry];
  });
}

/** Length of the flat vector of means and variances. */
export function countStatistics(layers: readonly LayerShape[]): number {
  return listStatistics(layers).reduce((sum, { size }) => sum + 2 * size, 0);
}

/** Glorot-uniform kernels (of a convolution, fans over its window), zero biases and betas, unit gammas. `uniform` draws from [0, 1). */
export function drawParameters(layers: readonly LayerShape[], uniform: () => number): Float32Array {
  const flat = new Float32Array(countParameters(layers));
  for (const { role, shape, offset, size } of listParameters(layers)) {
    if (role === 'gamma') flat.fill(1, offset, offset + size);
    if (role !== 'kernel') continue;
    const window = product(shape.slice(0, -2));
    const limit = Math.sqrt(6 / (window * (shape.at(-2)! + shape.at(-1)!)));
    for (let i = 0; i < size; i++) flat[offset + i] = (2 * uniform() - 1) * limit;
  }
  return flat;
}

/** Means 0 and variances 1, as batch-norm starts. */
export function startStatistics(layers: readonly LayerShape[]): Float32Array {
  const flat = new Float32Array(countStatistics(layers));
  for (const { offset, size } of listStatistics(layers)) flat.fill(1, offset + size, offset + 2 * size);
  return flat;
}

/** 1 for every element of a kernel, 0 elsewhere: what weight decay acts on. [countParameters] */
export function markKernels(layers: readonly LayerShape[]): Float32Array {
  const mask = new Float32Array(countParameters(layers));
  for (const { role, offset, size } of listParameters(layers))
    if (role === 'kernel') mask.fill(1, offset, offset + size);
  return mask;
}
