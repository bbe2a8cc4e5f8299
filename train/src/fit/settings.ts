import { TrainError } from '../error.js';
import { SCENE_SCHEDULES, type Schedule } from './schedule.js';

/** The networks of a scene, and `library`, the encoder that mixtures of a library's classes train. */
export const MODELS = ['pw', 'ss', 'ss-paper', 'library'] as const;

/**
 * The networks: `pw` looks at every pixel by itself; `ss`, spatial-spectral, smooths what is noise between neighbours; `ss-paper` is the paper's
 * convolutional one, for comparison.
 */
export const SCENE_MODELS = ['pw', 'ss', 'ss-paper'] as const;

export type ModelName = (typeof MODELS)[number];

/** Everything that decides the outcome of a training besides its data. */
export interface FitSettings {
  readonly model: ModelName;
  readonly seed: number;
  readonly epochs: number;
  /** Mixed pixels a step, of `ss-paper` those of its images. */
  readonly batch: number;
  /** Candidates a step, at most all. */
  readonly candidateBatch: number;
  readonly schedule: Schedule;
  readonly learningRate: number;
  /** Share of layer 1 that dropout silences. */
  readonly dropRate: number;
  readonly weightDecay: number;
}

/**
 * The released settings but for the schedule, its rate, the weight decay, the batch and the epochs: the released schedule stops learning after some 200
 * steps where candidates are few; poly from 0.02, with a fiftieth of the decay, follows the labels more closely (docs/schedule-log.md; npm run
 * bench:schedule compares).
 */
export const DEFAULT_SETTINGS = {
  model: 'pw',
  seed: 1,
  schedule: 'poly',
  learningRate: 0.02,
  dropRate: 0.1,
  weightDecay: 0.0001,
} as const satisfies Omit<FitSettings, 'batch' | 'candidateBatch' | 'epochs'>;

/** What follows from the size of the data where it is not given. */
export const DEFAULT_SIZES = {
  /** Pixels a step, and candidates, where there are so many of both: smaller batches gain nothing, larger ones follow the labels later. */
  batch: 512,
  /** Steps count, not passes over the pixels: what more of them give is less than what seeds differ by. */
  steps: 4000,
  /** Of a scene that makes few steps an epoch: what more epochs give is too little for the time. */
  mostEpochs: 200,
} as const;

function check(good: boolean, what: string, got: unknown): void {
  if (!good) throw new TrainError(`training settings: ${what}, got ${String(got)}`);
}

/** What a training is about to be done on: how many mixed pixels and candidates, and the width of the network's first layer. */
export interface FitSize {
  readonly pixels: number;
  readonly candidates: number;
  readonly width: number;
}

/** The dropout masks of an epoch, drawn at once, may take this many bytes. */
const MOST_MASK_BYTES = 2 ** 30;

/** Bytes of the dropout masks of an epoch of both streams: one for each output of layer 1 of each pixel. */
const maskBytes = ({ batch, candidateBatch }: Batches, { pixels, width }: FitSize): number =>
  Math.floor(pixels / batch) * (batch + candidateBatch) * width;

type Batches = Pick<FitSettings, 'batch' | 'candidateBatch'>;

/** Throws TrainError where the steps of an epoch are so many that its masks would not fit. */
function assertMasksFit({ batch, candidateBatch }: Batches, size: FitSize): void {
  const bytes = maskBytes({ batch, candidateBatch }, size);
  if (bytes <= MOST_MASK_BYTES) return;
  let least = 2;
  while (least <= size.pixels && maskBytes({ batch: least, candidateBatch }, size) > MOST_MASK_BYTES) least++;
  const remedy =
    least <= size.pixels
      ? `the smallest batch that works here is ${least} (--batch ${least} --candidate-batch ${candidateBatch})`
      : 'take fewer pixels (--max-pixels)';
  throw new TrainError(
    `training settings: an epoch with a batch of ${batch} of ${size.pixels} pixels needs ${(bytes / 2 ** 30).toPrecision(3)} GiB of dropout masks, more than 1 GiB; ${remedy}`,
  );
}

/** Fills in what is not given; throws TrainError naming the first setting that is wrong. */
export function resolveSettings(given: Partial<FitSettings>, size: FitSize): FitSettings {
  const batch = given.batch ?? Math.min(DEFAULT_SIZES.batch, size.candidates, size.pixels);
  const candidateBatch = Math.min(batch, size.candidates);
  const epochs = Math.min(DEFAULT_SIZES.mostEpochs, Math.ceil(DEFAULT_SIZES.steps / Math.floor(size.pixels / batch)));
  const settings = { ...DEFAULT_SETTINGS, epochs, candidateBatch, ...withoutUndefined(given), batch };
  assertSettings(settings, size);
  return settings;
}

/** Throws TrainError naming the first setting that is wrong. */
export function assertSettings(settings: FitSettings, size: FitSize): void {
  const { model, seed, epochs, batch, candidateBatch, schedule, learningRate, dropRate, weightDecay } = settings;
  check(
    SCENE_MODELS.some((known) => known === model),
    `the model must be one of ${SCENE_MODELS.join(', ')}`,
    model,
  );
  check(Number.isSafeInteger(seed) && seed >= 0, 'the seed must be a whole number >= 0', seed);
  check(Number.isInteger(batch) && batch >= 2, 'a batch must hold at least 2 pixels', batch);
  check(batch <= size.pixels, `a batch must not exceed the ${size.pixels} training pixels`, batch);
  const least = Math.min(2, size.candidates);
  check(
    Number.isInteger(candidateBatch) && candidateBatch >= least,
    'a batch must hold at least 2 candidates',
    candidateBatch,
  );
  check(candidateBatch <= size.candidates, `a batch must not exceed the ${size.candidates} candidates`, candidateBatch);
  // After the batches: the default of the epochs follows from them.
  check(Number.isInteger(epochs) && epochs >= 1, 'there must be at least 1 epoch', epochs);
  check(SCENE_SCHEDULES.includes(schedule), `the schedule must be one of ${SCENE_SCHEDULES.join(', ')}`, schedule);
  check(Number.isFinite(learningRate) && learningRate > 0, 'the learning rate must be positive', learningRate);
  check(dropRate >= 0 && dropRate < 1, 'the drop rate must be in [0, 1)', dropRate);
  check(Number.isFinite(weightDecay) && weightDecay >= 0, 'the weight decay must be >= 0', weightDecay);
  assertMasksFit(settings, size);
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
