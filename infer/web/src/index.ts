export type { Level, SceneFacts, UnmixedWindow } from './calls.js';
export { VIRIDIS } from './colours.js';
export type { ExportProgress, MapToExport } from './export-map.js';
export type { GpuAbundances, StoredWindow } from './gpu-unmix.js';
export { type ModelPlace, type OpenWebModelOptions, openModel, type WebModel } from './model.js';
export type { GpuPath } from './on-gpu.js';
export type { CallOptions } from './rpc.js';
export type { RuntimeOptions, WebDevice } from './runtime.js';
export { type UnmixOnOptions, unmixOn } from './unmix-on.js';
export {
  createUnmixer,
  type ExportOptions,
  type ReadOptions,
  type RemoteModel,
  type RemoteScene,
  type Unmixer,
} from './unmixer.js';
