// Epochs of any network, one after the other.
import { type EpochResult, STATE_KEYS, type TrainState } from '../engines/engine.js';
import { TrainError } from '../error.js';
import type { Checkpoint, EpochLosses } from './checkpoint.js';
import type { FitOptions, FitResult } from './fit.js';
import type { FitSettings } from './settings.js';

/** A training that is ready to run. */
export interface EpochTraining {
  readonly start: Checkpoint;
  /** Runs epoch number `epoch` (0-based) from a state. */
  runEpoch(state: TrainState, epoch: number): Promise<EpochResult>;
  /** Of both streams. */
  readonly pixelsAnEpoch: number;
  release(): Promise<void>;
}

/**
 * Runs the epochs that a run lacks, or those before `signal` stops it. Throws TrainError where the loss or the state is no longer finite; what `runEpoch`
 * throws because it is stopped costs the epoch only.
 */
export async function runEpochs(
  { start, runEpoch, pixelsAnEpoch }: EpochTraining,
  options: Pick<FitOptions, 'signal' | 'onStart' | 'onEpoch'>,
): Promise<FitResult> {
  const { settings } = start;
  options.onStart?.(settings.epochs);
  const began = performance.now();
  const { spatial: _, statistics: __, ...withoutEnd } = start; // those of a former end are of another network
  let checkpoint: Checkpoint = withoutEnd;
  while (checkpoint.epoch < settings.epochs && !options.signal?.aborted) {
    const done = await runEpoch(checkpoint.state, checkpoint.epoch).catch((error) => {
      if (!options.signal?.aborted) throw error;
    });
    if (!done) break;
    const { state } = done;
    const losses = meanLosses(done.losses);
    const epoch = checkpoint.epoch + 1;
    assertFinite(losses, state, { epoch, settings });
    checkpoint = { ...checkpoint, epoch, state, history: [...checkpoint.history, losses] };
    const seconds = (performance.now() - began) / 1000;
    const pixelsPerSecond = ((epoch - start.epoch) * pixelsAnEpoch) / seconds;
    await options.onEpoch?.({ epoch, epochs: settings.epochs, losses, checkpoint, seconds, pixelsPerSecond });
    await new Promise(setImmediate); // lets signals in
  }
  return { checkpoint, finished: checkpoint.epoch === settings.epochs };
}

/** The losses are those before each update: the last update can spoil the state of an epoch whose losses are all finite. */
function assertFinite(
  { total }: EpochLosses,
  state: TrainState,
  { epoch, settings }: { epoch: number; settings: FitSettings },
): void {
  const good = Number.isFinite(total) && STATE_KEYS.every((key) => allFinite(state[key]));
  if (!good)
    throw new TrainError(
      `training: loss or weights are not finite in epoch ${epoch} of ${settings.epochs}; train anew with a smaller learning rate than ${settings.learningRate} (--learning-rate)`,
    );
}

/** Whether every value is: their float64 sum cannot overflow. */
function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return Number.isFinite(sum);
}

/** Means over an epoch's steps; `losses` [S, 3]. */
function meanLosses(losses: Float32Array): EpochLosses {
  const steps = losses.length / 3;
  const mean = (column: number) => {
    let sum = 0;
    for (let i = column; i < losses.length; i += 3) sum += losses[i]!;
    return sum / steps;
  };
  return { total: mean(0), crossEntropy: mean(1), reconstruction: mean(2) };
}
