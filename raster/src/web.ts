// What the raster package needs of a browser: files that were dropped, and compression.
import type { SceneAccess } from './access.js';
import type { Folder } from './folder.js';
import { httpPlace } from './http-folder.js';
import { type OpenOptions, openSceneAt, type ScenePlace } from './open.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';
import { isUrl, publicPath } from './url.js';
import { webCodecs } from './web-codecs.js';
import { type WebFile, webFilesPlace } from './web-files.js';

// From here, bundlers leave out the readers that a page loads when it needs them.
export { type Gate, makeGate } from './gate.js';
export { hasWords } from './pack.js';
export { assertWindow, toSpectra } from './read-spectra.js';
export { type WebFile, webCodecs };

function urlPlace(given: string, access: SceneAccess): ScenePlace {
  const { location } = globalThis as { readonly location?: { readonly href: string; readonly origin: string } };
  // A worker that was made of a blob has an address that nothing is relative to.
  const base = [location?.href, location?.origin, undefined].find((one) => URL.canParse(given, one));
  if (!URL.canParse(given, base)) refuse(publicPath(given), 'is not a URL; write https://host/path');
  const { href, origin } = new URL(given, base);
  if (!isUrl(href)) refuse(publicPath(given), 'is not reached by http(s); write https://host/path, or choose the file');
  // A browser may keep parts of an older version of the file.
  return httpPlace(href, { cache: 'no-store', crossOrigin: origin !== location?.origin, ...access });
}

/** The folder with its HDF5 files refused. */
const withoutHdf5 = (folder: Folder): Folder => ({
  ...folder,
  openHdf5: async (file) =>
    refuse(
      folder.pathOf(file),
      'an HDF5 file (EMIT, PRISMA), which cannot be opened in the browser yet; use the command line, or convert it to GeoTIFF with GDAL',
    ),
});

/**
 * Opens a scene in a browser, in a page or a worker: a URL, relative to the page's (in a worker to the worker's own), whose server answers byte
 * ranges; or the files of a scene: a GeoTIFF, MATLAB v5 file or ENVI image with its header, or those of an EnMAP or DESIS L2A product.
 * Rejects with RasterError where there is nothing readable, a file is damaged, or an option has no meaning for the format; with the
 * signal's reason where it is aborted.
 */
export async function openWebScene(
  place: string | readonly WebFile[],
  options: Omit<OpenOptions, 'sensor'> = {},
  access: SceneAccess = {},
): Promise<Scene> {
  const { folder, ...file } = typeof place === 'string' ? urlPlace(place, access) : await webFilesPlace(place);
  return openSceneAt({ folder: withoutHdf5(folder), ...file }, webCodecs, options);
}
