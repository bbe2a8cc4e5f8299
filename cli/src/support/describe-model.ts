import { type CardBand, type ExactMethod, exactMethodOf, type ModelCard, precisionOf } from '@egunet/models/card';
import { nanometreRange } from './bands.js';
import { trainingLibraryFacts } from './library-facts.js';

const round = (value: number): string => String(Number(value.toPrecision(4)));

/** `202, 418.2-2445.5 nm`. */
export function bandWords(bands: readonly CardBand[]): string {
  const range = nanometreRange(bands.map(({ wavelength }) => wavelength));
  return `${bands.length}, ${range ?? 'without wavelengths: takes only scenes with the same bands and no wavelengths'}`;
}

/** What the network's input is, for an input scale. */
export const inputWords = (inputScale: number): string =>
  `reflectance (1 = 100 %) x ${round(inputScale)}, clipped to [0, 1] (inside the model)`;

/** The settings of a training. */
export function settingWords(
  settings: Pick<ModelCard['training'], 'schedule' | 'learningRate' | 'dropRate' | 'weightDecay' | 'seed'>,
): string {
  const { schedule, learningRate, dropRate, weightDecay, seed } = settings;
  return `Adam with the ${schedule} schedule from ${learningRate}, drop rate ${dropRate}, weight decay ${weightDecay}, seed ${seed}`;
}

/** How a model stores its numbers, and what that costs. */
export function precisionWords(card: ModelCard): string {
  const precision = precisionOf(card);
  if (!card.quantisation) return precision;
  const { meanError, maxError, calibrationPixels, heldOutPixels } = card.quantisation;
  const fitted = calibrationPixels === 0 ? '' : `, fitted to ${calibrationPixels} others`;
  const where = card.kind === 'spatial' ? ', before its spatial layer' : '';
  return `${precision}: abundances within ${round(meanError)} of float32 on average, ${round(maxError)} at most, on ${heldOutPixels} training ${card.library ? 'mixtures' : 'pixels'}${fitted}${where}`;
}

/** How many names of a pool's scenes are shown. */
const SHOWN_SCENES = 5;

/** How large a scene is, or which scenes a pool has. */
function sceneWords({ rows, cols, scenes }: ModelCard['data']): string {
  if (!scenes) return `(${rows} rows x ${cols} columns)`;
  const shown = scenes.slice(0, SHOWN_SCENES).join(', ');
  return `(${shown}${scenes.length > SHOWN_SCENES ? ', ...' : ''})`;
}

function trainingOf({ training, data, library }: ModelCard): string {
  const { epochs, steps, pixels, candidates } = training;
  if (library) return [`${steps} steps of fresh mixtures`, settingWords(training)].join('\n');
  return [
    `${epochs} epochs, ${steps} steps`,
    settingWords(training),
    `${pixels} pixels and ${candidates} pseudo-endmembers of ${data.scene} ${sceneWords(data)}`,
  ].join('\n');
}

const kindWords = ({ kind, halo }: ModelCard): string =>
  kind === 'pixel' ? 'pixel-wise: every pixel by itself' : `spatial: looks ${halo} pixels around each`;

const networkWords = ({ network: { name, layers, kernels } }: ModelCard): string =>
  `${name}, ${layers.join('-')}${kernels ? `, kernels ${kernels.map((side) => `${side} x ${side}`).join(', ')}` : ''}`;

/** What a model does that is no network. */
const EXACT_WORDS: Readonly<Record<ExactMethod, string>> = {
  nnls: 'non-negative least squares, exactly, on reflectance (1 = 100 %); abundances divided by their sum',
  fcls: 'fully constrained least squares (abundances >= 0, sum 1), exactly, on reflectance (1 = 100 %)',
};

/** How abundances come about. */
function methodFacts(card: ModelCard): [string, string | undefined][] {
  const exact = exactMethodOf(card);
  if (exact) return [['solved by', EXACT_WORDS[exact]]];
  return [
    ['input', inputWords(card.inputScale)],
    ['network', networkWords(card)],
    ['precision', precisionWords(card)],
    ['training', trainingOf(card)],
    ...(card.library ? trainingLibraryFacts(card.library) : []),
  ];
}

/** What training pixels look like, as `infer` compares with them. */
function distributionWords({ distribution }: ModelCard): string | undefined {
  if (!distribution) return undefined;
  const { spectra, remainder, brightness } = distribution;
  const [least, most] = brightness.map(round);
  return `root mean square of reflectance ${least} to ${most}; mixtures of ${spectra.length} of their spectra leave up to ${round(100 * remainder)} % of one`;
}

/** The scores that a model's card holds, in short; undefined where it holds none. */
export const scoreWords = ({ metrics }: ModelCard): string | undefined =>
  metrics.length === 0 ? undefined : metrics.map(({ name, value }) => `${name} ${round(value)}`).join(', ');

/** The lines that a person reads of a model card. */
export function modelFacts(card: ModelCard): [string, string | undefined][] {
  return [
    ['kind', kindWords(card)],
    ['sensor', card.sensor ?? 'not named'],
    ['bands', bandWords(card.bands)],
    ['endmembers', `${card.endmembers.length}: ${card.endmembers.map(({ name }) => name).join(', ')}`],
    ['found by', card.training.endmemberMethod],
    ...methodFacts(card),
    ['training pixels', distributionWords(card)],
    ['data SHA-256', card.data.sha256],
    ...card.metrics.map(({ name, value, unit, definition }): [string, string] => [
      name,
      `${round(value)}${unit === '1' || unit === '' ? '' : ` ${unit}`}: ${definition}`,
    ]),
    ['made by', `${card.software.name} ${card.software.version}, ${card.created}`],
  ];
}
