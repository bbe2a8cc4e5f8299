// Training an encoder on mixtures of a library: from class-labelled spectra to a checkpoint. Legend: S spectra, n mixtures, B bands, C classes, K members.
import { createHash } from 'node:crypto';
import { encoderNetwork, initialParameters, initialStatistics } from '@egunet/models';
import type { TrainState } from '../engines/engine.js';
import { createOnnxStepEngine, type StepEngine, type StepProblem } from '../engines/step-engine.js';
import { TrainError } from '../error.js';
import { adamStepSize } from '../fit/adam.js';
import type { Checkpoint, RunFacts } from '../fit/checkpoint.js';
import type { FitOptions, FitResult } from '../fit/fit.js';
import { type EpochTraining, runEpochs } from '../fit/run-epochs.js';
import { learningRateAt } from '../fit/schedule.js';
import { brightest } from '../fit/training-set.js';
import { evaluateNetwork } from '../head.js';
import { createRandom } from '../random.js';
import { assertClassLibrary, type ClassLibrary } from './class-library.js';
import { libraryStepProblem } from './engine.js';
import { joinMembers, memberState } from './members.js';
import { createMixer, type DrawMixtures } from './mixtures.js';
import { SCORED_MIXTURES, scoreFractions } from './scores.js';
import {
  assertLibrarySettings,
  assertMembers,
  assertMixtureSettings,
  DEFAULT_MIXTURES,
  LIBRARY_SETTINGS,
  type LibrarySettings,
  type MixtureSettings,
  PROBE_MIXTURES,
  STANDARD_MIXTURES,
} from './settings.js';
import { standardise, standardOf } from './standard.js';

export interface LibraryFitOptions
  extends LibrarySettings,
    Pick<FitOptions, 'signal' | 'onStart' | 'onEpoch' | 'resume' | 'threads'> {
  readonly mixtures?: Partial<MixtureSettings>;
  /** Standard deviation of each band's noise, reflectance [B]; none when absent. */
  readonly noise?: ArrayLike<number> | undefined;
  /** Encoders that are trained side by side, each from a seed of its own; 1 when absent. */
  readonly members?: number | undefined;
  /** Makes the engine; the compiled one on the CPU when absent. */
  readonly engine?: ((problem: StepProblem) => Promise<StepEngine>) | undefined;
}

/** Trains the encoder on mixtures of the library's classes. Throws TrainError on an unusable library or settings, and where the loss or the state is no longer finite. */
export async function fitLibrary(
  library: ClassLibrary,
  facts: RunFacts,
  options: LibraryFitOptions = {},
): Promise<FitResult> {
  assertClassLibrary(library);
  const dataDigest = digestOfLibrary(library, options.noise);
  const start = options.resume ?? begin(library, facts, { ...options, dataDigest });
  if (start.dataDigest !== dataDigest)
    throw new TrainError(
      'resume: the library is not what this run began with (sha256 differs); use the same library and options, or train anew',
    );
  const { engine: make = (problem: StepProblem) => createOnnxStepEngine(problem, { threads: options.threads }) } =
    options;
  const network = encoderNetwork(library.bands, library.classes.length);
  const engine = await make(libraryStepProblem(network, start.settings));
  try {
    const done = await runEpochs(trainingOn(library, start, { engine, noise: options.noise }), options);
    return done.finished ? { ...done, checkpoint: await scored(done.checkpoint, library, options.noise) } : done;
  } finally {
    await engine.release();
  }
}

