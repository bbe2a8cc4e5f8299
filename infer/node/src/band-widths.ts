// Whether a scene's bands are as wide as those that a model was trained on.
import { InferError } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { Scene } from '@egunet/raster';

/** A model's band may be so many times as wide as the scene's that stands for it: one narrow band is not what a broad one sees. */
export const MOST_TIMES_AS_WIDE = 4;

/** Throws InferError where a band of the model is far wider than the scene's bands beside it, by both's own word. */
export function assertWidths(scene: Pick<Scene, 'name' | 'bands'>, { bands, sensor }: ModelCard): void {
  const known = scene.bands.filter(({ wavelength, fwhm }) => wavelength !== undefined && fwhm !== undefined);
  if (known.length === 0) return;
  const distance = (band: (typeof known)[number], nm: number) => Math.abs(band.wavelength! - nm);
  const wide = bands.filter(({ wavelength, fwhm }) => {
    if (wavelength === null || fwhm === null) return false;
    const nearest = known.reduce((best, band) =>
      distance(band, wavelength) < distance(best, wavelength) ? band : best,
    );
    return fwhm > MOST_TIMES_AS_WIDE * nearest.fwhm!;
  });
  if (wide.length === 0) return;
  const [{ wavelength, fwhm }] = wide as [(typeof wide)[0]];
  throw new InferError(
    `${scene.name}: ${wide.length} of the model's ${bands.length} bands${sensor ? ` (${sensor})` : ''} are more than ${MOST_TIMES_AS_WIDE} times as wide as the scene's, the first at ${wavelength} nm with ${fwhm} nm; one narrow band does not see what a broad one does: take a model for this sensor`,
  );
}
