import type { Checkpoint } from '@egunet/train';
import { bandWords, inputWords, settingWords } from './describe-model.js';
import { shellCommand } from './output.js';
import { spatialWords } from './spatial-words.js';

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
    [
      'settings',
      `${settingWords(settings)}, batches of ${settings.batch} pixels and ${settings.candidateBatch} pseudo-endmembers`,
    ],
  ];
}
