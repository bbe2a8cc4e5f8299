export { createEagerImageEngine } from './convolutional/eager.js';
export type { ImageArrays, ImageEngine, ImageProblem } from './convolutional/engine.js';
export { exportImageHead } from './convolutional/export-image-head.js';
export {
  fitImages,
  type ImageFitOptions,
  type ImageFitProgress,
  type ImageFitResult,
} from './convolutional/fit-images.js';
export { convolutionalHeadGraph } from './convolutional/head.js';
export { createOnnxImageEngine } from './convolutional/onnx.js';
export type { Patch, TrainingImage } from './convolutional/patches.js';
export { DEFAULT_IMAGE_SETTINGS, type ImageFitSettings } from './convolutional/settings.js';
export { exactStatistics, type NetworkState, type StatisticsOptions } from './convolutional/statistics.js';
export { distributionOf } from './distribution.js';
export { extractBundles } from './endmembers/bundles.js';
export { COUNT_WAYS, type CountBy, MAX_ESTIMATED } from './endmembers/choose-count.js';
export { leadingDirections } from './endmembers/directions.js';
export {
  DEFAULT_METHOD,
  type EndmemberMethodName,
  type Endmembers,
  endmemberMethods,
  type FindEndmembersOptions,
  findEndmembers,
} from './endmembers/find-endmembers.js';
export { bandNoise, type HySime, hysime } from './endmembers/hysime.js';
export { type JudgedPixels, judgedPixels, type Unexplained, unexplained } from './endmembers/judge.js';
export { type LabelledCandidates, labelCandidates } from './endmembers/labels.js';
export { floorMagnitudes } from './endmembers/magnitudes.js';
export { clusterSpectra, overCluster } from './endmembers/over-clustering.js';
export { type PurifyOptions, purify } from './endmembers/purification.js';
export { countByResidual } from './endmembers/residual-count.js';
export {
  AGREEMENT,
  BRIGHTNESS,
  type Brightness,
  BUNDLES,
  DEFAULT_BRIGHTNESS,
  DEFAULT_SUBSET_SETTINGS,
  REFINE,
  RESTARTS,
  type RefineSettings,
  type SubsetSettings,
} from './endmembers/settings.js';
export { createSignalView, type SignalView } from './endmembers/signal-view.js';
export {
  excessOf,
  type Grown,
  type GrowthOptions,
  growSimplex,
  logSize,
  sumToOne,
} from './endmembers/simplex-growth.js';
export { type Clustering, type ClusterOptions, sphericalKmeans } from './endmembers/spherical-kmeans.js';
export { type Selection, selectSubset } from './endmembers/subset-selection.js';
export type {
  Candidates,
  EndmemberMethod,
  MethodOptions,
  MethodResult,
  SpectraBlock,
  SpectraSample,
} from './endmembers/types.js';
export { type VcaOptions, type VcaResult, vca } from './endmembers/vca.js';
export { agreement, leastAngle, type Restart, type Verdict } from './endmembers/verdict.js';
export { createEagerEngine } from './engines/eager.js';
export type { Engine, EpochPlan, EpochResult, Problem, TrainingData, TrainState } from './engines/engine.js';
export { createOnnxEngine } from './engines/onnx.js';
export { isOutOfMemory } from './engines/out-of-memory.js';
export { checkEngine, type EngineCheck } from './engines/self-check.js';
export {
  createEagerStepEngine,
  createOnnxStepEngine,
  type StepEngine,
  type StepInput,
  type StepOutcome,
  type StepProblem,
  type StepValues,
} from './engines/step-engine.js';
export { openTensorflow, type Tensorflow } from './engines/tensorflow.js';
export type { OnnxEngineOptions, TrainingDevice } from './engines/training-session.js';
export { TrainError } from './error.js';
export { assignByAbundance, assignByAngle, assignLeastCost } from './evaluate/assignment.js';
export {
  type Evaluation,
  type EvaluationInput,
  evaluateAbundances,
  type Figure,
  type MapEvaluation,
  type MaterialFigures,
} from './evaluate/evaluate-abundances.js';
export {
  type AbundanceErrors,
  abundanceErrors,
  endmembersFromAbundances,
  type PureSpectrum,
  pureSpectra,
  spectralAngle,
} from './evaluate/metrics.js';
export { exactUnmixing, MOST_EXACT_ENDMEMBERS } from './exact-head/exact-unmixing.js';
export {
  EXACT_TOLERANCE,
  exactHeadGraph,
  exportExactHead,
  exportGivenHead,
  type GivenEndmembers,
} from './exact-head/export-exact-head.js';
export { PROBE_PIXELS } from './exact-head/probe.js';
export { type Checkpoint, type EpochLosses, isComplete, type PooledScene, type RunFacts } from './fit/checkpoint.js';
export { type FitOptions, type FitProgress, type FitResult, fit } from './fit/fit.js';
export { isPart, loadRun, readManifest, type SavedRun, saveRun } from './fit/run-folder.js';
export { isLock, lockRun, type RunLock } from './fit/run-lock.js';
export type { Schedule } from './fit/schedule.js';
export {
  DEFAULT_SETTINGS,
  DEFAULT_SIZES,
  type FitSettings,
  MODELS,
  type ModelName,
  SCENE_MODELS,
} from './fit/settings.js';
export type { TrainingSet } from './fit/training-set.js';
export { evaluateNetwork, exportHead, type Head, type HeadOptions } from './head.js';
export { type ClassLibrary, classMeans, filterLibrary, groupBySource } from './library/class-library.js';
export { fitLibrary, type LibraryFitOptions } from './library/fit-library.js';
export { createMixer, type DrawMixtures, type Mixtures } from './library/mixtures.js';
export {
  DEFAULT_MIXTURES,
  LIBRARY_SETTINGS,
  type LibrarySettings,
  type MixtureSettings,
} from './library/settings.js';
export { fclsAbundances } from './nnls/fcls.js';
export { nnls, nnlsAbundances } from './nnls/nnls.js';
export { createRandom, type Random, type RandomState, restoreRandom } from './random.js';
export { DEFAULT_LIMITS, type ErrorLimits } from './reduce-head.js';
export { roundCompensating } from './round-weights.js';
export { EXPORT_TOLERANCE } from './same-head.js';
export { poolSamples, shareOf } from './sample/pool-samples.js';
export type { PooledSample, PoolScene } from './sample/pooled-sample.js';
export { decodeSample, encodeSample } from './sample/sample-file.js';
export { type SampleOptions, type SceneSample, type SpectraReader, sampleScene } from './sample/sample-scene.js';
export { allocate } from './sample/spectral-strata.js';
export { createSpreadPriority, type ItemGrid } from './sample/spread-priority.js';
export {
  type BandReader,
  type DropReason,
  NoDataError,
  type UsableBands,
  type UsableBandsOptions,
  usableBands,
} from './sample/usable-bands.js';
export type { SampleWindow, SceneShape } from './sample/windows.js';
export { filterOnCpu, type Raster, runSpatialHead } from './spatial/check-layer.js';
export { type NoisedPatches, spatialFilter } from './spatial/filter.js';
export { krigingWeights } from './spatial/kriging.js';
export { extrapolateNugget, noiseShare } from './spatial/nugget.js';
export type { AbundancePatch } from './spatial/variograms.js';
export { type ModelFile, stacItem } from './stac.js';
