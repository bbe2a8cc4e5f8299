// Scenes and spectral libraries by their path on disk.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SceneAccess } from './access.js';
import { archiveKind } from './archive/kind.js';
import { decodeText } from './decode-text.js';
import { findEnviData, findEnviHeader, isEnviHeaderFile } from './envi-files.js';
import { type Folder, readText } from './folder.js';
import type { LibraryOptions, SpectralLibrary } from './library.js';
import { readSpectralLibraryCsv, writeSpectralLibraryCsv } from './library-csv.js';
import { readSpectralLibraryEnvi, writeSpectralLibraryEnvi } from './library-envi.js';
import { readSpectrumFile, readSpectrumFolder, type SpectralLibraries } from './library-folder.js';
import { nodeCodecs } from './node-codecs.js';
import { openFile, toRasterError } from './node-files.js';
import { type FileContent, writeFiles } from './node-output.js';
import { type OpenOptions, openSceneAt, type ScenePlace } from './open.js';
import { openWith } from './open-raster.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';
import { isUrl } from './url.js';

/** A folder on disk; `name` is its path as the user gave it. */
export function openFolder(name: string): Folder {
  const pathOf = (file: string): string => join(name, file);
  return {
    name,
    pathOf,
    async list() {
      try {
        const entries = await readdir(name, { withFileTypes: true });
        return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
      } catch (cause) {
        throw toRasterError('list it', name, cause);
      }
    },
    open: (file) => openFile(pathOf(file)),
    openHdf5: async (file, options) => (await import('./node-hdf5.js')).openHdf5(pathOf(file), options),
  };
}

async function placeOf(path: string, access: SceneAccess = {}): Promise<ScenePlace> {
  if (isUrl(path)) return (await import('./http-folder.js')).httpPlace(path, access);
  try {
    if ((await stat(path)).isDirectory()) return { folder: openFolder(path) };
  } catch (cause) {
    throw toRasterError('open it', path, cause);
  }
  return { folder: openFolder(dirname(path)), file: basename(path) };
}

/** A scene in an archive; what was unpacked for it goes with it. */
async function openArchivedScene(path: string, options: OpenOptions, access: SceneAccess): Promise<Scene> {
  const { openArchived } = await import('./archive/open.js');
  const { place, release } = await openArchived(path, access);
  try {
    const scene = await openSceneAt(place, nodeCodecs, options);
    const close = () => scene.close().finally(release);
    return { ...scene, close };
  } catch (cause) {
    await release();
    throw cause;
  }
}

/**
 * Opens a scene by its path or URL, whatever its format: a GeoTIFF, an ENVI header or data file, a MATLAB v5 file, an EMIT L2A or PRISMA L2D
 * file, an EnMAP or DESIS L2A product (its folder, METADATA.XML or SPECTRAL_IMAGE), or an archive (ZIP, tar, tar.gz) with one of these. Over
 * HTTP(S) the server must answer byte ranges. Rejects with RasterError where there is nothing readable, or where an option has no meaning
 * for the format; with the signal's reason where it is aborted.
 */
export async function openScene(path: string, options: OpenOptions = {}, access: SceneAccess = {}): Promise<Scene> {
  const { sensor } = options;
  if (sensor === undefined) return openPlace(path, options, access);
  const [{ readSensor }, { withSensor }] = await Promise.all([
    import('./read-sensor.js'),
    import('./sensors/apply.js'),
  ]);
  const definition = await readSensor(sensor);
  const scene = await openPlace(path, options, access);
  try {
    return withSensor(scene, definition);
  } catch (cause) {
    await scene.close();
    throw cause;
  }
}

/** A scene as it says it is. */
async function openPlace(path: string, options: OpenOptions, access: SceneAccess): Promise<Scene> {
  const place = await placeOf(path, access);
  if (!isUrl(path) && place.file !== undefined && (await archiveKind(path)))
    return openArchivedScene(path, options, access);
  return openSceneAt(place, nodeCodecs, options);
}

/**
 * Keeps what an archive is unpacked to until it is released: its scene can be opened again, and by other threads, without unpacking it anew. Does nothing
 * for any other scene. Rejects with RasterError as opening does.
 */
export async function holdScene(path: string, access: SceneAccess = {}): Promise<() => Promise<void>> {
  const { file } = await placeOf(path, access);
  if (isUrl(path) || file === undefined || !(await archiveKind(path))) return async () => {};
  return (await (await import('./archive/open.js')).openArchived(path, access)).release;
}

/** All of a table, in whatever encoding it was written. */
async function readTable(folder: Folder, file: string): Promise<string> {
  const source = await folder.open(file);
  try {
    return decodeText(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

/** Reads a spectral library: an ENVI .sli or its .hdr, a CSV, or a text file of the ECOSTRESS or USGS library (one spectrum). Rejects with RasterError where it is none. */
export async function readSpectralLibrary(path: string, options: LibraryOptions = {}): Promise<SpectralLibrary> {
  const { folder, file } = await placeOf(path);
  if (file === undefined) refuse(path, 'is a folder; name a spectral library (.sli, .hdr, .csv or .txt)');
  const files = await folder.list();
  const header = isEnviHeaderFile(file) ? file : /\.csv$/i.test(file) ? undefined : findEnviHeader(files, file);
  if (header === undefined) {
    const spectrum = /\.txt$/i.test(file) && !isUrl(path) ? await readSpectrumFile(path, options) : undefined;
    return spectrum ?? readSpectralLibraryCsv(await readTable(folder, file), path, options);
  }
  const text = await readText(folder, header);
  const data = header === file ? findEnviData(files, file, folder.name) : file;
  return openWith(folder, data, async (source) => {
    const library = await readSpectralLibraryEnvi({ text, name: folder.pathOf(header) }, source, options);
    await source.close();
    return library;
  });
}

/**
 * Reads all spectral libraries at `path`: of a folder with text files of the ECOSTRESS and USGS (splib07) libraries, one for each set of wavelengths; of a file the one that it is.
 * Rejects with RasterError where a file is damaged, or there is no spectrum.
 */
export async function readSpectralLibraries(path: string, options: LibraryOptions = {}): Promise<SpectralLibraries> {
  if ((await placeOf(path)).file === undefined) return readSpectrumFolder(path, options);
  return { libraries: [await readSpectralLibrary(path, options)], passedOver: [] };
}

/** The files of a library as the extension of `path` says: `.csv`, or `.sli` with its header `.sli.hdr` beside it. Throws RasterError at any other. */
export function spectralLibraryFiles(path: string, library: SpectralLibrary): FileContent[] {
  const utf8 = new TextEncoder();
  if (/\.csv$/i.test(path)) return [[path, utf8.encode(writeSpectralLibraryCsv(library))]];
  if (!/\.sli$/i.test(path)) refuse(path, 'a spectral library is written as .csv or .sli; choose one of these endings');
  const { header, data } = writeSpectralLibraryEnvi(library);
  return [
    [`${path}.hdr`, utf8.encode(header)],
    [path, data],
  ];
}

/**
 * Writes a library as its extension says: `.csv`, or `.sli` with its header `.sli.hdr` beside it. Files appear complete.
 * Rejects with RasterError where a file is there already (unless `overwrite`) or cannot be written.
 */
export async function saveSpectralLibrary(
  path: string,
  library: SpectralLibrary,
  options: { readonly overwrite?: boolean } = {},
): Promise<void> {
  await writeFiles(spectralLibraryFiles(path, library), options);
}
