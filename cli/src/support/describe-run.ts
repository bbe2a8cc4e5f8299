import type { Checkpoint } from '@egunet/train';
import { bandWords, inputWords, settingWords } from './describe-model.js';
import { shellCommand } from './output.js';

/** How much of what neighbours differ by the spatial layer takes for noise. */
export function spatialWords({ radius, noiseShares }: NonNullable<Checkpoint['spatial']>): string {
  const shares = noiseShares.map((share) => `${Math.round(100 * share)} %`).join(', ');
  return noiseShares.some((share) => share > 0)
    ? `noise is ${shares} of what neighbours differ by (combinations of abundances, noisiest first); smoothed over ${radius} pixels around each`
    : 'neighbours differ by signal alone: nothing to smooth, --model pw gives the same map faster';
}

/** The lines that `egunet info` prints of a training run in the folder `path`. */
export function runFacts(path: string, checkpoint: Checkpoint): [string, string | undefined][] {
  const { settings, epoch, history, inputScale } = checkpoint;
  const { sensor, scene, bands, endmembers, endmemberMethod, pixels, candidates } = checkpoint.facts;
  const last = history.at(-1);
  const goOn =
    epoch < settings.epochs ? `; continue with ${shellCommand('egunet', 'train', '-o', path, '--resume')}` : '';
  return [
    ['run', path],
    ['state', `${epoch} of ${settings.epochs} epochs${goOn}`],
    [
      'last loss',
      last &&
        `${last.total.toPrecision(4)} (cross-entropy ${last.crossEntropy.toPrecision(4)}, reconstruction ${last.reconstruction.toPrecision(4)})`,
    ],
    ['scene', `${scene.name}, ${scene.rows} rows x ${scene.cols} columns`],
    ['sensor', sensor ?? 'not named'],
    ['bands', bandWords(bands)],
    ['endmembers', `${endmembers.length}: ${endmembers.map(({ name }) => name).join(', ')}`],
    ['found by', endmemberMethod],
    ['input', inputWords(inputScale)],
    ['training data', `${pixels} pixels, ${candidates} pseudo-endmembers`],
    ['model', `egunet-${settings.model}`],
    ['spatial', checkpoint.spatial && spatialWords(checkpoint.spatial)],
    ['settings', `${settingWords(settings)}, batches of ${settings.batch} pixels`],
  ];
}
