// Training from spectra to a checkpoint. Legend: N pixels, m candidates, B bands, C endmembers.
import { createHash } from 'node:crypto';
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import type { Engine, Problem, TrainingData, TrainState } from '../engines/engine.js';
import { createOnnxEngine } from '../engines/onnx.js';
import { TrainError } from '../error.js';
import { createRandom } from '../random.js';
import type { Checkpoint, EpochLosses, RunFacts } from './checkpoint.js';
import { createPlanner } from './plan.js';
import { scaleData } from './scale-data.js';
import { type FitSettings, resolveSettings } from './settings.js';

/** What a network is trained on, in reflectance. */
export interface TrainingSet {
  readonly bands: number;
  readonly endmembers: number;
  /** Mixed pixels [N, B]. */
  readonly pixels: Float32Array;
  /** Pseudo-endmembers [m, B]. */
  readonly candidates: Float32Array;
  /** Their soft labels [m, C]: >= 0, sum 1. */
  readonly labels: Float32Array;
}

export interface FitProgress {
  /** Epochs done, and wanted. */
  readonly epoch: number;
  readonly epochs: number;
  readonly losses: EpochLosses;
  /** The run as it is now, to be saved now and then. */
  readonly checkpoint: Checkpoint;
  /** Seconds since the first epoch of this call. */
  readonly seconds: number;
  /** Pixels of both streams a second, over this epoch. */
  readonly pixelsPerSecond: number;
}

export interface FitOptions extends Partial<FitSettings> {
  /** onnxruntime's threads; 0: all cores. */
  readonly threads?: number;
  /** Makes the engine; the compiled one on the CPU by default. */
  readonly engine?: (problem: Problem) => Promise<Engine>;
  /** Stops after the epoch that is running. */
  readonly signal?: AbortSignal;
  /** Called after every epoch; training goes on when its promise is settled. */
  readonly onEpoch?: (progress: FitProgress) => void | Promise<void>;
  /** Continues this run: its settings hold, and the data must be the same. */
  readonly resume?: Checkpoint;
}

export interface FitResult {
  readonly checkpoint: Checkpoint;
  /** False where `signal` stopped it early. */
  readonly finished: boolean;
}

/** Trains EGU-Net-pw. Throws TrainError on unusable data or settings, and where the loss is no longer finite. */
export async function fit(set: TrainingSet, facts: RunFacts, options: FitOptions = {}): Promise<FitResult> {
  assertTrainingSet(set, facts);
  const dataDigest = digest(set);
  const start = options.resume ?? (await begin(set, facts, { options, dataDigest }));
  if (start.dataDigest !== dataDigest)
    throw new TrainError(
      'resume: the training data is not what this run began with (sha256 differs); use the same scene and options, or train anew',
    );
  const problem = await makeProblem(set, start);
  const engine = await (options.engine ?? ((p) => createOnnxEngine(p, { threads: options.threads })))(problem);
  try {
    return await runEpochs({ engine, problem, start }, options);
  } finally {
    await engine.release();
  }
}

async function begin(
  set: TrainingSet,
  facts: RunFacts,
  { options, dataDigest }: { options: FitOptions; dataDigest: string },
): Promise<Checkpoint> {
  const { seed, epochs, batch, schedule, learningRate, dropRate, weightDecay } = options;
  const given = { seed, epochs, batch, schedule, learningRate, dropRate, weightDecay };
  const network = pixelwiseNetwork(set.bands, set.endmembers);
  const settings = resolveSettings(given as Partial<FitSettings>, {
    pixels: set.pixels.length / set.bands,
    candidates: set.candidates.length / set.bands,
    width: network.widths[0]!,
  });
  const draw = createRandom(settings.seed).fork('initial parameters');
  const parameters = initialParameters(network, () => draw.uniform());
  const zeros = () => new Float32Array(parameters.length);
  const state: TrainState = { parameters, first: zeros(), second: zeros(), moving: initialStatistics(network) };
  return {
    settings,
    inputScale: 1 / brightest(set.pixels, set.bands),
    dataDigest,
    epoch: 0,
    history: [],
    state,
    facts,
  };
}

