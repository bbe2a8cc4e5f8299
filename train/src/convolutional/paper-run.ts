// A run of `--model ss-paper`: how it begins, what an epoch is and what ends it. Legend: h x w pixels of the probe, B bands.
import { TrainError } from '../error.js';
import type { Checkpoint, RunFacts } from '../fit/checkpoint.js';
import type { Beginning, FitOptions, FitResult } from '../fit/fit.js';
import type { EpochTraining } from '../fit/run-epochs.js';
import type { TrainingSet } from '../fit/training-set.js';
import { beginImages, drawProbe, endStatistics, type Probe, prepareImages, probeSize } from './fit-images.js';
import { imageSettings, paperNetwork, resolvePaperSettings } from './paper-settings.js';
import type { TrainingImage } from './patches.js';
import { countEncoderStatistics, type NetworkState } from './statistics.js';

/** The image of a training set. Throws TrainError where it is not the scene that the facts tell of. */
function imageOf({ image }: TrainingSet, { scene }: RunFacts): TrainingImage {
  if (!image) throw new TrainError('training: --model ss-paper needs the scene itself (image), and there is none');
  const { rows, cols } = image.reader;
  if (rows !== scene.rows || cols !== scene.cols)
    throw new TrainError(
      `training: the image has ${rows} rows x ${cols} columns, the facts name ${scene.rows} x ${scene.cols}`,
    );
  return image;
}

/** Throws TrainError on unusable settings, and on a scene that is too small. */
export async function beginPaperRun(set: TrainingSet, facts: RunFacts, options: FitOptions): Promise<Beginning> {
  const image = imageOf(set, facts);
  const settings = resolvePaperSettings(options, facts);
  return {
    settings,
    state: beginImages(paperNetwork(facts), settings.seed),
    probe: fromProbe(await drawProbe(image, settings.seed), set.bands),
  };
}

/** An epoch is one step: on the whole scene, or on patches of it. */
export async function trainingOnImages(
  set: TrainingSet,
  start: Checkpoint,
  { threads = 0 }: FitOptions,
): Promise<EpochTraining> {
  const { settings: run, inputScale, facts } = start;
  const [settings, image] = [imageSettings(run), imageOf(set, facts)];
  const { runStep, release } = await prepareImages({ set, image, settings, inputScale }, { threads });
  return { start, runEpoch: runStep, pixelsAnEpoch: run.batch + facts.candidates, release };
}

/** Sums the statistics that end a run; one that is stopped has none, and is not finished. */
export async function withStatistics(
  result: FitResult,
  set: TrainingSet,
  { threads = 0, signal, onStatistics }: FitOptions,
): Promise<FitResult> {
  const { checkpoint } = result;
  const { settings, facts, state, inputScale } = checkpoint;
  const stopped = { ...result, finished: false };
  if (!result.finished || signal?.aborted) return stopped;
  const network = paperNetwork(facts);
  const trained = { network, inputScale, parameters: state.parameters, moving: state.moving };
  const watch = { ...(signal && { signal }), ...(onStatistics && { onProgress: onStatistics }) };
  const data = { image: imageOf(set, facts), settings: imageSettings(settings) };
  try {
    const all = await endStatistics(trained, data, { threads, ...watch });
    const statistics = [...all.subarray(0, countEncoderStatistics(network))];
    return { ...result, checkpoint: { ...checkpoint, statistics } };
  } catch (error) {
    if (signal?.aborted) return stopped;
    throw error;
  }
}

/** The network of a run as it is exported. Throws TrainError where its statistics are missing. */
export function networkStateOf({ facts, inputScale, state, statistics }: Checkpoint): NetworkState {
  if (!statistics)
    throw new TrainError(
      'export: the statistics of the encoder are summed when a training ends, and this one was cut off before; go on with it (--resume), then export',
    );
  const moving = state.moving.slice();
  moving.set(statistics);
  return { network: paperNetwork(facts), inputScale, parameters: state.parameters, moving };
}

/** A probe as a run keeps it: reflectance [h * w, B], NaN where a pixel has no data. */
const fromProbe = ({ spectra, valid }: Probe, bands: number): Float32Array =>
  spectra.map((value, i) => (valid[Math.floor(i / bands)] === 1 ? value : Number.NaN));

/** The same backwards. */
export function toProbe({ probe, facts }: Checkpoint): Probe {
  const { rows, cols } = probeSize(facts.scene);
  const bands = facts.bands.length;
  const valid = Float32Array.from({ length: rows * cols }, (_, i) => (Number.isNaN(probe[i * bands]) ? 0 : 1));
  return { rows, cols, valid, spectra: probe.map((value) => (Number.isNaN(value) ? 0 : value)) };
}
