import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HttpOptions, OpenOptions } from '@egunet/raster';
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { named, realNumber, text, wholeNumber } from './options.js';
import type { OptionOf } from './outline.js';

/** What may be named as a scene. */
export const scenePositional = {
  type: 'string' as const,
  describe:
    'GeoTIFF, ENVI, MATLAB v5, EMIT or PRISMA file, EnMAP or DESIS folder, an archive of one (ZIP, tar) or a URL',
};

/** What a user may have to add to a scene that does not say enough of itself. */
export interface SceneArguments {
  readonly 'reflectance-scale'?: number | undefined;
  readonly sensor?: string | undefined;
  readonly variable?: string | undefined;
  readonly rows?: number | undefined;
  readonly cols?: number | undefined;
  readonly 'no-orthorectify'?: boolean | undefined;
  readonly 'http-retries'?: number | undefined;
  readonly 'http-timeout'?: number | undefined;
}

/** What `--sensor` takes. */
export const SENSOR_WORDS = 'enmap, emit, prisma, desis, aviris-c, sentinel-2, landsat-8 or a definition.json';

/** A MATLAB file by its name: what matrices are looked for in. */
export const isMat = (path: string | undefined): boolean => path !== undefined && /\.mat$/i.test(path);

/** Adds `--reflectance-scale`, `--sensor`, `--variable`, `--rows`, `--cols`, `--no-orthorectify`, `--http-retries` and `--http-timeout`. */
export const withSceneOptions = <T>(yargs: Argv<T>) =>
  withHttpOptions(
    yargs
      .option(
        'reflectance-scale',
        realNumber('reflectance-scale', {
          describe: 'Reflectance (1 = 100 %) = stored value x this, e.g. 0.0001',
          above: 0,
          most: 1,
          hint: 'reflectance is the stored value x this: give 0.0001 where 10000 is 100 %',
        }),
      )
      .option(
        'sensor',
        named(
          text(
            'sensor',
            `Whose bands a scene without wavelengths has, or without a scene what sees a library: ${SENSOR_WORDS}`,
          ),
        ),
      )
      .option('variable', text('variable', 'MATLAB: the array that holds the image'))
      .option('rows', wholeNumber('rows', { describe: 'MATLAB: rows of the image, with --cols', least: 1 }))
      .option('cols', wholeNumber('cols', { describe: 'MATLAB: columns of the image, with --rows', least: 1 }))
      .option('no-orthorectify', {
        type: 'boolean' as const,
        describe: 'EMIT: leave the pixels as the sensor saw them, without a map grid',
      })
      .group(['reflectance-scale', 'sensor', 'variable', 'rows', 'cols', 'no-orthorectify'], 'Reading the scene:'),
  );

/** Adds `--http-retries` and `--http-timeout`. */
export const withHttpOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option('http-retries', {
      ...wholeNumber('http-retries', {
        describe: 'Repetitions of a request that failed for a while, after pauses that grow [default: 6]',
        least: 0,
        most: 1000,
      }),
      recorded: 'never',
    } as const satisfies OptionOf)
    .option('http-timeout', {
      ...realNumber('http-timeout', {
        describe: 'Seconds that a request may take until all of its answer is there [default: 60]',
        above: 0,
        most: 86_400,
      }),
      recorded: 'never',
    } as const satisfies OptionOf)
    .group(['http-retries', 'http-timeout'], 'Web servers:');

/** How patiently servers are asked, without what was not given. */
export function httpOptions(args: SceneArguments): Pick<HttpOptions, 'retries' | 'timeout'> {
  const [retries, timeout] = [args['http-retries'], args['http-timeout']];
  return { ...(retries === undefined ? {} : { retries }), ...(timeout === undefined ? {} : { timeout }) };
}

/** A sensor by its id, or by the absolute path of its definition. */
export const sensorPath = (sensor: string): string =>
  statSync(sensor, { throwIfNoEntry: false })?.isFile() ? resolve(sensor) : sensor;

/** The reader's options, without those that were not given. Throws UsageError for half a size. */
export function openOptions(args: SceneArguments): OpenOptions {
  const { variable, rows, cols, sensor } = args;
  if ((rows === undefined) !== (cols === undefined))
    throw new UsageError('--rows and --cols belong together: give both, or neither');
  const reflectanceScale = args['reflectance-scale'];
  return {
    ...(reflectanceScale === undefined ? {} : { reflectanceScale }),
    ...(sensor === undefined ? {} : { sensor: sensorPath(sensor) }),
    ...(variable === undefined ? {} : { variable }),
    ...(rows === undefined ? {} : { rows }),
    ...(cols === undefined ? {} : { cols }),
    ...(args['no-orthorectify'] ? { orthorectify: false } : {}),
  };
}
