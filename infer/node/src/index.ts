export { MOST_TIMES_AS_WIDE } from './band-widths.js';
export { type ChooseDeviceOptions, type ChosenDevice, chooseDevice } from './choose-device.js';
export {
  type BoundingBox,
  choosePixels,
  NoPixelsError,
  openMasks,
  type PixelChoice,
  type PixelCounts,
  type PixelOptions,
  pixelIdentity,
} from './choose-pixels.js';
export type { DamageSummary } from './damage.js';
export { sceneIdentity } from './identity.js';
export {
  type InferProgress,
  type InferSceneOptions,
  type InferSummary,
  inferScene,
  type Likeness,
} from './infer-scene.js';
export { comparisonWith, likenessOf } from './likeness.js';
export { type Device, NUMBERED, type OpenedModel, type OpenModelOptions, openModel } from './model.js';
export type { StoredType } from './samples.js';
export { listScenes, type SceneNames } from './scene-list.js';
export { inferShard, mergeShards, type ShardSummary, tidyMerged } from './shards.js';
