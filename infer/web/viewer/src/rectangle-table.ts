// What a rectangle holds, as a table on the page and as CSV. Legend: C endmembers.
import { csvCell, type PixelArea } from '@egunet/raster';
import type { Extent } from 'ol/extent.js';
import { html } from './dom.js';
import type { Sums } from './zonal.js';

const HECTARE = 1e4;

export interface RectangleFacts {
  readonly scene: string;
  /** `EPSG:32633`, `columns and minus rows` ... */
  readonly system: string;
  /** Of the pixels: [xmin, ymin, xmax, ymax]. */
  readonly extent: Extent;
  readonly names: readonly string[];
  readonly sums: Sums;
  readonly area: PixelArea | undefined;
  /** The reference system in which areas are measured, where the area is that on a map. */
  readonly areaSystem: string;
}

/** What an area is, in words. */
function defineArea({ area, areaSystem }: RectangleFacts): string {
  const what = 'Area: sum of abundances times the area of a pixel';
  if (!area) return 'Area: sum of abundances, in pixels; the scene does not say how much ground a pixel covers.';
  if (area.on === 'ellipsoid') return `${what}, which is that of its cell on the WGS 84 ellipsoid.`;
  return `${what}, ${area.of(0).toLocaleString('en', { useGrouping: false })} m² on the map (${areaSystem}).`;
}

/** Mean abundance and area of each endmember, NaN where no pixel has data: [C]. */
function figuresOf({ sums, area }: RectangleFacts): { mean: number; area: number }[] {
  return Array.from(sums.abundances, (sum, c) => ({
    mean: sum / sums.withData,
    area: area ? sums.areas[c]! / HECTARE : sum,
  }));
}

const count = (n: number, what: string): string => `${n} pixel${n === 1 ? '' : 's'} ${what}`;

/** The table, with what its numbers mean. */
export function rectangleTable(facts: RectangleFacts): HTMLElement[] {
  const { names, sums, area } = facts;
  const { withData, withoutData } = sums;
  const counted = html('p', { class: 'counts' }, `${count(withData, 'with data')}, ${withoutData} without`);
  if (withData === 0) return [counted];
  const head = ['Endmember', 'Mean', area ? 'Area, ha' : 'Area, pixels'];
  const rows = figuresOf(facts).map((figure, c) =>
    html(
      'tr',
      {},
      html('th', { scope: 'row' }, names[c]!),
      html('td', { class: 'number' }, figure.mean.toFixed(4)),
      html('td', { class: 'number' }, figure.area.toFixed(2)),
    ),
  );
  return [
    counted,
    html(
      'table',
      { class: 'figures' },
      html('thead', {}, html('tr', {}, ...head.map((text) => html('th', { scope: 'col' }, text)))),
      html('tbody', {}, ...rows),
    ),
    html('p', { class: 'quiet' }, `Mean: of the abundances of all pixels with data. ${defineArea(facts)}`),
  ];
}

/** The same as CSV: a line an endmember, with names of columns that say what they hold. */
export function rectangleCsv(facts: RectangleFacts): string {
  const { scene, system, extent, names, sums, area } = facts;
  const columns = [
    'endmember',
    'mean abundance (fraction, over pixels with data)',
    area
      ? `area (ha, sum of abundances x pixel area on the ${area.on === 'map' ? 'map' : 'WGS 84 ellipsoid'})`
      : 'area (pixels, sum of abundances)',
    'pixels with data',
    'pixels without data',
    ...['xmin', 'ymin', 'xmax', 'ymax'].map((edge) => `${edge} (${system})`),
    'scene',
  ];
  const lines = figuresOf(facts).map((figure, c) => [
    names[c]!,
    ...(sums.withData > 0 ? [String(figure.mean), String(figure.area)] : ['', '']),
    ...[sums.withData, sums.withoutData, ...extent].map(String),
    scene,
  ]);
  return [columns, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}
