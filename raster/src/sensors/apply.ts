// A sensor's bands given to a scene that does not say which it has.
import { describeScene } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import type { Scene } from '../scene.js';
import { type SensorDefinition, usableSensorBands } from './definition.js';

/** The scene with the bands of its sensor, in their order; a scene that states wavelengths is as it says. Throws RasterError where it has another number of bands. */
export function withSensor(scene: Scene, sensor: SensorDefinition): Scene {
  if (scene.bands.some(({ wavelength }) => wavelength !== undefined)) return scene;
  const { name, bands } = sensor;
  if (scene.bands.length !== bands.length)
    refuse(
      scene.name,
      `states no wavelengths and has ${scene.bands.length} bands, ${name} has ${bands.length}; give a definition of just these bands`,
    );
  const usable = new Set(usableSensorBands(sensor));
  return describeScene(scene, {
    sensor: scene.sensor ?? name,
    bands: scene.bands.map((band, b) => ({ ...band, ...bands[b]!, bad: band.bad || !usable.has(b) })),
  });
}
