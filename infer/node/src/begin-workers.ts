// The threads that a piece of work has.
import { availableParallelism } from 'node:os';
import { assertCount } from '@egunet/infer';
import type { OpenOptions } from '@egunet/raster';
import { startDeviceProcesses } from './device-processes.js';
import { onSeveral } from './engine.js';
import type { InferSceneOptions } from './infer-scene.js';
import { handOut, type Workers } from './pool.js';
import { startThreads } from './threads.js';

/** How to open a scene: one that is cut off opens where damaged blocks may become NoData. */
export const openOptions = ({ open = {}, onError }: InferSceneOptions): OpenOptions =>
  onError === 'nodata' ? { ...open, allowDamaged: true } : open;

/** Bytes of decoded blocks that a reader keeps of one of several scenes: together they keep what that of a single one does. */
const CACHE_BYTES = 96 * 2 ** 20;

/** Threads that are started at once where it is not known yet how many windows there are: two begin while the scene is opened. */
const AT_ONCE = 2;

/**
 * Starts workers, which open the model while the rest is checked: no more than `windows`; where their number is not known yet, a few, and the
 * others when they are needed. With `several` scenes each reader keeps less.
 */
export function beginWorkers(
  options: InferSceneOptions,
  { windows, several }: { readonly windows?: number; readonly several: boolean },
): Workers {
  const { model, device = 'cpu', access: { onNotice: _told, ...access } = {}, signal } = options;
  const workers = workersFor(options.workers, Math.max(1, windows ?? Number.POSITIVE_INFINITY));
  const atOnce = windows === undefined ? Math.min(workers, AT_ONCE) : workers;
  const open = { ...openOptions(options), ...(several && { cacheBytes: CACHE_BYTES }) };
  const settings = { open, access, model, device };
  const unmixers = onSeveral(options)
    ? startDeviceProcesses({ workers, settings, device, deviceIds: options.deviceIds! })
    : startThreads({ workers, atOnce, settings });
  return handOut(unmixers, signal);
}

function workersFor(wanted: number | undefined, most: number): number {
  if (wanted !== undefined) assertCount('workers', wanted);
  return Math.min(wanted ?? availableParallelism(), most);
}
