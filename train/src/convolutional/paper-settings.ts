// `--model ss-paper`: the paper's form of EGU-Net-ss as a run has it.
import { type ConvolutionalNetwork, convolutionalNetwork } from '@egunet/models';
import { TrainError } from '../error.js';
import type { RunFacts } from '../fit/checkpoint.js';
import type { FitSettings } from '../fit/settings.js';
import { stepPixels } from './batches.js';
import { assertImageSettings, DEFAULT_IMAGE_SETTINGS, type ImageFitSettings } from './settings.js';

/** Blocks and kernels of table II; its pools, one pixel apart. */
const PAPER_FORM = { form: 'paper', pooling: 'same', kernels: [5, 3, 1], decoderKernels: [1, 3, 5] } as const;

/** The network of a run. */
export const paperNetwork = ({ bands, endmembers }: Pick<RunFacts, 'bands' | 'endmembers'>): ConvolutionalNetwork =>
  convolutionalNetwork({ ...PAPER_FORM, bands: bands.length, endmembers: endmembers.length });

type Chosen = Pick<FitSettings, 'seed' | 'epochs' | 'schedule' | 'learningRate' | 'dropRate' | 'weightDecay'>;

/** What a training on images takes of a run's settings: an epoch is a step. */
export function imageSettings(run: Chosen): ImageFitSettings {
  const { seed, epochs: steps, schedule, learningRate, dropRate, weightDecay } = run;
  return {
    ...DEFAULT_IMAGE_SETTINGS,
    ...PAPER_FORM,
    ...{ seed, steps, schedule, learningRate, dropRate, weightDecay },
  };
}

/** What of a run's data decides its settings. */
type Size = Pick<RunFacts, 'scene' | 'candidates'>;

/** Fills in what is not given. Throws TrainError on a batch, which the scene decides, and naming the first setting that is wrong. */
export function resolvePaperSettings(given: Partial<FitSettings>, facts: Size): FitSettings {
  const wrong = given.batch ?? given.candidateBatch;
  if (wrong !== undefined)
    throw new TrainError(
      `training settings: the images of --model ss-paper decide how many pixels a step takes, got a batch of ${wrong}; leave it out`,
    );
  const { steps, ...defaults } = DEFAULT_IMAGE_SETTINGS;
  const { seed = defaults.seed, epochs = steps, schedule = defaults.schedule } = given;
  const { learningRate = defaults.learningRate, dropRate = defaults.dropRate } = given;
  const { weightDecay = defaults.weightDecay } = given;
  const own = { seed, epochs, schedule, learningRate, dropRate, weightDecay };
  const batch = stepPixels(facts.scene, imageSettings(own));
  const settings = { model: 'ss-paper', ...own, batch, candidateBatch: facts.candidates } as const;
  assertPaperSettings(settings, facts);
  return settings;
}

/** Throws TrainError naming the first setting that is wrong for a scene, or the scene where it is too small. */
export function assertPaperSettings(settings: FitSettings, { scene: { rows, cols }, candidates }: Size): void {
  const images = imageSettings(settings);
  assertImageSettings(images);
  const side = Math.max(...images.kernels);
  if (Math.min(rows, cols) < side)
    throw new TrainError(
      `training: --model ss-paper looks at ${side} x ${side} pixels at once, and the scene has ${rows} rows x ${cols} columns; use a larger scene, or --model pw`,
    );
  const batch = stepPixels({ rows, cols }, images);
  if (settings.batch !== batch)
    throw new TrainError(
      `training settings: a step of --model ss-paper takes ${batch} pixels of this scene, got a batch of ${settings.batch}`,
    );
  if (settings.candidateBatch !== candidates)
    throw new TrainError(
      `training settings: a step of --model ss-paper takes all ${candidates} candidates, got a batch of ${settings.candidateBatch}`,
    );
}
