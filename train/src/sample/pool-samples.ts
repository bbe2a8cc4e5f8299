// One sample of many scenes, from a larger one of each: double sampling for stratification (J. Neyman, "Contribution to the theory of sampling human
// populations", JASA 33, 1938). What each scene kept, evenly over its footprint, is told apart by spectral shape; of that, rare shapes are taken at a
// higher rate than common ones. Legend: S scenes, n pixels, B bands.
import type { SpectraBlock } from '../endmembers/types.js';
import { TrainError } from '../error.js';
import { evenlySpacedRows, joinArrays } from '../linear-algebra.js';
import { createRandom, type Random } from '../random.js';
import { SPATIAL } from '../spatial/settings.js';
import { type Chosen, createPool, type PooledSample, type PoolScene } from './pooled-sample.js';
import type { SceneSample } from './sample-scene.js';
import { createStrata, drawFromStrata, type StratumOf } from './spectral-strata.js';

export interface PoolOptions {
  readonly bands: number;
  readonly seed: number;
  readonly maxPixels: number;
  readonly maxBlocks: number;
  readonly signal?: AbortSignal;
  /** Scenes that are done, of thrice their number: each is read for the strata, to be told apart, and to be taken from. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

/** A scene is sampled for a pool with so many times its share, as a power of 2: a scene more or less in the pool does not change it as a rule. */
const OVERSAMPLING = 4;

/** How many pixels and blocks each of `scenes` scenes keeps, for a pool of `most` in all. */
export const shareOf = (most: number, scenes: number): number =>
  2 ** Math.ceil(Math.log2(Math.max(1, (OVERSAMPLING * most) / scenes)));

/** Spectra that the strata are made from. */
const STRATA_SPECTRA = 20_000;

/** Pools the samples of scenes. Rejects with TrainError where they hold no pixel, or no block, and with the signal's reason when aborted. */
export async function poolSamples(scenes: readonly PoolScene[], options: PoolOptions): Promise<PooledSample> {
  const { bands, seed, maxPixels, maxBlocks } = options;
  const random = createRandom(seed).fork('pool');
  const visit = createVisits(scenes, options);
  const some: Float32Array[] = [];
  const perScene = Math.ceil(STRATA_SPECTRA / scenes.length);
  await visit(async ({ pixels }) => void some.push(evenlySpacedRows(pixels, bands, perScene)));
  const spectra = joinArrays(some);
  assertVaried(spectra, bands);
  const stratum = createStrata(spectra, bands, random.fork('strata'));
  const strata: Strata[] = [];
  await visit(async (sample) => void strata.push(strataOf(sample, stratum)));
  const chosen: Chosen = {
    pixels: choose(strata.map(({ pixels }) => pixels), maxPixels, random.fork('pixels')), // biome-ignore format: one of three
    blocks: choose(strata.map(({ blocks }) => blocks), maxBlocks, random.fork('blocks')), // biome-ignore format: one of three
    patches: choose(strata.map(({ patches }) => patches), SPATIAL.maxPatches, random.fork('patches')), // biome-ignore format: one of three
  };
  const pool = createPool(scenes, chosen, bands);
  await visit(async (sample, s) => pool.add(sample, s));
  return pool.result();
}

/** Lets a piece of work see each scene's sample, one in memory at a time. */
function createVisits(scenes: readonly PoolScene[], { signal, onProgress }: PoolOptions) {
  let done = 0;
  const total = 3 * scenes.length;
  return async (work: (sample: SceneSample, s: number) => Promise<void>): Promise<void> => {
    for (const [s, scene] of scenes.entries()) {
      signal?.throwIfAborted();
      await work(await scene.read(), s);
      onProgress?.({ done: ++done, total });
    }
  };
}

function assertVaried(spectra: Float32Array, bands: number): void {
  if (spectra.length === 0) throw new TrainError('no scene has a pixel with data in every band used; check their NoData values and masks'); // biome-ignore format: a message
  if (spectra.every((value, i) => value === spectra[i % bands]))
    throw new TrainError('all pixels of all scenes hold the same spectrum; there is nothing to unmix, choose others');
}

/** The strata of a scene's pixels, blocks and patches. */
interface Strata {
  readonly pixels: Int32Array;
  readonly blocks: Int32Array;
  readonly patches: Int32Array;
}

function strataOf({ pixels, blocks, patches = [], bands }: SceneSample, stratum: StratumOf): Strata {
  const ofMeans = (parts: readonly SpectraBlock[]) =>
    stratum(joinArrays(parts.map(({ spectra }) => meanRow(spectra, bands))));
  return { pixels: stratum(pixels), blocks: ofMeans(blocks), patches: ofMeans(patches) };
}

/** Which items of each scene [S][k] are taken, `most` in all. */
function choose(strata: readonly Int32Array[], most: number, random: Random): Uint32Array[] {
  const all = new Int32Array(strata.reduce((sum, { length }) => sum + length, 0));
  const starts: number[] = [];
  let at = 0;
  for (const part of strata) {
    all.set(part, at);
    starts.push(at);
    at += part.length;
  }
  const drawn = drawFromStrata(all, most, random);
  return strata.map(({ length }, s) =>
    drawn.filter((i) => i >= starts[s]! && i < starts[s]! + length).map((i) => i - starts[s]!),
  );
}

function meanRow(rows: Float32Array, width: number): Float32Array {
  const sums = new Float64Array(width);
  rows.forEach((value, i) => {
    sums[i % width]! += value;
  });
  return Float32Array.from(sums, (sum) => (sum * width) / rows.length);
}
