// What decides a training on a library besides the library.
import { TrainError } from '../error.js';
import type { FitSettings } from '../fit/settings.js';

/** How mixtures are drawn from a library. */
export interface MixtureSettings {
  /** How likely mixtures of 1, 2, 3 ... classes are; of fewer classes than these, the first are taken in their proportions. */
  readonly classShares: readonly number[];
  /** Share of components that are a random convex pair of two spectra of one source, not one spectrum. */
  readonly pairShare: number;
  /** Each component is multiplied by 1 - this to 1 + this. */
  readonly componentBrightness: number;
  /** The whole mixture is multiplied by 1 - this to 1 + this. */
  readonly brightness: number;
  /** Standard deviation of the weights of the smooth error that multiplies the mixture (1, t, t^2, sin 3t, cos 5t; t from -1 to 1 over the bands). */
  readonly smoothError: number;
}

/** Measured on real EnMAP pixels (docs/cover.md; npm run bench:cover prints it). */
export const DEFAULT_MIXTURES: MixtureSettings = {
  classShares: [0.1, 0.4, 0.35, 0.15],
  pairShare: 0.5,
  componentBrightness: 0.2,
  brightness: 0.1,
  smoothError: 0.015,
};

/** Few steps on purpose: more of them learn the library's single spectra. */
export const LIBRARY_SETTINGS = {
  model: 'library',
  seed: 1,
  epochs: 400,
  batch: 512,
  candidateBatch: 0,
  schedule: 'one-cycle',
  learningRate: 0.003,
  dropRate: 0,
  weightDecay: 0.0001,
} as const satisfies FitSettings;

/** Mixtures that standardise the input. */
export const STANDARD_MIXTURES = 4096;
/** Mixtures that a run keeps, to compare models with the network and to judge it. */
export const PROBE_MIXTURES = 1024;

/** Most mixtures of a step: they are in memory at once. */
const MOST_BATCH = 65_536;

/** Most encoders of one model: its cost and its size grow with them. */
const MOST_MEMBERS = 16;

/** Throws TrainError unless an ensemble can have so many. */
export function assertMembers(members: number): void {
  check(
    Number.isInteger(members) && members >= 1 && members <= MOST_MEMBERS,
    `an ensemble must have 1 to ${MOST_MEMBERS} members`,
    members,
  );
}

/** What may be given of the settings: an epoch is one step of fresh mixtures. */
export type LibrarySettings = Partial<Pick<FitSettings, 'seed' | 'epochs' | 'batch' | 'learningRate' | 'weightDecay'>>;

function check(good: boolean, what: string, got: unknown): void {
  if (!good) throw new TrainError(`training settings: ${what}, got ${String(got)}`);
}

const isShare = (value: number) => value >= 0 && value <= 1;

/** Throws TrainError naming the first setting that is wrong. */
export function assertMixtureSettings(settings: MixtureSettings): void {
  const { classShares, pairShare, componentBrightness, brightness, smoothError } = settings;
  const sum = classShares.reduce((total, share) => total + share, 0);
  check(
    classShares.length > 0 && classShares.every(isShare) && Math.abs(sum - 1) < 1e-6,
    'the shares of mixtures of 1, 2, ... classes must be 0 to 1 and sum to 1',
    classShares.join(', '),
  );
  check(isShare(pairShare), 'the share of pairs must be 0 to 1', pairShare);
  check(
    componentBrightness >= 0 && componentBrightness < 1,
    "a component's brightness must vary by 0 to less than 1",
    componentBrightness,
  );
  check(brightness >= 0 && brightness < 1, "a mixture's brightness must vary by 0 to less than 1", brightness);
  check(smoothError >= 0 && smoothError <= 0.2, 'the smooth error must be 0 to 0.2', smoothError);
}

/** Throws TrainError naming the first setting that is wrong. */
export function assertLibrarySettings({ seed, epochs, batch, learningRate, weightDecay, schedule }: FitSettings): void {
  check(Number.isSafeInteger(seed) && seed >= 0, 'the seed must be a whole number >= 0', seed);
  check(
    Number.isInteger(batch) && batch >= 2 && batch <= MOST_BATCH,
    `a batch must hold 2 to ${MOST_BATCH} mixtures`,
    batch,
  );
  check(Number.isInteger(epochs) && epochs >= 1, 'there must be at least 1 step', epochs);
  check(Number.isFinite(learningRate) && learningRate > 0, 'the learning rate must be positive', learningRate);
  check(Number.isFinite(weightDecay) && weightDecay >= 0, 'the weight decay must be >= 0', weightDecay);
  check(schedule === 'one-cycle', 'the schedule of a library must be one-cycle', schedule);
}
