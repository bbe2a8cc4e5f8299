import { activations } from './activation.js';
import { constants } from './constant.js';
import { convolutions } from './convolution.js';
import { elementwise } from './elementwise.js';
import { gathers } from './gather.js';
import type { Kernels } from './kernel.js';
import { matmul } from './matmul.js';
import { normalisations } from './normalisation.js';
import { pools } from './pooling.js';
import { reductions } from './reduction.js';
import { shapes } from './shape.js';
import { slices } from './slice.js';

/** Every kernel that can be traced, by its tfjs name. */
export const kernels: Kernels = {
  ...elementwise,
  ...activations,
  ...reductions,
  ...matmul,
  ...normalisations,
  ...shapes,
  ...slices,
  ...gathers,
  ...constants,
  ...convolutions,
  ...pools,
};

/** The names of the tfjs kernels that can be traced, sorted. */
export function tracedKernels(): string[] {
  return Object.keys(kernels).sort();
}
