// From a sample of a scene to endmembers and labelled candidates. Legend: n pixels, B bands, C endmembers, m candidates.
import { TrainError } from '../error.js';
import { dotRows } from '../linear-algebra.js';
import { createRandom } from '../random.js';
import { extractBundles } from './bundles.js';
import { type CountBy, chooseCount } from './choose-count.js';
import { kmeansMethod } from './kmeans-method.js';
import { labelCandidates } from './labels.js';
import { agreedMethod, refinedMethod } from './refined-method.js';
import {
  AGREEMENT,
  assertBrightness,
  type Brightness,
  DEFAULT_BRIGHTNESS,
  DEFAULT_SUBSET_SETTINGS,
  RESTARTS,
  type SubsetSettings,
  subsetSettings,
} from './settings.js';
import { completeKnown, subsetMethod } from './subset-method.js';
import type { EndmemberMethod, MethodOptions, MethodResult, SpectraSample } from './types.js';

/** The ways to find endmembers, by name. */
export const endmemberMethods = {
  agreed: agreedMethod,
  refined: refinedMethod,
  subset: subsetMethod,
  kmeans: kmeansMethod,
} satisfies Record<string, EndmemberMethod>;
export type EndmemberMethodName = keyof typeof endmemberMethods;

/** The way that is taken where none is named. */
export const DEFAULT_METHOD = 'agreed' satisfies EndmemberMethodName;

export interface FindEndmembersOptions {
  /** A whole number: the same seed gives the same bytes. */
  readonly seed: number;
  /** Endmembers to find; estimated, and at most `MAX_ESTIMATED`, when absent. */
  readonly count?: number;
  /** How their number is estimated, `hysime` when absent; only where `count` is. */
  readonly countBy?: CountBy;
  /** `DEFAULT_METHOD` when absent. */
  readonly method?: EndmemberMethodName;
  /** Endmembers [G, B] from a spectral library, to be used as they are; where `count` is larger, the others are found beside them. */
  readonly given?: Float32Array;
  /** Clusterings tried, `RESTARTS` or the method's own number when absent. */
  readonly restarts?: number;
  /** What an abundance of 1 means, `DEFAULT_BRIGHTNESS` when absent; of no use to `kmeans`. */
  readonly brightness?: Brightness;
  /** Constants of the methods but `kmeans`, `DEFAULT_SUBSET_SETTINGS` where absent. */
  readonly subset?: Partial<SubsetSettings>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}

export interface Endmembers {
  /** Reflectance [C, B]; largest mean abundance or (`kmeans`) largest cluster first, or in the library's order. */
  readonly endmembers: Float32Array;
  /** `endmember 1` and so on. */
  readonly names: readonly string[];
  readonly count: number;
  readonly countSource: 'given' | CountBy | 'library';
  /** What was counted, where the count was not given; above `MAX_ESTIMATED` it was cut to that. */
  readonly estimate?: number;
  readonly bands: number;
  /** The bundles [m, B]. */
  readonly candidates: Float32Array;
  /** Soft labels of the candidates [m, C]. */
  readonly labels: Float32Array;
  /** Scene position, row * cols + col, of the pixel each candidate comes from [m]. */
  readonly positions: Float64Array;
  /** Candidates left out because no endmember explains anything of them. */
  readonly dropped: number;
  readonly method: EndmemberMethodName | 'library';
  /** How many, the first ones, were given, where others were found beside them. */
  readonly known?: number;
  /** The convention of the endmembers' lengths; absent where they are as they were found or given. */
  readonly brightness?: Brightness;
}

/** Two endmembers nearer than this, radians, are one spectrum. */
const SAME_SPECTRUM = 1e-3;

/**
 * Endmembers of a scene and the labelled candidates that train a network on them.
 * Rejects with TrainError where the count is no whole number >= 2, the sample carries fewer endmembers than asked for,
 * a given library does not fit, or a setting is out of range or of no use to the method; with the signal's reason when aborted.
 */
