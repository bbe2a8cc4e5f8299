// From chosen spectra to the means of their near-pure pixels. Legend: N pixels, B bands, C endmembers.
import { nnlsAbundances } from '../nnls/nnls.js';
import { floorMagnitudes } from './magnitudes.js';

export interface PurifyOptions {
  readonly bands: number;
  /** The magnitude floor under which abundances are found (see `BRIGHTNESS`). */
  readonly floor: number;
  /** A pixel with more than this abundance of one endmember is near-pure. */
  readonly nearPure: number;
  /** An endmember with fewer near-pure pixels stays as it is. */
  readonly leastNearPure: number;
  readonly passes: number;
  /** The first so many endmembers stay as they are; none when absent. */
  readonly fixed?: number;
}

/**
 * Replaces each of `endmembers` [C, B] by the mean spectrum of the `pixels` [N, B] that are nearly it alone, `passes` times over: an
 * extreme pixel is noisy, a mean is not. Magnitudes are those of the pixels; the floor decides only which pixels count.
 */
export function purify(endmembers: Float32Array, pixels: Float32Array, options: PurifyOptions): Float32Array {
  const { bands, floor, passes } = options;
  let purified = endmembers;
  for (let pass = 0; pass < passes; pass++) {
    const { abundances } = nnlsAbundances(floorMagnitudes(purified, bands, floor), pixels, bands);
    purified = replaceByMeans(purified, { pixels, abundances }, options);
  }
  return purified;
}

/** The mean spectrum of the near-pure pixels of each endmember where they are enough, else the endmember. */
export function replaceByMeans(
  endmembers: Float32Array,
  { pixels, abundances }: { pixels: Float32Array; abundances: Float32Array },
  { bands, nearPure, leastNearPure, fixed = 0 }: Omit<PurifyOptions, 'floor' | 'passes'>,
): Float32Array {
  const count = endmembers.length / bands;
  const sums = new Float64Array(endmembers.length); // [C, B]
  const members = new Int32Array(count);
  for (let k = 0; k < abundances.length; k++) {
    if (!(abundances[k]! > nearPure)) continue;
    const c = k % count;
    const pixel = ((k - c) / count) * bands;
    members[c]!++;
    for (let b = 0; b < bands; b++) sums[c * bands + b]! += pixels[pixel + b]!;
  }
  return endmembers.map((value, i) => {
    const c = Math.floor(i / bands);
    const size = members[c]!;
    return c >= fixed && size >= leastNearPure ? sums[i]! / size : value;
  });
}
