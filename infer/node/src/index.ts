export { type ChooseDeviceOptions, type ChosenDevice, chooseDevice } from './choose-device.js';
export type { BoundingBox, PixelCounts, PixelOptions } from './choose-pixels.js';
export type { DamageSummary } from './damage.js';
export { type InferProgress, type InferSceneOptions, type InferSummary, inferScene } from './infer-scene.js';
export { type Device, NUMBERED, type OpenedModel, type OpenModelOptions, openModel } from './model.js';
export type { StoredType } from './samples.js';
export type { SceneNames } from './scene-list.js';
