// Every constant of the endmember search, in one place. One set for every scene. Legend: C endmembers, m candidates.
import { TrainError } from '../error.js';

/** Where candidates come from, whatever the method: 5 x 5 blocks as in Somers et al. 2012 and Hong et al. 2021. */
export const BUNDLES = {
  /** Side of a block in pixels. */
  blockSize: 5,
  /** Blocks searched at most. */
  maxBlocks: 1600,
  /** Signal-to-noise ratio assumed inside a block, whose few pixels allow no estimate, dB. */
  snr: 30,
} as const;

/** Clusterings tried, unless the method has a number of its own. */
export const RESTARTS = 10;

/**
 * What an abundance of 1 means, as the least length of an endmember beside that of the longest. `absolute`: the spectrum as it was found, so
 * that a shaded pixel of a bright material is mostly something dark. `equalised`: all materials as bright as the brightest. `bounded`: in
 * between; an error e of reflectance becomes at most 2 e / max|m| of abundance.
 */
export const BRIGHTNESS = { absolute: 0, bounded: 0.5, equalised: 1 } as const;

export type Brightness = keyof typeof BRIGHTNESS;

export const DEFAULT_BRIGHTNESS: Brightness = 'bounded';

/** Constants of the subset method, in the order of its stages. */
export interface SubsetSettings {
  /** Over-clustering: clusters of candidates, many more than endmembers, so that the corners of the simplex are clusters of their own. */
  readonly clusters: number;
  /** Over-clustering: leading directions of the unit candidates in which angles are compared. */
  readonly directions: number;
  /** Over-clustering: clusters of fewer candidates than this are dropped, */
  readonly leastMembers: number;
  /** and so are those of a smaller share of all m. */
  readonly leastShare: number;
  /** Selection: pixels whose reconstruction is to be the best. */
  readonly selectionPixels: number;
  /** Selection: directions beyond C in which these pixels are seen. */
  readonly extraDirections: number;
  /** Purification: pixels looked through for near-pure ones. */
  readonly purifyPixels: number;
  /** Purification: a pixel with more than this abundance of one endmember is near-pure. */
  readonly nearPure: number;
  /** Purification: an endmember with fewer near-pure pixels stays as it is. */
  readonly leastNearPure: number;
  /** Purification: passes. */
  readonly passes: number;
  /** Judge: pixels that the results of the restarts are compared on. */
  readonly judgePixels: number;
}

/** Constants of what the methods `agreed` and `refined` do after the subset method, in the order of its stages. */
export interface RefineSettings {
  /** Test: linear mixing explains a scene whose power outside C directions is at most this many times the noise. */
  readonly mostRemainder: number;
  /** Growth: pixels that the simplex is fitted to. */
  readonly pixels: number;
  /** Growth: only where the excess of the subset method's endmembers is above this: pure pixels keep it near 1. */
  readonly leastExcess: number;
  /** Growth: until the excess is no more than this. */
  readonly settledExcess: number;
  /** Growth: rounds at most. */
  readonly rounds: number;
  /** Judge: runs of VCA on the pixels whose results compete with those of the restarts. */
  readonly vertexRuns: number;
}

/** Settled on Jasper Ridge, Samson, Sim1 and a synthetic scene together, while looking at their scores. */
export const DEFAULT_SUBSET_SETTINGS: SubsetSettings = {
  clusters: 40,
  directions: 20,
  leastMembers: 5,
  leastShare: 0.002,
  selectionPixels: 1000,
  extraDirections: 4,
  purifyPixels: 20_000,
  nearPure: 0.85,
  leastNearPure: 10,
  passes: 2,
  judgePixels: 5000,
};

/** Settled on the same scenes, and on 24 scenes made for the purpose (docs/accuracy-log.md). */
export const REFINE: RefineSettings = {
  mostRemainder: 2,
  pixels: 3000,
  leastExcess: 1.8,
  settledExcess: 1.2,
  rounds: 200,
  vertexRuns: 4,
};

/** What the method `agreed` has of its own: how restarts are compared, and how many of them there are and have a say. */
export const AGREEMENT = {
  /** Clusterings tried. */
  restarts: 14,
  /** Selection: pixels whose reconstruction is to be the best, fewer for each of more restarts. */
  selectionPixels: 500,
  /** Brightness that is explained to this share is explained well enough, so that a cost never becomes 0 without a look at directions. */
  sureBrightness: 0.05,
  /** Restarts that cost no more than this share above the best are as good as it. */
  hardlyMore: 0.02,
} as const;

/** The number of endmembers by the residual. */
export const COUNT = {
  /** Clusterings whose residuals are averaged. */
  clusterings: 3,
  /** One endmember more should leave less than this share of what is left without it. */
  leastFall: 0.75,
} as const;

const WHOLE = [
  'clusters',
  'directions',
  'leastMembers',
  'selectionPixels',
  'purifyPixels',
  'leastNearPure',
  'judgePixels',
] as const;
const WHOLE_OR_NONE = ['extraDirections', 'passes'] as const;

/** `defaults` with `given` in their place. Throws TrainError naming the first setting that is out of range. */
export function subsetSettings(
  given: Partial<SubsetSettings> = {},
  defaults: SubsetSettings = DEFAULT_SUBSET_SETTINGS,
): SubsetSettings {
  const settings = { ...defaults, ...given };
  const demand = (name: keyof SubsetSettings, good: boolean, expected: string) => {
    if (!good) throw new TrainError(`subset.${name}: expected ${expected}, got ${settings[name]}`);
  };
  const whole = (name: keyof SubsetSettings, least: number) =>
    demand(name, Number.isInteger(settings[name]) && settings[name] >= least, `a whole number >= ${least}`);
  for (const name of WHOLE) whole(name, 1);
  for (const name of WHOLE_OR_NONE) whole(name, 0);
  const { leastShare, nearPure } = settings;
  demand('leastShare', leastShare >= 0 && leastShare < 1, 'a number >= 0 and < 1');
  demand('nearPure', nearPure >= 0.5 && nearPure < 1, 'a number >= 0.5 and < 1');
  return settings;
}

/** Throws TrainError where `value` names no brightness convention. */
export function assertBrightness(value: string): asserts value is Brightness {
  if (!Object.hasOwn(BRIGHTNESS, value))
    throw new TrainError(
      `brightness: expected ${Object.keys(BRIGHTNESS).join(', ')}, got '${value}'; choose one of them`,
    );
}
