import type * as tf from '@tensorflow/tfjs-core';
import type { Random, TensorFunction, Tolerance } from '../support.js';

/** One way to use a kernel: random inputs, and a function that tfjs runs with that kernel. */
export interface Case {
  readonly name: string;
  readonly draw: (random: Random) => { inputs: tf.Tensor[]; run: TensorFunction };
  readonly tolerance?: Tolerance;
}

/** Cases by tfjs's name of the kernel. */
export type Cases = Readonly<Record<string, readonly Case[]>>;

/** A case whose function does not depend on what is drawn. */
export function given(
  name: string,
  inputs: (random: Random) => tf.Tensor[],
  run: TensorFunction,
  tolerance?: Tolerance,
): Case {
  return { name, draw: (random) => ({ inputs: inputs(random), run }), ...(tolerance && { tolerance }) };
}
