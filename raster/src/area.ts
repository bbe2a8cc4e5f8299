// Which pixels of a scene an area covers. Legend: N pixels of a window; col and row count pixels from the scene's upper left corner,
// where pixel centres lie at halves.

import { type Projection, projectionBetween } from './crs.js';
import { RasterError } from './error.js';
import type { Area, Ring } from './geojson.js';
import { refuse } from './refuse.js';
import type { Georeference, Scene, Window } from './scene.js';

/** An area on the grid of a scene. */
export interface PlacedArea {
  /** The smallest window with all pixels whose centre may lie inside. */
  readonly window: Window;
  /** [N], 1 where the pixel's centre lies outside. A centre on an edge belongs to one of the two sides, as GDAL has it. */
  outside(window: Window): Uint8Array;
}

/** What of a scene an area is placed on. */
export type Grid = Pick<Scene, 'name' | 'rows' | 'cols' | 'georeference'>;

/** An edge that is straight in one system is curved in another: it is divided until it is off by less than this, in pixels. */
const STRAIGHT = 0.05;
const MOST_DIVISIONS = 16;

type Point = readonly [col: number, row: number];

/** From coordinates to col and row. */
export function toPixels({ affine: [a, b, c, d, e, f] }: Georeference, projection: Projection | undefined) {
  const determinant = a * e - b * d;
  return (x: number, y: number): Point => {
    const [px, py] = projection ? projection(x, y) : [x, y];
    return [(e * (px - c) - b * (py - f)) / determinant, (a * (py - f) - d * (px - c)) / determinant];
  };
}

interface Edge {
  readonly from: Point;
  readonly to: Point;
}

/** Appends the corners of an edge in pixels, its first one left out. */
function divide(ground: Edge, drawn: Edge, { place, into, depth }: Drawing): void {
  const middle: Point = [(ground.from[0] + ground.to[0]) / 2, (ground.from[1] + ground.to[1]) / 2];
  const bent = place(...middle);
  const off = Math.hypot(bent[0] - (drawn.from[0] + drawn.to[0]) / 2, bent[1] - (drawn.from[1] + drawn.to[1]) / 2);
  if (!(off > STRAIGHT) || depth === MOST_DIVISIONS) {
    into.push(...drawn.to);
    return;
  }
  const next = { place, into, depth: depth + 1 };
  divide({ from: ground.from, to: middle }, { from: drawn.from, to: bent }, next);
  divide({ from: middle, to: ground.to }, { from: bent, to: drawn.to }, next);
}

interface Drawing {
  readonly place: (x: number, y: number) => Point;
  /** col, row, col, row ... */
  readonly into: number[];
  readonly depth: number;
}

/** A ring in pixels, closed. */
function drawRing(ring: Ring, place: (x: number, y: number) => Point, { area, scene }: { area: string; scene: Grid }) {
  const into: number[] = [];
  const corners = ring.length / 2;
  let from: Point = [ring[0]!, ring[1]!];
  let drawn = place(...from);
  into.push(...drawn);
  for (let i = 1; i <= corners; i++) {
    const at = 2 * (i % corners);
    const to: Point = [ring[at]!, ring[at + 1]!];
    const end = place(...to);
    if (!end.every(Number.isFinite))
      refuse(
        area,
        `the corner ${to[0]}, ${to[1]} has no place in EPSG:${scene.georeference?.epsg} of ${scene.name}; cut the area to the surroundings of the scene`,
      );
    divide({ from, to }, { from: drawn, to: end }, { place, into, depth: 0 });
    [from, drawn] = [to, end];
  }
  return Float64Array.from(into);
}

/** Crossings of the rings with the lines through the pixel centres of each row of a window: columns. */
function crossingsOf(rings: readonly Ring[], { row, rows }: Window): number[][] {
  const crossings: number[][] = Array.from({ length: rows }, () => []);
  for (const ring of rings)
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const [x0, y0, x1, y1] = [ring[i]!, ring[i + 1]!, ring[i + 2]!, ring[i + 3]!];
      const first = Math.max(0, Math.ceil(Math.min(y0, y1) - 0.5) - row);
      const end = Math.min(rows, Math.ceil(Math.max(y0, y1) - 0.5) - row);
      for (let r = first; r < end; r++) {
        const y = row + r + 0.5;
        crossings[r]!.push(x0 + ((y - y0) * (x1 - x0)) / (y1 - y0));
      }
    }
  return crossings;
}

