// Several scenes on one grid. Legend: col and row count pixels of the first scene's grid from its upper left corner.
import { type Grid, toPixels } from './area.js';
import { refuse } from './refuse.js';
import { type GeoKeys, type Georeference, toGround, type Window } from './scene.js';
import { CITATION_KEYS, GEO_KEY } from './tiff/tags.js';

/** The grid that holds every one of some scenes. */
export interface MosaicGrid {
  readonly rows: number;
  readonly cols: number;
  /** The first scene's, with the corner of the whole. */
  readonly georeference: Georeference;
  /** Where each scene lies in it, in their order. */
  readonly places: readonly Window[];
}

interface Placed extends Grid {
  readonly georeference: Georeference;
}

/** No pixel of a scene may lie further than this from one of the grid, in pixels. */
const TOLERANCE = 1e-3;

/** Rows or columns of a map at most. */
const MOST_SIDE = 2 ** 31;

/** The same grid, counted from another pixel's corner. */
export function shiftTo(georeference: Georeference, { row, col }: Pick<Window, 'row' | 'col'>): Georeference {
  const [a, b, c, d, e, f] = georeference.affine;
  return { ...georeference, affine: [a, b, c + a * col + b * row, d, e, f + d * col + e * row] };
}

/** The numbers of a key directory that say which reference system it is: neither where in a pixel its corner lies nor what it is called. */
function numbersOf({ directory, doubles = [] }: GeoKeys): string {
  const keys: [key: number, values: readonly number[]][] = [];
  for (let i = 4; i + 3 < directory.length; i += 4) {
    const [key, location, count, value] = directory.slice(i, i + 4) as [number, number, number, number];
    if (key === GEO_KEY.rasterType || CITATION_KEYS.includes(key)) continue;
    keys.push([key, location === 0 ? [value] : doubles.slice(value, value + count)]);
  }
  return JSON.stringify(keys.sort(([a], [b]) => a - b));
}

function isSameSystem(a: Georeference, b: Georeference): boolean {
  if (a.epsg !== undefined || b.epsg !== undefined) return a.epsg === b.epsg;
  return (a.geoKeys && numbersOf(a.geoKeys)) === (b.geoKeys && numbersOf(b.geoKeys));
}

const systemOf = ({ epsg, geoKeys }: Georeference): string =>
  epsg !== undefined ? `EPSG:${epsg}` : `${geoKeys ? 'a' : 'no'} reference system without an EPSG code`;

const isUpright = ({ affine: [a, b, , d, e] }: Georeference): boolean => b === 0 && d === 0 && a > 0 && e < 0;

/** `30 x 30`; with the whole matrix where the axes are not those of a map. */
function pixelOf(georeference: Georeference): string {
  const [a, b, , d, e] = georeference.affine;
  return isUpright(georeference) ? `${a} x ${-e}` : `the matrix [${[a, b, d, e].join(', ')}]`;
}

/** The words of gdalwarp that bring a scene to the grid of the first one: with its bounds where they are known, and are not whole pixels from 0. */
function warpTo({ georeference }: Placed, scene: Placed): string {
  if (!isUpright(georeference)) return 'bring all scenes to one upright grid with gdalwarp -tr W H -tap IN OUT';
  const [a, , c, , e, f] = georeference.affine;
  const isWhole = (value: number, size: number) => Math.abs(value / size - Math.round(value / size)) <= TOLERANCE;
  const target = georeference.epsg === undefined ? '' : ` -t_srs EPSG:${georeference.epsg}`;
  const aligned = isWhole(c, a) && isWhole(f, e);
  if (!aligned && !isSameSystem(georeference, scene.georeference))
    return `bring it there with gdalwarp${target} -tr ${a} ${-e} -te XMIN YMIN XMAX YMAX IN OUT, bounds a whole number of pixels from ${c}, ${f}`;
  return `bring it there with gdalwarp${target} -tr ${a} ${-e} ${aligned ? '-tap' : `-te ${boundsOf(georeference, scene).join(' ')}`} IN OUT`;
}

