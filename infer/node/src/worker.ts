// A worker thread of the pool: opens the scene and the model once, then unmixes one window after another, on one thread.
import { type Seen, type UnmixPlan, unmixWindow, type Window } from '@egunet/infer';
import type { OpenOptions, SampleArray } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { openModel } from './model.js';
import { type PackedError, packError } from './remote-error.js';
import { encodeSamples, type StoredType } from './samples.js';

/** What every worker is told at its start. */
export interface WorkerSettings {
  readonly scene: string;
  readonly open: OpenOptions;
  readonly model: string;
  readonly plan: Omit<UnmixPlan, 'tiles'>;
  readonly sampleType: StoredType;
  /** Shared with the main thread; not 0: stop between two runs of the model. */
  readonly stop: Int32Array;
}

/** A window's abundances as they are stored [N, C], or why there are none: in a form that crosses threads. */
export type WorkerAnswer = { readonly data: SampleArray; readonly seen: Seen } | { readonly error: PackedError };

async function openBoth({ scene, open, model }: WorkerSettings) {
  return { reader: await openScene(scene, open), model: await openModel(model, { threads: 1 }) };
}

const settings = workerData as WorkerSettings;

const signal = {
  throwIfAborted() {
    if (Atomics.load(settings.stop, 0) !== 0) throw new Error('stopped');
  },
};

let opened: ReturnType<typeof openBoth> | undefined;

/** Unmixes one window. */
export default async function unmix(window: Window): Promise<WorkerAnswer> {
  try {
    opened ??= openBoth(settings);
    const { reader, model } = await opened;
    const work = { ...settings.plan, card: model.card, signal };
    const { abundances, seen } = await unmixWindow(model.session, { reader, window }, work);
    const data = encodeSamples(abundances, settings.sampleType);
    // Handed over, not copied.
    return move({ [transferableSymbol]: [data.buffer], [valueSymbol]: { data, seen } }) as unknown as WorkerAnswer;
  } catch (error) {
    return { error: packError(error) };
  }
}