/** The first column whose centre lies to the right of `x`. */
const firstAfter = (x: number): number => Math.floor(x - 0.5) + 1;

/** Sets 0 where a pixel's centre lies inside the rings. */
function clearInside(outside: Uint8Array, rings: readonly Ring[], window: Window): void {
  for (const [r, columns] of crossingsOf(rings, window).entries()) {
    columns.sort((a, b) => a - b);
    for (let i = 0; i + 1 < columns.length; i += 2) {
      const from = Math.max(0, firstAfter(columns[i]!) - window.col);
      const end = Math.min(window.cols, firstAfter(columns[i + 1]!) - window.col);
      if (from < end) outside.fill(0, r * window.cols + from, r * window.cols + end);
    }
  }
}

/** An area lies beside a scene. */
export class OutsideError extends RasterError {}

/** The window with the centres inside the bounds of all rings; throws where the scene has none of them. */
function windowOf(rings: readonly Ring[], area: string, scene: Grid): Window {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const ring of rings)
    for (let i = 0; i < ring.length; i += 2) {
      [left, right] = [Math.min(left, ring[i]!), Math.max(right, ring[i]!)];
      [top, bottom] = [Math.min(top, ring[i + 1]!), Math.max(bottom, ring[i + 1]!)];
    }
  const row = Math.max(0, Math.ceil(top - 0.5));
  const col = Math.max(0, firstAfter(left));
  const rows = Math.min(scene.rows, Math.ceil(bottom - 0.5)) - row;
  const cols = Math.min(scene.cols, firstAfter(right)) - col;
  const shown = (from: number, to: number) => `${Number(from.toFixed(1))} to ${Number(to.toFixed(1))}`;
  if (rows < 1 || cols < 1)
    throw new OutsideError(
      `${area}: covers no pixel centre of ${scene.name}: it spans rows ${shown(top, bottom)} and columns ${shown(left, right)} of its grid, which has ${scene.rows} rows x ${scene.cols} columns; give an area inside the scene, in the reference system that it states`,
      { path: area },
    );
  return { row, col, rows, cols };
}

/** A bounding box as an area: its corners, in the order XMIN, YMIN, XMAX, YMAX. Throws RasterError where the first ones are not the smaller. */
export function boxArea(box: readonly [number, number, number, number], epsg: number | undefined): Area {
  const [left, bottom, right, top] = box;
  const name = `bounding box ${box.join(',')}`;
  if (!(left < right && bottom < top)) refuse(name, 'expected XMIN < XMAX and YMIN < YMAX; put them in this order');
  const ring = Float64Array.of(left, bottom, left, top, right, top, right, bottom);
  return { name, polygons: [[ring]], ...(epsg !== undefined && { epsg }) };
}

/**
 * Places an area on a scene's grid. Without a system of its own its coordinates are in the scene's. Rejects with RasterError where
 * the scene has no georeference, a reference system cannot be converted, or no pixel's centre can lie inside.
 */
export async function placeArea(area: Area, scene: Grid): Promise<PlacedArea> {
  const { georeference } = scene;
  if (!georeference)
    refuse(scene.name, `has no georeference, so ${area.name} has no place in it; add one with gdal_translate -a_ullr`);
  const { epsg } = georeference;
  if (area.epsg !== undefined && epsg === undefined)
    refuse(
      scene.name,
      `names no reference system by an EPSG code, so ${area.name} has no place in it; add it with gdal_translate -a_srs EPSG:N`,
    );
  const projection =
    area.epsg === undefined ? undefined : await projectionBetween([area.epsg, epsg!], [area.name, scene.name]);
  const place = toPixels(georeference, projection);
  const polygons = area.polygons.map((rings) => rings.map((ring) => drawRing(ring, place, { area: area.name, scene })));
  return {
    window: windowOf(polygons.flat(), area.name, scene),
    outside(window) {
      const outside = new Uint8Array(window.rows * window.cols).fill(1);
      for (const rings of polygons) clearInside(outside, rings, window);
      return outside;
    },
  };
}
