import type { EpochLosses, FitSettings } from '@egunet/train';

/** What a training is counted in: a library's mixtures are fresh in every step, a scene's pixels come again in every epoch. */
export const roundsOf = ({ model }: Pick<FitSettings, 'model'>, count = 2): string =>
  `${model === 'library' ? 'step' : 'epoch'}${count === 1 ? '' : 's'}`;

/** `0.6 (cross-entropy 0.5, reconstruction 0.01)`: a library has no reconstruction. */
export function lossWords(
  { total, crossEntropy, reconstruction }: EpochLosses,
  { model }: Pick<FitSettings, 'model'>,
): string {
  const parts = [`cross-entropy ${crossEntropy.toPrecision(4)}`];
  if (model !== 'library') parts.push(`reconstruction ${reconstruction.toPrecision(4)}`);
  return `${total.toPrecision(4)} (${parts.join(', ')})`;
}
