// Sensors by name, or from the file that defines one.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { decodeText } from './decode-text.js';
import { RasterError } from './error.js';
import { parseSensorDefinition, SENSORS, type SensorDefinition } from './sensors/index.js';
import { systemReason } from './system-reason.js';

/** A sensor by its id, in any case, or by the path of its definition. Rejects with RasterError where it is neither. */
export async function readSensor(id: string): Promise<SensorDefinition> {
  const known = SENSORS.find((sensor) => sensor.id === id.toLowerCase());
  if (known) return known;
  const bytes = await readFile(id).catch((cause: Error) => {
    const ids = SENSORS.map((sensor) => sensor.id).join(', ');
    throw new RasterError(
      `--sensor: ${basename(id)} is none of ${ids}, nor a file with a definition that can be read: ${systemReason(cause) ?? cause.message}`,
      { cause },
    );
  });
  return parseSensorDefinition(decodeText(bytes), id);
}
