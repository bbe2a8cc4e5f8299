// Training from spectra to a checkpoint. Legend: N pixels, m candidates, B bands, C endmembers.
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import { beginPaperRun, trainingOnImages, withStatistics } from '../convolutional/paper-run.js';
import type { Engine, Problem, TrainingData, TrainState } from '../engines/engine.js';
import { createOnnxEngine } from '../engines/onnx.js';
import { withMemoryAdvice } from '../engines/out-of-memory.js';
import { TrainError } from '../error.js';
import { createRandom } from '../random.js';
import { assertReach, fitSpatialFilter } from '../spatial/fit-spatial-filter.js';
import { type Checkpoint, type EpochLosses, isWithoutEnd, type RunFacts } from './checkpoint.js';
import { createPlanner } from './plan.js';
import { type EpochTraining, runEpochs } from './run-epochs.js';
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
  /** Makes the engine of `pw` and `ss`; the compiled one on the CPU by default. */
  readonly engine?: (problem: Problem) => Promise<Engine>;
  /** Stops after the epoch that is running. */
  readonly signal?: AbortSignal;
  /** Called while the statistics that end a training of `ss-paper` are summed: what is done of the passes over the scene. */
  readonly onStatistics?: (progress: { done: number; total: number }) => void;
  /** Called once with the epochs wanted, when the data is scaled and the engine made: the clock of `FitProgress.seconds` starts. */
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
  const onImages = model === 'ss-paper';
  const start = options.resume ?? {
    ...(await (onImages ? beginPaperRun : begin)(set, facts, options)),
    ...{ inputScale: 1 / brightest(set), dataDigest, epoch: 0, history: [], facts },
  };
  if (start.dataDigest !== dataDigest)
    throw new TrainError(
      'resume: the training data is not what this run began with (sha256 differs); use the same scene and options, or train anew',
    );
  const training = await (onImages ? trainingOnImages : trainingOnPixels)(set, start, options);
  try {
    const result = await runEpochs(training, options);
    return await (onImages ? withStatistics(result, set, options) : withSpatialLayer(result, set));
  } finally {
    await training.release();
  }
}

/** What a run begins with that depends on its network. */
export type Beginning = Pick<Checkpoint, 'settings' | 'state' | 'probe'>;

function begin(set: TrainingSet, _: RunFacts, options: FitOptions): Beginning {
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
  return { settings, state, probe: drawPixels(set, PROBE_PIXELS, random.fork('probe')) };
}

/** Fits the spatial layer, where the model has one, to the network as it is now. */
async function withSpatialLayer(result: FitResult, { patches = [], pixels }: TrainingSet): Promise<FitResult> {
  const { checkpoint } = result;
  if (isWithoutEnd(checkpoint.settings)) return result;
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

async function trainingOnPixels(set: TrainingSet, start: Checkpoint, options: FitOptions): Promise<EpochTraining> {
  const { settings } = start;
  const problem = await makeProblem(set, start);
  const make = options.engine ?? ((p) => createOnnxEngine(p, { threads: options.threads }));
  const engine = withMemoryAdvice(await make(problem), problem);
  const candidates = problem.data.labels.length / problem.network.endmembers;
  const schedule = { ...settings, candidates, steps: settings.epochs * problem.steps };
  const plan = createPlanner(problem, { random: createRandom(settings.seed), schedule });
  return {
    start,
    runEpoch: (state, epoch) => engine.runEpoch(state, plan(epoch)),
    pixelsAnEpoch: problem.steps * (problem.batch + problem.candidateBatch),
    release: () => engine.release(),
  };
}
