// Which scenes are meant: names, a list of names, virtual mosaics.
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { InferError } from '@egunet/infer';
import { readVrt, type VrtBand, type VrtSource } from '@egunet/raster';
import { openFile } from '@egunet/raster/node';
import { systemReason } from '@egunet/raster/system-reason';
import { isUrl, publicPath } from '@egunet/raster/url';

/** Scenes, the last one on top: one, several, or those that a text file names, one a line. A name that ends in .vrt is a mosaic of GDAL, in place of its scenes. */
export type SceneNames = string | readonly string[] | { readonly list: string };

/** A scene to be opened. */
export interface SceneSource {
  readonly path: string;
  /** Where a virtual mosaic names it: which one, and what that says of it. */
  readonly vrt?: { readonly name: string; readonly bands: readonly VrtBand[]; readonly source: VrtSource };
}

/** What the names mean. */
export interface SceneList {
  readonly sources: readonly SceneSource[];
  /** The lists and virtual mosaics that name them. */
  readonly files: readonly string[];
}

/** Bytes of a list at most. */
const MOST_BYTES = 2 ** 24;

/** A name as it stands in a file of `folder`. */
const pathFrom = (folder: string, name: string): string =>
  isUrl(name) || isAbsolute(name) ? name : join(folder, name);

async function readListFile(list: string): Promise<string> {
  try {
    const { size } = await stat(list);
    if (size <= MOST_BYTES) return (await readFile(list, 'utf8')).replace(/^\ufeff/, '');
    throw new InferError(
      `${list}: has ${size} bytes, more than ${MOST_BYTES}; name a text file with a scene on each line`,
    );
  } catch (cause) {
    if (cause instanceof InferError) throw cause;
    throw new InferError(`${list}: cannot read the list: ${systemReason(cause) ?? (cause as Error).message}`, {
      cause,
    });
  }
}

/** The names in a list: one a line; blank lines and those that begin with # are left out. */
async function readList(list: string): Promise<string[]> {
  const lines = (await readListFile(list)).split(/\r\n|\r|\n/).map((line) => line.trim());
  const names = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (names.length === 0) throw new InferError(`${list}: names no scene; write one a line, the last one lies on top`);
  if (names.some((name) => /[\p{Cc}\ufffd]/u.test(name)))
    throw new InferError(`${list}: is no list of names in UTF-8; name a text file with a scene on each line`);
  return names.map((name) => pathFrom(dirname(list), name));
}

const isVrt = (path: string): boolean => /\.vrt$/i.test(path) && !isUrl(path);

/** The scenes of a virtual mosaic. */
async function sourcesOf(name: string): Promise<SceneSource[]> {
  const file = await openFile(name);
  try {
    const { sources, bands } = await readVrt(file);
    return sources.map((source) => {
      if (source.file.startsWith('/vsi'))
        throw new InferError(
          `${name}: takes ${publicPath(source.file)}, a name of GDAL's own; name the scenes themselves`,
        );
      return {
        path: source.relative ? pathFrom(dirname(name), source.file) : source.file,
        vrt: { name, bands, source },
      };
    });
  } finally {
    await file.close();
  }
}

/** The scenes that are meant, in their order. Rejects with InferError or RasterError where a list or a virtual mosaic cannot be read. */
export async function listScenes(names: SceneNames): Promise<SceneList> {
  const list = typeof names === 'object' && 'list' in names ? names.list : undefined;
  const paths = typeof names === 'string' ? [names] : 'list' in names ? await readList(names.list) : names;
  if (paths.length === 0) throw new InferError('no scene to unmix; name at least one');
  const sources: SceneSource[] = [];
  for (const path of paths) {
    if (isVrt(path)) for (const source of await sourcesOf(path)) sources.push(source);
    else sources.push({ path });
  }
  return { sources, files: [...(list === undefined ? [] : [list]), ...paths.filter(isVrt)] };
}
