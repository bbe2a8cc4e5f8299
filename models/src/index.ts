export { type Batch, type Loss, pixelwiseLoss } from './loss.js';
export type { BatchStatistics } from './normalised-layer.js';
export {
  BATCH_NORM,
  decayMask,
  ENCODER_LAYERS,
  hasBatchNorm,
  initialParameters,
  initialStatistics,
  layerSizes,
  type Parameter,
  type ParameterRole,
  type PixelwiseNetwork,
  parameterCount,
  parameterList,
  pixelwiseNetwork,
  statisticsCount,
  statisticsList,
} from './parameters.js';
export {
  abundanceHead,
  type Block,
  decode,
  encode,
  evaluationBlock,
  foldedBlock,
  type Layer,
  scaleInput,
  trainingBlock,
  unflatten,
  updateMoving,
} from './pixelwise.js';
export { filterAbundances, type SpatialFilter } from './spatial-filter.js';
