// A sensor's definition as a user writes it.
import { refuse } from '../refuse.js';
import { cleanText } from '../text.js';
import { type SensorDefinition, usableSensorBands } from './definition.js';

/** No sensor of reflected sunlight has a centre below this in nm: such figures are micrometres. */
const LEAST_NANOMETRES = 100;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isPositive = (value: unknown): value is number => typeof value === 'number' && value > 0 && value < Infinity;

function readBands(value: unknown, name: string): SensorDefinition['bands'] {
  if (!Array.isArray(value) || value.length === 0)
    refuse(name, "'bands' should be a list of { wavelength, fwhm } in nm, one a band");
  const seen = new Map<number, number>();
  return value.map((band: unknown, b) => {
    const { wavelength, fwhm } = isRecord(band) ? band : ({} as Record<string, unknown>);
    if (!isPositive(wavelength) || !isPositive(fwhm))
      refuse(name, `band ${b + 1}: wavelength and fwhm should be positive numbers in nm`);
    if (wavelength < LEAST_NANOMETRES)
      refuse(name, `band ${b + 1}: a wavelength of ${wavelength} is no nm; write nm (0.55 um is 550)`);
    if (seen.has(wavelength))
      refuse(name, `bands ${seen.get(wavelength)! + 1} and ${b + 1} are both at ${wavelength} nm`);
    seen.set(wavelength, b);
    return { wavelength, fwhm };
  });
}

function readBadBands(value: unknown, name: string): SensorDefinition['badBands'] {
  if (value === undefined) return [];
  const isInterval = (pair: unknown): pair is [number, number] =>
    Array.isArray(pair) && pair.length === 2 && isPositive(pair[0]) && isPositive(pair[1]) && pair[0] <= pair[1];
  if (!Array.isArray(value) || !value.every(isInterval))
    refuse(name, "'badBands' should be a list of intervals [from, to] in nm, from <= to");
  return value;
}

/**
 * A definition from JSON: `{ "name", "bands": [{ "wavelength", "fwhm" }, ...], "badBands": [[from, to], ...], "source" }`, bands in the order of the scenes, in nm; the last two may be absent.
 * Throws RasterError naming what is wrong. `file` is for messages.
 */
export function parseSensorDefinition(text: string, file: string): SensorDefinition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(file, 'is not JSON; a sensor is { "name": ..., "bands": [{ "wavelength": nm, "fwhm": nm }, ...] }');
  }
  const {
    name: named,
    bands,
    badBands,
    source = '',
    ...others
  } = isRecord(value) ? value : ({} as Record<string, unknown>);
  const [unknown] = Object.keys(others).filter((key) => key !== 'id');
  if (unknown !== undefined)
    refuse(file, `'${unknown.slice(0, 20)}' is nothing that a sensor has; there are name, bands, badBands and source`);
  const name = typeof named === 'string' ? cleanText(named) : undefined;
  if (!name) refuse(file, "'name' should say what the sensor is called");
  if (typeof source !== 'string') refuse(file, "'source' should be text: where the figures come from");
  const sensor = { id: name, name, bands: readBands(bands, file), badBands: readBadBands(badBands, file), source };
  if (usableSensorBands(sensor).length === 0) refuse(file, "'badBands' leave no band; take some out");
  return sensor;
}
