// A worker thread of the pool: opens the scene and the model once, then unmixes one window after another, on one thread.
import {
  type DamagedPixels,
  InferError,
  type Seen,
  type UnmixPlan,
  unmixAround,
  unmixWindow,
  type WindowToUnmix,
} from '@egunet/infer';
import type { OpenOptions, SampleArray, SceneAccess } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { isUrl, publicPath } from '@egunet/raster/url';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { sceneIdentity } from './identity.js';
import { openModel } from './model.js';
import { type PackedError, packError } from './remote-error.js';
import { encodeSamples, type StoredType } from './samples.js';
import { OPENING, STOP } from './worker-state.js';

/** What every worker is told at its start. */
export interface WorkerSettings {
  readonly scene: string;
  /** Of which files the scene is made. */
  readonly sceneFiles: readonly string[];
  readonly open: OpenOptions;
  readonly access: Omit<SceneAccess, 'signal' | 'onNotice'>;
  readonly model: string;
  /** Shared with the main thread: see worker-state.ts. */
  readonly state: Int32Array;
}

/** A window to unmix, which of its pixels are left out, and how. */
export interface WorkerTask extends Omit<WindowToUnmix, 'reader'> {
  readonly plan: Omit<UnmixPlan, 'tiles'>;
  readonly quality: boolean;
  readonly sampleType: StoredType;
  /** Whether pixels of damaged blocks become NoData; else the first one ends the work. */
  readonly aroundDamage: boolean;
}

/** A window's samples as they are stored [N, D], or why there are none: in a form that crosses threads. */
export type WorkerAnswer =
  | { readonly data: SampleArray; readonly seen: Seen; readonly damaged?: readonly DamagedPixels[] }
  | { readonly error: PackedError };

/** How often a worker that waits for a server looks whether to stop, ms. */
const LOOK_EVERY = 100;

/** Aborted once the worker is asked to stop. */
function stopSignal(state: Int32Array): AbortSignal {
  const controller = new AbortController();
  const looking = setInterval(() => {
    if (Atomics.load(state, STOP) === 0) return;
    clearInterval(looking);
    controller.abort(new Error('stopped'));
  }, LOOK_EVERY);
  looking.unref();
  return controller.signal;
}

/** Opens the scene; from a server it must still be the one that the work began with, as reading then makes sure. */
async function openSame({ scene, sceneFiles, open, access, state }: WorkerSettings) {
  if (!isUrl(scene)) return openScene(scene, open, { held: true }); // by the main thread
  const reach = { ...access, signal: stopSignal(state) };
  const reader = await openScene(scene, open, reach);
  if ((await sceneIdentity(scene, reach)).join() === sceneFiles.join()) return reader;
  await reader.close();
  throw new InferError(`${publicPath(scene)}: changed while it was being unmixed; start again`);
}

async function openBoth(settings: WorkerSettings) {
  return { reader: await openSame(settings), model: await openModel(settings.model, { threads: 1 }) };
}

const settings = workerData as WorkerSettings;

const signal = {
  throwIfAborted() {
    if (Atomics.load(settings.state, STOP) !== 0) throw new Error('stopped');
  },
};

/** Opens both, and lets the pool know that it must be waited for. */
async function openCounted(): ReturnType<typeof openBoth> {
  signal.throwIfAborted();
  Atomics.add(settings.state, OPENING, 1);
  let left = false;
  const leave = () => {
    if (!left) Atomics.sub(settings.state, OPENING, 1);
    left = true;
  };
  process.once('exit', leave);
  return openBoth(settings).finally(leave);
}

const opened = openCounted();
opened.catch(() => {}); // seen by the first window

/** Unmixes one window. */
export default async function unmix({
  plan,
  quality,
  sampleType,
  aroundDamage,
  ...task
}: WorkerTask): Promise<WorkerAnswer> {
  try {
    const { reader, model } = await opened;
    const work = { ...plan, card: model.card, quality, signal };
    const unmixHere = aroundDamage ? unmixAround : unmixWindow;
    const { abundances, ...rest } = await unmixHere(model.session, { ...task, reader }, work);
    const data = encodeSamples(abundances, sampleType);
    // Handed over, not copied.
    return move({ [transferableSymbol]: [data.buffer], [valueSymbol]: { data, ...rest } }) as unknown as WorkerAnswer;
  } catch (error) {
    return { error: packError(error) };
  }
}
