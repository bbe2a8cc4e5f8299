// Coordinate reference systems by their EPSG codes, as far as they can be written in a line of parameters.
import { RasterError } from './error.js';

/** From coordinates in one system to those in another: longitude or easting first, degrees or metres. */
export type Projection = (x: number, y: number) => readonly [x: number, y: number];

/** Longitude and latitude on WGS 84, which is what GeoJSON means unless it says otherwise. */
export const LONGITUDE_LATITUDE = 4326;

const ETRS89 = '+ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +no_defs';

/** Parameters in the words of PROJ; ETRS89 and NAD83 are taken as WGS 84, which is right to a metre or two. */
const SINGLE: Readonly<Record<number, string>> = {
  4326: '+proj=longlat +datum=WGS84 +no_defs',
  4258: '+proj=longlat +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +no_defs',
  4269: '+proj=longlat +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +no_defs',
  3857: '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
  3035: `+proj=laea +lat_0=52 +lon_0=10 +x_0=4321000 +y_0=3210000 ${ETRS89}`,
  3034: `+proj=lcc +lat_0=52 +lon_0=10 +lat_1=35 +lat_2=65 +x_0=4000000 +y_0=2800000 ${ETRS89}`,
  3031: '+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs',
  3413: '+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs',
};

const READABLE =
  '4326, 4258, 4269 (longitude and latitude), 3857, 3035, 3034, 3031, 3413 and UTM zones (326xx, 327xx, 258xx, 269xx)';

function definitionOf(epsg: number): string | undefined {
  const [family, zone] = [Math.floor(epsg / 100), epsg % 100];
  const utm = (most: number, rest: string) =>
    zone >= 1 && zone <= most ? `+proj=utm +zone=${zone} ${rest}` : undefined;
  if (family === 326) return utm(60, '+datum=WGS84 +units=m +no_defs');
  if (family === 327) return utm(60, '+south +datum=WGS84 +units=m +no_defs');
  if (family === 258) return zone >= 28 ? utm(38, ETRS89) : undefined;
  if (family === 269) return utm(23, ETRS89);
  return SINGLE[epsg];
}

function assertKnown(epsg: number, name: string): string {
  const definition = definitionOf(epsg);
  if (definition !== undefined) return definition;
  throw new RasterError(
    `${name}: EPSG:${epsg} is not among the reference systems that can be converted: ${READABLE}; convert it to one of them, with ogr2ogr or gdalwarp -t_srs EPSG:4326`,
    { path: name },
  );
}

/** True for systems whose coordinates are longitude and latitude in degrees. */
export const isDegrees = (epsg: number): boolean => definitionOf(epsg)?.startsWith('+proj=longlat') ?? false;

/** True for systems that are known and whose coordinates are metres on a map. */
export const isMetres = (epsg: number): boolean => definitionOf(epsg) !== undefined && !isDegrees(epsg);

/**
 * The projection from one EPSG code to another; undefined where they are the same. `name` is what speaks of the code `from`.
 * Rejects with RasterError where a code is not among those known.
 */
export async function projectionBetween(
  [from, to]: readonly [from: number, to: number],
  [name, target]: readonly [name: string, target: string],
): Promise<Projection | undefined> {
  if (from === to) return undefined;
  const [source, goal] = [assertKnown(from, name), assertKnown(to, target)];
  const { default: proj4 } = await import('proj4'); // large, and rarely needed
  const { forward } = proj4(source, goal);
  return (x, y) => {
    try {
      const [px, py] = forward([x, y]);
      return [px!, py!];
    } catch {
      return [Number.NaN, Number.NaN]; // coordinates that the system has no place for
    }
  };
}
