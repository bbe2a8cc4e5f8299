import { type EnviFields, listField, textField } from './envi-header.js';
import { refuse } from './refuse.js';
import type { Georeference } from './scene.js';

/** `units=Meters` and `rotation=20` among the items of a map info. */
function optionOf(items: readonly string[], key: string): string | undefined {
  const item = items.find((text) => text.toLowerCase().replace(/\s/g, '').startsWith(`${key}=`));
  return item?.slice(item.indexOf('=') + 1).trim();
}

const isWgs84 = (datum: string | undefined): boolean => /^wgs[-_ ]?(19)?84$/i.test(datum ?? '');

/** EPSG code of a UTM zone on WGS 84. */
const utmEpsg = (zone: number, south: boolean): number | undefined =>
  Number.isInteger(zone) && zone >= 1 && zone <= 60 ? (south ? 32700 : 32600) + zone : undefined;

/** EPSG code by the map info's own words: UTM or geographic, both on WGS 84. */
function epsgOfMapInfo(items: readonly string[]): number | undefined {
  const projection = items[0]?.toLowerCase() ?? '';
  if (projection === 'utm' && isWgs84(items[9])) return utmEpsg(Number(items[7]), /^s/i.test(items[8] ?? ''));
  if (projection.startsWith('geographic') && isWgs84(items[7])) return 4326;
  return undefined;
}

/** EPSG code of a coordinate system string: the authority of its outermost part, or the UTM zone that its name gives. */
function epsgOfWkt(wkt: string): number | undefined {
  const authority = /(?:AUTHORITY|ID)\["EPSG",\s*"?(\d+)"?\]\s*\]\s*$/i.exec(wkt);
  if (authority) return Number(authority[1]);
  const zone = /^PROJC(?:S|RS)\["WGS[_ ](?:19)?84[_ ]*\/?[_ ]*UTM[_ ]zone[_ ](\d+)([NS])"/i.exec(wkt);
  if (zone) return utmEpsg(Number(zone[1]), zone[2]!.toUpperCase() === 'S');
  return /^GEOGC(?:S|RS)\["(?:GCS_)?WGS[_ ](?:19)?84"/i.test(wkt) ? 4326 : undefined;
}

/**
 * Where the pixels lie: `map info` = {projection, reference column and row (1 = left/upper edge of the first pixel), their x and y, pixel width and height,
 * [UTM zone, hemisphere,] datum, units=..., rotation=degrees}. A rotation turns the axes about the reference pixel, in the sense in which GDAL reads it. Undefined where the header has none.
 */
export function enviGeoreference(fields: EnviFields): Georeference | undefined {
  const items = listField(fields, 'map info');
  if (!items || items.length === 0) return undefined;
  const numbers = items.slice(1, 7).map(Number);
  const degrees = Number(optionOf(items, 'rotation') ?? 0);
  if (numbers.length < 6 || ![...numbers, degrees].every(Number.isFinite))
    refuse(fields.name, `'map info' should hold a projection and six numbers, got '${items.join(', ').slice(0, 80)}'`);
  const [refCol, refRow, x, y, width, height] = numbers as [number, number, number, number, number, number];
  const cos = Math.cos((degrees * Math.PI) / 180);
  const sin = degrees === 0 ? 0 : Math.sin((degrees * Math.PI) / 180);
  const [a, b, d, e] = [cos * width, sin * width, sin * height, -cos * height];
  const [dc, dr] = [refCol - 1, refRow - 1];
  const epsg = epsgOfWkt(textField(fields, 'coordinate system string') ?? '') ?? epsgOfMapInfo(items);
  return { affine: [a, b, x - a * dc - b * dr, d, e, y - d * dc - e * dr], ...(epsg !== undefined && { epsg }) };
}
