// Which bands of a scene feed a model. Legend: M model bands, S scene bands; wavelengths and FWHM in nm.
import type { ModelCard } from '@egunet/models/card';
import { assignOnLine } from './assign.js';
import type { ReaderBand } from './contract.js';
import { InferError } from './error.js';
import { type Interpolation, interpolate } from './resample.js';
import { listWavelengths } from './text.js';

/** A band's width in nm where neither the model nor the scene says: the usual sampling of imaging spectrometers. */
export const DEFAULT_FWHM = 10;

/** What band matching needs of a scene. */
export interface MatchableScene {
  readonly name: string;
  readonly sensor?: string;
  readonly bands: readonly ReaderBand[];
}

/** How a model's input is made of a scene's bands. */
export interface BandPlan {
  /** Scene bands to read. Without `interpolation` these are the model's inputs, in order. */
  readonly bands: readonly number[];
  readonly interpolation?: Interpolation;
}

interface KnownBand {
  readonly index: number;
  readonly wavelength: number;
  readonly fwhm?: number;
}

function assertSameSensor(scene: MatchableScene, card: ModelCard): void {
  const plain = (sensor: string) => sensor.trim().toLowerCase();
  if (!scene.sensor || !card.sensor || plain(scene.sensor) === plain(card.sensor)) return;
  throw new InferError(
    `${scene.name}: a scene of ${scene.sensor}, but the model is for ${card.sensor}; train a model for ${scene.sensor}`,
    { remedy: 'resample' },
  );
}

/** The model's wavelengths [M], or undefined where it was trained without any. */
function modelWavelengths(card: ModelCard): number[] | undefined {
  const known = card.bands.flatMap(({ wavelength }) => (wavelength === null ? [] : [wavelength]));
  if (known.length === 0) return undefined;
  if (known.length < card.bands.length)
    throw new InferError(
      `the model has wavelengths for ${known.length} of its ${card.bands.length} bands; it needs all or none: train it on a scene with wavelengths`,
    );
  return known;
}

/** Where neither has wavelengths, the order is all there is: of a scene with as many bands as the training scene, the same ones; else the count must agree. */
function matchByCount(scene: MatchableScene, card: ModelCard): number[] {
  if (scene.bands.some((band) => band.wavelength !== undefined))
    throw new InferError(
      `${scene.name}: the scene has wavelengths, but the model was trained on bands without any and cannot tell them apart; train a model on a scene with wavelengths`,
    );
  const whole = card.data.bands;
  if (scene.bands.length === whole) return card.bands.map(({ index }, i) => index ?? i);
  const of = whole === undefined ? '' : `, or their scene of ${whole}`;
  if (scene.bands.length !== card.bands.length)
    throw new InferError(
      `${scene.name}: the model takes ${card.bands.length} bands (without wavelengths)${of}, the scene has ${scene.bands.length}; give a scene with the bands that the model was trained on`,
    );
  return scene.bands.map((_, i) => i);
}

/** The scene's bands that have a wavelength, by increasing wavelength. */
function sceneWavelengths(scene: MatchableScene): KnownBand[] {
  const known = scene.bands.flatMap(({ wavelength, fwhm }, index) =>
    wavelength === undefined ? [] : [{ index, wavelength, fwhm }],
  );
  if (known.length === 0)
    throw new InferError(
      `${scene.name}: the scene's bands have no wavelengths, so they cannot be matched to the model's; add them to the file (an ENVI header's 'wavelength', a GeoTIFF's CENTRAL_WAVELENGTH_UM)`,
    );
  return known.sort((a, b) => a.wavelength - b.wavelength || a.index - b.index);
}

/**
 * The scene band for each band of the model, by wavelength and never by position: nearest, one to one, within half the
 * model band's FWHM (else the scene band's, else `DEFAULT_FWHM`). A scene band flagged bad may be matched.
 * Where neither has wavelengths, bands are those of the training scene by index, or the band counts must agree. Throws InferError naming what is missing, or both sensors.
 */
export function matchBands(scene: MatchableScene, card: ModelCard): number[] {
  assertSameSensor(scene, card);
  const wavelengths = modelWavelengths(card);
  if (wavelengths === undefined) return matchByCount(scene, card);
  const offered = sceneWavelengths(scene);
  const order = wavelengths.map((_, m) => m).sort((a, b) => wavelengths[a]! - wavelengths[b]! || a - b);
  const partners = assignOnLine(
    Float64Array.from(order, (m) => wavelengths[m]!),
    Float64Array.from(offered, (band) => band.wavelength),
    (i, s) => (card.bands[order[i]!]!.fwhm ?? offered[s]!.fwhm ?? DEFAULT_FWHM) / 2,
  );
  const missing = order.filter((_, i) => partners[i] === -1);
  if (missing.length > 0)
    throw new InferError(
      `${scene.name}: no band within half a FWHM for ${missing.length} of the model's ${card.bands.length} bands (sensor ${card.sensor ?? 'not named'}): ${listWavelengths(missing.map((m) => wavelengths[m]!))}; give a scene of that sensor, or train a model for this one`,
      { remedy: 'resample' },
    );
  const matched = new Array<number>(order.length);
  for (const [i, m] of order.entries()) matched[m] = offered[partners[i]!]!.index;
  return matched;
}

/**
 * How to make the model's input from the scene's bands: by `matchBands`, or, with `resample`, by linear interpolation of
 * each spectrum to the model's wavelengths, whatever the sensor, from bands that are not flagged bad.
 * Throws InferError where the scene does not cover the model.
 */
export function planBands(scene: MatchableScene, card: ModelCard, options: { resample?: boolean } = {}): BandPlan {
  if (!options.resample) return { bands: matchBands(scene, card) };
  const wavelengths = modelWavelengths(card);
  if (wavelengths === undefined)
    throw new InferError(
      `${scene.name}: cannot resample to a model that was trained on bands without wavelengths; train it on a scene with wavelengths`,
    );
  const usable = sceneWavelengths(scene).filter(({ index }) => !scene.bands[index]!.bad);
  const { used, interpolation } = interpolate(
    usable.map((band) => band.wavelength),
    wavelengths,
    scene.name,
  );
  return { bands: used.map((i) => usable[i]!.index), interpolation };
}
