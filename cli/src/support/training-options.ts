import type { FitSettings } from '@egunet/train';
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { oneOf, realNumber, wholeNumber } from './options.js';

/** Options that decide a training besides its data. */
export interface TrainingArguments {
  readonly model?: 'pw' | 'ss' | 'ss-paper' | undefined;
  readonly epochs?: number | undefined;
  readonly schedule?: 'released' | 'poly' | undefined;
  readonly 'learning-rate'?: number | undefined;
  readonly 'drop-rate'?: number | undefined;
  readonly 'weight-decay'?: number | undefined;
  readonly batch?: number | undefined;
  readonly 'candidate-batch'?: number | undefined;
  readonly seed?: number | undefined;
  /** Of a library. */
  readonly steps?: number | undefined;
}

/** What decides a training besides its data and its seed. */
export const SETTINGS = [
  'model',
  'epochs',
  'schedule',
  'learning-rate',
  'drop-rate',
  'weight-decay',
  'batch',
  'candidate-batch',
] as const;

/** Adds the options of `SETTINGS`. */
export const withTrainingOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'model',
      oneOf(
        'model',
        ['pw', 'ss', 'ss-paper'],
        "Network: every pixel by itself, with a layer that smooths noise between neighbours, or the paper's convolutions, which are there to compare with and worse than their labels on every scene tried [default: pw]",
      ),
    )
    .option(
      'epochs',
      wholeNumber('epochs', {
        describe: 'Epochs [default: as many as make 4000 steps, at most 200], of ss-paper steps [default: 100]',
        least: 1,
      }),
    )
    .option(
      'schedule',
      oneOf(
        'schedule',
        ['released', 'poly'],
        "Learning rate: as the authors' released code or as their paper [default: poly]",
      ),
    )
    .option(
      'learning-rate',
      realNumber('learning-rate', {
        describe:
          'Rate at the first step [default: 0.02], of ss-paper [default: 0.01]; with --classes the largest [default: 0.003]',
        above: 0,
      }),
    )
    .option(
      'drop-rate',
      realNumber('drop-rate', {
        describe: 'Share of layer 1 that dropout silences [default: 0.1]',
        least: 0,
        below: 1,
      }),
    )
    .option(
      'weight-decay',
      realNumber('weight-decay', {
        describe: 'Weight of the L2 term [default: 0.0001], of ss-paper [default: 0.005]',
        least: 0,
      }),
    )
    .option(
      'batch',
      wholeNumber('batch', {
        describe: 'Pixels a step, fewer where candidates are fewer [default: 512]',
        least: 2,
      }),
    )
    .option(
      'candidate-batch',
      wholeNumber('candidate-batch', { describe: 'Candidates a step [default: as --batch]', least: 2 }),
    );

/** What means nothing for mixtures of a library. */
const SCENE_SETTINGS = [
  'model',
  'epochs',
  'schedule',
  'drop-rate',
  'candidate-batch',
] as const satisfies (keyof TrainingArguments)[];

/** What means nothing for a network of images. */
const PIXEL_OPTIONS = ['batch', 'candidate-batch'] as const satisfies (keyof TrainingArguments)[];

/** Settings of a library's training, without what was not given. Throws UsageError at one that means nothing there. */
export function librarySettings(args: TrainingArguments): Partial<FitSettings> {
  const meaningless = SCENE_SETTINGS.find((name) => args[name] !== undefined);
  if (meaningless)
    throw new UsageError(`--${meaningless} is about the network of a scene; leave it out with --classes`);
  const { steps, batch } = args;
  const all = { epochs: steps, batch, learningRate: args['learning-rate'], weightDecay: args['weight-decay'] };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** Settings of a scene's training, without what was not given. Throws UsageError at one that means nothing there. */
export function sceneSettings(args: TrainingArguments): Partial<FitSettings> {
  const { model, epochs, schedule, batch, seed } = args;
  const meaningless = model === 'ss-paper' ? PIXEL_OPTIONS.find((name) => args[name] !== undefined) : undefined;
  if (meaningless)
    throw new UsageError(
      `--${meaningless}: every step of ss-paper takes the whole scene, or patches of it; leave it out`,
    );
  const [learningRate, dropRate, weightDecay] = [args['learning-rate'], args['drop-rate'], args['weight-decay']];
  const candidateBatch = args['candidate-batch'];
  const all = { model, epochs, schedule, batch, candidateBatch, seed, learningRate, dropRate, weightDecay };
  const given = Object.entries(all);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}
