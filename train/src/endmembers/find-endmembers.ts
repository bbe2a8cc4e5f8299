// From a sample of a scene to endmembers and labelled candidates. Legend: n pixels, B bands, C endmembers, m candidates.
import { TrainError } from '../error.js';
import { columnGram, dotRows, evenlySpacedRows, rankOf, symmetricEigen } from '../linear-algebra.js';
import { createRandom } from '../random.js';
import { extractBundles } from './bundles.js';
import { hysime } from './hysime.js';
import { kmeansMethod } from './kmeans-method.js';
import { labelCandidates } from './labels.js';
import { refinedMethod } from './refined-method.js';
import {
  assertBrightness,
  type Brightness,
  DEFAULT_BRIGHTNESS,
  RESTARTS,
  type SubsetSettings,
  subsetSettings,
} from './settings.js';
import { subsetMethod } from './subset-method.js';
import type { EndmemberMethod, MethodOptions, SpectraSample } from './types.js';

/** The ways to find endmembers, by name; the first is taken where none is named. */
export const endmemberMethods = {
  refined: refinedMethod,
  subset: subsetMethod,
  kmeans: kmeansMethod,
} satisfies Record<string, EndmemberMethod>;
export type EndmemberMethodName = keyof typeof endmemberMethods;

export interface FindEndmembersOptions {
  /** A whole number: the same seed gives the same bytes. */
  readonly seed: number;
  /** Endmembers to find; estimated by HySime, and at most `MAX_ESTIMATED`, when absent. */
  readonly count?: number;
  /** `refined` when absent. */
  readonly method?: EndmemberMethodName;
  /** Endmembers [C, B] from a spectral library, to be used as they are. */
  readonly given?: Float32Array;
  /** Clusterings tried, `RESTARTS` when absent. */
  readonly restarts?: number;
  /** What an abundance of 1 means, `DEFAULT_BRIGHTNESS` when absent; of no use to `kmeans`. */
  readonly brightness?: Brightness;
  /** Constants of the methods `subset` and `refined`, `DEFAULT_SUBSET_SETTINGS` where absent. */
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
  readonly countSource: 'given' | 'hysime' | 'library';
  /** What HySime counted, where the count was not given; above `MAX_ESTIMATED` it was cut to that. */
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
  /** The convention of the endmembers' lengths; absent where they are as they were found or given. */
  readonly brightness?: Brightness;
}

/**
 * The largest count that an estimate may give. HySime counts the directions that rise above the noise: in real scenes, with their
 * shades, variable materials and stripes, several times as many as there are materials.
 */
export const MAX_ESTIMATED = 10;

/** Two endmembers nearer than this, radians, are one spectrum. */
const SAME_SPECTRUM = 1e-3;
const FEW_RANK_PIXELS = 2000;
const MOST_RANK_PIXELS = 20_000;

/**
 * Endmembers of a scene and the labelled candidates that train a network on them.
 * Rejects with TrainError where the count is no whole number >= 2, the sample carries fewer endmembers than asked for,
 * a given library does not fit, or a setting is out of range or of no use to the method; with the signal's reason when aborted.
 */
export async function findEndmembers(sample: SpectraSample, options: FindEndmembersOptions): Promise<Endmembers> {
  const { bands } = sample;
  const { given } = options;
  const { method, ...settings } = settingsOf(options);
  const random = createRandom(options.seed).fork('endmembers');
  const pause = createPause(options);
  await pause('count', 0, 1);
  const { count, ...origin } = chooseCount(sample, options);
  await pause('count', 1, 1);
  const found = given
    ? { endmembers: given, candidates: await extractBundles(sample, { count, random: random.fork('bundles'), pause }) }
    : await endmemberMethods[method](sample, { count, random, pause, ...settings });
  assertDistinct(found.endmembers, bands);
  const { candidates, labels, dropped } = labelCandidates(found.endmembers, found.candidates, bands);
  if (candidates.positions.length === 0)
    throw new TrainError(
      `labels: none of ${dropped} candidate spectra is explained by the endmembers; check that the library and the scene are both reflectance in [0, 1]`,
    );
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
    ...(given || method === 'kmeans' ? {} : { brightness: settings.brightness }),
  };
}

