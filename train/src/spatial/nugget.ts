// The part of neighbours' differences that no distance explains. Source: power variogram with a nugget, Chiles & Delfiner,
// "Geostatistics", 2nd ed. 2012, section 2.5.
import { SPATIAL } from './settings.js';

/** A factor's variogram 1, 2 and 4 pixels apart. */
export type Growth = readonly [one: number, two: number, four: number];

/** The nugget where g(h) = nugget + c h^exponent. */
const nuggetAt = (exponent: number, [one, two]: Growth): number => one - (two - one) / (2 ** exponent - 1);

/** The nugget of g(h) = nugget + c h^a, the exponent from g(4) - g(2) and g(2) - g(1), within what images show. Below 0 where the factor is smoother. */
export function extrapolateNugget(growth: Growth): number {
  const { leastExponent, mostExponent } = SPATIAL;
  const [one, two, four] = growth;
  const found = Math.log2((four - two) / (two - one)); // NaN where it does not grow, or falls
  return nuggetAt(Math.min(Math.max(found || leastExponent, leastExponent), mostExponent), growth);
}

/**
 * The noise in a factor: the nugget of its usual differences, or what the noise of the spectra makes there if that is more; but no more than the nugget
 * would be if the rest were as smooth as can be: noise that neighbours share is none that they can tell. 0 to `mostNoise` of g(1) = 1.
 * `usual` is the growth without what few pixels make of it (`usualGrowth`): roofs and roads a pixel wide are no noise.
 */
export function noiseShare(growth: Growth, { usual, ofSpectra }: { usual: Growth; ofSpectra: number }): number {
  const { mostExponent, mostNoise } = SPATIAL;
  const most = Math.min(nuggetAt(mostExponent, growth), mostNoise);
  return Math.max(Math.min(Math.max(ofSpectra, extrapolateNugget(usual)), most), 0);
}
