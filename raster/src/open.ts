import { openEnmap } from './enmap.js';
import { isEnmapFile } from './enmap-files.js';
import { isEnviHeaderFile } from './envi-files.js';
import type { Folder } from './folder.js';
import { type MatSceneOptions, openMatScene } from './matlab-scene.js';
import { kindOf, openEnviFile, openRaster, openWith, UNREADABLE } from './open-raster.js';
import { makeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';
import type { Codecs } from './source.js';

export interface OpenOptions extends MatSceneOptions {
  /** Reflectance = stored value * this, for files that don't say: 0.0001 for 10000 = 100 %. */
  readonly reflectanceScale?: number;
}

/** A scene's place: a file of a folder, or the folder itself (a product). */
export interface ScenePlace {
  readonly folder: Folder;
  readonly file?: string;
}

/** The scene with a reflectance scale that its file doesn't state; throws where the file states one, or the scale is no positive number. */
function withReflectanceScale(scene: Scene, scale: number): Scene {
  if (!(scale > 0 && scale < Infinity))
    refuse(scene.name, `the reflectance scale should be a positive number, got ${scale}`);
  const stated = scene.bands.find(({ gain, offset }) => gain !== 1 || offset !== 0);
  if (stated)
    refuse(
      scene.name,
      `its bands already state their scale (gain ${stated.gain}, offset ${stated.offset}); leave out the reflectance scale`,
    );
  return makeScene({ ...scene, bands: scene.bands.map((band) => ({ ...band, gain: scale })) });
}

async function openUnscaled({ folder, file }: ScenePlace, codecs: Codecs, options: MatSceneOptions): Promise<Scene> {
  if (file === undefined || isEnmapFile(file)) return openEnmap(folder, file, codecs);
  const kind = await kindOf(folder, file);
  const path = folder.pathOf(file);
  if (kind === 'matlab') return openWith(folder, file, (source) => openMatScene(source, codecs, options));
  if (kind === 'envi header' || isEnviHeaderFile(file)) return openEnviFile(folder, { header: file });
  if (kind === 'archive') refuse(path, 'an archive in a place where none is unpacked; get a copy of it and name that');
  if (kind === 'hdf5') refuse(path, `an HDF5 or NetCDF file: ${UNREADABLE}; convert it to GeoTIFF or ENVI with GDAL`);
  return openRaster(folder, file, codecs);
}

/**
 * Opens a scene, whatever its format, told from its content: GeoTIFF, ENVI (by its header or its data file), MATLAB v5,
 * or an EnMAP L2A product (by its folder, its METADATA.XML or its SPECTRAL_IMAGE).
 * Rejects with RasterError where it is none of these or damaged, or where an option has no meaning for it.
 */
export async function openSceneAt(place: ScenePlace, codecs: Codecs, options: OpenOptions = {}): Promise<Scene> {
  const { reflectanceScale, ...mat } = options;
  const scene = await openUnscaled(place, codecs, mat);
  try {
    const given = Object.entries(mat).find(([, value]) => value !== undefined)?.[0];
    if (given && scene.format !== 'MATLAB v5')
      refuse(scene.name, `'${given}' is for MATLAB files, and this is ${scene.format}; leave it out`);
    return reflectanceScale === undefined ? scene : withReflectanceScale(scene, reflectanceScale);
  } catch (cause) {
    await scene.close();
    throw cause;
  }
}
