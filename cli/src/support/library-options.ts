// Options that train on a library's classes instead of a scene.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isUrl } from '@egunet/raster/url';
import type { MixtureSettings } from '@egunet/train';
import type { Argv } from 'yargs';
import type { LibraryRequest } from '../pipeline/library/request.js';
import { type DataArguments, DEFAULT_SEED, excludedBands } from './data-options.js';
import { UsageError } from './errors.js';
import { realNumber, text, wholeNumber } from './options.js';
import { flag, type OptionOf } from './outline.js';
import { openOptions } from './scene-options.js';

/** What `withLibraryOptions` adds. */
export interface LibraryArguments {
  readonly classes?: string | undefined;
  readonly 'class-column'?: string | undefined;
  readonly 'source-column'?: string | undefined;
  readonly 'class-names'?: readonly (readonly [string, string])[] | undefined;
  readonly sensor?: string | undefined;
  readonly steps?: number | undefined;
  readonly ensemble?: number | undefined;
  readonly noise?: number | undefined;
  readonly 'class-shares'?: readonly number[] | undefined;
  readonly 'pair-share'?: number | undefined;
  readonly 'component-brightness'?: number | undefined;
  readonly 'mixture-brightness'?: number | undefined;
  readonly 'smooth-error'?: number | undefined;
}

/** What may be named as a sensor. */
export const SENSOR_WORDS = 'enmap, emit, prisma, desis, aviris-c, sentinel-2, landsat-8 or a definition.json';

/** Every option of a library's training besides --library and --library-scale. */
export const LIBRARY_OPTIONS = [
  'classes',
  'class-column',
  'source-column',
  'class-names',
  'sensor',
  'steps',
  'ensemble',
  'noise',
  'class-shares',
  'pair-share',
  'component-brightness',
  'mixture-brightness',
  'smooth-error',
] as const satisfies (keyof LibraryArguments)[];

/** Reads `vegetation=green vegetation,soil`. */
function parseClassNames(value: string | undefined): (readonly [string, string])[] | undefined {
  return value?.split(',').map((part) => {
    const [from, to = from] = part.split('=').map((name) => name.trim());
    if (!from || !to)
      throw new UsageError(`--class-names: expected names such as vegetation=green vegetation,soil, got '${value}'`);
    return [from, to] as const;
  });
}

function parseShares(value: string | undefined): number[] | undefined {
  const shares = value?.split(',').map(Number);
  if (shares?.some((share) => !(share >= 0 && share <= 1)))
    throw new UsageError(`--class-shares: expected shares such as 0.1,0.4,0.35,0.15, got '${value}'`);
  return shares;
}

const varies = (name: string, describe: string) => realNumber(name, { describe, least: 0, below: 1 });

/** Adds `--classes`, `--sensor` and what else decides a training on a library's classes. */
export const withLibraryOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'classes',
      text(
        'classes',
        "Train on mixtures of the library's classes: a CSV with columns name, class and perhaps source, or a column of the library itself; for several libraries one, or one each (a,b)",
      ),
    )
    .option('class-column', text('class-column', 'Heading of the column with the class [default: class]'))
    .option(
      'source-column',
      text('source-column', 'Heading of the column with the source: those of a class count equally [default: source]'),
    )
    .option('class-names', {
      ...text('class-names', 'Classes to use, in order, perhaps by other names: vegetation=green vegetation,soil'),
      takes: 'NAME=NAME,...',
      coerce: parseClassNames,
    } as const satisfies OptionOf)
    .option('sensor', text('sensor', `What sees the library, where no scene is given: ${SENSOR_WORDS}`))
    .option('steps', wholeNumber('steps', { describe: 'Steps, each on fresh mixtures [default: 400]', least: 1 }))
    .option(
      'ensemble',
      wholeNumber('ensemble', { describe: 'Encoders whose mean the abundances are [default: 1]', least: 1, most: 16 }),
    )
    .option(
      'noise',
      realNumber('noise', {
        describe: "Noise of every band, standard deviation of reflectance [default: the scene's, without a scene 0]",
        least: 0,
        most: 0.2,
      }),
    )
    .option('class-shares', {
      ...text('class-shares', 'How likely mixtures of 1, 2, ... classes are [default: 0.1,0.4,0.35,0.15]'),
      takes: 'X,X,...',
      coerce: parseShares,
    } as const satisfies OptionOf)
    .option('pair-share', {
      ...realNumber('pair-share', {
        describe: 'Share of components that are made of two spectra of one source [default: 0.5]',
        least: 0,
        most: 1,
      }),
    })
    .option(
      'component-brightness',
      varies('component-brightness', 'Each component is x (1 +- up to this) [default: 0.2]'),
    )
    .option('mixture-brightness', varies('mixture-brightness', 'Each mixture is x (1 +- up to this) [default: 0.1]'))
    .option('smooth-error', {
      ...realNumber('smooth-error', {
        describe: 'Deviation of the smooth error that multiplies a mixture [default: 0.015]',
        least: 0,
        most: 0.2,
      }),
    })
    .group([...LIBRARY_OPTIONS], "Library's classes:");

