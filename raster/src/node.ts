// What the raster package offers on Node: files, folders and zlib.
export { createMap, nodeCodecs, openFile } from './node-files.js';
export { openFolder, openScene, readSpectralLibrary, saveSpectralLibrary } from './open-node.js';