/** The method and its settings, checked. */
function settingsOf(options: FindEndmembersOptions) {
  const { given, method = 'refined', restarts = RESTARTS, brightness = DEFAULT_BRIGHTNESS } = options;
  if (!Object.hasOwn(endmemberMethods, method))
    throw new TrainError(`method: expected ${Object.keys(endmemberMethods).join(' or ')}, got '${method}'`);
  if (!Number.isInteger(restarts) || restarts < 1)
    throw new TrainError(`restarts: expected a whole number >= 1, got ${restarts}`);
  for (const name of ['brightness', 'subset'] as const)
    if (options[name] !== undefined && (given || method === 'kmeans'))
      throw new TrainError(
        `${name}: of no use to ${given ? 'a given library, whose spectra are used as they are' : method}; leave it out`,
      );
  assertBrightness(brightness);
  return { method, restarts, brightness, subset: subsetSettings(options.subset) };
}

/** Reports progress, lets other work run (a key press, a timer), and stops when the caller wants it. */
function createPause({ signal, onProgress }: FindEndmembersOptions): MethodOptions['pause'] {
  return async (stage, done, total) => {
    onProgress?.({ stage, done, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  };
}

function chooseCount(
  sample: SpectraSample,
  { count, given }: FindEndmembersOptions,
): Pick<Endmembers, 'count' | 'countSource' | 'estimate'> {
  if (given) return { count: libraryCount(given, sample.bands, count), countSource: 'library' };
  if (count === undefined) {
    const estimate = hysime(sample.pixels, sample.bands).count;
    if (estimate < 2)
      throw new TrainError(
        `number of endmembers: HySime finds ${estimate} in this scene, unmixing needs 2 or more; give the number of endmembers (-n)`,
      );
    const cut = Math.min(estimate, MAX_ESTIMATED);
    assertCarried(sample, cut, 'estimated by HySime');
    return { count: cut, countSource: 'hysime', estimate };
  }
  if (!Number.isInteger(count) || count < 2)
    throw new TrainError(`number of endmembers: expected a whole number >= 2, got ${count}; give such a number`);
  assertCarried(sample, count, 'asked for');
  return { count, countSource: 'given' };
}

function libraryCount(given: Float32Array, bands: number, count: number | undefined): number {
  const found = given.length / bands;
  if (!Number.isInteger(found) || found < 2)
    throw new TrainError(
      `given endmembers: expected 2 or more spectra of ${bands} bands, got ${given.length} values; resample the library to the scene's bands`,
    );
  if (count !== undefined && count !== found)
    throw new TrainError(
      `given endmembers: the library has ${found} spectra, ${count} endmembers are asked for; leave the number out`,
    );
  if (found > bands)
    throw new TrainError(
      `given endmembers: ${found} spectra of ${bands} bands; more than ${bands} cannot be told apart: give a smaller library`,
    );
  if (!given.every((value) => Number.isFinite(value) && value >= 0))
    throw new TrainError(
      'given endmembers: expected finite reflectance >= 0 in every band; repair or leave out the bands without data',
    );
  return found;
}

/** More endmembers than bands, pixels, or directions in the pixels cannot be told apart. */
function assertCarried({ pixels, blocks, bands }: SpectraSample, count: number, source: string): void {
  const total = pixels.length / bands;
  const refuse = (limit: string): never => {
    throw new TrainError(`number of endmembers: ${count} ${source}, but ${limit}; give a smaller number (-n)`);
  };
  if (count > bands) refuse(`the spectra have ${bands} bands`);
  if (count >= total) refuse(`there are ${total} pixels with data`);
  const largest = blocks.reduce((most, block) => Math.max(most, block.positions.length), 0);
  if (count > largest) refuse(`the largest block has ${largest} pixels with data`);
  const rank = independentSpectra(pixels, bands, count);
  if (count > rank) refuse(`the pixels span ${rank} independent spectra`);
}

/** How many independent spectra the pixels hold; only a few are looked at where these already hold `enough`. */
function independentSpectra(pixels: Float32Array, bands: number, enough: number): number {
  const rank = (most: number) =>
    rankOf(symmetricEigen(columnGram(evenlySpacedRows(pixels, bands, most), bands), bands).values);
  const few = rank(FEW_RANK_PIXELS);
  return few >= enough ? few : rank(MOST_RANK_PIXELS);
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
