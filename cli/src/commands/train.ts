import type { Argv } from 'yargs';
import { dataRequest, withDataOptions } from '../support/data-options.js';
import { engineChoice, withEngineOptions } from '../support/engine-options.js';
import { InterruptedError, UsageError } from '../support/errors.js';
import { oneOf, overwrite, realNumber, requiredText, wholeNumber, withCommon } from '../support/options.js';
import { flag } from '../support/outline.js';
import { formatFacts, formatSeconds, printResult, shellCommand } from '../support/output.js';
import { httpOptions, scenePositional, withSceneOptions } from '../support/scene-options.js';
import { spatialWords } from '../support/spatial-words.js';

export const command = 'train [scene]';
export const describe = 'Train EGU-Net on a scene';

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
        withEngineOptions(
          yargs
            .positional('scene', scenePositional)
            .usage(
              '$0 train SCENE -o RUN\n\nFinds endmembers in a scene, labels candidate spectra with them and trains EGU-Net (Hong et al. 2021) on both. Ctrl-C saves the run; --resume goes on with it and ends with the same weights.',
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
                describe: 'Epochs [default: as many as make 4000 steps, at most 200], of ss-paper steps [default: 100]',
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
              realNumber('save-every', { describe: 'Seconds between two savings of the run [default: 60]', least: 0 }),
            )
            .option('resume', { type: 'boolean', default: false, describe: 'Go on with the interrupted run in -o' })
            .option('overwrite', overwrite)
            .group(['o', 'resume', 'overwrite', 'save-every'], 'Run:')
            .group([...SETTINGS, 'engine', 'device', 'threads'], 'Training:')
            .example('$0 train ENMAP01-____L2A-DT0000001049 -o run', 'number of endmembers estimated')
            .example('$0 train a.mat -n 4 --reflectance-scale 0.0001 -o run', 'integers of a MATLAB file')
            .example('$0 train a.hdr --library soils.csv --exclude 1340-1460 -o run', 'known endmembers')
            .example('$0 train noisy.tif --model ss -o run', 'spatial-spectral')
            .example('$0 train -o run --resume', 'after Ctrl-C'),
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

/** What means nothing for a network of images. */
const PIXEL_OPTIONS = ['batch', 'candidate-batch'] as const satisfies (keyof Arguments)[];

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
  const { o: run, scene, threads, resume, overwrite, json } = args;
  if (resume) assertResumable(args);
  else if (scene === undefined) throw new UsageError('which scene? See egunet train --help');
  const request = scene === undefined ? undefined : dataRequest(scene, args);
  const { takeControl } = await import('../support/control.js');
  const control = takeControl({
    verbose: args.verbose,
    leaves: 'epochs that are done are kept',
    http: httpOptions(args),
  });
  try {
    const { resumeRun, trainRun } = await import('../pipeline/train-run.js');
    const options = {
      ...{ control, saveEvery: args['save-every'] ?? 60, engine: engineChoice(args) },
      ...(threads === undefined ? {} : { threads }),
    };
    report(
      json,
      request
        ? await trainRun(run, request, { ...options, overwrite, settings: settingsOf(args) })
        : await resumeRun(run, options),
    );
  } finally {
    control.release();
  }
}

function report(
  json: boolean,
  result: Awaited<ReturnType<typeof import('../pipeline/train-run.js')['trainRun']>>,
): void {
  const { run, finished, checkpoint, seconds, pixelsPerSecond } = result;
  const { epoch, settings, history, facts, spatial } = checkpoint;
  if (!finished)
    throw new InterruptedError(
      `interrupted after ${epoch} of ${settings.epochs} epochs; the run is saved, go on with: ${shellCommand('egunet', 'train', '-o', run, '--resume')}`,
    );
  const losses = history.at(-1)!;
  const { bands, endmembers, pixels, candidates } = facts;
  const names = endmembers.map(({ name }) => name);
  const noiseShares = spatial && { noiseShares: spatial.noiseShares };
  const summary = { run, epochs: epoch, seconds, pixelsPerSecond, losses, settings, ...noiseShares };
  printResult(json, { ...summary, bands: bands.length, pixels, candidates, endmembers: names }, () =>
    formatFacts([
      ['run', run],
      ['trained', `${epoch} epochs on ${pixels} pixels and ${candidates} candidates, ${bands.length} bands`],
      ['time', `${formatSeconds(seconds)}, ${Math.round(pixelsPerSecond / 1000)}k pixels/s`],
      [
        'loss',
        `${losses.total.toPrecision(4)} (cross-entropy ${losses.crossEntropy.toPrecision(4)}, reconstruction ${losses.reconstruction.toPrecision(4)})`,
      ],
      ['endmembers', names.join(', ')],
      ['spatial', spatial && spatialWords(spatial)],
      ['next', shellCommand('egunet', 'export', run, '-o', 'model.onnx')],
    ]),
  );
}
