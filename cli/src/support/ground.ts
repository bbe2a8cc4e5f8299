import type { Georeference } from '@egunet/raster';

/**
 * EPSG codes of projected systems whose metres are the ground's within a few percent: UTM on WGS 84 and ETRS89, LAEA Europe.
 * Web Mercator is none: away from the equator its metres are longer than the ground's.
 */
const inMetres = (epsg: number): boolean =>
  (epsg > 32600 && epsg <= 32660) ||
  (epsg > 32700 && epsg <= 32760) ||
  (epsg >= 25828 && epsg <= 25838) ||
  epsg === 3035;

/** EPSG's range of geographic systems. */
const inDegrees = (epsg: number): boolean => epsg >= 4000 && epsg < 5000;

/** Unit of a georeference's coordinates; undefined where it does not tell. */
export function groundUnit({ epsg }: Georeference): 'm' | '\u00b0' | undefined {
  if (epsg === undefined) return undefined;
  return inMetres(epsg) ? 'm' : inDegrees(epsg) ? '\u00b0' : undefined;
}

/** Width of a pixel in metres, or undefined where the georeference does not tell. */
export function pixelSize(georeference: Georeference | undefined): number | undefined {
  if (!georeference || groundUnit(georeference) !== 'm') return undefined;
  const [a, , , d] = georeference.affine;
  const size = Math.hypot(a, d);
  return size > 0 ? size : undefined;
}
