import { resolve } from 'node:path';
import { isUrl } from '@egunet/raster/url';
import type { Brightness, CountBy } from '@egunet/train';
import type { Argv } from 'yargs';
import type { DataRequest, ScenesRequest } from '../pipeline/data-request.js';
import { excludeAllBut } from './bands.js';
import { UsageError } from './errors.js';
import { type Interval, intervals, oneOf, realNumber, text, wholeNumber } from './options.js';
import { type PixelArguments, pixelRequest } from './pixel-options.js';
import { openOptions, type SceneArguments } from './scene-options.js';

/** Options that decide what is taken from a scene for training, and how its endmembers are found. */
export interface DataArguments extends SceneArguments {
  readonly n?: number | undefined;
  readonly 'count-by'?: CountBy | undefined;
  readonly library?: string | undefined;
  readonly 'library-scale'?: number | undefined;
  readonly brightness?: Brightness | undefined;
  readonly seed?: number | undefined;
  readonly bands?: Interval[] | undefined;
  readonly exclude?: Interval[] | undefined;
  readonly 'max-pixels'?: number | undefined;
  readonly 'max-blocks'?: number | undefined;
}

/** The seed where none is given. */
export const DEFAULT_SEED = 1;

/** The words that `BRIGHTNESS` of the training knows, which an explanation must not load. */
const BRIGHTNESSES = ['absolute', 'bounded', 'equalised'] as const satisfies readonly Brightness[];

/** The words that `COUNT_WAYS` of the training knows. */
const COUNT_WAYS = ['hysime', 'residual'] as const satisfies readonly CountBy[];

export const libraryScale = realNumber('library-scale', {
  describe: "Library's reflectance = its values x this",
  above: 0,
  most: 1,
  hint: 'give 0.01 for a library in percent',
});

/** The bands that are used, in nm. */
export const bandOptions = {
  bands: intervals('bands', 'Use only bands in these intervals of nm, e.g. 400-1300,1500-1700'),
  exclude: intervals('exclude', 'Leave out bands in these intervals of nm, e.g. 1340-1460'),
} as const;

/** Which bands are left out, by both options. */
export const excludedBands = ({ bands, exclude }: Pick<DataArguments, 'bands' | 'exclude'>): Interval[] => [
  ...(bands ? excludeAllBut(bands) : []),
  ...(exclude ?? []),
];

/** Adds `-n`, `--count-by`, `--brightness`, `--library`, `--seed`, `--bands`, `--exclude`, `--max-pixels` and `--max-blocks`. */
export const withDataOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'n',
      wholeNumber('n', {
        describe: 'Number of endmembers, with --library those of it among them [default: estimated, at most 10]',
        alias: 'count',
        least: 2,
      }),
    )
    .option(
      'count-by',
      oneOf(
        'count-by',
        COUNT_WAYS,
        'Without -n, count the directions above the noise (HySime), or stop where one more endmember leaves nearly as much unexplained [default: hysime]',
      ),
    )
    .option(
      'brightness',
      oneOf(
        'brightness',
        BRIGHTNESSES,
        'What an abundance of 1 means: the endmember as bright as it was found, at least half as bright as the brightest, or as bright as that [default: bounded]',
      ),
    )
    .option(
      'library',
      text(
        'library',
        'Spectral library (CSV, ENVI) whose spectra are the endmembers, or with a larger -n the first of them; with --classes also text files of ECOSTRESS or USGS, a folder of them, or several libraries (a,b)',
      ),
    )
    .option('library-scale', libraryScale)
    .option('bands', bandOptions.bands)
    .option('exclude', bandOptions.exclude)
    .option('seed', wholeNumber('seed', { describe: `Seed of every random draw [default: ${DEFAULT_SEED}]`, least: 0 }))
    .option('max-pixels', wholeNumber('max-pixels', { describe: 'Pixels used at most [default: 65536]', least: 2 }))
    .option(
      'max-blocks',
      wholeNumber('max-blocks', { describe: '5 x 5 blocks searched at most [default: 1600]', least: 1 }),
    )
    .group(
      ['n', 'count-by', 'brightness', 'library', 'library-scale', 'max-pixels', 'max-blocks', 'seed'],
      'Endmembers:',
    )
    .group(['bands', 'exclude'], 'Bands:');

/** What to read of a scene and find in it, from the command line. */
export const sceneRequest = async (scene: string, args: DataArguments & PixelArguments): Promise<DataRequest> => ({
  scene: isUrl(scene) ? scene : resolve(scene),
  ...(await sharedRequest(args)),
});

/** The same of several, named by absolute paths or URLs. */
export const scenesRequest = async (
  scenes: readonly string[],
  args: DataArguments & PixelArguments,
): Promise<ScenesRequest> => ({ kind: 'scenes', scenes, ...(await sharedRequest(args)) });

async function sharedRequest(args: DataArguments & PixelArguments): Promise<Omit<DataRequest, 'scene'>> {
  const { n, brightness, library, seed = DEFAULT_SEED } = args;
  const [libraryScale, maxPixels, maxBlocks] = [args['library-scale'], args['max-pixels'], args['max-blocks']];
  if (libraryScale !== undefined && library === undefined) throw new UsageError('--library-scale needs --library');
  const countBy = args['count-by'];
  if (countBy !== undefined && (n !== undefined || library !== undefined))
    throw new UsageError('--count-by: the number of endmembers is given; leave --count-by out');
  if (brightness !== undefined && library !== undefined && n === undefined)
    throw new UsageError(
      '--brightness: the spectra of a library are used as they are; leave --brightness or --library out',
    );
  const pixels = await pixelRequest(args);
  return {
    open: openOptions(args),
    ...(pixels && { pixels }),
    exclude: excludedBands(args),
    seed,
    method: 'agreed',
    ...(brightness === undefined ? {} : { brightness }),
    ...(n === undefined ? {} : { count: n }),
    ...(countBy === undefined ? {} : { countBy }),
    ...(library === undefined ? {} : { library: resolve(library) }),
    ...(libraryScale === undefined ? {} : { libraryScale }),
    ...(maxPixels === undefined ? {} : { maxPixels }),
    ...(maxBlocks === undefined ? {} : { maxBlocks }),
  };
}
