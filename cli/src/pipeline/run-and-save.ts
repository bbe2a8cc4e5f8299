// A training with its progress, saved as far as it comes.
import {
  type Checkpoint,
  type FitOptions,
  type FitResult,
  type FitSettings,
  type RunLock,
  saveRun,
  TrainError,
} from '@egunet/train';
import type { EngineId } from '../doctor/ids.js';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { lossWords, roundsOf } from '../support/loss-words.js';
import { shellCommand } from '../support/output.js';
import { type Progress, stages } from '../support/progress.js';
import type { DataRequest, ScenesRequest } from './data-request.js';
import type { LibraryRequest } from './library/request.js';
import type { EngineChoice } from './training-engine.js';

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

export interface TrainOptions {
  /** Threads of onnxruntime; all cores when absent. */
  readonly threads?: number;
  /** What trains; onnxruntime on the CPU when absent, for a resumed run what has trained it. */
  readonly engine?: EngineChoice;
  /** Seconds between two savings of the run, against power cuts and kills. */
  readonly saveEvery: number;
  readonly control: Control;
}

/** What a network is to be trained on. */
export type TrainRequest = DataRequest | ScenesRequest | LibraryRequest;

/** A run, and what it is to become. */
export interface Training {
  readonly run: string;
  readonly lock: RunLock;
  readonly request: TrainRequest;
  readonly settings: Partial<FitSettings>;
  readonly resume?: Checkpoint;
}

/** Of `fit`'s options, what a run decides. */
type RunOptions = Pick<FitOptions, 'resume' | 'signal' | 'onStart' | 'onEpoch' | 'onStatistics'>;

/** Fits a network and saves the run now and then, and when it ends or is stopped. */
export async function runAndSave(
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
    if (checkpoint.epoch === kept && !(checkpoint.spatial ?? checkpoint.statistics ?? checkpoint.library?.scores))
      return; // those are made last
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
