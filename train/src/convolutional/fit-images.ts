// Training a convolutional EGU-Net-ss. Legend: N images of h x w pixels, B bands, C endmembers, m candidates.
import {
  type ConvolutionalNetwork,
  convolutionalLayers,
  convolutionalNetwork,
  drawParameters,
  reconstructionHalo,
  startStatistics,
} from '@egunet/models';
import type { TrainState } from '../engines/engine.js';
import type { StepOutcome } from '../engines/step-engine.js';
import { TrainError } from '../error.js';
import { adamStepSize } from '../fit/adam.js';
import { scaleData } from '../fit/scale-data.js';
import { learningRateAt } from '../fit/schedule.js';
import { brightest, digestOf, type TrainingSet } from '../fit/training-set.js';
import { createRandom } from '../random.js';
import { type BatchData, createBatches, isWhole, stepShape } from './batches.js';
import { type ImageEngine, type ImageProblem, imageStateSizes } from './engine.js';
import { createOnnxImageEngine } from './onnx.js';
import { drawPatch, type Patch, type TrainingImage } from './patches.js';
import { assertImageSettings, DEFAULT_IMAGE_SETTINGS, type ImageFitSettings } from './settings.js';
import { exactStatistics, type NetworkState, type StatisticsOptions } from './statistics.js';

export interface ImageFitProgress {
  /** Steps done, and wanted. */
  readonly step: number;
  readonly steps: number;
  /** Total, cross-entropy, reconstruction before the step. */
  readonly losses: Float32Array;
}

export interface ImageFitOptions extends Partial<ImageFitSettings> {
  /** onnxruntime's threads; 0: all cores. */
  readonly threads?: number;
  /** Makes the engine; the compiled one by default. */
  readonly engine?: (problem: ImageProblem) => Promise<ImageEngine>;
  /** Rejects with its reason after the step, or the tile of the statistics, that is running. */
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: ImageFitProgress) => void;
}

export type Probe = Pick<Patch, 'rows' | 'cols' | 'spectra' | 'valid'>;

/** A trained network; its `moving` are exact statistics over the scene's valid pixels. */
export interface ImageFitResult extends NetworkState {
  readonly settings: ImageFitSettings;
  /** Batch-norm's moving averages as the steps left them. */
  readonly averages: Float32Array;
  /** sha256 of the training set. */
  readonly dataDigest: string;
  /** A piece of the scene: what an exported model is compared with the network on. */
  readonly probe: Probe;
}

/** Side of the tiles over which statistics are summed, where the scene is not one image. */
const STATISTICS_TILE = 128;
/** Side of the probe: the comparison takes tfjs's CPU backend seconds. */
const PROBE_SIDE = 12;

function assertImage(set: TrainingSet, { bands, positions }: TrainingImage): void {
  if (bands.length !== set.bands || positions.length !== set.candidates.length / set.bands)
    throw new TrainError(
      `training: the image has ${bands.length} bands and ${positions.length} places of candidates, expected ${set.bands} and ${set.candidates.length / set.bands}`,
    );
}

/** Fills in what is not given. */
function settingsOf(options: ImageFitOptions): ImageFitSettings {
  const keys = Object.keys(DEFAULT_IMAGE_SETTINGS) as (keyof ImageFitSettings)[];
  const given = Object.fromEntries(keys.map((key) => [key, options[key] ?? DEFAULT_IMAGE_SETTINGS[key]]));
  const settings = given as unknown as ImageFitSettings;
  assertImageSettings(settings);
  return settings;
}

/** The state that a seed begins with. */
export function beginImages(network: ConvolutionalNetwork, seed: number): TrainState {
  const layers = convolutionalLayers(network);
  const draw = createRandom(seed).fork('initial parameters');
  const zeros = () => new Float32Array(imageStateSizes(network).parameters);
  return {
    parameters: drawParameters(layers, () => draw.uniform()),
    first: zeros(),
    second: zeros(),
    moving: startStatistics(layers),
  };
}

