import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Checkpoint,
  DEFAULT_SETTINGS,
  type FitOptions,
  type FitSettings,
  fit,
  loadRun,
  lockRun,
  type RunFacts,
  saveRun,
  TrainError,
  type TrainingSet,
} from '@egunet/train';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
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

/** Trains on a scene into the folder `run`; an interrupted training is saved as far as it came. Throws TrainError where another training is in the folder. */
export async function trainRun(
  run: string,
  request: DataRequest,
  { settings, ...options }: TrainOptions & { settings: Partial<FitSettings> },
): Promise<TrainResult> {
  await mkdir(run, { recursive: true });
  return whileLocked(run, () => train({ run, request, settings }, options));
}

/** Goes on with a saved run. Throws TrainError or CommandError where it is none, and where another training is in the folder. */
export async function resumeRun(run: string, options: TrainOptions): Promise<TrainResult> {
  return whileLocked(run, async () => {
    const { checkpoint, request } = await loadRun(run);
    assertDataRequest(request, join(run, 'manifest.json'));
    if (checkpoint.epoch < checkpoint.settings.epochs)
      return train({ run, request, settings: checkpoint.settings, resume: checkpoint }, options);
    note(`${run}: all ${checkpoint.epoch} epochs are done already; nothing to resume`);
    return { run, finished: true, checkpoint, seconds: 0, pixelsPerSecond: 0 };
  });
}

async function whileLocked<T>(run: string, work: () => Promise<T>): Promise<T> {
  const release = await lockRun(run);
  try {
    return await work();
  } finally {
    await release();
  }
}

interface Training {
  readonly run: string;
  readonly request: DataRequest;
  readonly settings: Partial<FitSettings>;
  readonly resume?: Checkpoint;
}

async function train({ run, request, settings, resume }: Training, options: TrainOptions): Promise<TrainResult> {
  const { threads, saveEvery, control } = options;
  const data = await prepareData(request, control);
  const set = trainingSet(data);
  const save = createSaver({ run, request }, resume?.epoch);
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
  const epochs = options.epochs ?? DEFAULT_SETTINGS.epochs;
  let line: Progress | undefined;
  let speed = { seconds: 0, pixelsPerSecond: 0 };
  try {
    const result = await fit(set, facts, {
      ...options,
      signal: control.signal,
      onStart: () => {
        line = control.startProgress('training', epochs, options.resume?.epoch);
      },
      onEpoch: (progress) => {
        const { epoch, losses, seconds, pixelsPerSecond } = progress;
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
  { run, request }: { run: string; request: DataRequest },
  kept: number | undefined,
): (checkpoint: Checkpoint) => Promise<void> {
  return async (checkpoint) => {
    if (checkpoint.epoch === kept) return;
    try {
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
