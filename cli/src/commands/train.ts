import type { Argv } from 'yargs';
import { sceneRequest, scenesRequest, withDataOptions } from '../support/data-options.js';
import { engineChoice, withEngineOptions } from '../support/engine-options.js';
import { UsageError } from '../support/errors.js';
import { LIBRARY_OPTIONS, withLibraryOptions } from '../support/library-options.js';
import { libraryRequest } from '../support/library-request.js';
import { overwrite, realNumber, requiredText, withCommon } from '../support/options.js';
import { flag } from '../support/outline.js';
import { withPixelOptions } from '../support/pixel-options.js';
import { reportTraining } from '../support/report-training.js';
import { listOption, sceneNames } from '../support/scene-names.js';
import { httpOptions, scenePositional, withSceneOptions } from '../support/scene-options.js';
import { librarySettings, SETTINGS, sceneSettings, withTrainingOptions } from '../support/training-options.js';

export const command = 'train [scene..]';
export const describe = 'Train EGU-Net on a scene or several, or its encoder on the classes of a library';

const scenesPositional = {
  ...scenePositional,
  array: true as const,
  describe: `${scenePositional.describe}; several, of one sensor, are pooled: also patterns, and folders that are searched`,
};

export const builder = (yargs: Argv) =>
  withCommon(
    withSceneOptions(
      withDataOptions(
        withLibraryOptions(
          withEngineOptions(
            withPixelOptions(
              withTrainingOptions(
                yargs
                  .positional('scene', scenesPositional)
                  .usage(
                    '$0 train SCENE... -o RUN\n\nFinds endmembers in a scene, labels candidate spectra with them and trains EGU-Net (Hong et al. 2021) on both. Several scenes give one sample, each alike and evenly over its footprint, rare spectra at a somewhat higher rate; what is read is kept in RUN/scenes. With --classes: trains its encoder on mixtures of the classes of a library, in seconds, for every scene of a sensor. Ctrl-C saves the run; --resume goes on with it and ends with the same weights.',
                  )
                  .option('o', requiredText('o', 'Folder of the run, made if need be', 'run'))
                  .option('list', listOption)
                  .option(
                    'save-every',
                    realNumber('save-every', {
                      describe: 'Seconds between two savings of the run [default: 60]',
                      least: 0,
                    }),
                  )
                  .option('resume', {
                    type: 'boolean',
                    default: false,
                    describe: 'Go on with the interrupted run in -o',
                  })
                  .option('overwrite', overwrite)
                  .group(['o', 'resume', 'overwrite', 'save-every'], 'Run:')
                  .group([...SETTINGS, 'engine', 'device', 'threads'], 'Training:')
                  .group(['list'], 'Several scenes:')
                  .example('$0 train ENMAP01-____L2A-DT0000001049 -o run', 'number of endmembers estimated')
                  .example('$0 train a.mat -n 4 --reflectance-scale 0.0001 -o run', 'integers of a MATLAB file')
                  .example('$0 train a.hdr --library soils.csv --exclude 1340-1460 -o run', 'known endmembers')
                  .example('$0 train a.hdr --library soils.csv -n 5 -o run', 'those, and others found in the scene')
                  .example('$0 train noisy.tif --model ss -o run', 'spatial-spectral')
                  .example('$0 train archive/2024 --mask cloud,shadow -o run', 'all scenes of a folder, without clouds')
                  .example(
                    '$0 train --library soils.sli --classes soils.csv --sensor enmap -o run',
                    'one model for every scene of a sensor',
                  )
                  .example('$0 train -o run --resume', 'after Ctrl-C'),
              ),
            ),
          ),
        ),
      ),
    ),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

/** Which pixels of the scenes are taken. */
const PIXELS = ['bbox', 'bbox-crs', 'aoi', 'mask'] as const satisfies (keyof Arguments)[];

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
  'sensor',
  'variable',
  'rows',
  'cols',
  'no-orthorectify',
  ...PIXELS,
] as const satisfies (keyof Arguments)[];

function assertResumable(args: Arguments): void {
  const given = SETTLED.find((name) => args[name] !== undefined);
  if (given) throw new UsageError(`${flag(given)}: a resumed run keeps its settings; leave it out`);
  if (args.overwrite) throw new UsageError('--resume goes on with the run, --overwrite replaces it; choose one');
  if (isNamed(args)) throw new UsageError('a resumed run knows its scenes; leave the scene out');
}

/** Whether scenes are named. */
const isNamed = ({ scene, list }: Arguments): boolean => list !== undefined || (scene ?? []).length > 0;

/** What to train on, and how. Throws UsageError where options do not go together, CommandError where there is no such scene. */
async function trainingOf(args: Arguments) {
  if (args.classes !== undefined) return { request: libraryRequest(sceneOfLibrary(args), args), settings: librarySettings(args) }; // biome-ignore format: one case
  const given = LIBRARY_OPTIONS.find((name) => args[name] !== undefined);
  if (given) throw new UsageError(`${flag(given)} is about mixtures of a library's classes; give --classes with it`);
  if (!isNamed(args)) throw new UsageError('which scene? See egunet train --help');
  const settings = sceneSettings(args);
  const { findScenes } = await import('../pipeline/scenes/find-scenes.js');
  const scenes = await findScenes(sceneNames(args));
  const request = await (scenes.length === 1 ? sceneRequest(scenes[0]!, args) : scenesRequest(scenes, args));
  return { request, settings };
}

/** The scene whose bands see a library. */
function sceneOfLibrary(args: Arguments): string | undefined {
  const { scene = [], list } = args;
  if (list !== undefined || scene.length > 1)
    throw new UsageError('a library is seen by the bands of one scene, or of a --sensor; name one of them');
  const meaningless = PIXELS.find((name) => args[name] !== undefined);
  if (meaningless) throw new UsageError(`${flag(meaningless)} is about pixels of a scene that is trained on; leave it out with --classes`); // biome-ignore format: one error
  return scene[0];
}

/** What a training that is stopped leaves. */
const KEPT = { scene: 'epochs', scenes: 'scenes that are read and epochs', library: 'steps' } as const;

export async function handler(args: Arguments): Promise<void> {
  const { o: run, threads, resume, overwrite, json } = args;
  if (resume) assertResumable(args);
  const training = resume ? undefined : await trainingOf(args);
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({
    verbose: args.verbose,
    leaves: `${KEPT[training && 'kind' in training.request ? training.request.kind : 'scene']} that are done are kept`,
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
