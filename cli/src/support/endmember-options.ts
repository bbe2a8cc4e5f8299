// Options that name endmembers for exact least squares, in a run's place.
import type { Argv } from 'yargs';
import type { EndmemberRequest } from '../pipeline/given-endmembers.js';
import { bandOptions, type DataArguments, excludedBands, libraryScale } from './data-options.js';
import { nameList, text } from './options.js';
import { SENSOR_WORDS } from './scene-options.js';

/** What `withEndmemberOptions` adds. */
export interface EndmemberArguments extends Pick<DataArguments, 'library-scale' | 'bands' | 'exclude'> {
  readonly endmembers?: string | undefined;
  readonly names?: readonly string[] | undefined;
  readonly sensor?: string | undefined;
}

/** What says something of the endmembers besides their file. */
export const ENDMEMBER_OPTIONS = [
  'names',
  'sensor',
  'library-scale',
  'bands',
  'exclude',
] as const satisfies (keyof EndmemberArguments)[];

/** Adds `--endmembers` and what says which of its spectra are taken, and at which bands. */
export const withEndmemberOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option(
      'endmembers',
      text('endmembers', 'Without a run: spectral library (CSV or ENVI) with the endmembers of --head nnls or fcls'),
    )
    .option('names', nameList('names', 'Which of its spectra, in this order: soil,water [default: all, 2 to 8]'))
    .option('sensor', text('sensor', `Bands to resample them to: ${SENSOR_WORDS} [default: the library's own]`))
    .option('library-scale', libraryScale)
    .option('bands', bandOptions.bands)
    .option('exclude', bandOptions.exclude)
    .group(['endmembers', ...ENDMEMBER_OPTIONS], 'Given endmembers:');

/** Which endmembers to read, from the command line. */
export function endmemberRequest(endmembers: string, args: EndmemberArguments): EndmemberRequest {
  const { names, sensor, 'library-scale': scale } = args;
  return {
    endmembers,
    exclude: excludedBands(args),
    ...(names === undefined ? {} : { names }),
    ...(scale === undefined ? {} : { libraryScale: scale }),
    ...(sensor === undefined ? {} : { sensor }),
  };
}
