// How much ground a pixel covers. Legend: phi latitude, lambda longitude, radians; y of the world's Mercator map in metres.
import { isDegrees, isMetres } from './crs.js';
import type { Georeference } from './scene.js';
import { GEO_KEY } from './tiff/tags.js';

/** WGS 84; the ellipsoid of ETRS89 and NAD83 differs from it by less than a part in 10^10. */
const SEMI_MAJOR = 6378137;
const FLATTENING = 1 / 298.257223563;
const E2 = FLATTENING * (2 - FLATTENING);
const E = Math.sqrt(E2);

/** The world's Mercator map of web pages: its scale grows towards the poles. */
const WEB_MERCATOR = 3857;

/** Metres of the units that GeoTIFF's key ProjLinearUnits may name: EPSG's metre, foot and US survey foot. */
const METRES: Readonly<Record<number, number>> = { 9001: 1, 9002: 0.3048, 9003: 1200 / 3937 };
const LINEAR_UNITS = 3076;
const [PROJECTED, GEOGRAPHIC] = [1, 2];

export interface PixelArea {
  /** `map`: the area on the map, whose scale is taken as true; `ellipsoid`: on the ground, by latitude. */
  readonly on: 'map' | 'ellipsoid';
  /** Of a pixel of this row, m². */
  of(row: number): number;
}

/** Area between the equator and a latitude, m² for each radian of longitude (J. P. Snyder, Map Projections: A Working Manual, 1987, eq. 3-12). */
function beltArea(phi: number): number {
  const s = Math.sin(phi);
  const q = (1 - E2) * (s / (1 - E2 * s * s) + Math.atanh(E * s) / E);
  return (SEMI_MAJOR ** 2 * q) / 2;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Pixels whose edges are meridians and parallels. */
function onEllipsoid(
  [a, , , , e, f]: Georeference['affine'],
  { phi, lambda }: { phi(y: number): number; lambda: number },
): PixelArea {
  return {
    on: 'ellipsoid',
    of: (row) => Math.abs(a) * lambda * Math.abs(beltArea(phi(f + row * e)) - beltArea(phi(f + (row + 1) * e))),
  };
}

/** A key of GeoTIFF whose value is in the directory itself. */
function geoKey({ geoKeys }: Georeference, key: number): number | undefined {
  const directory = geoKeys?.directory ?? [];
  for (let i = 4; i + 3 < directory.length; i += 4)
    if (directory[i] === key && directory[i + 1] === 0) return directory[i + 3];
  return undefined;
}

/** Metres of a projected system's unit; undefined where it is not known. Every projected system that is known by its code has metres. */
function metresOf(georeference: Georeference, known: boolean): number | undefined {
  if (known) return 1;
  const unit = geoKey(georeference, LINEAR_UNITS);
  return geoKey(georeference, GEO_KEY.modelType) === PROJECTED && unit !== undefined ? METRES[unit] : undefined;
}

/**
 * The area of an image's pixels. Undefined where it cannot be known: without a reference system or its unit, or where rows do not follow parallels
 * in a system of degrees.
 */
export function pixelArea(georeference: Georeference): PixelArea | undefined {
  const { affine, epsg } = georeference;
  const [a, b, , d, e] = affine;
  const straight = b === 0 && d === 0;
  if (epsg === WEB_MERCATOR)
    return straight
      ? onEllipsoid(affine, { phi: (y) => Math.atan(Math.sinh(y / SEMI_MAJOR)), lambda: 1 / SEMI_MAJOR })
      : undefined;
  const degrees = epsg === undefined ? geoKey(georeference, GEO_KEY.modelType) === GEOGRAPHIC : isDegrees(epsg);
  if (degrees) return straight ? onEllipsoid(affine, { phi: radians, lambda: radians(1) }) : undefined;
  const metres = metresOf(georeference, epsg !== undefined && isMetres(epsg));
  if (metres === undefined) return undefined;
  const area = Math.abs(a * e - b * d) * metres ** 2;
  return { on: 'map', of: () => area };
}
