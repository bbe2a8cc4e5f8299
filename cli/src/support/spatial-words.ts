import type { Checkpoint } from '@egunet/train';

/** How much of what neighbours differ by the spatial layer takes for noise. */
export function spatialWords({ radius, noiseShares }: NonNullable<Checkpoint['spatial']>): string {
  const percent = noiseShares.map((share) => Math.round(100 * share));
  const shares = percent.map((whole, f) => (whole === 0 && noiseShares[f]! > 0 ? '< 1 %' : `${whole} %`)).join(', ');
  return percent.some((whole) => whole > 0)
    ? `noise is ${shares} of what neighbours differ by (combinations of abundances, noisiest first); smoothed over ${radius} pixels around each`
    : 'no noise that can be told from signal: as good as nothing is smoothed, --model pw gives such a map faster';
}
