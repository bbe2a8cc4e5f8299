// The threads that a piece of work has.
import { availableParallelism } from 'node:os';
import { InferError, TILE_PIXELS, type Window } from '@egunet/infer';
import type { OpenOptions } from '@egunet/raster';
import type { InferSceneOptions } from './infer-scene.js';
import { startWorkers, type Workers } from './pool.js';
import type { SceneFiles } from './worker.js';

/** How to open a scene: one that is cut off opens where damaged blocks may become NoData. */
export const openOptions = ({ open = {}, onError }: InferSceneOptions): OpenOptions =>
  onError === 'nodata' ? { ...open, allowDamaged: true } : open;

/** Bytes of decoded blocks that a reader keeps of one of several scenes: together they keep what that of a single one does. */
const CACHE_BYTES = 96 * 2 ** 20;

/** About how many windows a part of a scene is unmixed in. */
export const windowsOf = ({ rows, cols }: Window, { tile }: InferSceneOptions): number =>
  Math.ceil((rows * cols) / (tile ? tile.rows * tile.cols : TILE_PIXELS)); // or fewer

/** Starts workers, no more than there are windows: they open the model, and the scene where there is but one, while the rest is checked. */
export function beginWorkers(
  options: InferSceneOptions,
  { scene, windows }: { readonly scene?: SceneFiles; readonly windows: number },
): Workers {
  const { model, device = 'cpu', access: { onNotice: _told, ...access } = {}, signal } = options;
  const workers = workersFor(options.workers, Math.max(1, windows || 1));
  const open = { ...openOptions(options), ...(!scene && { cacheBytes: CACHE_BYTES }) };
  const settings = { ...(scene && { scene }), open, access, model, device };
  return startWorkers({ workers, settings, signal });
}

function workersFor(wanted: number | undefined, most: number): number {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1))
    throw new InferError(`workers should be a whole number >= 1, got ${wanted}`);
  return Math.min(wanted ?? availableParallelism(), most);
}
