// The spatial layer from abundances alone: what of neighbours' differences is noise, and the filter that takes it out.
// Legend: C endmembers, q factors, r radius.
import type { SpatialFilter } from '@egunet/models';
import { TrainError } from '../error.js';
import { alongFactor, autocorrelationFactors, type Factors } from './factors.js';
import { krigingWeights, windowPlaces } from './kriging.js';
import { noiseShare } from './nugget.js';
import { SPATIAL } from './settings.js';
import { usualGrowth } from './usual-growth.js';
import { type AbundancePatch, distanceKey, type Variogram, variograms } from './variograms.js';

/** Abundances of patches of the scene, twice: as they are, and with as much noise again in the spectra as the scene has. */
export interface NoisedPatches {
  readonly patches: readonly AbundancePatch[];
  /** The same pixels; absent where the noise is not known. */
  readonly noised?: readonly AbundancePatch[] | undefined;
}

/** The mean square of what the added noise changes, in each factor [q]. */
function addedNoise({ patches, noised }: NoisedPatches, { count: q, toFactors }: Factors): Float64Array {
  const sums = new Float64Array(q);
  if (!noised) return sums;
  const C = toFactors.length / q;
  let pixels = 0;
  for (const [p, { abundances }] of patches.entries())
    for (let at = 0; at < abundances.length; at += C) {
      if (Number.isNaN(abundances[at])) continue;
      pixels++;
      for (let f = 0; f < q; f++) {
        let change = 0;
        for (let c = 0; c < C; c++)
          change += (noised[p]!.abundances[at + c]! - abundances[at + c]!) * toFactors[c * q + f]!;
        sums[f]! += change * change;
      }
    }
  return sums.map((sum) => sum / pixels);
}

/** The weights of each factor's neighbours, 0 in the middle [s, s, q]. */
function weightsOf(factors: Factors, noise: Float64Array, found: ReadonlyMap<string, Variogram>): Float64Array {
  const { radius, mostWeight } = SPATIAL;
  const { count: q } = factors;
  const places = windowPlaces(radius);
  const weights = new Float64Array(places.length * q);
  for (let f = 0; f < q; f++) {
    if (noise[f]! <= 0) continue;
    const along = new Map([...found].map(([key, { matrix }]) => [key, alongFactor(factors, f, matrix)]));
    const variogram = (rows: number, cols: number) => along.get(distanceKey(rows, cols))!;
    const solved = krigingWeights(radius, { variogram, nugget: noise[f]! });
    if (!solved || solved.reduce((sum, weight) => sum + Math.abs(weight), 0) > mostWeight) {
      noise[f] = 0;
      continue;
    }
    solved.forEach((weight, i) => {
      if (i !== (places.length - 1) / 2) weights[i * q + f] = weight;
    });
  }
  return weights;
}

/** How many distances there are within a square of `reach`, pixels beside each other at the least. */
const distances = (reach: number) => ((reach + 1) * (reach + 2)) / 2 - 1;

/** The variograms of all distances between two places in the filter's window. Throws TrainError where no pixels lie as far from each other as that. */
export function allVariograms(patches: readonly AbundancePatch[], endmembers: number): Map<string, Variogram> {
  const reach = 2 * SPATIAL.radius;
  const found = variograms(patches, { endmembers, reach });
  if (found.size < distances(reach))
    throw new TrainError(
      `spatial layer: the patches hold no pixels with data ${reach} rows and columns apart, which --model ss needs; use --model pw, or a larger scene`,
    );
  return found;
}

/**
 * The filter that smooths what is noise in the abundances of a scene (`noiseShare`). Throws TrainError where no pixels lie as far from each other as the filter needs.
 */
export function spatialFilter(given: NoisedPatches, endmembers: number): SpatialFilter {
  const { radius } = SPATIAL;
  const found = allVariograms(given.patches, endmembers);
  const apart = (h: number) => found.get(distanceKey(h, 0))!.matrix;
  const factors = autocorrelationFactors(apart(1), apart(2), endmembers);
  const noise = addedNoise(given, factors).map((added, f) => {
    const at = (h: number) => alongFactor(factors, f, apart(h));
    const usual = usualGrowth(given.patches, factors, f);
    return noiseShare([at(1), at(2), at(4)], { usual, ofSpectra: added });
  });
  const weights = weightsOf(factors, noise, found);
  return {
    radius,
    toFactors: [...factors.toFactors],
    fromFactors: [...factors.fromFactors],
    weights: [...weights],
    noiseShares: [...noise],
  };
}
