// What a Zarr store says of a map. Legend: B bands. Sources: Zarr 3 core specification; CF conventions 1.11, chapters 5 and 8; the conventions
// "proj" and "spatial" for geographic Zarr (github.com/zarr-conventions).
import { knownCrs } from '../crs-wkt.js';
import type { MapInWork } from '../map-writer.js';
import { refuse } from '../refuse.js';
import type { Georeference, SampleType } from '../scene.js';
import { isFloat } from '../tiff/write-options.js';

/** A file of the store. */
export type StoreFile = readonly [path: string, bytes: Uint8Array];

/** The array of the map, [B, rows, cols]. */
export const ARRAY = 'abundance';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Attributes = Readonly<Record<string, Json>>;

export interface ArrayNode {
  readonly shape: readonly number[];
  readonly type: SampleType | 'string';
  readonly dimensions: readonly string[];
  readonly attributes: Attributes;
  readonly fill: Json;
  /** Defaults: one chunk of all, its bytes as they are. */
  readonly chunk?: readonly number[];
  readonly codecs?: Json;
}

const LITTLE: Json = { name: 'bytes', configuration: { endian: 'little' } };

/** What `zarr.json` says of an array. */
export const arrayDocument = ({
  shape,
  type,
  dimensions,
  attributes,
  fill,
  chunk = shape,
  codecs = [LITTLE],
}: ArrayNode): Json => ({
  zarr_format: 3,
  node_type: 'array',
  shape,
  data_type: type,
  chunk_grid: { name: 'regular', configuration: { chunk_shape: chunk } },
  chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
  fill_value: fill,
  codecs,
  dimension_names: dimensions,
  attributes,
});

const convention = (name: string, uuid: string, description: string): Json => ({
  schema_url: `https://raw.githubusercontent.com/zarr-conventions/${name}/refs/tags/v0.1/schema.json`,
  spec_url: `https://github.com/zarr-conventions/${name}/blob/v0.1/README.md`,
  uuid,
  name,
  description,
});
const PROJ = convention('proj', 'f17cb550-5864-4468-aeb7-f3180cfb622f', 'Coordinate reference system information for geospatial data'); // biome-ignore format: one line a convention
const SPATIAL = convention('spatial', '689b58e2-cf7b-45e0-9fff-9cfc0883d6b4', 'Spatial coordinate information');

/** Where the pixels lie, in the words of the conventions for geographic Zarr. */
function spatialAttributes({ affine, epsg }: Georeference, shape: readonly number[]): Attributes {
  return {
    zarr_conventions: epsg === undefined ? [SPATIAL] : [PROJ, SPATIAL],
    ...(epsg !== undefined && { 'proj:code': `EPSG:${epsg}` }),
    'spatial:dimensions': ['y', 'x'],
    'spatial:shape': shape,
    'spatial:transform_type': 'affine',
    'spatial:transform': affine,
    'spatial:registration': 'pixel',
  };
}

/** The grid mapping of CF, in which GDAL and rioxarray look for the coordinate system and the affine. */
function gridMapping({ affine, epsg }: Georeference): Attributes {
  const [a, b, c, d, e, f] = affine;
  const wkt = epsg === undefined ? undefined : knownCrs(epsg)?.wkt;
  return {
    GeoTransform: [c, a, b, f, d, e].join(' '),
    ...(wkt !== undefined && { crs_wkt: wkt }),
    ...(epsg !== undefined && { spatial_ref: wkt ?? `EPSG:${epsg}` }),
  };
}

const bytesOf = (values: ArrayBufferView): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Texts as the codec "vlen-utf8" has them: their number, then each with its length (uint32, little-endian). */
function packTexts(texts: readonly string[]): Uint8Array {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 4));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, parts.length, true);
  let at = 4;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** An array of one dimension that names or measures it, in one chunk. */
interface Coordinate {
  readonly name: string;
  readonly node: ArrayNode;
  readonly bytes: Uint8Array;
}

const endmembers = (names: readonly string[]): Coordinate => ({
  name: 'endmember',
  node: {
    shape: [names.length],
    type: 'string',
    dimensions: ['endmember'],
    attributes: { long_name: 'endmember' },
    fill: '',
    codecs: [{ name: 'vlen-utf8' }],
  },
  bytes: packTexts(names),
});

/** The centres of pixels along an axis of the grid. */
function axis(name: 'x' | 'y', degrees: boolean, values: Float64Array): Coordinate {
  const geographic = name === 'x' ? ['longitude', 'degrees_east'] : ['latitude', 'degrees_north'];
  const [standardName, units] = degrees ? geographic : [`projection_${name}_coordinate`, 'm'];
  const attributes = { standard_name: standardName!, units: units!, axis: name.toUpperCase() };
  const node = { shape: [values.length], type: 'float64', dimensions: [name], attributes, fill: 'NaN' } as const;
  return { name, node, bytes: bytesOf(values) };
}