export async function findEndmembers(sample: SpectraSample, options: FindEndmembersOptions): Promise<Endmembers> {
  const { bands } = sample;
  const { given } = options;
  const { method, ...settings } = settingsOf(options, bands);
  const random = createRandom(options.seed).fork('endmembers');
  const pause = createPause(options);
  await pause('count', 0, 1);
  const { count, ...origin } = await chooseCount(sample, {
    ...options,
    ...settings,
    subset: subsetSettings(options.subset), // the number of endmembers does not depend on the method
    random: random.fork('count'),
    pause,
  });
  await pause('count', 1, 1);
  const found = await (given === undefined
    ? endmemberMethods[method](sample, { count, random, pause, ...settings })
    : given.length < count * bands
      ? completeKnown(sample, { count, random, pause, ...settings, known: given })
      : useGiven(sample, given, { count, random, pause }));
  assertDistinct(found.endmembers, bands);
  const { candidates, labels, dropped } = labelCandidates(found.endmembers, found.candidates, bands);
  if (candidates.positions.length === 0)
    throw new TrainError(
      `labels: none of ${dropped} candidate spectra is explained by the endmembers; check that the library and the scene are both reflectance in [0, 1]`,
    );
  const known = (given?.length ?? 0) / bands;
  return {
    endmembers: found.endmembers,
    names: Array.from({ length: count }, (_, c) => `endmember ${c + 1}`),
    count,
    ...origin,
    bands,
    candidates: candidates.spectra,
    labels,
    positions: candidates.positions,
    dropped,
    method: given ? 'library' : method,
    ...(known > 0 && known < count && { known }),
    ...(known < count && method !== 'kmeans' && { brightness: settings.brightness }),
  };
}

/** Given endmembers and no others, with candidates of the sample. */
async function useGiven(
  sample: SpectraSample,
  endmembers: Float32Array,
  { count, random, pause }: Pick<MethodOptions, 'count' | 'random' | 'pause'>,
): Promise<MethodResult> {
  return { endmembers, candidates: await extractBundles(sample, { count, random: random.fork('bundles'), pause }) };
}

/** The method and its settings, checked. */
function settingsOf(options: FindEndmembersOptions, bands: number) {
  const { given, method = DEFAULT_METHOD, brightness = DEFAULT_BRIGHTNESS, count = 0 } = options;
  const onlyGiven = given !== undefined && count * bands <= given.length;
  if (!Object.hasOwn(endmemberMethods, method))
    throw new TrainError(`method: expected ${Object.keys(endmemberMethods).join(' or ')}, got '${method}'`);
  const own = method === 'agreed' || given ? AGREEMENT : { ...DEFAULT_SUBSET_SETTINGS, restarts: RESTARTS };
  const { restarts = own.restarts } = options;
  if (!Number.isInteger(restarts) || restarts < 1)
    throw new TrainError(`restarts: expected a whole number >= 1, got ${restarts}`);
  for (const name of ['brightness', 'subset'] as const)
    if (options[name] !== undefined && (onlyGiven || method === 'kmeans'))
      throw new TrainError(
        `${name}: of no use to ${onlyGiven ? 'a given library, whose spectra are used as they are' : method}; leave it out`,
      );
  if (given && !onlyGiven && method === 'kmeans')
    throw new TrainError('method: kmeans finds all endmembers or none; leave it out where some are given');
  assertBrightness(brightness);
  const defaults = { ...DEFAULT_SUBSET_SETTINGS, selectionPixels: own.selectionPixels };
  return { method, restarts, brightness, subset: subsetSettings(options.subset, defaults) };
}

/** Reports progress, lets other work run (a key press, a timer), and stops when the caller wants it. */
function createPause({ signal, onProgress }: FindEndmembersOptions): MethodOptions['pause'] {
  return async (stage, done, total) => {
    onProgress?.({ stage, done, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  };
}

function assertDistinct(endmembers: Float32Array, bands: number): void {
  const count = endmembers.length / bands;
  const dot = (i: number, j: number) => dotRows(endmembers, endmembers, { a: i * bands, b: j * bands, length: bands });
  for (let i = 0; i < count; i++) {
    if (dot(i, i) === 0)
      throw new TrainError(`endmember ${i + 1} is zero in every band; ask for fewer endmembers or leave it out`);
    for (let j = 0; j < i; j++)
      if (dot(i, j) > Math.cos(SAME_SPECTRUM) * Math.sqrt(dot(i, i) * dot(j, j)))
        throw new TrainError(
          `endmembers ${j + 1} and ${i + 1} are one spectrum (spectral angle under ${SAME_SPECTRUM} rad); ask for fewer endmembers or leave one out`,
        );
  }
}
