// The model where it runs: on the CPU in each worker thread, on a GPU in the main thread, for all of them.
import { BATCH_PIXELS, gpuBatch, InferError } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import type { InferSceneOptions } from './infer-scene.js';
import { openModel, readModelCard } from './model.js';
import { type Runs, serveRuns } from './runs.js';

/** A model, ready. */
export interface Engine {
  readonly card: ModelCard;
  /** Where workers have it run; absent where each runs it by itself. */
  readonly runs?: Runs;
  release(): Promise<void>;
}

/** Opens the model on its device; for the CPU only its card is read, as each worker opens it. Rejects as `openModel`. */
export async function openEngine({ model, device = 'cpu', deviceId }: InferSceneOptions): Promise<Engine> {
  if (device === 'cpu') return { card: await readModelCard(model), release: async () => {} };
  const { card, session, release } = await openModel(model, { threads: 1, device, deviceId });
  return { card, runs: serveRuns(session), release };
}

/** Pixels a run of the model for a map of so many pixels; a spatial model's runs have what the pieces of its images have. Throws InferError where `batch` means nothing. */
export function batchFor({ device = 'cpu', batch }: InferSceneOptions, { kind }: ModelCard, pixels: number): number {
  if (batch !== undefined && kind === 'spatial')
    throw new InferError(`a spatial model is run on pieces of an image, not on ${batch} pixels; leave the batch out`);
  if (batch !== undefined) return batch;
  return device === 'cpu' ? BATCH_PIXELS : gpuBatch(pixels);
}
