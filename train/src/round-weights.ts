// Rounding a kernel so that its products change least, not its weights. Legend: n samples, I inputs, O outputs.
import { nearestWeight } from '@egunet/export';
import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { columnGram } from './linear-algebra.js';

/** Share of the mean variance added to each input's own, so that few samples, or inputs that always agree, do no harm. */
const DAMPING = 0.01;

/**
 * Weights [I, O] as integers: each input's weights are rounded in turn, and what that changes of the outputs on the samples [n, I] is made up
 * for, as far as it can be, by the weights of the inputs still to come. A shift common to all samples does not count: the bias takes it.
 * Source: E. Frantar et al. 2023, GPTQ (arXiv 2210.17323), after B. Hassibi and D. Stork 1993, Optimal Brain Surgeon.
 */
export function roundCompensating(weights: Float64Array, samples: Float32Array, inputs: number): Int8Array {
  const I = inputs;
  const O = weights.length / I;
  const factor = inverseFactor(samples, I);
  const rest = weights.slice(); // [I, O], still to be rounded from row i on
  const rounded = new Int8Array(weights.length);
  for (let i = 0; i < I; i++)
    for (let o = 0; o < O; o++) {
      rounded[i * O + o] = nearestWeight(rest[i * O + o]!);
      const error = (rest[i * O + o]! - rounded[i * O + o]!) / factor.get(i, i);
      for (let j = i + 1; j < I; j++) rest[j * O + o]! -= error * factor.get(j, i);
    }
  return rounded;
}

/** The lower Cholesky factor [I, I] of the inverse covariance of the samples. */
function inverseFactor(samples: Float32Array, I: number): Matrix {
  const n = samples.length / I;
  const mean = new Float64Array(I);
  samples.forEach((value, i) => {
    mean[i % I]! += value / n;
  });
  const gram = columnGram(
    Float64Array.from(samples, (value, i) => value - mean[i % I]!),
    I,
  );
  const trace = mean.reduce((sum, _, i) => sum + gram[i * I + i]!, 0);
  const damping = (DAMPING * trace) / I || 1; // 1: samples that are all alike tell nothing
  for (let i = 0; i < I; i++) gram[i * I + i]! += damping;
  const inverted = inverse(Matrix.from1DArray(I, I, gram));
  const symmetric = Matrix.add(inverted, inverted.transpose()).mul(0.5); // it is, but for rounding
  return new CholeskyDecomposition(symmetric).lowerTriangularMatrix;
}
