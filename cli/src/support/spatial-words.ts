import type { Checkpoint } from '@egunet/train';

/** How much of what neighbours differ by the spatial layer takes for noise. */
export function spatialWords({ radius, noiseShares }: NonNullable<Checkpoint['spatial']>): string {
  const shares = noiseShares.map((share) => `${Math.round(100 * share)} %`).join(', ');
  return noiseShares.some((share) => share > 0)
    ? `noise is ${shares} of what neighbours differ by (combinations of abundances, noisiest first); smoothed over ${radius} pixels around each`
    : 'neighbours differ by signal alone: nothing to smooth, --model pw gives the same map faster';
}
