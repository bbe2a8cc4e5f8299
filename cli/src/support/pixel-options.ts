import { resolve } from 'node:path';
import type { PixelOptions } from '@egunet/infer-node';
import { isUrl } from '@egunet/raster/url';
import type { Argv } from 'yargs';
import type { PixelRequest } from '../pipeline/data-request.js';
import { UsageError } from './errors.js';
import { named, text } from './options.js';
import type { OptionOf } from './outline.js';

/** Which pixels a user wants. */
export interface PixelArguments {
  readonly bbox?: readonly number[] | undefined;
  readonly 'bbox-crs'?: number | undefined;
  readonly aoi?: string | undefined;
  readonly mask?: readonly string[] | undefined;
}

/** Reads `XMIN,YMIN,XMAX,YMAX`. */
function parseBox(value: string): number[] {
  const numbers = value.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.length === 4 && numbers.every(Number.isFinite)) return numbers;
  throw new UsageError(`--bbox: expected four numbers XMIN,YMIN,XMAX,YMAX, got '${value}'`);
}

/** Reads `EPSG:4326` or `4326`. */
function parseCode(value: string): number {
  const code = /^(?:EPSG:)?(\d{4,6})$/i.exec(value.trim())?.[1];
  if (code !== undefined) return Number(code);
  throw new UsageError(`--bbox-crs: expected a code such as EPSG:4326, got '${value}'`);
}

/** Reads `cloud,cirrus>=2,mask.tif`. */
function parseMasks(value: string): string[] {
  const rules = value.split(',').map((rule) => rule.trim());
  if (!rules.includes('')) return rules;
  throw new UsageError(`--mask: expected masks parted by commas, such as cloud,shadow,mask.tif, got '${value}'`);
}

/** An option whose text is read by `read`. */
const textRead = <T>(
  name: string,
  { describe, takes, read }: { describe: string; takes: string; read: (value: string) => T },
) =>
  ({
    ...text(name, describe),
    takes,
    coerce: (value: string | undefined) => (value === undefined ? undefined : read(value)),
  }) as const satisfies OptionOf;

const box = textRead('bbox', {
  describe: "Take this box alone, in the scene's reference system unless --bbox-crs names another",
  takes: 'XMIN,YMIN,XMAX,YMAX',
  read: parseBox,
});
const boxSystem = textRead('bbox-crs', {
  describe: 'Reference system of --bbox; EPSG:4326 is longitude, latitude',
  takes: 'EPSG:N',
  read: parseCode,
});
const mask = textRead('mask', {
  describe:
    "Leave out what these mark, parted by commas: quality layers of EnMAP (cloud, shadow, cirrus, haze, snow, water, land) or rasters on the scene's grid; every value but 0, or as a comparison says: 'cloud,cirrus>=2,mask.tif==1'",
  takes: 'MASK,...',
  read: parseMasks,
});

/** Adds `--bbox`, `--bbox-crs`, `--aoi` and `--mask`. */
export const withPixelOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('bbox', box)
    .option('bbox-crs', boxSystem)
    .option(
      'aoi',
      named(text('aoi', 'GeoJSON file: take only pixels whose centre lies in its polygons; a map is cut to them')),
    )
    .option('mask', named(mask))
    .group(['bbox', 'bbox-crs', 'aoi', 'mask'], 'Pixels:');

/** The library's options. Throws UsageError for a reference system without a box. */
export async function pixelOptions(args: PixelArguments): Promise<PixelOptions> {
  const { bbox, aoi, mask } = args;
  const epsg = args['bbox-crs'];
  if (bbox === undefined && epsg !== undefined)
    throw new UsageError('--bbox-crs says what --bbox is given in: give both, or neither');
  const [left = 0, bottom = 0, right = 0, top = 0] = bbox ?? [];
  return {
    ...(bbox && { bbox: { bounds: [left, bottom, right, top], ...(epsg !== undefined && { epsg }) } }),
    ...(aoi !== undefined && { aoi }),
    ...(mask && { masks: mask.map((await import('@egunet/raster')).parseMaskRule) }),
  };
}

/** The same as a run keeps it, files by their absolute paths; undefined where all pixels are wanted. */
export async function pixelRequest(args: PixelArguments): Promise<PixelRequest | undefined> {
  const { bbox, aoi, masks } = await pixelOptions(args);
  if (!bbox && aoi === undefined && !masks) return undefined;
  const { isLayerWord } = await import('@egunet/raster');
  return {
    ...(bbox && { bbox }),
    ...(aoi !== undefined && { aoi: resolve(aoi) }),
    ...(masks && {
      masks: masks.map(({ source, operator = '', limit = '' }) =>
        isLayerWord(source)
          ? `${source}${operator}${limit}`
          : `${isUrl(source) ? source : resolve(source)}${operator}${limit}`,
      ),
    }),
  };
}
