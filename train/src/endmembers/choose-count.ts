// The number of endmembers: given, that of a library, or estimated; and whether a sample carries so many. Legend: B bands, C endmembers.
import { TrainError } from '../error.js';
import { columnGram, evenlySpacedRows, rankOf, symmetricEigen } from '../linear-algebra.js';
import type { Endmembers, FindEndmembersOptions } from './find-endmembers.js';
import { hysime } from './hysime.js';
import { countByResidual } from './residual-count.js';
import type { MethodOptions, SpectraSample } from './types.js';

/** Ways to estimate the number of endmembers: directions above the noise, or how the residual falls (`countByResidual`). */
export const COUNT_WAYS = ['hysime', 'residual'] as const;
export type CountBy = (typeof COUNT_WAYS)[number];

/**
 * The largest count that an estimate may give. HySime counts the directions that rise above the noise: in real scenes, with their
 * shades, variable materials and stripes, several times as many as there are materials.
 */
export const MAX_ESTIMATED = 10;

const FEW_RANK_PIXELS = 2000;
const MOST_RANK_PIXELS = 20_000;

/** The number of endmembers, and where it comes from. Rejects with TrainError where there is none, or the sample carries fewer. */
export async function chooseCount(
  sample: SpectraSample,
  options: Omit<FindEndmembersOptions, 'subset'> & Pick<MethodOptions, 'random' | 'pause' | 'subset'>,
): Promise<Pick<Endmembers, 'count' | 'countSource' | 'estimate'>> {
  const { count, countBy, given } = options;
  assertCountBy(options);
  if (given && count !== undefined && count > given.length / sample.bands) {
    assertKnown(given, sample.bands);
    assertCarried(sample, count, 'asked for');
    return { count, countSource: 'given' };
  }
  if (given) return { count: libraryCount(given, sample.bands, count), countSource: 'library' };
  if (count === undefined && countBy === 'residual') {
    const estimate = await countByResidual(sample, { ...options, most: MAX_ESTIMATED });
    assertCarried(sample, estimate, 'estimated by the residual');
    return { count: estimate, countSource: 'residual', estimate };
  }
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

function assertCountBy({ count, countBy, given }: Pick<FindEndmembersOptions, 'count' | 'countBy' | 'given'>): void {
  if (countBy === undefined) return;
  if (!COUNT_WAYS.includes(countBy))
    throw new TrainError(`countBy: expected ${COUNT_WAYS.join(' or ')}, got '${countBy}'`);
  if (count !== undefined || given)
    throw new TrainError(`countBy: of no use where the number of endmembers is given; leave it out`);
}

function libraryCount(given: Float32Array, bands: number, count: number | undefined): number {
  const found = given.length / bands;
  if (found === 1)
    throw new TrainError(
      'given endmembers: the library has 1 spectrum, and unmixing needs 2 or more; ask for more endmembers (-n), and others are found beside it',
    );
  if (!Number.isInteger(found) || found < 2)
    throw new TrainError(
      `given endmembers: expected 2 or more spectra of ${bands} bands, got ${given.length} values; resample the library to the scene's bands`,
    );
  if (count !== undefined && count !== found)
    throw new TrainError(
      `given endmembers: the library has ${found} spectra, ${count} endmembers are asked for; leave the number out, or ask for more, of which the rest is found`,
    );
  if (found > bands)
    throw new TrainError(
      `given endmembers: ${found} spectra of ${bands} bands; more than ${bands} cannot be told apart: give a smaller library`,
    );
  assertKnown(given, bands);
  return found;
}

/** Throws TrainError unless these are spectra [G, B]: at least one, whole and finite. */
function assertKnown(given: Float32Array, bands: number): void {
  if (given.length === 0 || given.length % bands !== 0)
    throw new TrainError(
      `given endmembers: expected spectra of ${bands} bands, got ${given.length} values; resample the library to the scene's bands`,
    );
  if (!given.every((value) => Number.isFinite(value) && value >= 0))
    throw new TrainError(
      'given endmembers: expected finite reflectance >= 0 in every band; repair or leave out the bands without data',
    );
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
