export {
  type ConvolutionalBlock,
  convolutionalHead,
  encodeImage,
  evaluationConvolutions,
  foldedConvolutions,
} from './convolutional/forward.js';
export {
  type ConvolutionalBatch,
  type ConvolutionalLoss,
  convolutionalLoss,
} from './convolutional/loss.js';
export {
  type ConvolutionalForm,
  type ConvolutionalNetwork,
  type ConvolutionalOptions,
  convolutionalLayers,
  convolutionalNetwork,
  FORMS,
  headHalo,
  POOLINGS,
  type Pooling,
  reconstructionHalo,
} from './convolutional/network.js';
export { type ExactUnmixing, exactAbundances } from './exact-unmixing.js';
export { type LabelledBatch, type LabelledLoss, labelledLoss } from './labelled-loss.js';
export {
  countParameters,
  countStatistics,
  drawParameters,
  type LayerShape,
  listParameters,
  listStatistics,
  markKernels,
  type Parameter,
  type ParameterRole,
  type StatisticsEntry,
  startStatistics,
} from './layer-list.js';
export { moveAverages } from './layer-tensors.js';
export { type Batch, type Loss, pixelwiseLoss } from './loss.js';
export type { BatchStatistics } from './normalised-layer.js';
export {
  BATCH_NORM,
  decayMask,
  ENCODER_LAYERS,
  encoderNetwork,
  hasBatchNorm,
  initialParameters,
  initialStatistics,
  layerSizes,
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
  standardisedBlock,
  trainingBlock,
  unflatten,
  updateMoving,
} from './pixelwise.js';
export { filterAbundances, type SpatialFilter } from './spatial-filter.js';
