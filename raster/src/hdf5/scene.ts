import { refuse } from '../refuse.js';
import type { Scene } from '../scene.js';
import { cleanText } from '../text.js';
import { type EmitOptions, isEmitReflectance, openEmit } from './emit.js';
import type { Hdf5File } from './file.js';
import { openPrisma, prismaLevel } from './prisma.js';

/** The first names of a list, for a message. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => cleanText(name).slice(0, 40));
  return `${shown.join(', ') || 'nothing'}${names.length > shown.length ? ' and more' : ''}`;
}

/** Opens the scene in an HDF5 file, told from what it holds: EMIT L2A or PRISMA L2D. The scene owns `file`, which is closed where this fails. */
export async function openHdf5Scene(file: Hdf5File, options: EmitOptions = {}): Promise<Scene> {
  try {
    if (isEmitReflectance(file)) return await openEmit(file, options);
    if (prismaLevel(file) !== undefined) return openPrisma(file);
    refuse(
      file.name,
      `an HDF5 or NetCDF-4 file that holds ${listed(file.members('/'))}; readable are EMIT L2A reflectance (a dataset reflectance, with sensor_band_parameters) and PRISMA L2D; convert others to GeoTIFF or ENVI with GDAL`,
    );
  } catch (cause) {
    file.close();
    throw cause;
  }
}
