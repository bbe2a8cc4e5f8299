import type { OpenOptions } from '@egunet/raster';
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { realNumber, text, wholeNumber } from './options.js';

/** What may be named as a scene. */
export const scenePositional = {
  type: 'string' as const,
  describe:
    'GeoTIFF, ENVI, MATLAB v5, EMIT or PRISMA file, EnMAP or DESIS folder, an archive of one (ZIP, tar) or a URL',
};

/** What a user may have to add to a scene that does not say enough of itself. */
export interface SceneArguments {
  readonly 'reflectance-scale'?: number | undefined;
  readonly variable?: string | undefined;
  readonly rows?: number | undefined;
  readonly cols?: number | undefined;
  readonly 'no-orthorectify'?: boolean | undefined;
}

/** A MATLAB file by its name: what matrices are looked for in. */
export const isMat = (path: string | undefined): boolean => path !== undefined && /\.mat$/i.test(path);

/** Adds `--reflectance-scale`, `--variable`, `--rows`, `--cols` and `--no-orthorectify`. */
export const withSceneOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'reflectance-scale',
      realNumber('reflectance-scale', {
        describe: 'Reflectance (1 = 100 %) = stored value x this, e.g. 0.0001',
        above: 0,
      }),
    )
    .option('variable', text('variable', 'MATLAB: the array that holds the image'))
    .option('rows', wholeNumber('rows', { describe: 'MATLAB: rows of the image, with --cols', least: 1 }))
    .option('cols', wholeNumber('cols', { describe: 'MATLAB: columns of the image, with --rows', least: 1 }))
    .option('no-orthorectify', {
      type: 'boolean' as const,
      describe: 'EMIT: leave the pixels as the sensor saw them, without a map grid',
    })
    .group(['reflectance-scale', 'variable', 'rows', 'cols', 'no-orthorectify'], 'Reading the scene:');

/** The reader's options, without those that were not given. Throws UsageError for half a size. */
export function openOptions(args: SceneArguments): OpenOptions {
  const { variable, rows, cols } = args;
  if ((rows === undefined) !== (cols === undefined))
    throw new UsageError('--rows and --cols belong together: give both, or neither');
  const reflectanceScale = args['reflectance-scale'];
  return {
    ...(reflectanceScale === undefined ? {} : { reflectanceScale }),
    ...(variable === undefined ? {} : { variable }),
    ...(rows === undefined ? {} : { rows }),
    ...(cols === undefined ? {} : { cols }),
    ...(args['no-orthorectify'] ? { orthorectify: false } : {}),
  };
}