function mixturesOf(args: LibraryArguments): Partial<MixtureSettings> {
  const settings = {
    classShares: args['class-shares'],
    pairShare: args['pair-share'],
    componentBrightness: args['component-brightness'],
    brightness: args['mixture-brightness'],
    smoothError: args['smooth-error'],
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** A list of files, unless all of it is the name of one. */
const files = (value: string): string[] =>
  (existsSync(value) ? [value] : value.split(',')).map((path) => resolve(path.trim()));

/** A class table by its absolute path, or the heading of a column of the library. */
const tableOrColumn = (given: string): string => {
  const name = given.trim();
  return existsSync(name) || /\.csv$/i.test(name) ? resolve(name) : name;
};

/** What means nothing where mixtures of a library are trained on. */
const OF_A_SCENE = [
  'n',
  'count-by',
  'brightness',
  'max-pixels',
  'max-blocks',
] as const satisfies (keyof DataArguments)[];

/** What to read and mix, from the command line. Throws UsageError where options do not go together. */
export function libraryRequest(scene: string | undefined, args: DataArguments & LibraryArguments): LibraryRequest {
  const { library, classes, sensor, seed = DEFAULT_SEED, noise, ensemble = 1 } = args;
  if (library === undefined || classes === undefined)
    throw new UsageError('--classes says which class the spectra of --library are of: give both');
  if ((scene === undefined) === (sensor === undefined))
    throw new UsageError(
      scene === undefined
        ? 'what sees the library? Give --sensor, or a scene whose bands are taken'
        : '--sensor: the bands of the scene are taken; leave one of them out',
    );
  const meaningless = OF_A_SCENE.find((name) => args[name] !== undefined);
  if (meaningless)
    throw new UsageError(`${flag(meaningless)} is about endmembers of a scene; leave it out with --classes`);
  const named = { 'class-column': 'classColumn', 'source-column': 'sourceColumn', 'class-names': 'classNames', 'library-scale': 'libraryScale' } as const; // biome-ignore format: one line says more
  const given = Object.entries(named).flatMap(([option, key]) =>
    args[option as keyof typeof named] === undefined ? [] : [[key, args[option as keyof typeof named]]],
  );
  return {
    kind: 'library',
    libraries: files(library),
    classes: (existsSync(classes) ? [classes] : classes.split(',')).map(tableOrColumn),
    ...Object.fromEntries(given),
    ...(sensor === undefined ? {} : { sensor: existsSync(sensor) ? resolve(sensor) : sensor }),
    ...(scene === undefined ? {} : { scene: isUrl(scene) ? scene : resolve(scene) }),
    open: openOptions(args),
    exclude: excludedBands(args),
    seed,
    ...(noise === undefined ? {} : { noise }),
    mixtures: mixturesOf(args),
    members: ensemble,
  };
}
