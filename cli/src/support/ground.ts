import type { Georeference } from '@egunet/raster';

/** EPSG codes of projected systems in metres that scenes come in: UTM on WGS 84, Web Mercator, LAEA Europe. */
const inMetres = (epsg: number): boolean =>
  (epsg > 32600 && epsg <= 32660) || (epsg > 32700 && epsg <= 32760) || epsg === 3857 || epsg === 3035;

/** Width of a pixel in metres, or undefined where the georeference does not tell. */
export function pixelSize(georeference: Georeference | undefined): number | undefined {
  if (georeference?.epsg === undefined || !inMetres(georeference.epsg)) return undefined;
  const [a, , , d] = georeference.affine;
  const size = Math.hypot(a, d);
  return size > 0 ? size : undefined;
}
