import { join } from 'node:path';
import { hasSecrets } from '@egunet/raster/url';
import {
  type Checkpoint,
  DEFAULT_SETTINGS,
  type FitOptions,
  type FitSettings,
  fit,
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
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { assertReplaceable, makeFolder } from '../support/files.js';
import { note, shellCommand } from '../support/output.js';
import type { Progress } from '../support/progress.js';
import { assertDataRequest, type DataRequest, prepareData, trainingSet } from './prepare.js';

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
  /** Seconds between two savings of the run, against power cuts and kills. */
  readonly saveEvery: number;
  readonly control: Control;
}

const RUN = {
  marker: { file: 'manifest.json', contains: 'egunet-run', what: 'a run of egunet train' },
  hint: 'go on with it (--resume), replace it (--overwrite) or choose another folder',
  ignore: (name: string) => isLock(name) || isPart(name),
} as const;

/**
 * Trains on a scene into the folder `run`, an empty one or with `overwrite` that of a run, which stays until the first saving; an interrupted training
 * is saved as far as it came. Throws TrainError where another training is in the folder, CommandError where it holds something else.
 */
export async function trainRun(
  run: string,
  request: DataRequest,
  { settings, overwrite, ...options }: TrainOptions & { settings: Partial<FitSettings>; overwrite: boolean },
): Promise<TrainResult> {
  if (hasSecrets(request.scene))
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
  const { epoch, settings, spatial } = await readManifest(run);
  if (epoch === settings.epochs && (settings.model === 'pw' || spatial)) {
    const { checkpoint } = await loadRun(run);
    note(`${run}: all ${epoch} epochs are done already; nothing to resume`);
    return { run, finished: true, checkpoint, seconds: 0, pixelsPerSecond: 0 };
  }
  return whileLocked(run, async (lock) => {
    const { checkpoint, request } = await loadRun(run);
    assertDataRequest(request, join(run, 'manifest.json'));
    return train({ run, lock, request, settings: checkpoint.settings, resume: checkpoint }, options);
  });
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
  readonly request: DataRequest;
  readonly settings: Partial<FitSettings>;
  readonly resume?: Checkpoint;
}

async function train({ run, lock, request, settings, resume }: Training, options: TrainOptions): Promise<TrainResult> {
  const { threads, saveEvery, control } = options;
  const patches = (resume?.settings ?? { ...DEFAULT_SETTINGS, ...settings }).model === 'ss';
  const data = await prepareData(request, control, { patches });
  const set = trainingSet(data);
  const save = createSaver({ run, lock, request }, resume?.epoch);
  let latest: Checkpoint | undefined;
  let savedAt = 0; // of `seconds`
  try {
    const fitted = await fitWithProgress(set, data.facts, {
      ...settings,
      ...(threads === undefined ? {} : { threads }),
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
    if (fitted.finished) noteUnlearned(fitted.checkpoint, set);
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
  set: TrainingSet,
  facts: RunFacts,
  { control, onEpoch, ...options }: FitOptions & Pick<TrainOptions, 'control'>,
): Promise<Omit<TrainResult, 'run'>> {
  let line: Progress | undefined;
  let speed = { seconds: 0, pixelsPerSecond: 0 };
  try {
    const result = await fit(set, facts, {
      ...options,
      signal: control.signal,
      onStart: (epochs) => {
        line = control.startProgress('training', epochs, options.resume?.epoch);
      },
      onEpoch: (progress) => {
        const { epoch, epochs, losses, seconds, pixelsPerSecond } = progress;
        speed = { seconds, pixelsPerSecond };
        const { total: loss, crossEntropy, reconstruction } = losses;
        const figures = [loss, crossEntropy, reconstruction].map((value) => value.toPrecision(4));
        line?.update(
          epoch,
          `epoch ${epoch}/${epochs} loss ${figures[0]} (cross-entropy ${figures[1]}, reconstruction ${figures[2]}) ${Math.round(pixelsPerSecond / 1000)}k pixels/s`,
        );
        return onEpoch?.(progress);
      },
    });
    return { ...result, ...speed };
  } finally {
    line?.stop();
  }
}

/** Saves checkpoints that are not saved yet; where that fails, says what is kept. `kept`: epochs that are saved already. */
function createSaver(
  { run, lock, request }: Pick<Training, 'run' | 'lock' | 'request'>,
  kept: number | undefined,
): (checkpoint: Checkpoint) => Promise<void> {
  return async (checkpoint) => {
    if (checkpoint.epoch === kept && !checkpoint.spatial) return; // the spatial layer is fitted last
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

/**
 * Says where a training has taught the network nothing. The rule: a sound one ends with a smaller loss than its first epoch had, and with a smaller
 * cross-entropy than the best answer that looks at no pixel, the mean label. The first epoch alone says nothing: its loss is that of the beginning.
 */
function noteUnlearned({ history, settings }: Checkpoint, { labels, endmembers }: TrainingSet): void {
  const [first, last] = [history[0], history.at(-1)];
  if (!first || !last || history.length < 2) return;
  const blind = entropyOfMean(labels, endmembers);
  const shown = (value: number) => value.toPrecision(4);
  const wrong =
    last.total >= first.total
      ? `the loss of the last epoch, ${shown(last.total)}, is not below that of the first, ${shown(first.total)}`
      : last.crossEntropy >= blind &&
        `the cross-entropy of the last epoch, ${shown(last.crossEntropy)}, is not below ${shown(blind)}, that of the same abundances in every pixel`;
  if (wrong)
    note(
      `note: ${wrong}: the network has learned nothing of use; train anew with a smaller --learning-rate than ${settings.learningRate}, or with more --epochs`,
    );
}

/** Entropy, nats, of the mean of the labels [m, C]: the least cross-entropy of one answer for all. */
function entropyOfMean(labels: Float32Array, endmembers: number): number {
  const mean = new Float64Array(endmembers);
  labels.forEach((label, i) => {
    mean[i % endmembers]! += (label * endmembers) / labels.length;
  });
  return mean.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