/** Both axes, where the grid is parallel to those of a coordinate system whose units are known. */
function axes(
  { affine: [a, b, c, d, e, f], epsg }: Georeference,
  [rows, cols]: readonly [number, number],
): Coordinate[] {
  const crs = epsg === undefined ? undefined : knownCrs(epsg);
  if (!crs || b !== 0 || d !== 0) return [];
  const degrees = crs.utm === undefined;
  return [
    axis(
      'y',
      degrees,
      Float64Array.from({ length: rows }, (_, row) => f + e * (row + 0.5)),
    ),
    axis(
      'x',
      degrees,
      Float64Array.from({ length: cols }, (_, col) => c + a * (col + 0.5)),
    ),
  ];
}

/** The value of samples that were never written, in JSON. */
const fillJson = (fill: number): Json => (Number.isFinite(fill) ? fill : String(fill));

/** A value that all bands have, as CF wants it of a variable. */
function common(map: MapInWork, key: 'gain' | 'offset'): number | undefined {
  const [first, ...others] = map.options.bands.map((band) => band[key]);
  if (others.some((value) => value !== first))
    refuse(map.name, `a Zarr array has one ${key} for all bands, and these differ; write a GeoTIFF`);
  return first;
}

/** Pixels a side of the chunks, and of the shards that hold them. */
export interface Cutting {
  readonly chunk: number;
  readonly shard: number;
}

/** How the map's array is cut and packed. */
export interface Packing extends Cutting {
  readonly fill: number;
}

/** A map's array: gzipped chunks of a band, in shards of all bands. */
export function mapArray(
  array: Pick<ArrayNode, 'shape' | 'type' | 'attributes' | 'fill'>,
  { chunk, shard, level = GZIP_LEVEL }: Cutting & { readonly level?: number },
): ArrayNode {
  const inner = [LITTLE, { name: 'gzip', configuration: { level } }];
  const index = [LITTLE, { name: 'crc32c' }];
  const sharding = { chunk_shape: [1, chunk, chunk], codecs: inner, index_codecs: index, index_location: 'end' };
  return {
    ...array,
    dimensions: ['endmember', 'y', 'x'],
    chunk: [array.shape[0]!, shard, shard],
    codecs: [{ name: 'sharding_indexed', configuration: sharding }],
  };
}

function mapNode(map: MapInWork, { fill, ...cutting }: Packing): ArrayNode {
  const { plan, options } = map;
  const { rows, cols, bands: B, sampleType } = plan;
  const { georeference, noData } = options;
  const [gain, offset] = [common(map, 'gain'), common(map, 'offset')];
  const array = {
    shape: [B, rows, cols],
    type: sampleType,
    attributes: {
      long_name: ARRAY,
      units: '1',
      ...(georeference && { grid_mapping: 'spatial_ref', ...spatialAttributes(georeference, [rows, cols]) }),
      ...(noData !== undefined && !isFloat(sampleType) && { _FillValue: noData }),
      ...(gain !== undefined && { scale_factor: gain }),
      ...(offset !== undefined && { add_offset: offset }),
    },
    fill: fillJson(fill),
  };
  return mapArray(array, cutting);
}

/** Differences that a higher level finds in abundances are worth a per cent or two. */
export const GZIP_LEVEL = 5;

/** The files of the store but the map's shards. Throws RasterError where a store cannot say what the map is. */
export function storeFiles(map: MapInWork, packing: Packing): StoreFile[] {
  const { options, plan } = map;
  const { georeference, metadata = {} } = options;
  if (georeference?.geoKeys && georeference.epsg === undefined)
    refuse(map.name, 'its coordinate system has no EPSG code, by which alone a Zarr store names it; write a GeoTIFF');
  const size = [plan.rows, plan.cols] as const;
  const coordinates = [
    endmembers(options.bands.map((band, i) => band.name ?? `band ${i + 1}`)),
    ...(georeference ? axes(georeference, size) : []),
  ];
  const mapping: ArrayNode | undefined = georeference && { shape: [], type: 'int32', dimensions: [], attributes: gridMapping(georeference), fill: 0 }; // biome-ignore format: a scalar
  const nodes: Record<string, Json> = {
    [ARRAY]: arrayDocument(mapNode(map, packing)),
    ...Object.fromEntries(coordinates.map(({ name, node }) => [name, arrayDocument(node)])),
    ...(mapping && { spatial_ref: arrayDocument(mapping) }),
  };
  const group: Json = {
    zarr_format: 3,
    node_type: 'group',
    attributes: {
      Conventions: 'CF-1.11',
      ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key.replace(/^TIFFTAG_/, ''), value])),
      ...(georeference && spatialAttributes(georeference, size)),
    },
    consolidated_metadata: { kind: 'inline', must_understand: false, metadata: nodes },
  };
  const text = (document: Json) => new TextEncoder().encode(`${JSON.stringify(document, undefined, 1)}\n`);
  return [
    ...coordinates.map(({ name, bytes }): StoreFile => [`${name}/c/0`, bytes]),
    ...Object.entries(nodes).map(([name, node]): StoreFile => [`${name}/zarr.json`, text(node)]),
    ['zarr.json', text(group)],
  ];
}
