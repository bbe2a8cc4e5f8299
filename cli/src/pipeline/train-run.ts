import { join } from 'node:path';
import { hasSecrets } from '@egunet/raster/url';
import {
  type Checkpoint,
  DEFAULT_SETTINGS,
  type FitOptions,
  type FitResult,
  type FitSettings,
  fit,
  fitLibrary,
  isComplete,
  isLock,
  isPart,
  loadRun,
  lockRun,
  type RunFacts,
  type RunLock,
  readManifest,
  saveRun,
  TrainError,
  type TrainingSet,
} from '@egunet/train';
import type { EngineId } from '../doctor/ids.js';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { assertReplaceable, makeFolder } from '../support/files.js';
import { lossWords, roundsOf } from '../support/loss-words.js';
import { note, shellCommand } from '../support/output.js';
import { type Progress, stages } from '../support/progress.js';
import { prepareLibrary } from './library/prepare.js';
import { assertLibraryRequest, type LibraryRequest } from './library/request.js';
import { assertDataRequest, type DataRequest, prepareData, trainingSet, withData } from './prepare.js';
import { noteUnlearned } from './train-notes.js';
import { assertSetUp, type EngineChoice, libraryEngine, trainingEngine } from './training-engine.js';

/** What a training came to. */
export interface TrainResult {
  readonly run: string;
  readonly finished: boolean;
  readonly checkpoint: Checkpoint;
  /** Seconds of the epochs of this call, the savings between them included, the set-up before them not; as the progress line counts. */
  readonly seconds: number;
  /** Pixels of both streams in these epochs, divided by these seconds. */
  readonly pixelsPerSecond: number;
}

interface TrainOptions {
  /** Threads of onnxruntime; all cores when absent. */
  readonly threads?: number;
  /** What trains; onnxruntime on the CPU when absent, for a resumed run what has trained it. */
  readonly engine?: EngineChoice;
  /** Seconds between two savings of the run, against power cuts and kills. */
  readonly saveEvery: number;
  readonly control: Control;
}

/** What a network is to be trained on. */
export type TrainRequest = DataRequest | LibraryRequest;

export const isOfLibrary = (request: TrainRequest): request is LibraryRequest => 'kind' in request;

const RUN = {
  marker: { file: 'manifest.json', contains: 'egunet-run', what: 'a run of egunet train' },
  hint: 'go on with it (--resume), replace it (--overwrite) or choose another folder',
  ignore: (name: string) => isLock(name) || isPart(name),
} as const;

/**
 * Trains on a scene, or on a library, into the folder `run`, an empty one or with `overwrite` that of a run, which stays until the first saving; an interrupted training
 * is saved as far as it came. Throws TrainError where another training is in the folder, CommandError where it holds something else.
 */
export async function trainRun(
  run: string,
  request: TrainRequest,
  { settings, overwrite, ...options }: TrainOptions & { settings: Partial<FitSettings>; overwrite: boolean },
): Promise<TrainResult> {
  if (request.scene !== undefined && hasSecrets(request.scene))
    note(`note: ${join(run, 'manifest.json')} keeps the whole URL, with what is secret in it, for --resume`);
  const folder = await makeFolder(run);
  try {
    return await whileLocked(run, async (lock) => {
      await assertReplaceable(run, { ...RUN, replace: overwrite });
      return train({ run, lock, request, settings }, options);
    });
  } catch (error) {
    await folder.removeIfEmpty();
    throw error;
  }
}

/** Goes on with a saved run. Throws TrainError or CommandError where it is none, and where another training is in the folder. */
export async function resumeRun(run: string, options: TrainOptions): Promise<TrainResult> {
  const manifest = await readManifest(run);
  if (isComplete(manifest)) {
    const { checkpoint } = await loadRun(run);
    note(`${run}: all ${manifest.epoch} ${roundsOf(manifest.settings)} are done already; nothing to resume`);
    return { run, finished: true, checkpoint, seconds: 0, pixelsPerSecond: 0 };
  }
  return whileLocked(run, async (lock) => {
    const { checkpoint, request } = await loadRun(run);
    return train(
      {
        run,
        lock,
        request: checkRequest(request, checkpoint, join(run, 'manifest.json')),
        settings: checkpoint.settings,
        resume: checkpoint,
      },
      options,
    );
  });
}

/** A request read from the manifest at `path`, as the run's network wants it. */
export function checkRequest(request: unknown, { settings }: Checkpoint, path: string): TrainRequest {
  if (settings.model === 'library') assertLibraryRequest(request, path);
  else assertDataRequest(request, path);
  return request;
}

