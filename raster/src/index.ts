export { RasterError } from './error.js';
export { assertWindow, makeScene, type SceneCore, toSpectra } from './read-spectra.js';
export type {
  Band,
  Block,
  GeoKeys,
  Georeference,
  SampleArray,
  SampleType,
  Scene,
  SpectraBlock,
  Window,
} from './scene.js';
export type { ByteSource, Codecs } from './source.js';
export { openGeoTiff } from './tiff/read.js';
