// Which bands of a sensor a library knows. Legend: L bands of the library, B bands of the sensor. Wavelengths and widths in nm.
import type { SpectralLibrary } from './library.js';
import type { SensorBand } from './library-resample.js';
import { refuse } from './refuse.js';

/** A step between neighbouring samples that is so many times those beside it is a gap, not a sampling. */
const GAP = 3;
/** Steps that are looked at on either side. */
const BESIDE = 5;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The usual step beside each: the larger of the medians to its left and to its right, as a sampling may get coarser. */
const usualSteps = (steps: readonly number[]): number[] =>
  steps.map((_, i) =>
    Math.max(median(steps.slice(Math.max(0, i - BESIDE), i)), median(steps.slice(i + 1, i + 1 + BESIDE))),
  );

/** Why a band cannot be had of a library. */
export type Uncovered = 'outside' | 'gap';

/**
 * For each band, why the library does not know it, or undefined [B]: its centre lies outside of the library's range, or in a gap between two samples that is more than three times
 * the usual step on either side and wider than the band. Throws RasterError where the library or the bands have no wavelengths.
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
  const usual = usualSteps(steps);
  return bands.map(({ wavelength, fwhm = 0 }) => {
    if (wavelength! < wavelengths[0]! || wavelength! > wavelengths.at(-1)!) return 'outside';
    const right = wavelengths.findIndex((at) => at >= wavelength!);
    if (wavelengths[right] === wavelength) return undefined;
    const step = steps[right - 1]!;
    const beside = usual[right - 1]!;
    return beside > 0 && step > GAP * beside && step > fwhm ? 'gap' : undefined;
  });
}
