// The part of neighbours' differences that no distance explains. Source: power variogram with a nugget, Chiles & Delfiner,
// "Geostatistics", 2nd ed. 2012, section 2.5.
import { SPATIAL } from './settings.js';

/**
 * The nugget of a factor whose variogram is `one`, `two`, `four` at these distances: g(h) = nugget + c h^a, the exponent from g(4) - g(2) and
 * g(2) - g(1), within what images show. Below 0 where the factor is smoother than that.
 */
export function extrapolateNugget(one: number, two: number, four: number): number {
  const { leastExponent, mostExponent } = SPATIAL;
  const growth = (four - two) / (two - one); // 2^a
  const exponent = Number.isFinite(growth) && growth > 0 ? Math.log2(growth) : leastExponent;
  const power = 2 ** Math.min(Math.max(exponent, leastExponent), mostExponent);
  return one - (two - one) / (power - 1);
}
