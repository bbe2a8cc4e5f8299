// Where a GeoTIFF's pixels lie (OGC GeoTIFF 1.1, sections 7.1 and B.6): read and written so that nothing is lost.
import { refuse } from '../refuse.js';
import { type GeoKeys, type Georeference, isNorthUp } from '../scene.js';
import type { Ifd } from './ifd.js';
import { GEO_KEY, TAG } from './tags.js';

type Affine = Georeference['affine'];

const USER_DEFINED = 32767;
const MODEL_PROJECTED = 1;
const MODEL_GEOGRAPHIC = 2;
const PIXEL_IS_AREA = 1;
const PIXEL_IS_POINT = 2;

/** The value of a key that stands in the directory itself. */
function shortKey(directory: readonly number[], wanted: number): number | undefined {
  for (let i = 4; i + 3 < directory.length; i += 4)
    if (directory[i] === wanted && directory[i + 1] === 0) return directory[i + 3];
  return undefined;
}

/** Moves the affine's origin by a part of a pixel. */
const shift = ([a, b, c, d, e, f]: Affine, pixels: number): Affine => [
  a,
  b,
  c + (a + b) * pixels,
  d,
  e,
  f + (d + e) * pixels,
];

const isPoint = (keys: GeoKeys | undefined): boolean =>
  keys !== undefined && shortKey(keys.directory, GEO_KEY.rasterType) === PIXEL_IS_POINT;

async function readGeoKeys(ifd: Ifd): Promise<GeoKeys | undefined> {
  const directory = await ifd.numbers(TAG.geoKeys);
  if (!directory) return undefined;
  const doubles = await ifd.numbers(TAG.geoDoubles);
  const ascii = await ifd.text(TAG.geoAscii);
  return {
    directory: [...directory],
    ...(doubles && { doubles: [...doubles] }),
    ...(ascii !== undefined && { ascii }),
  };
}

async function readAffine(ifd: Ifd): Promise<Affine | undefined> {
  const matrix = await ifd.numbers(TAG.transformation);
  if (matrix && matrix.length >= 8) {
    const [a, b, , c, d, e, , f] = matrix;
    return [a!, b!, c!, d!, e!, f!];
  }
  const scale = await ifd.numbers(TAG.pixelScale);
  const tie = await ifd.numbers(TAG.tiepoint);
  if (!scale || scale.length < 2 || !tie || tie.length < 6) return undefined;
  const [col, row, , x, y] = tie;
  const [width, height] = [scale[0]!, Math.abs(scale[1]!)];
  return [width, 0, x! - col! * width, 0, -height, y! + row! * height];
}

function epsgOf(keys: GeoKeys): number | undefined {
  const model = shortKey(keys.directory, GEO_KEY.modelType);
  const key = model === MODEL_GEOGRAPHIC ? GEO_KEY.geographicType : GEO_KEY.projectedType;
  const epsg = shortKey(keys.directory, key);
  return epsg === undefined || epsg === 0 || epsg === USER_DEFINED ? undefined : epsg;
}

/** The georeference of an image; undefined where it has none that is affine. */
export async function readGeoreference(ifd: Ifd): Promise<Georeference | undefined> {
  const affine = await readAffine(ifd);
  if (!affine) return undefined;
  const determinant = affine[0] * affine[4] - affine[1] * affine[3];
  if (!affine.every(Number.isFinite) || determinant === 0)
    refuse(ifd.name, `its georeference [${affine}] maps no area; correct it with gdal_edit.py -a_ullr`);
  const geoKeys = await readGeoKeys(ifd);
  const epsg = geoKeys && epsgOf(geoKeys);
  return {
    affine: isPoint(geoKeys) ? shift(affine, -0.5) : affine,
    ...(epsg !== undefined && { epsg }),
    ...(geoKeys && { geoKeys }),
  };
}

/** The georeference of the same ground at another size. */
export function scaleGeoreference(
  { affine: [a, b, c, d, e, f], ...crs }: Georeference,
  from: { readonly rows: number; readonly cols: number },
  to: { readonly rows: number; readonly cols: number },
): Georeference {
  const [x, y] = [from.cols / to.cols, from.rows / to.rows];
  return { affine: [a * x, b * y, c, d * x, e * y, f], ...crs };
}

/** The georeferencing tags of an image. */
export interface GeoTags {
  readonly pixelScale?: readonly number[];
  readonly tiepoint?: readonly number[];
  readonly transformation?: readonly number[];
  readonly geoKeys?: GeoKeys;
}

/** EPSG's range of geographic 2D systems, and the ones of later datums outside it. */
const isGeographic = (epsg: number): boolean =>
  (epsg >= 4000 && epsg < 5000) || [6318, 6668, 6706, 7844, 8232, 8252, 9059].includes(epsg);

function keysOfEpsg(epsg: number, name: string): GeoKeys {
  if (!Number.isInteger(epsg) || epsg < 1024 || epsg >= USER_DEFINED)
    refuse(
      name,
      `EPSG code ${epsg} cannot stand in a GeoTIFF, expected 1024..32766; give the source's geoKeys instead`,
    );
  const geographic = isGeographic(epsg);
  const keys = [
    [GEO_KEY.modelType, 0, 1, geographic ? MODEL_GEOGRAPHIC : MODEL_PROJECTED],
    [GEO_KEY.rasterType, 0, 1, PIXEL_IS_AREA],
    [geographic ? GEO_KEY.geographicType : GEO_KEY.projectedType, 0, 1, epsg],
  ];
  return { directory: [1, 1, 0, keys.length, ...keys.flat()] };
}

/** The tags that say `georeference`: its own key directory unchanged, else one made from its EPSG code. */
export function toGeoTags({ affine, epsg, geoKeys }: Georeference, name: string): GeoTags {
  if (affine.length !== 6 || !affine.every(Number.isFinite))
    refuse(name, `the affine [${affine}] should be six finite numbers; correct the georeference`);
  const keys = geoKeys ?? (epsg === undefined ? undefined : keysOfEpsg(epsg, name));
  const corner = isPoint(keys) ? shift(affine, 0.5) : affine;
  const [a, b, c, d, e, f] = corner;
  return {
    ...(isNorthUp(corner)
      ? { pixelScale: [a, -e, 0], tiepoint: [0, 0, 0, c, f, 0] }
      : { transformation: [a, b, 0, c, d, e, 0, f, 0, 0, 0, 0, 0, 0, 0, 1] }),
    ...(keys && { geoKeys: keys }),
  };
}
