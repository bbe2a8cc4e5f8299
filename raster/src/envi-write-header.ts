// The ENVI header of a map to be written.
import { knownCrs } from './crs-wkt.js';
import { DATA_TYPES, type EnviLayout } from './envi-header.js';
import type { MapInWork } from './map-writer.js';
import { refuse } from './refuse.js';
import type { Georeference } from './scene.js';

const ELSEWHERE = 'write a GeoTIFF or a Zarr store';

/** Free text in a header: on one line, without the braces that end a value. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('{', '(').replaceAll('}', ')').trim();

/** Turned so that far from a right angle, relative to the pixel's size, the axes are no longer at right angles. */
const SKEW = 1e-9;

/**
 * The lines that say where the pixels lie: a rotation by an angle and pixel sizes. Throws RasterError where the affine is no such, or the
 * coordinate system is one that cannot be named.
 */
function mapInfo({ affine, epsg, geoKeys }: Georeference, name: string): string[] {
  const [a, b, x, d, e, y] = affine;
  const angle = Math.atan2(b, a);
  const [width, height] = [Math.hypot(a, b), d * Math.sin(angle) - e * Math.cos(angle)];
  const skew = Math.hypot(d - height * Math.sin(angle), e + height * Math.cos(angle));
  if (skew > SKEW * Math.abs(height))
    refuse(
      name,
      `ENVI cannot say where the pixels lie, whose axes are not at right angles (affine ${affine}); ${ELSEWHERE}`,
    );
  const crs = epsg === undefined ? undefined : knownCrs(epsg);
  if (!crs && (epsg !== undefined || geoKeys))
    refuse(
      name,
      `its coordinate system${epsg === undefined ? '' : ` EPSG:${epsg}`} cannot stand in an ENVI header, which takes degrees or UTM on WGS 84, ETRS89 or NAD83; ${ELSEWHERE}`,
    );
  const place = [1, 1, x, y, width, height];
  const rotation = b === 0 && a > 0 ? [] : [`rotation=${(angle * 180) / Math.PI}`];
  const { utm, datum } = crs ?? {};
  const items = !crs
    ? ['Arbitrary', ...place, 0]
    : utm
      ? ['UTM', ...place, utm.zone, utm.south ? 'South' : 'North', datum, 'units=Meters']
      : ['Geographic Lat/Lon', ...place, datum, 'units=Degrees'];
  return [
    `map info = {${[...items, ...rotation].join(', ')}}`,
    ...(crs ? [`coordinate system string = {${crs.wkt}}`] : []),
  ];
}

function bandNames({ options, name }: MapInWork): string {
  const names = options.bands.map((band, i) => band.name ?? `band ${i + 1}`);
  const wrong = names.find((text) => /[,{}\r\n]/.test(text));
  if (wrong !== undefined)
    refuse(
      name,
      `the band '${wrong}' cannot be named in an ENVI header, where commas and braces part names; ${ELSEWHERE}`,
    );
  return `band names = {${names.join(', ')}}`;
}

/** The header's text. Throws RasterError where a header cannot say what the map is. */
export function enviHeader(map: MapInWork, interleave: EnviLayout['interleave']): string {
  const { name, options, plan } = map;
  const { bands, georeference, noData, metadata = {} } = options;
  const code = Object.keys(DATA_TYPES).find((key) => DATA_TYPES[key] === plan.sampleType);
  if (code === undefined) refuse(name, `ENVI has no samples of ${plan.sampleType}; ${ELSEWHERE}`);
  const scaled = bands.some(({ gain, offset }) => gain !== undefined || offset !== undefined);
  return [
    'ENVI',
    `description = {${plain(Object.entries(metadata).map(([key, value]) => `${key}=${value}`).join('; '))}}`, // biome-ignore format: one item
    `samples = ${plan.cols}`,
    `lines = ${plan.rows}`,
    `bands = ${plan.bands}`,
    'header offset = 0',
    'file type = ENVI Standard',
    `data type = ${code}`,
    `interleave = ${interleave}`,
    'byte order = 0',
    ...(georeference ? mapInfo(georeference, name) : []),
    ...(noData === undefined ? [] : [`data ignore value = ${Number.isNaN(noData) ? 'nan' : noData}`]),
    ...(scaled
      ? [
          `data gain values = {${bands.map(({ gain = 1 }) => gain).join(', ')}}`,
          `data offset values = {${bands.map(({ offset = 0 }) => offset).join(', ')}}`,
        ]
      : []),
    bandNames(map),
    '',
  ].join('\n');
}
