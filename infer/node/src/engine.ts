// The model where it runs: on the CPU in each worker thread, on a GPU in the main thread, for all of them.
import { BATCH_PIXELS, gpuBatch, InferError } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { InferSceneOptions } from './infer-scene.js';
import { NUMBERED, openModel, readModelCard } from './model.js';
import { type Runs, serveRuns } from './runs.js';

/** A model, ready. */
export interface Engine {
  readonly card: ModelCard;
  /** Where workers have it run; absent where each runs it by itself. */
  readonly runs?: Runs;
  release(): Promise<void>;
}

/** True where processes of their own have the GPUs. */
export const onSeveral = ({ deviceIds = [] }: Pick<InferSceneOptions, 'deviceIds'>): boolean => deviceIds.length > 1;

/** Throws InferError unless the numbers can be those of GPUs. */
export function assertDeviceIds({ deviceIds, device = 'cpu' }: Pick<InferSceneOptions, 'device' | 'deviceIds'>): void {
  if (deviceIds === undefined) return;
  if (!NUMBERED.includes(device))
    throw new InferError(`numbers tell GPUs of ${NUMBERED.join(', ')} apart, not of ${device}; leave them out`);
  const most = device === 'webgpu' ? 0 : Number.MAX_SAFE_INTEGER; // the adapter that the system chooses
  if (deviceIds.length === 0 || !deviceIds.every((id) => Number.isSafeInteger(id) && id >= 0 && id <= most))
    throw new InferError(
      `GPUs ${deviceIds.join(', ') || '(none)'}: expected whole numbers from 0${most === 0 ? ', of webgpu 0 alone' : ''}`,
    );
}

/**
 * Opens the model on its device; only its card is read where it is opened elsewhere: for the CPU by each worker, for several GPUs by their processes.
 * Rejects as `openModel`.
 */
export async function openEngine(options: Pick<InferSceneOptions, 'model' | 'device' | 'deviceIds'>): Promise<Engine> {
  const { model, device = 'cpu', deviceIds } = options;
  if (device === 'cpu' || onSeveral(options)) return openCard(options);
  const { card, session, release } = await openModel(model, { threads: 1, device, deviceId: deviceIds?.[0] });
  return { card, runs: serveRuns(session), release };
}

/** The model's card alone, where nothing is run. */
export const openCard = async ({ model }: Pick<InferSceneOptions, 'model'>): Promise<Engine> => ({
  card: await readModelCard(model),
  release: async () => {},
});

/** Pixels a run of the model for a map of so many pixels; a spatial model's runs have what the pieces of its images have. Throws InferError where `batch` means nothing. */
export function batchFor({ device = 'cpu', batch }: InferSceneOptions, { kind }: ModelCard, pixels: number): number {
  if (batch !== undefined && kind === 'spatial')
    throw new InferError(`a spatial model is run on pieces of an image, not on ${batch} pixels; leave the batch out`);
  if (batch !== undefined) return batch;
  return device === 'cpu' ? BATCH_PIXELS : gpuBatch(pixels);
}