/** XMIN, YMIN, XMAX, YMAX of the pixels of an upright grid that hold a scene. */
function boundsOf(grid: Georeference, scene: Placed): number[] {
  const corners = cornersOf(scene, grid);
  const [cols, rows] = [corners.map(([col]) => col), corners.map(([, row]) => row)];
  const [a, , c, , e, f] = grid.affine;
  const out = (value: number, round: (value: number) => number) => round(Math.round(value / TOLERANCE) * TOLERANCE);
  return [
    c + a * out(Math.min(...cols), Math.floor),
    f + e * out(Math.max(...rows), Math.ceil),
    c + a * out(Math.max(...cols), Math.ceil),
    f + e * out(Math.min(...rows), Math.floor),
  ];
}

/** The upper left, upper right, lower left and lower right corner of a scene, as col and row of a grid. */
function cornersOf({ rows, cols, georeference }: Placed, grid: Georeference) {
  const place = toPixels(grid, undefined);
  const corner = (col: number, row: number) => place(...toGround(georeference.affine, { row, col }));
  return [corner(0, 0), corner(cols, 0), corner(0, rows), corner(cols, rows)] as const;
}

/** Where a scene lies, counted from the first one's corner; throws where its pixels are not pixels of that one's grid. */
function placeOn(first: Placed, scene: Placed): Window {
  const { name, rows, cols } = scene;
  if (!isSameSystem(first.georeference, scene.georeference))
    refuse(
      name,
      `lies in ${systemOf(scene.georeference)}, expected ${systemOf(first.georeference)} as ${first.name}; ${warpTo(first, scene)}`,
    );
  const [origin, ...others] = cornersOf(scene, first.georeference);
  const sides = [[cols, 0], [0, rows], [cols, rows]] as const; // biome-ignore format: one list
  const stretched = others.some(([col, row], i) =>
    [col - origin[0] - sides[i]![0], row - origin[1] - sides[i]![1]].some((off) => !(Math.abs(off) <= TOLERANCE)),
  );
  if (stretched)
    refuse(
      name,
      `has pixels of ${pixelOf(scene.georeference)}, expected ${pixelOf(first.georeference)} as ${first.name}; ${warpTo(first, scene)}`,
    );
  const [col, row] = origin.map(Math.round) as [number, number];
  const off = [origin[0] - col, origin[1] - row] as const;
  if (off.some((part) => !(Math.abs(part) <= TOLERANCE)))
    refuse(
      name,
      `lies ${shown(off[0])} columns and ${shown(off[1])} rows off the pixels of ${first.name}, expected whole pixels; ${warpTo(first, scene)}`,
    );
  return { row: row + 0, col: col + 0, rows, cols }; // 0 for -0
}

const shown = (part: number): string => String(Number(Math.abs(part).toFixed(4)));

function assertPlaced(scene: Grid): asserts scene is Placed {
  if (!scene.georeference)
    refuse(
      scene.name,
      'has no georeference, so it has no place beside other scenes; add one with gdal_edit.py -a_ullr',
    );
}

/**
 * The grid of several scenes: in one reference system, with one pixel size and direction of axes (the first scene's; it may be rotated), whole pixels
 * apart within a thousandth of a pixel. Throws RasterError, which says which scene differs and how to mend it, where they are not, or lie
 * further apart than a map can reach.
 */
export function joinGrids(scenes: readonly Grid[]): MosaicGrid {
  const [first] = scenes;
  if (!first) throw new RangeError('no scene');
  assertPlaced(first);
  let [top, left, bottom, right] = [0, 0, first.rows, first.cols];
  const places = scenes.map((scene) => {
    assertPlaced(scene);
    const place = placeOn(first, scene);
    [top, left] = [Math.min(top, place.row), Math.min(left, place.col)];
    [bottom, right] = [Math.max(bottom, place.row + place.rows), Math.max(right, place.col + place.cols)];
    if (!(bottom - top <= MOST_SIDE && right - left <= MOST_SIDE))
      refuse(
        scene.name,
        `lies ${place.row} rows and ${place.col} columns from ${first.name}: a map of all would have ${bottom - top} rows x ${right - left} columns, more than ${MOST_SIDE}; unmix it by itself`,
      );
    return place;
  });
  return {
    rows: bottom - top,
    cols: right - left,
    georeference: shiftTo(first.georeference, { row: top, col: left }),
    places: places.map((place) => ({ ...place, row: place.row - top, col: place.col - left })),
  };
}