async function whileLocked<T>(run: string, work: (lock: RunLock) => Promise<T>): Promise<T> {
  const lock = await lockRun(run);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

interface Training {
  readonly run: string;
  readonly lock: RunLock;
  readonly request: TrainRequest;
  readonly settings: Partial<FitSettings>;
  readonly resume?: Checkpoint;
}

/** Of `fit`'s options, what a run decides. */
type RunOptions = Pick<FitOptions, 'resume' | 'signal' | 'onStart' | 'onEpoch' | 'onStatistics'>;

async function train(training: Training, options: TrainOptions): Promise<TrainResult> {
  const { request, settings, resume } = training;
  if (isOfLibrary(request)) return trainOnLibrary({ ...training, request }, options);
  const { control } = options;
  const { model } = resume?.settings ?? { ...DEFAULT_SETTINGS, ...settings };
  const { engine = 'onnx', device = 'cpu' } = options.engine ?? {};
  if (model === 'ss-paper' && (engine !== 'onnx' || device !== 'cpu'))
    throw new CommandError('--model ss-paper is trained by --engine onnx on --device cpu alone; leave both out');
  await assertSetUp(options.engine ?? {});
  if (model === 'ss-paper')
    return withData(request, { control }, (data, scene) =>
      trainOnScene({ ...training, set: trainingSet(data, scene), facts: data.facts }, options),
    );
  const data = await prepareData(request, control, { patches: model === 'ss' });
  return trainOnScene({ ...training, set: trainingSet(data), facts: data.facts }, options);
}

async function trainOnScene(
  { set, facts, ...training }: Training & { set: TrainingSet; facts: RunFacts },
  options: TrainOptions,
): Promise<TrainResult> {
  const { settings, resume, request } = training;
  const { threads, control } = options;
  const { id, make } = await trainingEngine(options.engine ?? {}, {
    ...{ control, threads, batch: settings.batch },
    ...(resume && { before: request.engine ?? 'onnx-cpu' }),
  });
  const given = { ...settings, ...(threads === undefined ? {} : { threads }), ...(make && { engine: make }) };
  const done = await runAndSave({ ...training, id, fit: (how) => fit(set, facts, { ...given, ...how }) }, options);
  if (done.finished) noteUnlearned(done.checkpoint, set);
  return done;
}

async function trainOnLibrary(
  training: Training & { request: LibraryRequest },
  options: TrainOptions,
): Promise<TrainResult> {
  const { request, settings, resume } = training;
  const { id, make } = libraryEngine(options.engine ?? {}, {
    threads: options.threads,
    before: resume && (request.engine ?? 'onnx-cpu'),
  });
  const { library, facts, noise } = await prepareLibrary(request, options.control);
  const { mixtures, members, seed } = request;
  const given = { ...settings, seed, mixtures, members, noise, engine: make };
  return runAndSave({ ...training, id, fit: (how) => fitLibrary(library, facts, { ...given, ...how }) }, options);
}

async function runAndSave(
  {
    run,
    lock,
    request: asked,
    resume,
    id,
    fit,
  }: Training & { id: EngineId; fit: (how: RunOptions) => Promise<FitResult> },
  { saveEvery, control }: TrainOptions,
): Promise<TrainResult> {
  const { engine: _, ...data } = asked;
  const request = { ...data, ...(id !== 'onnx-cpu' && { engine: id }) };
  const save = createSaver({ run, lock, request }, resume?.epoch);
  let latest: Checkpoint | undefined;
  let savedAt = 0; // of `seconds`
  try {
    const fitted = await fitWithProgress(fit, {
      ...(resume === undefined ? {} : { resume }),
      control,
      onEpoch: async ({ checkpoint, seconds }) => {
        latest = checkpoint;
        if (seconds - savedAt < saveEvery) return;
        await save(checkpoint);
        savedAt = seconds;
      },
    });
    await save(fitted.checkpoint);
    return { run, ...fitted };
  } catch (error) {
    if (error instanceof CommandError || latest === undefined) throw error;
    await save(latest);
    if (!(error instanceof TrainError)) throw error;
    throw new CommandError(`${error.message}; ${run} keeps the state before it, after ${latest.epoch}`, {
      cause: error,
    });
  }
}

/** `fit` with a progress line. */
async function fitWithProgress(
  fit: (how: RunOptions) => Promise<FitResult>,
  { control, onEpoch, ...options }: RunOptions & Pick<TrainOptions, 'control'>,
): Promise<Omit<TrainResult, 'run'>> {
  let line: Progress | undefined;
  const { show, stop } = stages(control.startProgress);
  let speed = { seconds: 0, pixelsPerSecond: 0 };
  try {
    const result = await fit({
      ...options,
      signal: control.signal,
      onStart: (epochs) => {
        line = control.startProgress('training', epochs, options.resume?.epoch);
      },
      onEpoch: (progress) => {
        const { epoch, epochs, losses, seconds, pixelsPerSecond } = progress;
        speed = { seconds, pixelsPerSecond };
        line?.update(
          epoch,
          `${roundsOf(progress.checkpoint.settings, 1)} ${epoch}/${epochs} loss ${lossWords(losses, progress.checkpoint.settings)} ${Math.round(pixelsPerSecond / 1000)}k pixels/s`,
        );
        return onEpoch?.(progress);
      },
      onStatistics: ({ done, total }) => {
        line?.stop();
        line = undefined;
        show('statistics of the scene', done, total);
      },
    });
    return { ...result, ...speed };
  } finally {
    line?.stop();
    stop();
  }
}

/** Saves checkpoints that are not saved yet; where that fails, says what is kept. `kept`: epochs that are saved already. */
function createSaver(
  { run, lock, request }: Pick<Training, 'run' | 'lock' | 'request'>,
  kept: number | undefined,
): (checkpoint: Checkpoint) => Promise<void> {
  return async (checkpoint) => {
    if (checkpoint.epoch === kept && !(checkpoint.spatial ?? checkpoint.statistics)) return; // those are made last
    try {
      await lock.assertHeld();
      await saveRun(run, { checkpoint, request });
      kept = checkpoint.epoch;
    } catch (cause) {
      const outcome =
        kept === undefined
          ? 'nothing of this training is kept; mend that or choose another folder, and train again'
          : `the first ${kept} epochs are kept; mend that and go on with: ${shellCommand('egunet', 'train', '-o', run, '--resume')}`;
      throw new CommandError(`${(cause as Error).message}; ${outcome}`, { cause });
    }
  };
}