async function makeProblem(set: TrainingSet, { settings, inputScale }: Checkpoint): Promise<Problem> {
  const [mixed, candidates] = await scaleData([set.pixels, set.candidates], { bands: set.bands, inputScale });
  const data: TrainingData = { mixed: mixed!, candidates: candidates!, labels: set.labels };
  const { batch, dropRate, weightDecay } = settings;
  const steps = Math.floor(set.pixels.length / set.bands / batch);
  return { network: pixelwiseNetwork(set.bands, set.endmembers), data, batch, steps, dropRate, weightDecay };
}

interface Training {
  readonly engine: Engine;
  readonly problem: Problem;
  readonly start: Checkpoint;
}

async function runEpochs({ engine, problem, start }: Training, options: FitOptions): Promise<FitResult> {
  const { settings } = start;
  const candidates = problem.data.labels.length / problem.network.endmembers;
  const schedule = { ...settings, candidates, steps: settings.epochs * problem.steps };
  const plan = createPlanner(problem, { random: createRandom(settings.seed), schedule });
  const began = performance.now();
  let checkpoint = start;
  while (checkpoint.epoch < settings.epochs && !options.signal?.aborted) {
    const before = performance.now();
    const { state, losses } = await engine.runEpoch(checkpoint.state, plan(checkpoint.epoch));
    const mean = meanLosses(losses);
    const epoch = checkpoint.epoch + 1;
    if (!Number.isFinite(mean.total))
      throw new TrainError(`training: the loss is not finite in epoch ${epoch}; try a lower learning rate`);
    checkpoint = { ...checkpoint, epoch, state, history: [...checkpoint.history, mean] };
    const now = performance.now();
    const pixelsPerSecond = (problem.steps * (problem.batch + candidates)) / ((now - before) / 1000);
    const seconds = (now - began) / 1000;
    await options.onEpoch?.({ epoch, epochs: settings.epochs, losses: mean, checkpoint, seconds, pixelsPerSecond });
    await new Promise(setImmediate); // lets signals in
  }
  return { checkpoint, finished: checkpoint.epoch === settings.epochs };
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

/** Share of the pixels that must not be brighter than the input's full scale; the rest, glints and faults, are clipped. */
const BRIGHT_QUANTILE = 0.999;

/** The quantile of the pixels' largest values [N, B]: of fewer than a thousand pixels, the largest value of all. */
function brightest(pixels: Float32Array, bands: number): number {
  const maxima = new Float32Array(pixels.length / bands);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / bands);
    if (pixels[i]! > maxima[pixel]!) maxima[pixel] = pixels[i]!;
  }
  const value = maxima.sort()[Math.ceil(BRIGHT_QUANTILE * maxima.length) - 1]!;
  if (!(value > 0))
    throw new TrainError('training: no pixel is brighter than 0; check the scene, its gain and its NoData value');
  return value;
}

function digest({ bands, endmembers, pixels, candidates, labels }: TrainingSet): string {
  const hash = createHash('sha256').update(`${bands} ${endmembers} ${pixels.length} ${candidates.length} `);
  for (const part of [pixels, candidates, labels])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

function assertTrainingSet({ bands, endmembers, pixels, candidates, labels }: TrainingSet, facts: RunFacts): void {
  const [n, m, l] = [pixels.length / bands, candidates.length / bands, labels.length / endmembers];
  if (!Number.isInteger(n) || !Number.isInteger(m) || m !== l || endmembers < 2)
    throw new TrainError(
      `training: expected pixels [N, ${bands}], candidates [m, ${bands}] and labels [m, ${endmembers}], got ${pixels.length}, ${candidates.length} and ${labels.length} values`,
    );
  if (n < 2 || m < 2) throw new TrainError(`training: ${n} pixels and ${m} candidates are too few; use a larger scene`);
  if (facts.bands.length !== bands || facts.endmembers.length !== endmembers)
    throw new TrainError(
      `training: the facts name ${facts.bands.length} bands and ${facts.endmembers.length} endmembers, the data has ${bands} and ${endmembers}`,
    );
  for (const part of [pixels, candidates, labels])
    if (!part.every(Number.isFinite))
      throw new TrainError('training: a value is not finite; mask such pixels as NoData');
}
