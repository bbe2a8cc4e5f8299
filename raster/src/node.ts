// What the raster package needs of Node: files and zlib, and what it offers on them.
import { createFile } from './node-output.js';
import { createGeoTiff, type RasterWriter } from './tiff/write.js';
import type { GeoTiffOptions } from './tiff/write-options.js';

export { checkedEntry } from './archive/checked-entry.js';
export { type ClassColumns, type ClassRow, readClassTable, rowsOfSpectra, takenByPlace } from './class-table.js';
export { decodeText } from './decode-text.js';
export { type Uncovered, uncoveredBands } from './library-coverage.js';
export type { SpectralLibraries } from './library-folder.js';
export { type MapFormatName, mapFiles, mapFormatOf } from './map-format.js';
export {
  createMapShard,
  type FoundShard,
  findShards,
  gatherShards,
  isMerged,
  type MapShard,
  markGathered,
  removeShards,
  shardFolder,
} from './map-shards.js';
export type { MapOptions, MapWriter } from './map-writer.js';
export { nodeCodecs } from './node-codecs.js';
export { openFile } from './node-files.js';
export { type Hdf5Library, loadHdf5, openHdf5File } from './node-hdf5.js';
export { assertMapWritable, createMapFile, type MapFile, type MapFileOptions, partFolder } from './node-map.js';
export { assertWritable, type FileContent, writeFiles } from './node-output.js';
export {
  holdScene,
  openFolder,
  openScene,
  readSpectralLibraries,
  readSpectralLibrary,
  saveSpectralLibrary,
  spectralLibraryFiles,
} from './open-node.js';
export { readSensor } from './read-sensor.js';
export type { BandStatistics } from './tiff/statistics.js';
export type { WorkIdentity } from './tile-journal.js';

/**
 * Begins a GeoTIFF map at `path`; it appears there (at its end, where it is a link), complete, on `close()`.
 * Rejects with RasterError where the path is taken (unless `overwrite`), cannot be written, or an option is wrong.
 */
export async function createMap(
  path: string,
  { overwrite = false, ...options }: GeoTiffOptions & { readonly overwrite?: boolean },
): Promise<RasterWriter> {
  const sink = await createFile(path, { overwrite });
  try {
    return createGeoTiff(sink, options);
  } catch (error) {
    await sink.discard();
    throw error;
  }
}
