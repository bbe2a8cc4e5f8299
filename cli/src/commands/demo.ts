import type { Argv } from 'yargs';
import { DEFAULT_SEED } from '../support/data-options.js';
import { text, threads, wholeNumber, withCommon } from '../support/options.js';
import { formatFacts, formatSeconds, printResult } from '../support/output.js';

export const command = 'demo';
export const describe = 'Make a scene, train, export, unmix it, and report how well it went';

const DEFAULTS = { folder: 'demo', size: 128, epochs: 60 } as const;

export const builder = (yargs: Argv) =>
  withCommon(
    yargs
      .usage(
        '$0 demo\n\nMakes a seeded EnMAP-like product of five materials with exactly known abundances, trains on it, exports the model, unmixes the scene and leaves an HTML report. A former demo in the folder is replaced; anything else is left alone.',
      )
      .option('o', text('o', `Folder to leave it in [default: ${DEFAULTS.folder}]`))
      .option(
        'seed',
        wholeNumber('seed', { describe: `Seed of the scene and the training [default: ${DEFAULT_SEED}]`, least: 0 }),
      )
      .option(
        'size',
        wholeNumber('size', {
          describe: `Rows and columns of the scene [default: ${DEFAULTS.size}]`,
          least: 24,
          most: 1024,
        }),
      )
      .option(
        'epochs',
        wholeNumber('epochs', { describe: `Epochs of training [default: ${DEFAULTS.epochs}]`, least: 1 }),
      )
      .option('threads', threads)
      .example('$0 demo', 'everything in the folder demo')
      .example('$0 demo --size 64 --epochs 50 -o quick', 'smaller and faster'),
  );

type Arguments = Awaited<ReturnType<typeof builder>['argv']>;

export async function handler(args: Arguments): Promise<void> {
  const [{ runDemo }, { figureValue }, { takeControl }] = await Promise.all([
    import('../pipeline/demo.js'),
    import('../support/figures.js'),
    import('../support/control.js'),
  ]);
  const {
    o: folder = DEFAULTS.folder,
    seed = DEFAULT_SEED,
    size = DEFAULTS.size,
    epochs = DEFAULTS.epochs,
    threads,
  } = args;
  const control = takeControl({ verbose: args.verbose, leaves: 'the demo is not complete; run it again' });
  try {
    const { files, evaluation, timings } = await runDemo(folder, {
      ...{ seed, size, epochs },
      ...(threads === undefined ? {} : { threads }),
      control,
    });
    const seconds = timings.reduce((sum, [, took]) => sum + took, 0);
    const accuracy = (of: Parameters<typeof figureValue>[0] | undefined) => of && figureValue(of, 'aRMSE')?.toFixed(4);
    // Run from a clone, the command is not on the path.
    const program = process.env.npm_execpath ? 'npx egunet' : 'egunet';
    printResult(args.json, { files, seconds, timings: Object.fromEntries(timings), evaluation }, () =>
      [
        formatFacts([
          ['report', `${files.report}  <- open this in a browser`],
          ['model', files.model],
          ['map', files.map],
          ['quicklook', files.quicklook],
          ['scene', files.scene],
          ['aRMSE', `${accuracy(evaluation)} (NNLS with the same endmembers ${accuracy(evaluation.baseline)})`],
          ['time', formatSeconds(seconds)],
        ]),
        `Next, with a scene of your own (GeoTIFF, ENVI, MATLAB v5 or an EnMAP folder):
  ${program} train SCENE -o run
  ${program} export run -o model.onnx
  ${program} infer SCENE --model model.onnx -o abundances.tif`,
      ].join('\n\n'),
    );
  } finally {
    control.release();
  }
}
