// What decides the outcome of a convolutional training besides its data.
import type { ConvolutionalForm, Pooling } from '@egunet/models';
import { TrainError } from '../error.js';
import { SCENE_SCHEDULES, type Schedule } from '../fit/schedule.js';

export interface ImageFitSettings {
  readonly form: ConvolutionalForm;
  readonly pooling: Pooling;
  /** Sides of the encoder's kernels of layers 1 to 3, odd. */
  readonly kernels: readonly [number, number, number];
  /** Sides of the decoder's kernels of layers 6 to 8, odd. */
  readonly decoderKernels: readonly [number, number, number];
  readonly seed: number;
  readonly steps: number;
  readonly schedule: Schedule;
  readonly learningRate: number;
  /** Share of layer 1 that dropout silences. */
  readonly dropRate: number;
  readonly weightDecay: number;
  /** A scene of at most so many pixels is one image in every step; of a larger one, patches are drawn. */
  readonly mostPixels: number;
  /** Side of a patch in pixels, without its halo. */
  readonly patchSize: number;
  /** Patches a step. */
  readonly patches: number;
}

/**
 * The paper's kernels and weight decay; rate and steps with which the forms were compared. An image of 40,000 pixels takes 3.4 GiB, patches 1.8
 * (docs/convolutional-log.md).
 */
export const DEFAULT_IMAGE_SETTINGS: ImageFitSettings = {
  form: 'guided',
  pooling: 'none',
  kernels: [5, 3, 1],
  decoderKernels: [1, 3, 5],
  seed: 1,
  steps: 100,
  schedule: 'poly',
  learningRate: 0.01,
  dropRate: 0.1,
  weightDecay: 0.005,
  mostPixels: 40_000,
  patchSize: 64,
  patches: 4,
};

/** Throws TrainError naming the first setting that is wrong. */
export function assertImageSettings(settings: ImageFitSettings): void {
  const { steps, schedule, learningRate, dropRate, weightDecay, mostPixels, patchSize, patches, seed } = settings;
  const check = (good: boolean, what: string, got: unknown) => {
    if (!good) throw new TrainError(`training settings: ${what}, got ${String(got)}`);
  };
  const whole = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;
  check(whole(seed, 0), 'the seed must be a whole number >= 0', seed);
  check(whole(steps, 1), 'there must be at least 1 step', steps);
  check(SCENE_SCHEDULES.includes(schedule), `the schedule must be one of ${SCENE_SCHEDULES.join(', ')}`, schedule);
  check(Number.isFinite(learningRate) && learningRate > 0, 'the learning rate must be positive', learningRate);
  check(dropRate >= 0 && dropRate < 1, 'the drop rate must be in [0, 1)', dropRate);
  check(Number.isFinite(weightDecay) && weightDecay >= 0, 'the weight decay must be >= 0', weightDecay);
  check(whole(mostPixels, 0), 'the most pixels of one image must be a whole number >= 0', mostPixels);
  check(whole(patchSize, 1), 'a patch must be at least 1 pixel wide', patchSize);
  check(whole(patches, 1), 'there must be at least 1 patch a step', patches);
}