async function makeProblem({ set, image, settings, inputScale }: BatchData): Promise<ImageProblem> {
  const { bands, endmembers, labels } = set;
  const network = convolutionalNetwork({ ...settings, bands, endmembers });
  const { dropRate, weightDecay } = settings;
  const shape = stepShape(image.reader, settings, reconstructionHalo(network));
  const problem = { network, shape, dropRate, weightDecay };
  if (settings.form === 'guided') return problem;
  const [spectra] = await scaleData([set.candidates], { bands, inputScale });
  return { ...problem, candidates: { spectra: spectra!, labels } };
}

/** A training that is ready to run. */
export interface ImageTraining {
  readonly network: ConvolutionalNetwork;
  /** Does step number `step` (0-based): what it draws depends on the seed and that number alone. */
  runStep(state: TrainState, step: number): Promise<StepOutcome>;
  release(): Promise<void>;
}

/** Scales the data and makes the engine. Throws TrainError where the scene is not that of the training set. */
export async function prepareImages(
  data: BatchData,
  { threads = 0, engine: make }: Pick<ImageFitOptions, 'threads' | 'engine'>,
): Promise<ImageTraining> {
  const { set, image, settings } = data;
  assertImage(set, image);
  const problem = await makeProblem(data);
  const engine = await (make ? make(problem) : createOnnxImageEngine(problem, { threads }));
  const batches = createBatches(problem, data);
  const schedule = { ...settings, candidates: image.positions.length };
  return {
    network: problem.network,
    runStep: async (state, step) =>
      engine.step(state, await batches(step), adamStepSize(learningRateAt(step, schedule), step)),
    release: () => engine.release(),
  };
}

/** Exact statistics of a trained network, over as much at a time as a step has seen. */
export function endStatistics(
  trained: NetworkState,
  { image, settings }: Pick<BatchData, 'image' | 'settings'>,
  options: Pick<StatisticsOptions, 'threads' | 'signal' | 'onProgress'>,
): Promise<Float32Array> {
  const { rows, cols } = image.reader;
  const tileSize = isWhole(image.reader, settings) ? Math.max(rows, cols) : STATISTICS_TILE;
  return exactStatistics(trained, image, { ...options, tileSize, seed: settings.seed });
}

/**
 * Trains a convolutional EGU-Net-ss on a scene: on the whole of it in every step where it is small, else on patches that the seed draws, with a halo.
 * Pixels without data take no part. Exact batch-norm statistics end it. Throws TrainError on unusable settings, and where a loss is not finite.
 */
export async function fitImages(
  set: TrainingSet,
  image: TrainingImage,
  options: ImageFitOptions = {},
): Promise<ImageFitResult> {
  const settings = settingsOf(options);
  const inputScale = 1 / brightest(set);
  const { threads = 0, signal } = options;
  const training = await prepareImages({ set, image, settings, inputScale }, options);
  let state = beginImages(training.network, settings.seed);
  try {
    for (let step = 0; step < settings.steps; step++) {
      signal?.throwIfAborted();
      const next = await training.runStep(state, step);
      assertFinite(next.losses, step, settings);
      state = next.state;
      options.onStep?.({ step: step + 1, steps: settings.steps, losses: next.losses });
    }
  } finally {
    await training.release();
  }
  const { parameters, moving: averages } = state;
  const trained = { network: training.network, inputScale, parameters, moving: averages };
  const moving = await endStatistics(trained, { image, settings }, { threads, ...(signal && { signal }) });
  const probe = await drawProbe(image, settings.seed);
  return { ...trained, moving, settings, averages, dataDigest: digestOf(set), probe };
}

/** Rows and columns of the probe of a scene. */
export const probeSize = ({ rows, cols }: { rows: number; cols: number }) => ({
  rows: Math.min(PROBE_SIDE, rows),
  cols: Math.min(PROBE_SIDE, cols),
});

/** A patch without a halo, drawn by the seed. */
export function drawProbe(image: TrainingImage, seed: number): Promise<Patch> {
  return drawPatch(image, { size: probeSize(image.reader), halo: 0 }, createRandom(seed).fork('probe'));
}

function assertFinite([total]: Float32Array, step: number, { steps, learningRate }: ImageFitSettings): void {
  if (!Number.isFinite(total))
    throw new TrainError(
      `training: the loss is not finite in step ${step + 1} of ${steps}; train anew with a smaller learning rate than ${learningRate}`,
    );
}
