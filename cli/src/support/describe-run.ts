import type { Checkpoint } from '@egunet/train';
import { bandWords, inputWords, settingWords } from './describe-model.js';
import { trainingLibraryFacts } from './library-facts.js';
import { lossWords, roundsOf } from './loss-words.js';
import { shellCommand } from './output.js';
import { spatialWords } from './spatial-words.js';

const trainingDataFacts = ({ pixels, candidates }: Checkpoint['facts']): [string, string][] => [
  ['training data', `${pixels} pixels, ${candidates} pseudo-endmembers`],
];

const batchWords = ({ model, batch, candidateBatch }: Checkpoint['settings']): string =>
  model === 'library' ? `${batch} mixtures` : `${batch} pixels and ${candidateBatch} pseudo-endmembers`;

/** The lines that `egunet info` prints of a training run in the folder `path`. */
export function runFacts(path: string, checkpoint: Checkpoint): [string, string | undefined][] {
  const { settings, epoch, history, inputScale } = checkpoint;
  const { sensor, scene, bands, endmembers, endmemberMethod, library } = checkpoint.facts;
  const last = history.at(-1);
  const goOn =
    epoch < settings.epochs ? `; continue with ${shellCommand('egunet', 'train', '-o', path, '--resume')}` : '';
  return [
    ['run', path],
    ['state', `${epoch} of ${settings.epochs} ${roundsOf(settings)}${goOn}`],
    ['last loss', last && lossWords(last, settings)],
    scene.rows === 0 ? ['scene', undefined] : ['scene', `${scene.name}, ${scene.rows} rows x ${scene.cols} columns`],
    ['sensor', sensor ?? 'not named'],
    ['bands', bandWords(bands)],
    ['endmembers', `${endmembers.length}: ${endmembers.map(({ name }) => name).join(', ')}`],
    ['found by', endmemberMethod],
    ['input', inputWords(inputScale)],
    ...(library ? trainingLibraryFacts(library) : trainingDataFacts(checkpoint.facts)),
    ['model', `egunet-${settings.model}`],
    ['spatial', checkpoint.spatial && spatialWords(checkpoint.spatial)],
    ['settings', `${settingWords(settings)}, batches of ${batchWords(settings)}`],
  ];
}
