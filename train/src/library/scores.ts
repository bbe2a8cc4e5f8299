// How well a library's network finds the fractions of mixtures that it was not trained on. Legend: n mixtures, C classes.
import type { CardMetric } from '@egunet/models/card';
import { abundanceErrors } from '../evaluate/metrics.js';

/** Mixtures that a finished training is scored on. */
export const SCORED_MIXTURES = 4096;

export interface LibraryScores {
  readonly mixtures: number;
  /** Root mean square error of the fractions of all classes. */
  readonly rmse: number;
  /** Of each class, in their order [C]. */
  readonly perClass: readonly number[];
}

/** Scores of the fractions `found` [n, C] beside the true `labels` [n, C]. */
export function scoreFractions(found: Float32Array, labels: Float32Array, classes: number): LibraryScores {
  const { rmse, perMaterial } = abundanceErrors(found, labels, classes);
  return { mixtures: labels.length / classes, rmse, perClass: [...perMaterial] };
}

/** Scores as a card has them, with what they are. */
export function scoreMetrics({ mixtures, rmse, perClass }: LibraryScores, names: readonly string[]): CardMetric[] {
  const over = `over ${mixtures} mixtures of the library's own spectra, drawn as in the training but none of it; real pixels are further off`;
  const metric = (name: string, of: string, value: number): CardMetric => ({
    name,
    definition: `root mean square error of the fraction${of}, ${over}`,
    value: Number(value.toPrecision(4)),
    unit: '1',
  });
  return [
    metric('RMSE', 's of all classes', rmse),
    ...perClass.map((value, c) => metric(`RMSE of ${names[c]}`, '', value)),
  ];
}
