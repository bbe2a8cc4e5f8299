import { AVIRIS_C } from './aviris-c.js';
import type { SensorDefinition } from './definition.js';
import { DESIS } from './desis.js';
import { EMIT } from './emit.js';
import { ENMAP } from './enmap.js';
import { LANDSAT_8, SENTINEL_2 } from './multispectral.js';
import { PRISMA } from './prisma.js';

export { type SensorDefinition, usableSensorBands } from './definition.js';
export { parseSensorDefinition } from './parse.js';

/** Sensors that are known by name. */
export const SENSORS: readonly SensorDefinition[] = [ENMAP, EMIT, PRISMA, DESIS, AVIRIS_C, SENTINEL_2, LANDSAT_8];
