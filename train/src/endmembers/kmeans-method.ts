// The usual route: block bundles, cosine K-means to C clusters, a spectrum for each. Legend: B bands, C endmembers, m candidates.
import { nnlsAbundances } from '../nnls/nnls.js';
import { extractBundles } from './bundles.js';
import { replaceByMeans } from './purification.js';
import { type Clustering, sphericalKmeans } from './spherical-kmeans.js';
import type { MethodOptions, MethodResult, SpectraSample } from './types.js';

/** A candidate with more than this share of one endmember counts as near-pure. */
const NEAR_PURE = 0.8;
/** Fewer near-pure candidates than this say less than the whole cluster. */
const LEAST_NEAR_PURE = 5;

/**
 * Endmembers by clustering bundles: the clusters in order of falling size. A cluster of bundles holds mixed candidates too, which
 * pull its mean towards the other materials; so its spectrum is (1) the median of the cluster, band by band, (2) replaced, once, by the
 * mean of all candidates that NNLS on these medians calls near-pure (abundance > .8), where there are at least 5.
 */
export async function kmeansMethod(sample: SpectraSample, options: MethodOptions): Promise<MethodResult> {
  const { bands } = sample;
  const { count, random, restarts, pause } = options;
  const candidates = await extractBundles(sample, { count, random: random.fork('bundles'), pause });
  const clustering = await sphericalKmeans(candidates.spectra, bands, {
    clusters: count,
    restarts,
    random: random.fork('clusters'),
    pause,
  });
  const medians = clusterMedians(candidates.spectra, bands, clustering);
  const { spectra } = candidates;
  const { abundances } = nnlsAbundances(medians, spectra, bands);
  const nearPure = { bands, nearPure: NEAR_PURE, leastNearPure: LEAST_NEAR_PURE };
  return { endmembers: replaceByMeans(medians, { pixels: spectra, abundances }, nearPure), candidates };
}

/** The median spectrum of each cluster, largest cluster first (equal ones: the one with the earlier first candidate) [C, B]. */
function clusterMedians(spectra: Float32Array, bands: number, { assignment, sizes }: Clustering): Float32Array {
  const order = [...sizes.keys()].sort(
    (a, b) => sizes[b]! - sizes[a]! || assignment.indexOf(a) - assignment.indexOf(b),
  );
  const medians = new Float32Array(sizes.length * bands);
  order.forEach((c, row) => {
    const members = [...assignment.keys()].filter((n) => assignment[n] === c);
    for (let b = 0; b < bands; b++) {
      const values = Float32Array.from(members, (n) => spectra[n * bands + b]!).sort();
      const middle = values.length >> 1;
      medians[row * bands + b] = values.length % 2 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
    }
  });
  return medians;
}
