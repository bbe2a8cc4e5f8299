import type { Georeference } from '@egunet/raster';

/** A scale bar below a map. */
export interface ScaleBar {
  /** Length on the ground, as a person reads it: `500 m`, `2 km`. */
  readonly label: string;
  /** Length as a share of the map's width. */
  readonly share: number;
}

/** EPSG codes of projected systems in metres that scenes come in: UTM on WGS 84, Web Mercator, LAEA Europe. */
const inMetres = (epsg: number): boolean =>
  (epsg > 32600 && epsg <= 32660) || (epsg > 32700 && epsg <= 32760) || epsg === 3857 || epsg === 3035;

/** A round length (1, 2 or 5 x 10^n m) of at most 40 % of a map `cols` pixels wide; none where the pixels' size in metres is unknown. */
export function scaleBar(georeference: Georeference | undefined, cols: number): ScaleBar | undefined {
  if (georeference?.epsg === undefined || !inMetres(georeference.epsg)) return undefined;
  const [a, , , d] = georeference.affine;
  const width = Math.hypot(a, d) * cols;
  if (!(width > 0)) return undefined;
  const power = 10 ** Math.floor(Math.log10(0.4 * width));
  const metres = ([5, 2, 1].find((digit) => digit * power <= 0.4 * width) ?? 1) * power;
  return { label: metres >= 1000 ? `${metres / 1000} km` : `${metres} m`, share: metres / width };
}
