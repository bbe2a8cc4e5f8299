// Linear interpolation of spectra to a model's wavelengths. Legend: M model bands, R scene bands read; wavelengths in nm.
import { InferError } from './error.js';
import { listWavelengths } from './text.js';

/** The widest stretch between two scene bands that may be interpolated over, in nm: a band or two of usual sampling, but no water-vapour gap. */
export const MAX_GAP = 25;

/** A scene band as near as this, in nm, stands for a model band at the edge of a gap or of the spectrum: half a usual FWHM. */
export const EDGE_REACH = 5;

/** Model band m = (1 - weight[m]) * read[low[m]] + weight[m] * read[high[m]]. */
export interface Interpolation {
  /** [M], indices into the bands read. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** [M], 0 to 1. */
  readonly weight: Float64Array;
}

interface Neighbours {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

/** The scene bands beside `wavelength`, or undefined where the scene does not cover it. `scene` increases. */
function neighbours(scene: readonly number[], wavelength: number): Neighbours | undefined {
  const after = scene.findIndex((w) => w >= wavelength);
  const high = after === -1 ? scene.length - 1 : after;
  const low = Math.max(0, scene[high]! <= wavelength ? high : high - 1);
  const gap = scene[high]! - scene[low]!;
  const inside = scene[low]! <= wavelength && wavelength <= scene[high]!;
  if (inside && gap <= MAX_GAP) return { low, high, weight: gap === 0 ? 0 : (wavelength - scene[low]!) / gap };
  const nearest = wavelength - scene[low]! <= scene[high]! - wavelength ? low : high;
  if (Math.abs(scene[nearest]! - wavelength) <= EDGE_REACH) return { low: nearest, high: nearest, weight: 0 };
  return undefined;
}

/**
 * How to interpolate from the wavelengths of a scene (increasing) to those of a model: the scene bands used, as indices
 * into `scene`, and weights over them. Throws InferError listing the wavelengths that the scene does not cover.
 */
export function interpolate(
  scene: readonly number[],
  model: readonly number[],
  sceneName: string,
): { used: number[]; interpolation: Interpolation } {
  const beside = model.map((wavelength) => neighbours(scene, wavelength));
  const found = beside.filter((pair) => pair !== undefined);
  if (found.length < model.length)
    throw new InferError(
      `${sceneName}: ${model.length - found.length} of the model's ${model.length} bands lie where the scene has none to interpolate from: ${listWavelengths(model.filter((_, m) => !beside[m]))}; give a scene that covers them, or train a model for this one`,
    );
  const used = [...new Set(found.flatMap(({ low, high }) => [low, high]))].sort((a, b) => a - b);
  const place = new Map(used.map((index, i) => [index, i]));
  return {
    used,
    interpolation: {
      low: Int32Array.from(found, ({ low }) => place.get(low)!),
      high: Int32Array.from(found, ({ high }) => place.get(high)!),
      weight: Float64Array.from(found, ({ weight }) => weight),
    },
  };
}

/** Interpolates one spectrum: `read` from `from` on [R] into `out` from `to` on [M]. */
export function resampleSpectrum(
  { low, high, weight }: Interpolation,
  read: { readonly spectra: Float32Array; readonly from: number },
  out: { readonly spectra: Float32Array; readonly to: number },
): void {
  for (let m = 0; m < weight.length; m++) {
    const w = weight[m]!;
    out.spectra[out.to + m] = (1 - w) * read.spectra[read.from + low[m]!]! + w * read.spectra[read.from + high[m]!]!;
  }
}
