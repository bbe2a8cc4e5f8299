import type { Argv } from 'yargs';
import { dataRequest, withDataOptions } from '../support/data-options.js';
import { engineChoice, withEngineOptions } from '../support/engine-options.js';
import { UsageError } from '../support/errors.js';
import { LIBRARY_OPTIONS, libraryRequest, withLibraryOptions } from '../support/library-options.js';
import { oneOf, overwrite, realNumber, requiredText, wholeNumber, withCommon } from '../support/options.js';
import { flag } from '../support/outline.js';
import { reportTraining } from '../support/report-training.js';
import { httpOptions, scenePositional, withSceneOptions } from '../support/scene-options.js';

export const command = 'train [scene]';
export const describe = 'Train EGU-Net on a scene, or its encoder on the classes of a library';

/** What decides a training besides its data and its seed. */
const SETTINGS = [
  'model',
  'epochs',
  'schedule',
  'learning-rate',
  'drop-rate',
  'weight-decay',
  'batch',
  'candidate-batch',
] as const;

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      withDataOptions(
        withLibraryOptions(
          withEngineOptions(
            yargs
              .positional('scene', scenePositional)
              .usage(
                '$0 train SCENE -o RUN\n\nFinds endmembers in a scene, labels candidate spectra with them and trains EGU-Net (Hong et al. 2021) on both. With --classes: trains its encoder on mixtures of the classes of a library, in seconds, for every scene of a sensor. Ctrl-C saves the run; --resume goes on with it and ends with the same weights.',
              )
              .option('o', requiredText('o', 'Folder of the run, made if need be', 'run'))
              .option(
                'model',
                oneOf(
                  'model',
                  ['pw', 'ss', 'ss-paper'],
                  "Network: every pixel by itself, with a layer that smooths noise between neighbours, or the paper's convolutions, which are there to compare with and worse than their labels on every scene tried [default: pw]",
                ),
              )
              .option(
                'epochs',
                wholeNumber('epochs', {
                  describe:
                    'Epochs [default: as many as make 4000 steps, at most 200], of ss-paper steps [default: 100]',
                  least: 1,
                }),
              )
              .option(
                'schedule',
                oneOf(
                  'schedule',
                  ['released', 'poly'],
                  "Learning rate: as the authors' released code or as their paper [default: poly]",
                ),
              )
              .option(
                'learning-rate',
                realNumber('learning-rate', {
                  describe: 'Rate at the first step [default: 0.02], of ss-paper [default: 0.01]',
                  above: 0,
                }),
              )
              .option(
                'drop-rate',
                realNumber('drop-rate', {
                  describe: 'Share of layer 1 that dropout silences [default: 0.1]',
                  least: 0,
                  below: 1,
                }),
              )
              .option(
                'weight-decay',
                realNumber('weight-decay', {
                  describe: 'Weight of the L2 term [default: 0.0001], of ss-paper [default: 0.005]',
                  least: 0,
                }),
              )
              .option(
                'batch',
                wholeNumber('batch', {
                  describe: 'Pixels a step, fewer where candidates are fewer [default: 512]',
                  least: 2,
                }),
              )
              .option(
                'candidate-batch',
                wholeNumber('candidate-batch', { describe: 'Candidates a step [default: as --batch]', least: 2 }),
              )
              .option(
                'save-every',
                realNumber('save-every', {
                  describe: 'Seconds between two savings of the run [default: 60]',
                  least: 0,
                }),
              )
              .option('resume', { type: 'boolean', default: false, describe: 'Go on with the interrupted run in -o' })
              .option('overwrite', overwrite)
              .group(['o', 'resume', 'overwrite', 'save-every'], 'Run:')
              .group([...SETTINGS, 'engine', 'device', 'threads'], 'Training:')
              .example('$0 train ENMAP01-____L2A-DT0000001049 -o run', 'number of endmembers estimated')
              .example('$0 train a.mat -n 4 --reflectance-scale 0.0001 -o run', 'integers of a MATLAB file')
              .example('$0 train a.hdr --library soils.csv --exclude 1340-1460 -o run', 'known endmembers')
              .example('$0 train noisy.tif --model ss -o run', 'spatial-spectral')
              .example(
                '$0 train --library soils.sli --classes soils.csv --sensor enmap -o run',
                'one model for every scene of a sensor',
              )
              .example('$0 train -o run --resume', 'after Ctrl-C'),
          ),
        ),
      ),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** What a resumed run takes from its first start. */
