// The bands that a library's spectra are seen by: a sensor's, or a scene's with its noise. Legend: B bands.
import { basename } from 'node:path';
import type { CardBand } from '@egunet/models/card';
import { openScene, readSensor } from '@egunet/raster/node';
import { usableSensorBands } from '@egunet/raster/sensors';
import { publicPath } from '@egunet/raster/url';
import { bandNoise, type RunFacts, usableBands } from '@egunet/train';
import { type Control, sceneAccess } from '../../support/control.js';
import { CommandError } from '../../support/errors.js';
import { pixelSize } from '../../support/ground.js';
import { note } from '../../support/output.js';
import { readSample } from '../prepare.js';
import { noteBands, noteSample } from '../prepare-notes.js';
import type { LibraryRequest } from './request.js';

/** What sees the library. */
export interface Target {
  /** What to call it. */
  readonly name: string;
  readonly sensor: string | null;
  /** All have a wavelength. */
  readonly bands: readonly (CardBand & { readonly wavelength: number; readonly index: number })[];
  readonly scene: RunFacts['scene'];
  /** Standard deviation of each band's noise, reflectance [B]; of a sensor alone unknown. */
  readonly noise?: Float64Array;
}

/** Throws CommandError where neither sensor nor scene say which bands there are. */
export async function readTarget(request: LibraryRequest, control: Control): Promise<Target> {
  const { scene, sensor } = request;
  if (scene !== undefined) return readScene({ ...request, scene }, control);
  if (sensor !== undefined) return readSensorTarget(sensor, request);
  throw new CommandError('a library is seen by a sensor: name it (--sensor), or a scene whose bands are taken');
}

/** The usable bands of a sensor by its id, or from the file that defines it. Throws CommandError where there is none. */
export async function readSensorTarget(id: string, { exclude }: Pick<LibraryRequest, 'exclude'>): Promise<Target> {
  const sensor = await readSensor(id);
  const bands = usableSensorBands({ ...sensor, badBands: [...sensor.badBands, ...exclude] }).map((index) => ({
    ...sensor.bands[index]!,
    index,
  }));
  if (bands.length === 0) throw new CommandError(`${sensor.name}: no band is left; exclude fewer`);
  note(
    `${sensor.name}: ${bands.length} of ${sensor.bands.length} bands, without those that are usually bad or left out`,
  );
  const all = sensor.bands.length;
  return {
    ...{ name: sensor.name, sensor: sensor.name, bands },
    scene: { name: sensor.name, rows: 0, cols: 0, pixelSize: null, bands: all },
  };
}

/** The noise of a scene's pixels [n, B]; of fewer pixels than bands nothing can be said. */
function noiseOf(pixels: Float32Array, bands: number): Pick<Target, 'noise'> {
  const count = pixels.length / bands;
  if (count > bands) return { noise: bandNoise(pixels, bands).noise.map(Math.sqrt) };
  note(`note: ${count} pixels are too few to estimate the noise of ${bands} bands; none is added (--noise)`);
  return {};
}

async function readScene(request: LibraryRequest & { readonly scene: string }, control: Control): Promise<Target> {
  const scene = await openScene(request.scene, request.open, sceneAccess(control));
  try {
    const { bands: used, dropped } = await usableBands(scene, { exclude: request.exclude, signal: control.signal });
    noteBands(dropped);
    const bands = used.flatMap((index) => {
      const { wavelength, fwhm = null } = scene.bands[index]!;
      return wavelength === undefined ? [] : [{ wavelength, fwhm, index }];
    });
    const name = basename(publicPath(request.scene));
    if (bands.length < used.length)
      throw new CommandError(
        `${name}: ${used.length - bands.length} of its ${used.length} bands have no wavelength, which a library needs; add them to the scene, or name its sensor (--sensor)`,
      );
    const sample = await readSample(scene, used, { request: { seed: request.seed }, control });
    noteSample(sample);
    const { rows, cols, sensor = null, georeference } = scene;
    return {
      ...{ name, sensor, bands },
      scene: { name, rows, cols, pixelSize: pixelSize(georeference) ?? null, bands: scene.bands.length },
      ...noiseOf(sample.pixels, used.length),
    };
  } finally {
    await scene.close();
  }
}
