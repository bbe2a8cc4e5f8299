// Blind endmembers: the C of many observed spectra that reconstruct the scene best, cleaned by their near-pure pixels.
// Legend: N pixels, B bands, C endmembers, m candidates, d directions.
// The choice minimises the network's own reconstruction error, restricted to observed spectra.
import { columnGram, dotRows, symmetricEigen } from '../linear-algebra.js';
import { nnlsAbundances } from '../nnls/nnls.js';
import type { Random } from '../random.js';
import { extractBundles } from './bundles.js';
import { leadingDirections, unitRows } from './directions.js';
import { judgedPixels, unexplained } from './judge.js';
import { floorMagnitudes } from './magnitudes.js';
import { clusterSpectra, overCluster } from './over-clustering.js';
import { purify } from './purification.js';
import { BRIGHTNESS, type Brightness } from './settings.js';
import { type Selection, selectSubset } from './subset-selection.js';
import type { Candidates, MethodOptions, MethodResult, SpectraSample } from './types.js';
import { agreement, leastAngle, type Restart, type Verdict } from './verdict.js';

/** What the restarts gave, in their order, and what they worked on. */
export interface SubsetSearch {
  readonly restarts: readonly Restart[];
  /** The verdict on them, before magnitudes are bounded [C, B]. */
  readonly endmembers: Float32Array;
  readonly candidates: Candidates;
  /** The pixels purified on [N, B]. */
  readonly pixels: Float32Array;
}

/**
 * For each restart: candidates are over-clustered; of the clusters' mean spectra those C are chosen that leave the least residual of the scene's
 * pixels; each is replaced by the mean of its near-pure pixels. Negative reflectance counts as 0 throughout.
 */
export async function searchSubsets(
  sample: SpectraSample,
  options: MethodOptions,
  { cost, settle }: Verdict,
): Promise<SubsetSearch> {
  const { bands } = sample;
  const { count, random, pause, brightness, subset, known = new Float32Array() } = options;
  const floor = BRIGHTNESS[brightness];
  const candidates = await extractBundles(sample, { count, random: random.fork('bundles'), pause });
  const choose = createChooser(sample, { ...options, candidates });
  const pixels = drawPixels(sample, subset.purifyPixels, random.fork('purify'));
  const judged = judgedPixels(drawPixels(sample, subset.judgePixels, random.fork('judge')), bands);
  const restarts: Restart[] = [];
  for (let r = 0; r < options.restarts; r++) {
    await pause('restarts', r, options.restarts);
    const chosen = choose(random.fork(`restart ${r}`));
    const endmembers = purify(chosen, pixels, { bands, floor, ...subset, fixed: known.length / bands });
    restarts.push({ endmembers, cost: cost(unexplained(endmembers, judged, { bands, floor })) });
  }
  await pause('restarts', options.restarts, options.restarts);
  return { restarts, endmembers: settle(restarts, bands), candidates, pixels };
}

/**
 * Endmembers by subset selection, in order of falling mean abundance: those of the restart of least angle, dark spectra lengthened as `brightness` says.
 */
export async function subsetMethod(sample: SpectraSample, options: MethodOptions): Promise<MethodResult> {
  const search = await searchSubsets(sample, options, leastAngle);
  return finish(search.endmembers, search, { bands: sample.bands, brightness: options.brightness });
}

/** `endmembers` [C, B] with the magnitudes and in the order of the result; the first `fixed`, none when absent, as they are. */
export function finish(
  endmembers: Float32Array,
  { pixels, candidates }: SubsetSearch,
  { bands, brightness, fixed = 0 }: { bands: number; brightness: Brightness; fixed?: number },
): MethodResult {
  const floored = floorMagnitudes(endmembers, bands, BRIGHTNESS[brightness], fixed);
  return { endmembers: byAbundance(floored, pixels, { bands, fixed }), candidates };
}

/** The known endmembers, and those that leave the least of the pixels beside them, as the restarts agree on them. */
export async function completeKnown(
  sample: SpectraSample,
  options: MethodOptions & { readonly known: Float32Array },
): Promise<MethodResult> {
  const { bands } = sample;
  const search = await searchSubsets(sample, options, agreement);
  return finish(search.endmembers, search, {
    ...{ bands, brightness: options.brightness, fixed: options.known.length / bands },
  });
}

