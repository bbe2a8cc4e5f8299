// Which bands of a sensor a library knows. Legend: L bands of the library, B bands of the sensor. Wavelengths and widths in nm.
import type { SpectralLibrary } from './library.js';
import type { SensorBand } from './library-resample.js';
import { refuse } from './refuse.js';

/** A step between neighbouring samples that is so many times the usual one is a gap, not a sampling. */
const GAP = 3;

/** Why a band cannot be had of a library. */
export type Uncovered = 'outside' | 'gap';

/**
 * For each band, why the library does not know it, or undefined [B]: its centre lies outside of the library's range, or in a gap between two samples that is more than three times
 * the median step and wider than the band. Throws RasterError where the library or the bands have no wavelengths.
 */
export function uncoveredBands(
  library: SpectralLibrary,
  bands: readonly SensorBand[],
  name = 'spectral library',
): (Uncovered | undefined)[] {
  const { wavelengths } = library;
  if (!wavelengths) refuse(name, 'has no wavelengths; add a column of them, in nm: without them it fits no sensor');
  if (bands.some(({ wavelength }) => wavelength === undefined))
    refuse(name, 'cannot be fitted to bands without wavelengths; name the sensor, or add them to the scene');
  const steps = wavelengths.slice(1).map((wavelength, i) => wavelength - wavelengths[i]!);
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  return bands.map(({ wavelength, fwhm = 0 }) => {
    if (wavelength! < wavelengths[0]! || wavelength! > wavelengths.at(-1)!) return 'outside';
    const right = wavelengths.findIndex((at) => at >= wavelength!);
    if (wavelengths[right] === wavelength) return undefined;
    const step = steps[right - 1]!;
    return step > GAP * usual && step > fwhm ? 'gap' : undefined;
  });
}
