// Polygons from GeoJSON (RFC 7946), and its former member `crs` (GeoJSON 2008), which GDAL and QGIS still write.
import { isDegrees, LONGITUDE_LATITUDE } from './crs.js';
import { refuse } from './refuse.js';

/** Coordinates of a closed line, one after the other: x, y, x, y ... */
export type Ring = Float64Array;

/** A part of the earth's surface: the union of polygons. */
export interface Area {
  /** What it was read from, as the user named it. */
  readonly name: string;
  /** EPSG code that the coordinates are in; the scene's own system when absent. */
  readonly epsg?: number;
  /** Rings of each polygon: what an odd number of them encloses is inside, so that holes are rings like others. */
  readonly polygons: readonly (readonly Ring[])[];
}

type Json = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** Far deeper than any real file; collections within collections are read by calls within calls. */
const MOST_DEPTH = 16;

function readRing(value: unknown, name: string): Ring {
  if (!Array.isArray(value) || value.length < 3)
    refuse(name, 'a polygon has a ring of less than 3 positions; draw it again');
  const ring = new Float64Array(value.length * 2);
  for (const [i, position] of value.entries()) {
    const [x, y] = Array.isArray(position) ? position : [];
    if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y))
      refuse(name, `a position is ${JSON.stringify(position)?.slice(0, 60)}, expected [x, y] in numbers; correct it`);
    ring.set([x, y], 2 * i);
  }
  return ring;
}

function readPolygon(coordinates: unknown, name: string): Ring[] {
  if (!Array.isArray(coordinates)) refuse(name, "a polygon has no 'coordinates'; write the file again");
  return coordinates.map((ring) => readRing(ring, name));
}

/** The polygons of an object, whatever it is wrapped in. */
function polygonsOf(value: unknown, name: string, depth = 0): Ring[][] {
  const type = isObject(value) ? value.type : undefined;
  if (!isObject(value) || typeof type !== 'string') refuse(name, "an object without a 'type'; give a GeoJSON file");
  if (depth > MOST_DEPTH) refuse(name, `collections lie within each other more than ${MOST_DEPTH} deep; flatten them`);
  const all = (members: unknown): Ring[][] =>
    Array.isArray(members)
      ? members.flatMap((member) => polygonsOf(member, name, depth + 1))
      : refuse(name, `a ${type} has no list of members; write the file again`);
  if (type === 'FeatureCollection') return all(value.features);
  if (type === 'GeometryCollection') return all(value.geometries);
  if (type === 'Feature') return value.geometry === null ? [] : polygonsOf(value.geometry, name, depth + 1);
  if (type === 'Polygon') return [readPolygon(value.coordinates, name)];
  if (type === 'MultiPolygon' && Array.isArray(value.coordinates))
    return value.coordinates.map((polygon) => readPolygon(polygon, name));
  return refuse(name, `holds a ${type.slice(0, 40)}, which has no area; give Polygon or MultiPolygon`);
}

/** The code of the former member `crs`: `urn:ogc:def:crs:EPSG::32633`, `EPSG:32633`, `urn:ogc:def:crs:OGC:1.3:CRS84`. */
function epsgOf({ crs }: Json, name: string): number {
  if (crs === undefined || crs === null) return LONGITUDE_LATITUDE;
  const properties = isObject(crs) && isObject(crs.properties) ? crs.properties : {};
  const text = typeof properties.name === 'string' ? properties.name : '';
  if (/CRS84$/i.test(text)) return LONGITUDE_LATITUDE;
  const code = /EPSG:(?:[\d.]*:)?(\d+)$/i.exec(text)?.[1];
  if (code === undefined)
    refuse(
      name,
      `its 'crs' is ${(text || JSON.stringify(crs)).slice(0, 80)}, expected EPSG:N; convert it with ogr2ogr -t_srs EPSG:4326`,
    );
  return Number(code);
}

/** Throws where longitudes and latitudes are none: a file in metres that does not say so. */
function assertDegrees({ epsg, polygons, name }: Area): void {
  if (epsg === undefined || !isDegrees(epsg)) return;
  for (const ring of polygons.flat())
    for (let i = 0; i < ring.length; i += 2)
      if (Math.abs(ring[i]!) > 360 || Math.abs(ring[i + 1]!) > 90)
        refuse(
          name,
          `${ring[i]}, ${ring[i + 1]} is no longitude and latitude; GeoJSON in another system says so in its 'crs' (ogr2ogr -t_srs EPSG:4326 converts it)`,
        );
}

/**
 * The area of a GeoJSON text: the union of its polygons, in longitude and latitude on WGS 84 (also where its `crs` names EPSG:4326: longitude
 * first) unless its `crs` says otherwise. Throws RasterError where it is no GeoJSON, or holds anything but polygons, or none.
 */
export function parseArea(text: string, name: string): Area {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    refuse(name, `is not GeoJSON: ${(cause as Error).message}; convert it with ogr2ogr -f GeoJSON`, cause);
  }
  const polygons = polygonsOf(value, name).filter((rings) => rings.length > 0);
  if (polygons.length === 0) refuse(name, 'holds no polygon; give the area as Polygon or MultiPolygon');
  const area = { name, epsg: epsgOf(value as Json, name), polygons };
  assertDegrees(area);
  return area;
}
