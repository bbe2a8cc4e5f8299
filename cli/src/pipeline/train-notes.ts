import type { Checkpoint, TrainingSet } from '@egunet/train';
import { note } from '../support/output.js';

/**
 * Says where a training has taught the network nothing. The rule: a sound one ends with a smaller loss than its first epoch had, and with a smaller
 * cross-entropy than the best answer that looks at no pixel, the mean label. The first epoch alone says nothing: its loss is that of the beginning.
 */
export function noteUnlearned({ history, settings }: Checkpoint, { labels, endmembers }: TrainingSet): void {
  const [first, last] = [history[0], history.at(-1)];
  if (!first || !last || history.length < 2) return;
  const blind = entropyOfMean(labels, endmembers);
  const shown = (value: number) => value.toPrecision(4);
  const wrong =
    last.total >= first.total
      ? `the loss of the last epoch, ${shown(last.total)}, is not below that of the first, ${shown(first.total)}`
      : last.crossEntropy >= blind &&
        `the cross-entropy of the last epoch, ${shown(last.crossEntropy)}, is not below ${shown(blind)}, that of the same abundances in every pixel`;
  if (wrong)
    note(
      `note: ${wrong}: the network has learned nothing of use; train anew with a smaller --learning-rate than ${settings.learningRate}, or with more --epochs`,
    );
}

/** Entropy, nats, of the mean of the labels [m, C]: the least cross-entropy of one answer for all. */
function entropyOfMean(labels: Float32Array, endmembers: number): number {
  const mean = new Float64Array(endmembers);
  labels.forEach((label, i) => {
    mean[i % endmembers]! += (label * endmembers) / labels.length;
  });
  return mean.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
