import { isEnmapFile } from './enmap-files.js';
import { isEnviHeaderFile } from './envi-files.js';
import type { Folder } from './folder.js';
import type { EmitOptions } from './hdf5/emit.js';
import type { MatSceneOptions } from './matlab-scene.js';
import { openEnviFile, openRaster, openTiff, openWith, type RasterCodecs, UNREADABLE } from './open-raster.js';
import { describeScene } from './read-spectra.js';
import { refuse } from './refuse.js';
import type { Scene } from './scene.js';
import type { Codecs } from './source.js';

export interface OpenOptions extends MatSceneOptions, EmitOptions {
  /** Reflectance = stored value * this, for files that don't say: 0.0001 for 10000 = 100 %. */
  readonly reflectanceScale?: number;
  /** Whose bands these are where the scene states no wavelengths: the id of a known sensor, or the path of a definition. Heeded by Node's `openScene`. */
  readonly sensor?: string;
  /** Open a GeoTIFF that is cut off; reading a block that it lacks, as one that is damaged, rejects with an error that says which pixels it holds. */
  readonly allowDamaged?: boolean;
  /** Bytes of decoded blocks that a GeoTIFF keeps at most, where windows take parts of them; see `openGeoTiff`. */
  readonly cacheBytes?: number;
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
  return describeScene(scene, { bands: scene.bands.map((band) => ({ ...band, gain: scale })) });
}

/** Opens an HDF5 scene where the platform can. */
function openHdf5(folder: Folder, file: string, options: EmitOptions): Promise<Scene> {
  return (
    folder.openHdf5?.(file, options) ??
    refuse(folder.pathOf(file), 'an HDF5 file, which cannot be read from here; unpack it to a disk')
  );
}

const ZARR_BEGINNING = 'zarr.json';

/** Whether a Zarr store is named: its folder, or the file that is its beginning. */
async function isZarrStore(folder: Folder, file: string | undefined): Promise<boolean> {
  if (file !== undefined) return file === ZARR_BEGINNING;
  const files = await folder.list();
  if (files.some((name) => /^\.z(group|array|metadata)$/.test(name)))
    refuse(folder.name, 'a Zarr store of version 2, expected a map of version 3; convert it to GeoTIFF with GDAL');
  return files.includes(ZARR_BEGINNING);
}

async function openUnscaled(
  { folder, file }: ScenePlace,
  codecs: RasterCodecs,
  options: MatSceneOptions & EmitOptions,
): Promise<Scene> {
  // A format's reader is loaded for its scenes only.
  if (await isZarrStore(folder, file)) return (await import('./zarr/read.js')).openZarrMap(folder, codecs);
  if (file === undefined || isEnmapFile(file)) return (await import('./enmap.js')).openEnmap(folder, file, codecs);
  const found = await openTiff(folder, file, codecs);
  if (typeof found !== 'string') return found;
  const path = folder.pathOf(file);
  if (found === 'matlab') {
    const { openMatScene } = await import('./matlab-scene.js');
    return openWith(folder, file, (source) => openMatScene(source, codecs, options));
  }
  if (found === 'envi header' || isEnviHeaderFile(file)) return openEnviFile(folder, { header: file });
  if (found === 'archive')
    refuse(path, 'an archive in a place where none is unpacked; get a copy of it and name that, or unpack it');
  if (found === 'hdf5') return openHdf5(folder, file, options);
  if (found === 'netcdf 3')
    refuse(path, `a classic NetCDF file: ${UNREADABLE}; convert it to GeoTIFF or ENVI with GDAL`);
  return openRaster(folder, file, codecs);
}

/** The format that an option is for, where it is for one alone. */
const FORMAT_OF_OPTION: Readonly<Record<string, string>> = {
  variable: 'MATLAB v5',
  rows: 'MATLAB v5',
  cols: 'MATLAB v5',
  orthorectify: 'EMIT L2A',
};

/**
 * Opens a scene, whatever its format, told from its content: GeoTIFF, ENVI (by its header or its data file), MATLAB v5,
 * EMIT L2A (NetCDF-4), PRISMA L2D (HDF-EOS5), an EnMAP or DESIS L2A product (by its folder, its METADATA.XML or its SPECTRAL_IMAGE), or
 * a map that was written as a Zarr store.
 * Rejects with RasterError where it is none of these or damaged, or where an option has no meaning for it.
 */
export async function openSceneAt(place: ScenePlace, codecs: Codecs, options: OpenOptions = {}): Promise<Scene> {
  const { reflectanceScale, allowDamaged, cacheBytes, sensor: _, ...own } = options;
  const scene = await openUnscaled(place, { ...codecs, allowDamaged, cacheBytes }, own);
  try {
    for (const [option, format] of Object.entries(FORMAT_OF_OPTION))
      if (own[option as keyof typeof own] !== undefined && scene.format !== format)
        refuse(scene.name, `'${option}' is for ${format} files, and this is ${scene.format}; leave it out`);
    return reflectanceScale === undefined ? scene : withReflectanceScale(scene, reflectanceScale);
  } catch (cause) {
    await scene.close();
    throw cause;
  }
}
