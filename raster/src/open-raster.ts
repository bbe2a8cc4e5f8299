import { openEnvi } from './envi.js';
import { findEnviData, findEnviHeader } from './envi-files.js';
import { type Folder, readText } from './folder.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';
import type { ByteSource, Codecs } from './source.js';
import { openGeoTiff } from './tiff/read.js';

/** What a file's first bytes say it is. */
export type Kind = 'tiff' | 'envi header' | 'matlab' | 'hdf5' | 'netcdf 3' | 'archive' | 'unknown';

const STARTS: readonly (readonly [start: string, kind: Kind])[] = [
  ['II*\0', 'tiff'],
  ['MM\0*', 'tiff'],
  ['II+\0', 'tiff'],
  ['MM\0+', 'tiff'],
  ['ENVI', 'envi header'],
  ['MATLAB', 'matlab'],
  ['\x89HDF\r\n\x1a\n', 'hdf5'],
  ['CDF', 'netcdf 3'],
  ['PK\x03\x04', 'archive'],
  ['\x1f\x8b', 'archive'],
];

/** What `open` makes of a file that it then owns; the file is closed where it fails. */
export async function openWith<T>(
  folder: Folder,
  file: string,
  open: (source: ByteSource) => Promise<T> | T,
): Promise<T> {
  const source = await folder.open(file);
  try {
    return await open(source);
  } catch (cause) {
    await source.close();
    throw cause;
  }
}

async function kindIn(source: ByteSource): Promise<Kind> {
  if (source.size === 0) refuse(source.name, 'is empty (0 bytes); fetch or unpack it again');
  const bytes = await source.read(0, Math.min(8, source.size));
  const text = String.fromCharCode(...bytes).replace(/^\xef\xbb\xbf/, '');
  return STARTS.find(([start]) => text.startsWith(start))?.[1] ?? 'unknown';
}

/** Tells a file's format from its first bytes. */
export const kindOf = (folder: Folder, file: string): Promise<Kind> =>
  openWith(folder, file, async (source) => {
    const kind = await kindIn(source);
    await source.close();
    return kind;
  });

/** Opens an ENVI image, named by its header or by its data file. */
export async function openEnviFile(folder: Folder, files: { header: string; data?: string }): Promise<Scene> {
  const { header } = files;
  const text = await readText(folder, header);
  const data = files.data ?? findEnviData(await folder.list(), header, folder.name);
  return openWith(folder, data, (source) => openEnvi({ text, name: folder.pathOf(header) }, source));
}

/** How a raster is decoded. */
export interface RasterCodecs extends Codecs {
  /** Open a GeoTIFF that is cut off; reading what it lacks rejects. */
  readonly allowDamaged?: boolean | undefined;
  /** Bytes of decoded blocks that a GeoTIFF keeps at most. */
  readonly cacheBytes?: number | undefined;
}

/** Opens a GeoTIFF; of any other file tells what it is. Nothing is opened twice: over HTTP that takes time. */
export const openTiff = (folder: Folder, file: string, codecs: RasterCodecs): Promise<Scene | Exclude<Kind, 'tiff'>> =>
  openWith(folder, file, async (source) => {
    const kind = await kindIn(source);
    if (kind === 'tiff') return openGeoTiff(source, codecs, codecs);
    await source.close();
    return kind;
  });

/** Opens a GeoTIFF, or an ENVI data file by the header beside it. Rejects with RasterError where the file is neither. */
export async function openRaster(folder: Folder, file: string, codecs: RasterCodecs): Promise<Scene> {
  const found = await openTiff(folder, file, codecs);
  if (typeof found !== 'string') return found;
  const header = findEnviHeader(await folder.list(), file);
  if (header === undefined) refuse(folder.pathOf(file), UNREADABLE);
  return openEnviFile(folder, { header, data: file });
}

/** What can be opened, for the message on a file that cannot. */
export const UNREADABLE =
  'not a format that is read; readable are GeoTIFF (.tif), ENVI (.hdr beside the data), MATLAB v5 (.mat), EMIT L2A (.nc), PRISMA L2D (.he5), EnMAP and DESIS L2A folders, and ZIP or tar archives of these';
