import type { OpenOptions } from '@egunet/raster';
import type { Argv } from 'yargs';
import { realNumber, text, wholeNumber } from './options.js';

/** What a user may have to add to a scene that does not say enough of itself. */
export interface SceneArguments {
  readonly 'reflectance-scale'?: number | undefined;
  readonly variable?: string | undefined;
  readonly rows?: number | undefined;
  readonly cols?: number | undefined;
}

/** Adds `--reflectance-scale`, `--variable`, `--rows` and `--cols`. */
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
    .option('rows', {
      ...wholeNumber('rows', { describe: 'MATLAB: rows of the image', least: 1 }),
      implies: 'cols',
    })
    .option('cols', {
      ...wholeNumber('cols', { describe: 'MATLAB: columns of the image', least: 1 }),
      implies: 'rows',
    });

/** The reader's options, without those that were not given. */
export function openOptions(args: SceneArguments): OpenOptions {
  const { variable, rows, cols } = args;
  const reflectanceScale = args['reflectance-scale'];
  return {
    ...(reflectanceScale === undefined ? {} : { reflectanceScale }),
    ...(variable === undefined ? {} : { variable }),
    ...(rows === undefined ? {} : { rows }),
    ...(cols === undefined ? {} : { cols }),
  };
}
