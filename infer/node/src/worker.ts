// A worker thread of the pool: opens the model once, and scenes as windows ask for them, then unmixes one window after another, on one thread.
import type { MessagePort } from 'node:worker_threads';
import {
  type DamagedPixels,
  InferError,
  type MosaicPart,
  type MosaicWindow,
  type PackedError,
  packError,
  type Seen,
  type Session,
  type UnmixMosaicOptions,
  unmixMosaic,
} from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import { distributionOfCard } from '@egunet/models/distribution';
import type { OpenOptions, SampleArray, Scene, SceneAccess } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { isUrl, publicPath } from '@egunet/raster/url';
import { move, transferableSymbol, valueSymbol, workerData } from 'piscina';
import { sceneIdentity } from './identity.js';
import { keepOpen } from './keep-open.js';
import { comparisonWith } from './likeness.js';
import { type Device, openModel, readModelCard } from './model.js';
import { readAhead } from './read-ahead.js';
import { sessionOver } from './runs.js';
import { encodeSamples, type StoredType } from './samples.js';
import { OPENING, STOP } from './worker-state.js';

/** A scene by its path. */
export interface SceneFiles {
  readonly path: string;
  /** Of which files it must still be made when it is opened; absent where the main thread has it open. */
  readonly files?: readonly string[] | undefined;
}

/** What every worker is told at its start. */
export interface WorkerSettings {
  readonly open: OpenOptions;
  readonly access: Omit<SceneAccess, 'signal' | 'onNotice'>;
  readonly model: string;
  /** Where the model runs: on the CPU in each worker, else in the main thread. */
  readonly device: Device;
  /** Shared with the main thread: see worker-state.ts. */
  readonly state: Int32Array;
}

/** A scene in a window: see MosaicPart. */
export interface ScenePart extends Omit<MosaicPart, 'open'> {
  readonly scene: SceneFiles;
}

/** A window to unmix, of which scenes, which of its pixels are left out, and how. */
export interface WorkerTask
  extends Omit<MosaicWindow, 'parts'>,
    Pick<UnmixMosaicOptions, 'batch' | 'overlap' | 'aroundDamage' | 'spread'> {
  readonly parts: readonly ScenePart[];
  /** Where the model runs, if not in the worker. */
  readonly runs?: MessagePort;
  /** Of samples that were used up: it may be taken for those of this window. */
  readonly memory?: ArrayBuffer | undefined;
  readonly quality: boolean;
  readonly sampleType: StoredType;
  /** One in so many pixels is compared with the training's. */
  readonly compareEvery: number;
}

/** A window's samples as they are stored [N, D], or why there are none: in a form that crosses threads. */
export type WorkerAnswer =
  | {
      readonly data: SampleArray;
      /** Of each part. */
      readonly seenOf: readonly Seen[];
      readonly damaged?: readonly DamagedPixels[];
    }
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

/** Scenes that a worker keeps open: those that lie beside and upon each other where it works. */
const MOST_SCENES = 4;

const settings = workerData as WorkerSettings;

const signal = {
  throwIfAborted() {
    if (Atomics.load(settings.state, STOP) !== 0) throw new Error('stopped');
  },
};

const stopped = stopSignal(settings.state);

/** Opens a scene; it must still be the one that the work began with, as reading then makes sure. */
async function openSame({ path, files }: SceneFiles) {
  const { open, access } = settings;
  const reach = isUrl(path) ? { ...access, signal: stopped } : { held: true }; // by the main thread
  const reader = await openScene(path, open, reach);
  const now = files && (await sceneIdentity(path, reach));
  if (!files || files.every((file) => now?.includes(file))) return reader;
  await reader.close();
  throw new InferError(`${publicPath(path)}: changed while it was being unmixed; start again`);
}

const scenes = keepOpen<Scene>(MOST_SCENES);
const openKept = (scene: SceneFiles): Promise<Scene> => scenes.get(scene.path, () => openSame(scene));

/** What is needed from the beginning. */
async function openFirst() {
  const { model, device } = settings;
  const found: { readonly card: ModelCard; readonly session?: Session } =
    device === 'cpu' ? await openModel(model, { threads: 1 }) : { card: await readModelCard(model) };
  const distribution = distributionOfCard(found.card);
  return { ...found, comparison: distribution && comparisonWith(distribution) };
}

/** Opens it, and lets the pool know that it must be waited for. */
async function openCounted() {
  signal.throwIfAborted();
  Atomics.add(settings.state, OPENING, 1);
  let left = false;
  const leave = () => {
    if (!left) Atomics.sub(settings.state, OPENING, 1);
    left = true;
  };
  process.once('exit', leave);
  return openFirst().finally(leave);
}

const opened = openCounted();
opened.catch(() => {}); // seen by the first window

/** Unmixes one window. */
export default async function unmix(task: WorkerTask): Promise<WorkerAnswer> {
  const { window, leaveOut, masked, sampleType, overlap, aroundDamage, batch, spread, quality } = task;
  try {
    const { card, comparison, ...own } = await opened;
    const runner = task.runs ? sessionOver(task.runs) : own.session!;
    const open = async (scene: SceneFiles) => (task.runs ? readAhead(await openKept(scene)) : openKept(scene));
    const parts = task.parts.map(({ scene, ...part }) => ({ ...part, open: () => open(scene) }));
    const compare = comparison?.(task.compareEvery);
    const work = { overlap, aroundDamage, batch, spread, quality, compare, card, signal, memory: task.memory };
    const { abundances, seenOf, damaged } = await unmixMosaic(runner, { window, parts, leaveOut, masked }, work);
    const data = encodeSamples(abundances, sampleType);
    const answer = { data, seenOf, ...(damaged && { damaged }) };
    // Handed over, not copied.
    return move({ [transferableSymbol]: [data.buffer], [valueSymbol]: answer }) as unknown as WorkerAnswer;
  } catch (error) {
    return { error: packError(error) };
  }
}
