import { filterAbundances, type SpatialFilter } from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';

/** Abundances [rows * cols, C] after the filter, on tfjs's CPU backend; all pixels are valid where `valid` is absent. */
export async function smoothed(
  filter: SpatialFilter,
  { rows, cols, valid }: { rows: number; cols: number; valid?: ArrayLike<number> },
  abundances: Float32Array,
): Promise<Float32Array> {
  await tf.setBackend('cpu');
  const mask = Float32Array.from(valid ?? { length: rows * cols }, (v) => (valid ? (v as number) : 1));
  return tf.tidy(() => {
    const C = abundances.length / (rows * cols);
    const [a, v] = [tf.tensor4d(abundances, [1, rows, cols, C]), tf.tensor4d(mask, [1, rows, cols, 1])];
    return filterAbundances(a, v, filter).dataSync() as Float32Array;
  });
}