/** One restart's choice of spectra [C, B]. */
function createChooser(
  sample: SpectraSample,
  options: MethodOptions & { candidates: Candidates },
): (random: Random) => Float32Array {
  const { bands } = sample;
  const cluster = createClusterer(sample, options);
  return (drawn) => {
    const { spectra, select } = cluster(drawn);
    const { members } = select(options.count);
    const chosen = new Float32Array(members.length * bands);
    members.forEach((k, c) => {
      chosen.set(spectra.subarray(k * bands, (k + 1) * bands), c * bands);
    });
    return chosen;
  };
}

/** The known spectra and the mean ones of one clustering [G + K, B], and the choice of some of them. */
interface Clustered {
  readonly spectra: Float32Array;
  readonly select: (count: number) => Selection;
}

/** Clusterings of the candidates, of which up to `count` spectra are to be chosen: what depends on no random draw is made once. */
export function createClusterer(
  sample: SpectraSample,
  {
    candidates,
    count,
    random,
    subset,
    known = new Float32Array(),
  }: Pick<MethodOptions, 'count' | 'random' | 'subset' | 'known'> & { candidates: Candidates },
): (random: Random) => Clustered {
  const { bands } = sample;
  const { clusters, leastMembers, leastShare } = subset;
  const directions = Math.min(bands, subset.directions);
  const fixed = known.length / bands;
  const points = leadingDirections(candidates.spectra, bands, directions); // [m, d]
  const least = Math.max(leastMembers, leastShare * candidates.positions.length);
  const seen = createView(
    drawPixels(sample, subset.selectionPixels, random.fork('selection')),
    bands,
    count + subset.extraDirections,
  );
  return (drawn) => {
    const assignment = overCluster(points, directions, { clusters, random: drawn });
    const clustered = clusterSpectra(candidates.spectra, assignment, { bands, least, count: count - fixed });
    const spectra = Float32Array.of(...known, ...clustered); // [G + K, B]
    const units = seen.project(unitRows(Float64Array.from(spectra), bands));
    return {
      spectra,
      select: (wanted) => selectSubset(units, seen.pixels, { width: seen.width, count: wanted, fixed }),
    };
  };
}

/** Pixels in their leading directions, not centred: `pixels` [n, d], and any spectra [K, B] in the same. */
function createView(spectra: Float32Array, bands: number, most: number) {
  const width = Math.min(bands, most);
  const { vectors } = symmetricEigen(columnGram(spectra, bands), bands);
  const project = (rows: Float32Array | Float64Array) => {
    const points = new Float64Array((rows.length / bands) * width);
    for (let i = 0; i < points.length; i++)
      points[i] = dotRows(rows, vectors, { a: Math.floor(i / width) * bands, b: (i % width) * bands, length: bands });
    return points;
  };
  return { width, pixels: project(spectra), project };
}

/** At most `most` of the sample's pixels, in scene order, with negative values as 0 [n, B]. */
export function drawPixels({ pixels, bands }: SpectraSample, most: number, random: Random): Float32Array {
  const total = pixels.length / bands;
  const order = Uint32Array.from({ length: total }, (_, n) => n);
  const drawn = total <= most ? order : random.shuffle(order).subarray(0, most).sort();
  const kept = new Float32Array(drawn.length * bands);
  drawn.forEach((n, i) => {
    for (let b = 0; b < bands; b++) kept[i * bands + b] = Math.max(0, pixels[n * bands + b]!);
  });
  return kept;
}

/** Rows of `endmembers` [C, B], those after the first `fixed` by falling mean abundance in `pixels` [N, B]. */
function byAbundance(
  endmembers: Float32Array,
  pixels: Float32Array,
  { bands, fixed }: { bands: number; fixed: number },
): Float32Array {
  const count = endmembers.length / bands;
  const sums = new Float64Array(count);
  nnlsAbundances(endmembers, pixels, bands).abundances.forEach((abundance, k) => {
    sums[k % count]! += abundance;
  });
  const order = [...sums.keys()].sort((a, b) => (a < fixed || b < fixed ? a - b : sums[b]! - sums[a]!));
  return Float32Array.from(order.flatMap((c) => [...endmembers.subarray(c * bands, (c + 1) * bands)]));
}
