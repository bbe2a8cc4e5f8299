// One training step on mixtures of a library. Legend: n mixtures, B bands, C classes.
import { decayMask, labelledLoss, type PixelwiseNetwork, updateMoving } from '@egunet/models';
import * as tf from '@tensorflow/tfjs-core';
import { stateSizes } from '../engines/engine.js';
import type { StepProblem } from '../engines/step-engine.js';
import { descend } from '../fit/step.js';

/** The step of an `encoderNetwork` on `spectra` [n, B], standardised, and `labels` [n, C]. */
export function libraryStepProblem(
  network: PixelwiseNetwork,
  { batch, weightDecay }: { readonly batch: number; readonly weightDecay: number },
): StepProblem {
  return {
    inputs: [
      { name: 'spectra', shape: [batch, network.bands], dtype: 'float32' },
      { name: 'labels', shape: [batch, network.endmembers], dtype: 'float32' },
    ],
    sizes: stateSizes(network),
    step: ({ state, data, stepSize }) =>
      tf.tidy(() => {
        const mask = tf.tensor1d(decayMask(network));
        const labelled = { spectra: data.spectra as tf.Tensor2D, labels: data.labels as tf.Tensor2D };
        return descend(state, stepSize, {
          lossOf: (parameters) => {
            const loss = labelledLoss(network, parameters, { batch: labelled, decayMask: mask, weightDecay });
            return { ...loss, reconstruction: tf.scalar(0) };
          },
          average: (moving, statistics) => updateMoving(network, moving, statistics),
        });
      }),
  };
}
