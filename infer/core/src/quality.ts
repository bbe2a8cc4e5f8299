// How well a pixel's abundances explain its spectrum. Legend: n pixels, B bands, C endmembers.
import type { ModelCard } from '@egunet/models/card';

/** The quality bands of a map, behind all others. */
export const QUALITY_BANDS = [
  { name: 'reconstruction RMSE', unit: 'reflectance' },
  { name: 'spectral angle', unit: 'rad' },
] as const;

/** Fills the quality of pixels into a map's samples. */
export interface QualityMeter {
  /** How many of QUALITY_BANDS it fills in. */
  readonly bands: number;
  /** Of the pixel at `slot` of `spectra` [n, B] with `abundances` [n, C], to `into[to]` and `into[to + 1]`. */
  measure(
    slot: number,
    pixels: { readonly spectra: Float32Array; readonly abundances: Float32Array },
    place: { readonly into: Float32Array; readonly to: number },
  ): void;
}

/**
 * Compares pixels y [B] with the mixtures x = aM of the card's endmembers M [C, B]: the root mean square of y - x over the bands, in
 * reflectance, and the angle between y and x in radians, by 2 atan2(|u - v|, |u + v|) of their directions, which stays exact near 0
 * (W. Kahan 2006, section 12), where the arc cosine loses half its digits. A spectrum of zeros is taken as orthogonal to all.
 */
export function makeQualityMeter({ bands, endmembers }: ModelCard): QualityMeter {
  const [B, C] = [bands.length, endmembers.length];
  const M = Float64Array.from(endmembers.flatMap(({ spectrum }) => spectrum)); // [C, B]
  const x = new Float64Array(B);
  return {
    bands: QUALITY_BANDS.length,
    measure(slot, { spectra, abundances }, { into, to }) {
      x.fill(0);
      for (let c = 0; c < C; c++) {
        const share = abundances[slot * C + c]!;
        for (let b = 0, m = c * B; b < B; b++) x[b]! += share * M[m++]!;
      }
      let [residual, seen, made] = [0, 0, 0];
      for (let b = 0, at = slot * B; b < B; b++) {
        const [y, mixed] = [spectra[at++]!, x[b]!];
        residual += (y - mixed) * (y - mixed);
        seen += y * y;
        made += mixed * mixed;
      }
      into[to] = Math.sqrt(residual / B);
      into[to + 1] = angleBetween(spectra, slot * B, { x, seen: Math.sqrt(seen), made: Math.sqrt(made) });
    },
  };
}

/** The angle between the spectrum at `from` and `x`, whose lengths are `seen` and `made`. */
function angleBetween(
  spectra: Float32Array,
  from: number,
  { x, seen, made }: { readonly x: Float64Array; readonly seen: number; readonly made: number },
): number {
  if (seen === 0 || made === 0) return Math.PI / 2;
  const [toSeen, toMade] = [1 / seen, 1 / made];
  let [apart, together] = [0, 0];
  for (let b = 0; b < x.length; b++) {
    const [u, v] = [spectra[from + b]! * toSeen, x[b]! * toMade];
    apart += (u - v) * (u - v);
    together += (u + v) * (u + v);
  }
  return 2 * Math.atan2(Math.sqrt(apart), Math.sqrt(together));
}
