// Vegetation cover at points of a real scene. Legend: P points, B bands, C classes.
import { COVER_CLASSES } from './cover-library.js';
import { agreement } from './potsdam.js';
import type { PotsdamScene } from './potsdam-scene.js';
import { mean } from './statistics.js';

/** Classes that are vegetation: the first ones. */
export const VEGETATION = 2;

/** Vegetation's share of fractions [P, C]. */
export const coverOf = (fractions: ArrayLike<number>, C = COVER_CLASSES.length): number[] =>
  Array.from({ length: fractions.length / C }, (_, p) => {
    let sum = 0;
    for (let c = 0; c < VEGETATION; c++) sum += fractions[p * C + c]!;
    return sum;
  });

/** The points' spectra at some of the scene's bands, negatives as 0 [P, B]. */
export const pointSpectra = ({ points, spectra, bands }: PotsdamScene, used: readonly number[]): Float32Array =>
  Float32Array.from(points.flatMap(({ pixel }) => used.map((band) => Math.max(0, spectra[pixel * bands + band]!))));

/** r, R2 (1 - squared error / variance of the points), RMSE, bias (mean difference), slope (of the cover found on the points'). */
export function figures(found: readonly number[], expected: readonly number[]): number[] {
  const { r, rmse } = agreement(found, expected);
  const [a, b] = [mean(found), mean(expected)];
  const variance = mean(expected.map((value) => (value - b) ** 2));
  const slope = mean(expected.map((value, p) => (value - b) * (found[p]! - a))) / variance;
  return [r, 1 - rmse ** 2 / variance, rmse, a - b, slope];
}