function begin(
  library: ClassLibrary,
  facts: RunFacts,
  { dataDigest, ...options }: LibraryFitOptions & { dataDigest: string },
): Checkpoint {
  const { seed, epochs, batch, learningRate, weightDecay, members = 1, noise } = options;
  const given = Object.entries({ seed, epochs, batch, learningRate, weightDecay }).filter(([, value]) => value !== undefined); // biome-ignore format: one line says more
  const settings = { ...LIBRARY_SETTINGS, ...Object.fromEntries(given) };
  const mixtures = { ...DEFAULT_MIXTURES, ...options.mixtures };
  assertLibrarySettings(settings);
  assertMixtureSettings(mixtures);
  assertMembers(members);
  const { bands } = library;
  const random = createRandom(settings.seed);
  const draw = createMixer(library, { mixtures, noise, random });
  const standardising = draw(random.fork('standard'), STANDARD_MIXTURES).spectra;
  const inputScale = 1 / brightest({ bands, pixels: standardising });
  return {
    ...{ settings, inputScale, dataDigest, epoch: 0, history: [], facts },
    state: joinMembers(Array.from({ length: members }, (_, k) => initialState(library, `${k}`, settings.seed))),
    probe: draw(random.fork('probe'), PROBE_MIXTURES).spectra,
    library: { mixtures, members, standard: standardOf(standardising, bands, inputScale) },
  };
}

function initialState({ bands, classes }: ClassLibrary, member: string, seed: number): TrainState {
  const network = encoderNetwork(bands, classes.length);
  const draw = createRandom(seed).fork(`initial parameters ${member}`);
  const parameters = initialParameters(network, () => draw.uniform());
  const zeros = () => new Float32Array(parameters.length);
  return { parameters, first: zeros(), second: zeros(), moving: initialStatistics(network) };
}

/** An epoch is a step of each member, on fresh mixtures of its own. */
function trainingOn(
  library: ClassLibrary,
  start: Checkpoint,
  { engine, noise }: { engine: StepEngine; noise: LibraryFitOptions['noise'] },
): EpochTraining {
  const { settings, inputScale } = start;
  const { mixtures, members, standard } = start.library!;
  const random = createRandom(settings.seed);
  const draw: DrawMixtures = createMixer(library, { mixtures, noise, random });
  const schedule = { ...settings, candidates: library.classOf.length, steps: settings.epochs };
  const runEpoch: EpochTraining['runEpoch'] = async (state, epoch) => {
    const stepSize = adamStepSize(learningRateAt(epoch, schedule), epoch);
    const states: TrainState[] = [];
    const losses = new Float32Array(3 * members);
    for (let k = 0; k < members; k++) {
      const drawn = draw(random.fork(`member ${k} step ${epoch}`), settings.batch);
      const values = { spectra: standardise(drawn.spectra, standard, inputScale), labels: drawn.labels };
      const done = await engine.step(memberState(state, k, members), values, stepSize);
      states.push(done.state);
      losses.set(done.losses, 3 * k);
    }
    return { state: joinMembers(states), losses };
  };
  return { start, runEpoch, pixelsAnEpoch: members * settings.batch, release: async () => {} };
}

/** A finished training with its scores on mixtures from a stream of their own. */
async function scored(
  checkpoint: Checkpoint,
  library: ClassLibrary,
  noise: LibraryFitOptions['noise'],
): Promise<Checkpoint> {
  const { settings, library: training } = checkpoint;
  const { mixtures } = training!;
  const random = createRandom(settings.seed);
  const { spectra, labels } = createMixer(library, { mixtures, noise, random })(random.fork('scores'), SCORED_MIXTURES);
  const found = await evaluateNetwork(checkpoint, spectra);
  return { ...checkpoint, library: { ...training!, scores: scoreFractions(found, labels, library.classes.length) } };
}

/** sha256 of the library and the noise, hexadecimal. */
function digestOfLibrary(
  { bands, classes, spectra, classOf, sourceOf }: ClassLibrary,
  noise: LibraryFitOptions['noise'],
): string {
  const hash = createHash('sha256').update(JSON.stringify([bands, classes, classOf, sourceOf]));
  hash.update(new Uint8Array(spectra.buffer, spectra.byteOffset, spectra.byteLength));
  if (noise) hash.update(new Uint8Array(Float64Array.from(noise).buffer));
  return hash.digest('hex');
}
