// Training from spectra to a checkpoint. Legend: N pixels, m candidates, B bands, C endmembers.
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import { type Engine, type Problem, STATE_KEYS, type TrainingData, type TrainState } from '../engines/engine.js';
import { createOnnxEngine } from '../engines/onnx.js';
import { TrainError } from '../error.js';
import { createRandom } from '../random.js';
import { assertReach, fitSpatialFilter } from '../spatial/fit-spatial-filter.js';
import type { Checkpoint, EpochLosses, RunFacts } from './checkpoint.js';
import { createPlanner } from './plan.js';
import { scaleData } from './scale-data.js';
import { DEFAULT_SETTINGS, type FitSettings, resolveSettings } from './settings.js';
import { assertPatches, assertTrainingSet, brightest, digestOf, drawPixels, type TrainingSet } from './training-set.js';

export interface FitProgress {
  /** Epochs done, and wanted. */
  readonly epoch: number;
  readonly epochs: number;
  readonly losses: EpochLosses;
  /** The run as it is now, to be saved now and then. Its state is finite. */
  readonly checkpoint: Checkpoint;
  /** Seconds from `onStart` to the end of this epoch: epochs and what `onEpoch` did after them, without the set-up before (scaling, compiling). */
  readonly seconds: number;
  /** Pixels of both streams in the epochs of this call, divided by `seconds`. */
  readonly pixelsPerSecond: number;
}

export interface FitOptions extends Partial<FitSettings> {
  /** onnxruntime's threads; 0: all cores. */
  readonly threads?: number;
  /** Makes the engine; the compiled one on the CPU by default. */
  readonly engine?: (problem: Problem) => Promise<Engine>;
  /** Stops after the epoch that is running. */
  readonly signal?: AbortSignal;
  /** Called once with the number of epochs wanted, when the data is scaled and the engine made: the clock of `FitProgress.seconds` starts. */
  readonly onStart?: (epochs: number) => void;
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

/** Pixels of the training data that a run keeps as its probe, at most. */
const PROBE_PIXELS = 1024;

/** Trains EGU-Net. Throws TrainError on unusable data or settings, and where the loss or the state is no longer finite. */
export async function fit(set: TrainingSet, facts: RunFacts, options: FitOptions = {}): Promise<FitResult> {
  assertTrainingSet(set, facts);
  const model = options.resume?.settings.model ?? options.model ?? DEFAULT_SETTINGS.model;
  if (model === 'ss') {
    assertPatches(set);
    assertReach(set.patches!, facts.scene.cols);
  }
  const dataDigest = digestOf(set);
  const start = options.resume ?? begin(set, facts, { options, dataDigest });
  if (start.dataDigest !== dataDigest)
    throw new TrainError(
      'resume: the training data is not what this run began with (sha256 differs); use the same scene and options, or train anew',
    );
  const problem = await makeProblem(set, start);
  const engine = await (options.engine ?? ((p) => createOnnxEngine(p, { threads: options.threads })))(problem);
  try {
    return await withSpatialLayer(await runEpochs({ engine, problem, start }, options), set);
  } finally {
    await engine.release();
  }
}

function begin(
  set: TrainingSet,
  facts: RunFacts,
  { options, dataDigest }: { options: FitOptions; dataDigest: string },
): Checkpoint {
  const { model, seed, epochs, batch, candidateBatch, schedule, learningRate, dropRate, weightDecay } = options;
  const given = { model, seed, epochs, batch, candidateBatch, schedule, learningRate, dropRate, weightDecay };
  const network = pixelwiseNetwork(set.bands, set.endmembers);
  const settings = resolveSettings(given as Partial<FitSettings>, {
    pixels: set.pixels.length / set.bands,
    candidates: set.candidates.length / set.bands,
    width: network.widths[0]!,
  });
  const random = createRandom(settings.seed);
  const draw = random.fork('initial parameters');
  const parameters = initialParameters(network, () => draw.uniform());
  const zeros = () => new Float32Array(parameters.length);
  const state: TrainState = { parameters, first: zeros(), second: zeros(), moving: initialStatistics(network) };
  return {
    settings,
    inputScale: 1 / brightest(set),
    dataDigest,
    epoch: 0,
    history: [],
    state,
    probe: drawPixels(set, PROBE_PIXELS, random.fork('probe')),
    facts,
  };
}

/** Fits the spatial layer, where the model has one, to the network as it is now. */
async function withSpatialLayer(result: FitResult, { patches = [], pixels }: TrainingSet): Promise<FitResult> {
  const { checkpoint } = result;
  if (checkpoint.settings.model === 'pw') return result;
  return { ...result, checkpoint: { ...checkpoint, spatial: await fitSpatialFilter(checkpoint, { patches, pixels }) } };
}

async function makeProblem(set: TrainingSet, { settings, inputScale }: Checkpoint): Promise<Problem> {
  const [mixed, candidates] = await scaleData([set.pixels, set.candidates], { bands: set.bands, inputScale });
  const data: TrainingData = { mixed: mixed!, candidates: candidates!, labels: set.labels };
  const { batch, candidateBatch, dropRate, weightDecay } = settings;
  const steps = Math.floor(set.pixels.length / set.bands / batch);
  const network = pixelwiseNetwork(set.bands, set.endmembers);
  return { network, data, batch, candidateBatch, steps, dropRate, weightDecay };
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
  const pixelsAnEpoch = problem.steps * (problem.batch + problem.candidateBatch);
  options.onStart?.(settings.epochs);
  const began = performance.now();
  const { spatial: _, ...withoutLayer } = start; // that of an interrupted training is of another network
  let checkpoint: Checkpoint = withoutLayer;
  while (checkpoint.epoch < settings.epochs && !options.signal?.aborted) {
    const { state, losses: ofSteps } = await engine.runEpoch(checkpoint.state, plan(checkpoint.epoch));
    const losses = meanLosses(ofSteps);
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
