// Opens the Zarr stores that maps are written as, and no others: what differs is named. Legend: B bands.
// Source: Zarr 3 core specification; see metadata.ts for what is written.
import type { Folder } from '../folder.js';
import { makeScene } from '../read-spectra.js';
import { refuse } from '../refuse.js';
import { sampleArrays } from '../samples.js';
import type { Band, Georeference, SampleType, Scene } from '../scene.js';
import type { ByteSource, Codecs } from '../source.js';
import { isFloat } from '../tiff/write-options.js';
import { ARRAY, arrayDocument, type Json, mapArray } from './metadata.js';
import { readShards } from './read-shards.js';
import type { ChunkShape } from './shard.js';

/** How the map's array lies in the store. */
export interface ArrayLayout extends ChunkShape {
  readonly rows: number;
  readonly cols: number;
  /** Chunks a side of a shard. */
  readonly perShard: number;
}

/** No document and no list of names of a map comes near this. */
const MOST_BYTES = 2 ** 24;
/** Nor a chunk, or the index of a shard. */
const MOST_SIDE = 4096;
const MOST_CHUNKS = 2 ** 20;

const OTHERS = "only maps written by this software are read; convert it to GeoTIFF with GDAL or xarray's rioxarray";

async function readFile(folder: Folder, file: string): Promise<Uint8Array> {
  const source: ByteSource = await folder.open(file);
  try {
    if (source.size > MOST_BYTES)
      refuse(source.name, `${source.size} bytes, expected at most ${MOST_BYTES}; ${OTHERS}`);
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

async function readDocument(folder: Folder, file: string): Promise<Json> {
  const bytes = await readFile(folder, file);
  try {
    const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
    spelled(json); // what is nested too deeply for that is no document of a map
    return json;
  } catch (cause) {
    return refuse(folder.pathOf(file), 'is not JSON that can be read; copy the store again', cause);
  }
}

/** What lies at `path` in a document; undefined where nothing does. */
function at(json: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let found = json as Record<string | number, Json> | undefined;
  for (const key of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = found[key] as typeof found;
  }
  return found as Json | undefined;
}

/** JSON with the keys of objects in alphabetical order. */
const spelled = (json: Json | undefined): string =>
  JSON.stringify(json, (_, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  ) ?? 'nothing';

const cut = (text: string): string => (text.length <= 300 ? text : `${text.slice(0, 300)}...`);

const isSize = (value: Json | undefined, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;

const isType = (value: Json | undefined): value is SampleType =>
  typeof value === 'string' && Object.hasOwn(sampleArrays, value);

/** The array's layout. Throws RasterError naming the first thing that is not as maps are written. */
function layoutOf(document: Json, name: string): ArrayLayout {
  const wrong = (key: string, expected: string): never =>
    refuse(name, `its '${key}' is ${cut(spelled(at(document, key)))}, expected ${cut(expected)}; ${OTHERS}`);
  const [bands, rows, cols] = [0, 1, 2].map((i) => at(document, 'shape', i));
  if (!isSize(bands, 65_535) || !isSize(rows, 2 ** 31) || !isSize(cols, 2 ** 31))
    return wrong('shape', '[bands, rows, columns]');
  const sampleType = at(document, 'data_type');
  if (!isType(sampleType)) return wrong('data_type', `one of ${Object.keys(sampleArrays).join(', ')}`);
  const side = at(document, 'codecs', 0, 'configuration', 'chunk_shape', 2);
  const shard = at(document, 'chunk_grid', 'configuration', 'chunk_shape', 2);
  if (!isSize(side, MOST_SIDE)) return wrong('codecs', `shards with chunks of at most ${MOST_SIDE} pixels a side`);
  if (!isSize(shard, MOST_SIDE * MOST_SIDE) || shard % side !== 0 || bands * (shard / side) ** 2 > MOST_CHUNKS)
    return wrong('chunk_grid', `shards of whole chunks of ${side} pixels a side, at most ${MOST_CHUNKS}`);
  const level = at(document, 'codecs', 0, 'configuration', 'codecs', 1, 'configuration', 'level');
  const fill = at(document, 'fill_value') ?? null;
  const array = { shape: [bands, rows, cols], type: sampleType, attributes: {}, fill };
  const cutting = { chunk: side, shard, level: typeof level === 'number' ? level : undefined };
  const expected = arrayDocument(mapArray(array, cutting)) as Record<string, Json>;
  for (const [key, value] of Object.entries(expected))
    if (key !== 'attributes' && spelled(at(document, key)) !== spelled(value)) wrong(key, spelled(value));
  const number = typeof fill === 'number' ? fill : fill === 'NaN' ? Number.NaN : wrong('fill_value', 'a number or NaN');
  return { bands, rows, cols, sampleType, side, perShard: shard / side, fill: number };
}

/** Texts of the codec "vlen-utf8": their number, then each with its length (uint32, little-endian). */
function unpackTexts(bytes: Uint8Array, count: number, name: string): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (): never => refuse(name, `does not hold the names of ${count} bands; copy the store again`);
  if (bytes.length < 4 || view.getUint32(0, true) !== count) damaged();
  let from = 4;
  return Array.from({ length: count }, () => {
    if (from + 4 > bytes.length) damaged();
    const to = from + 4 + view.getUint32(from, true);
    if (to > bytes.length) damaged();
    const text = new TextDecoder().decode(bytes.subarray(from + 4, to));
    from = to;
    return text;
  });
}

/** Where the pixels lie, in the words of the conventions "proj" and "spatial". */
function georeferenceOf(attributes: Json | undefined): Georeference | undefined {
  const affine = at(attributes, 'spatial:transform');
  if (!Array.isArray(affine) || affine.length !== 6 || !affine.every(Number.isFinite)) return undefined;
  const code = /^EPSG:(\d+)$/.exec(String(at(attributes, 'proj:code')))?.[1];
  return { affine: affine as unknown as Georeference['affine'], ...(code !== undefined && { epsg: Number(code) }) };
}

const numberAt = (attributes: Json | undefined, key: string): number | undefined => {
  const value = at(attributes, key);
  return typeof value === 'number' ? value : undefined;
};

/**
 * Opens the map of a Zarr 3 store as `createMapFile` writes them. Rejects with RasterError where the store is of another making, or
 * damaged. A shard that is not there is one without data.
 */
export async function openZarrMap(folder: Folder, codecs: Codecs): Promise<Scene> {
  const { gunzip } = codecs;
  if (!gunzip) return refuse(folder.name, 'a Zarr store, which cannot be unpacked here; convert it to GeoTIFF');
  const document = await readDocument(folder, `${ARRAY}/zarr.json`);
  const layout = layoutOf(document, folder.pathOf(`${ARRAY}/zarr.json`));
  const { rows, cols, bands: B, sampleType, side, fill } = layout;
  const namesFile = 'endmember/c/0';
  const names = unpackTexts(await readFile(folder, namesFile), B, folder.pathOf(namesFile));
  const attributes = at(document, 'attributes');
  const noData = isFloat(sampleType) ? fill : numberAt(attributes, '_FillValue');
  const gain = numberAt(attributes, 'scale_factor') ?? 1;
  const offset = numberAt(attributes, 'add_offset') ?? 0;
  const georeference = georeferenceOf(attributes);
  return makeScene({
    name: folder.name,
    format: 'Zarr',
    rows,
    cols,
    sampleType,
    bands: names.map((name): Band => ({ name, bad: false, gain, offset, ...(noData !== undefined && { noData }) })),
    ...(georeference && { georeference }),
    block: { rows: Math.min(side, rows), cols: Math.min(side, cols) },
    facts: { chunks: `${side} x ${side} pixels, ${layout.perShard ** 2} of each band a shard` },
    readWindow: (window, wanted = names.map((_, i) => i)) => readShards({ folder, layout, gunzip }, window, wanted),
    close: async () => undefined,
  });
}
