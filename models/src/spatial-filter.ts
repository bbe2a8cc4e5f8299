// The spatial layer of EGU-Net-ss: abundances smoothed where neighbours differ by noise, left alone where they differ by signal.
// Legend: N images of H x W pixels, C endmembers, q factors (combinations of abundances), r radius, s = 2 r + 1.
import * as tf from '@tensorflow/tfjs-core';

/** A linear filter of abundances over their neighbourhood, factor by factor. */
export interface SpatialFilter {
  /** How far it looks, in pixels. */
  readonly radius: number;
  /** From abundances to factors [C, q]. */
  readonly toFactors: readonly number[];
  /** From factors to abundances [q, C]; each row sums to 0. */
  readonly fromFactors: readonly number[];
  /** What each neighbour weighs, by row and column of the window [s, s, q]; the centre weighs 0. */
  readonly weights: readonly number[];
  /** Share of the difference between next neighbours that is noise, 0 to 1, of each factor [q]. */
  readonly noiseShares: readonly number[];
}

/** The filter's tensors, for C endmembers. */
function tensorsOf({ radius, toFactors, fromFactors, weights, noiseShares }: SpatialFilter) {
  const [s, q] = [2 * radius + 1, noiseShares.length];
  const C = toFactors.length / q;
  const diagonal = new Float32Array(s * s * q * q);
  weights.forEach((weight, i) => {
    diagonal[i * q + (i % q)] = weight; // [place, factor in, factor out]
  });
  return {
    toFactors: tf.tensor4d([...toFactors], [1, 1, C, q]),
    fromFactors: tf.tensor4d([...fromFactors], [1, 1, q, C]),
    byFactor: tf.tensor4d(diagonal, [s, s, q, q]),
    ofCounts: tf.tensor4d([...weights], [s, s, 1, q]),
  };
}

/**
 * Abundances after their neighbourhood was looked at: factor f becomes f + sum of weight * (neighbour's f - f) over the neighbours that are valid; what
 * becomes negative is 0, the rest is divided by its sum. abundances [N, H, W, C], valid [N, H, W, 1] (1 or 0) -> [N, H, W, C]; of a pixel that is not
 * valid, nothing of meaning. Beyond the image there are no valid pixels. Source of the weights: `fitSpatialFilter` of @egunet/train.
 */
export function filterAbundances(abundances: tf.Tensor4D, valid: tf.Tensor4D, filter: SpatialFilter): tf.Tensor4D {
  if (filter.noiseShares.length === 0) return tf.clone(abundances);
  const { toFactors, fromFactors, byFactor, ofCounts } = tensorsOf(filter);
  const factors = tf.conv2d(abundances, toFactors, 1, 'same'); // [N, H, W, q]
  const sums = tf.conv2d(tf.mul(factors, valid) as tf.Tensor4D, byFactor, 1, 'same'); // of weight * neighbour
  const counts = tf.conv2d(valid, ofCounts, 1, 'same'); // of weights
  const change = tf.sub(sums, tf.mul(factors, counts)) as tf.Tensor4D;
  const smoothed = tf.relu(tf.add(abundances, tf.conv2d(change, fromFactors, 1, 'same'))); // sums to 1 or more
  return tf.div(smoothed, tf.sum(smoothed, 3, true));
}
