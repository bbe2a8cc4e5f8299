// Reference systems that OpenLayers does not know by itself.
import { isDegrees } from '@egunet/raster';
import Projection from 'ol/proj/Projection.js';
import { addEquivalentProjections, get } from 'ol/proj.js';

/** Tells OpenLayers that a system has degrees: it would take them for metres. Those of ETRS89 and NAD83 are WGS 84's to a metre or two. */
export function learnDegrees(epsg: number | undefined): void {
  if (epsg === undefined || !isDegrees(epsg)) return;
  const code = `EPSG:${epsg}`;
  if (!get(code)) addEquivalentProjections([get('EPSG:4326')!, new Projection({ code, units: 'degrees' })]);
}
