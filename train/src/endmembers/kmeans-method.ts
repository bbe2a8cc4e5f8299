// The usual route: block bundles, cosine K-means to C clusters, a spectrum for each. Legend: B bands, C endmembers, m candidates.
import { nnlsAbundances } from '../nnls.js';
import { extractBundles } from './bundles.js';
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
  return { endmembers: nearPureMeans(candidates.spectra, bands, medians), candidates };
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

function nearPureMeans(spectra: Float32Array, bands: number, endmembers: Float32Array): Float32Array {
  const { abundances } = nnlsAbundances(endmembers, spectra, bands);
  const count = endmembers.length / bands;
  const total = spectra.length / bands;
  const refined = Float32Array.from(endmembers);
  for (let c = 0; c < count; c++) {
    const sum = new Float64Array(bands);
    let pure = 0;
    for (let n = 0; n < total; n++) {
      if (abundances[n * count + c]! <= NEAR_PURE) continue;
      pure++;
      for (let b = 0; b < bands; b++) sum[b]! += spectra[n * bands + b]!;
    }
    if (pure >= LEAST_NEAR_PURE) for (let b = 0; b < bands; b++) refined[c * bands + b] = sum[b]! / pure;
  }
  return refined;
}