const SETTLED = [
  'n',
  'count-by',
  'brightness',
  'library',
  'library-scale',
  ...LIBRARY_OPTIONS,
  'bands',
  'exclude',
  'seed',
  'max-pixels',
  'max-blocks',
  ...SETTINGS,
  'reflectance-scale',
  'variable',
  'rows',
  'cols',
  'no-orthorectify',
] as const satisfies (keyof Arguments)[];

function assertResumable(args: Arguments): void {
  const given = SETTLED.find((name) => args[name] !== undefined);
  if (given) throw new UsageError(`${flag(given)}: a resumed run keeps its settings; leave it out`);
  if (args.overwrite) throw new UsageError('--resume goes on with the run, --overwrite replaces it; choose one');
  if (args.scene !== undefined) throw new UsageError('a resumed run knows its scene; leave the scene out');
}

/** What means nothing for mixtures of a library. */
const SCENE_SETTINGS = [
  'model',
  'epochs',
  'schedule',
  'drop-rate',
  'candidate-batch',
] as const satisfies (keyof Arguments)[];

/** What means nothing for a network of images. */
const PIXEL_OPTIONS = ['batch', 'candidate-batch'] as const satisfies (keyof Arguments)[];

function librarySettings(args: Arguments) {
  const meaningless = SCENE_SETTINGS.find((name) => args[name] !== undefined);
  if (meaningless)
    throw new UsageError(`--${meaningless} is about the network of a scene; leave it out with --classes`);
  const { steps, batch } = args;
  const all = { epochs: steps, batch, learningRate: args['learning-rate'], weightDecay: args['weight-decay'] };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** What to train on, and how. Throws UsageError where options do not go together. */
function trainingOf(args: Arguments) {
  const { scene } = args;
  if (args.classes !== undefined) return { request: libraryRequest(scene, args), settings: librarySettings(args) };
  const given = LIBRARY_OPTIONS.find((name) => args[name] !== undefined);
  if (given) throw new UsageError(`${flag(given)} is about mixtures of a library's classes; give --classes with it`);
  if (scene === undefined) throw new UsageError('which scene? See egunet train --help');
  return { request: dataRequest(scene, args), settings: settingsOf(args) };
}

function settingsOf(args: Arguments) {
  const { model, epochs, schedule, batch, seed } = args;
  const meaningless = model === 'ss-paper' ? PIXEL_OPTIONS.find((name) => args[name] !== undefined) : undefined;
  if (meaningless)
    throw new UsageError(
      `--${meaningless}: every step of ss-paper takes the whole scene, or patches of it; leave it out`,
    );
  const [learningRate, dropRate, weightDecay] = [args['learning-rate'], args['drop-rate'], args['weight-decay']];
  const candidateBatch = args['candidate-batch'];
  const all = { model, epochs, schedule, batch, candidateBatch, seed, learningRate, dropRate, weightDecay };
  const given = Object.entries(all);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

export async function handler(args: Arguments): Promise<void> {
  const { o: run, threads, resume, overwrite, json } = args;
  if (resume) assertResumable(args);
  const training = resume ? undefined : trainingOf(args);
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({
    verbose: args.verbose,
    leaves: args.classes === undefined ? 'epochs that are done are kept' : 'steps that are done are kept',
    http: httpOptions(args),
  });
  try {
    const { resumeRun, trainRun } = await import('../pipeline/train-run.js');
    const options = {
      ...{ control, saveEvery: args['save-every'] ?? 60, engine: engineChoice(args) },
      ...(threads === undefined ? {} : { threads }),
    };
    reportTraining(
      json,
      training
        ? await trainRun(run, training.request, { ...options, overwrite, settings: training.settings })
        : await resumeRun(run, options),
    );
  } finally {
    control.release();
  }
}
