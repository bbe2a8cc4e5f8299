export type { SceneAccess } from './access.js';
export { boxArea, type Grid, OutsideError, type PlacedArea, placeArea, toPixels } from './area.js';
export { isDegrees, type Projection, projectionBetween } from './crs.js';
export { csvCell } from './csv.js';
export { type Deflate, makeDeflate } from './deflate.js';
export { type EnmapScene, openEnmap } from './enmap.js';
export { openEnvi } from './envi.js';
export { type DamagedBlock, RasterError, type Remedy } from './error.js';
export type { Folder } from './folder.js';
export { type Area, parseArea } from './geojson.js';
export type { EmitOptions } from './hdf5/emit.js';
export type { Hdf5Dataset, Hdf5File, Hdf5Values } from './hdf5/file.js';
export { openHdf5Scene } from './hdf5/scene.js';
export { httpIdentity, httpPlace } from './http-folder.js';
export type { HttpOptions } from './http-request.js';
export { type HttpSource, openHttp } from './http-source.js';
export { type LibraryOptions, makeLibrary, type SpectralLibrary } from './library.js';
export { readSpectralLibraryCsv, writeSpectralLibraryCsv } from './library-csv.js';
export { readSpectralLibraryEnvi, writeSpectralLibraryEnvi } from './library-envi.js';
export { resampleLibrary, type SensorBand } from './library-resample.js';
export { isLayerWord, type MaskedScene, type MaskRule, openMask, parseMaskRule, type SceneMask } from './mask.js';
export { type MatArray, type Matrix, readMatFile, readMatMatrix } from './matlab.js';
export { type MatSceneOptions, openMatScene } from './matlab-scene.js';
export { joinGrids, type MosaicGrid, shiftTo } from './mosaic-grid.js';
export { type OpenOptions, openSceneAt, type ScenePlace } from './open.js';
export { type PixelArea, pixelArea } from './pixel-area.js';
export { assertWindow, makeScene, type SceneCore, toSpectra } from './read-spectra.js';
export {
  type Band,
  type Block,
  type GeoKeys,
  type Georeference,
  isNorthUp,
  type Overview,
  type QualityLayer,
  type ReadOptions,
  type SampleArray,
  type SampleType,
  type Scene,
  type SpectraBlock,
  type Stop,
  type StreamOptions,
  toGround,
  type Window,
} from './scene.js';
export type { ByteSink, ByteSource, Codecs } from './source.js';
export { openGeoTiff } from './tiff/read.js';
export { createGeoTiff, type RasterWriter } from './tiff/write.js';
export type { BandToWrite, GeoTiffOptions } from './tiff/write-options.js';
export { readVrt, type Vrt, type VrtBand } from './vrt.js';
export type { VrtSource } from './vrt-source.js';
