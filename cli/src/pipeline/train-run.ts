import {
  type Checkpoint,
  DEFAULT_SETTINGS,
  type FitOptions,
  type FitSettings,
  fit,
  loadRun,
  saveRun,
} from '@egunet/train';
import type { Control } from '../support/control.js';
import { CommandError } from '../support/errors.js';
import { type DataRequest, prepareData, trainingSet } from './prepare.js';

/** What a training came to. */
export interface TrainResult {
  readonly run: string;
  readonly finished: boolean;
  readonly checkpoint: Checkpoint;
  /** Seconds of the training itself, of this call. */
  readonly seconds: number;
  /** Of both streams. */
  readonly pixelsPerSecond: number;
}

interface TrainOptions {
  readonly settings: Partial<FitSettings>;
  /** Threads of onnxruntime; all cores when absent. */
  readonly threads?: number;
  /** Seconds between two savings of the run, against power cuts and kills. */
  readonly saveEvery: number;
  readonly control: Control;
}

const isRequest = (value: unknown): value is DataRequest => {
  const { scene, open, exclude, seed } = (value ?? {}) as Partial<DataRequest>;
  return typeof scene === 'string' && typeof open === 'object' && Array.isArray(exclude) && typeof seed === 'number';
};

/** A saved run with the request it was made for. Throws TrainError or CommandError where it is not one. */
export async function openRun(run: string): Promise<{ checkpoint: Checkpoint; request: DataRequest }> {
  const { checkpoint, request } = await loadRun(run);
  if (!isRequest(request))
    throw new CommandError(`${run}: its manifest does not say what it was trained on; train it anew with egunet train`);
  return { checkpoint, request };
}

/** Trains on a scene, or goes on with `resume`, and saves the run; an interrupted one is saved as far as it came. */
export async function trainRun(
  run: string,
  request: DataRequest,
  options: TrainOptions & { resume?: Checkpoint },
): Promise<TrainResult> {
  const { settings, threads, saveEvery, control, resume } = options;
  const data = await prepareData(request, control);
  const epochs = resume?.settings.epochs ?? settings.epochs ?? DEFAULT_SETTINGS.epochs;
  const line = control.startProgress('training', epochs, resume?.epoch);
  let speed = { seconds: 0, pixelsPerSecond: 0 };
  let savedAt = 0; // seconds since training began
  const fitOptions: FitOptions = {
    ...settings,
    ...(threads === undefined ? {} : { threads }),
    ...(resume === undefined ? {} : { resume }),
    signal: control.signal,
    onEpoch: async ({ epoch, epochs: total, losses, checkpoint, seconds, pixelsPerSecond }) => {
      speed = { seconds, pixelsPerSecond };
      const { total: loss, crossEntropy, reconstruction } = losses;
      const figures = [loss, crossEntropy, reconstruction].map((value) => value.toPrecision(4));
      line.update(
        epoch,
        `epoch ${epoch}/${total} loss ${figures[0]} (cross-entropy ${figures[1]}, reconstruction ${figures[2]}) ${Math.round(pixelsPerSecond / 1000)}k pixels/s`,
      );
      if (seconds - savedAt < saveEvery) return;
      await saveRun(run, { checkpoint, request });
      savedAt = seconds;
    },
  };
  try {
    const { checkpoint, finished } = await fit(trainingSet(data), data.facts, fitOptions);
    await saveRun(run, { checkpoint, request });
    return { run, finished, checkpoint, ...speed };
  } finally {
    line.stop();
  }
}
