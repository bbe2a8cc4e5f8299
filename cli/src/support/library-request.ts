// What a training on a library's classes is asked for, from the command line.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isUrl } from '@egunet/raster/url';
import type { MixtureSettings } from '@egunet/train';
import type { LibraryRequest } from '../pipeline/library/request.js';
import { type DataArguments, DEFAULT_SEED, excludedBands } from './data-options.js';
import { UsageError } from './errors.js';
import type { LibraryArguments } from './library-options.js';
import { flag } from './outline.js';
import { openOptions, sensorPath } from './scene-options.js';

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

/** A list of files, unless all of it is the name of one. Throws UsageError at a comma too many. */
function files(value: string): string[] {
  const paths = (existsSync(value) ? [value] : value.split(',')).map((path) => path.trim());
  if (paths.includes('')) throw new UsageError(`--library: expected names of files parted by commas, got '${value}'`);
  return paths.map((path) => resolve(path));
}

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

/** How a scene is read. */
const READING = [
  'reflectance-scale',
  'variable',
  'rows',
  'cols',
  'no-orthorectify',
] as const satisfies (keyof DataArguments)[];

/** What to read and mix, from the command line. Throws UsageError where options do not go together. */
export function libraryRequest(scene: string | undefined, args: DataArguments & LibraryArguments): LibraryRequest {
  const { library, classes, sensor, seed = DEFAULT_SEED, noise, ensemble = 1 } = args;
  if (library === undefined || classes === undefined)
    throw new UsageError('--classes says which class the spectra of --library are of: give both');
  if (scene === undefined && sensor === undefined)
    throw new UsageError('what sees the library? Give --sensor, or a scene whose bands are taken');
  const reading = READING.find((name) => args[name] !== undefined && args[name] !== false);
  if (scene === undefined && reading)
    throw new UsageError(
      `${flag(reading)} is about reading a scene, and none is named; of a library there is --library-scale`,
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
    ...(sensor === undefined || scene !== undefined ? {} : { sensor: sensorPath(sensor) }),
    ...(scene === undefined ? {} : { scene: isUrl(scene) ? scene : resolve(scene) }),
    open: openOptions(args),
    exclude: excludedBands(args),
    seed,
    ...(noise === undefined ? {} : { noise }),
    ...(args['reflectance-range'] && { range: args['reflectance-range'] }),
    mixtures: mixturesOf(args),
    members: ensemble,
    about: {
      ...(args.licence === undefined ? {} : { licence: args.licence }),
      ...(args.limits === undefined ? {} : { limits: args.limits }),
    },
  };
}
