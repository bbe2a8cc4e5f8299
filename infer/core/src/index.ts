export { assignOnLine } from './assign.js';
export { type BandPlan, DEFAULT_FWHM, type MatchableScene, matchBands, planBands } from './bands.js';
export type { InputTensor, ReaderBand, Session, SpectraPack, SpectraReader, Stop, Window } from './contract.js';
export { assertCount } from './count.js';
export type { DamagedPixels } from './damage.js';
export { InferError, type Remedy } from './error.js';
export {
  assertGraph,
  type GraphValue,
  INPUT,
  imageInputs,
  joinOutputs,
  OUTPUT,
  outputsOf,
  spectraInputs,
} from './graph.js';
export { abundanceBands, mapBands } from './map-bands.js';
export { mapOrigin, SOFTWARE_VERSION } from './map-origin.js';
export { readCard, readCardOf, readModelMetadata } from './metadata.js';
export { type PlacedScene, planMosaic } from './mosaic-plan.js';
export { type PackedError, packError } from './packed-error.js';
export { makeQualityMeter, QUALITY_BANDS, type QualityMeter } from './quality.js';
export { EDGE_REACH, type Interpolation, MAX_GAP } from './resample.js';
export { assertPlausible, type CompareRun, lookAt, SAMPLING, type Seen, sumSeen } from './seen.js';
export { assertShard, mapTiles, type Shard, shareTiles, windowsOfRun } from './shards.js';
export { assertHalo } from './spatial/when-needed.js';
export { firstLine } from './text.js';
export {
  assertMapSize,
  planTiles,
  TILE_PIXELS,
  type Tile,
  type TilePlanOptions,
  type TileShape,
  tileShape,
} from './tiles.js';
export {
  type AbundanceTile,
  assertBatch,
  BATCH_PIXELS,
  gpuBatch,
  planUnmixing,
  type UnmixOptions,
  type UnmixPlan,
  unmix,
} from './unmix.js';
export { unmixAround } from './unmix-around.js';
export {
  type MosaicAbundances,
  type MosaicPart,
  type MosaicWindow,
  type Overlap,
  type UnmixMosaicOptions,
  unmixMosaic,
} from './unmix-mosaic.js';
export { unmixWindow } from './unmix-window.js';
export {
  assertAbundances,
  type UnmixWindowOptions,
  type WindowAbundances,
  type WindowToUnmix,
} from './window-abundances.js';
export { joinMarks, type Marks, marksIn, placePart, rowsIn, sharedWindow, windowFrom, withHalo } from './windows.js';
