// Options that train on a library's classes instead of a scene.
import type { Argv } from 'yargs';
import { UsageError } from './errors.js';
import { realNumber, text, wholeNumber } from './options.js';
import type { OptionOf } from './outline.js';

/** What `withLibraryOptions` adds. */
export interface LibraryArguments {
  readonly classes?: string | undefined;
  readonly 'class-column'?: string | undefined;
  readonly 'source-column'?: string | undefined;
  readonly 'class-names'?: readonly (readonly [string, string])[] | undefined;
  readonly steps?: number | undefined;
  readonly ensemble?: number | undefined;
  readonly licence?: string | undefined;
  readonly limits?: string | undefined;
  readonly noise?: number | undefined;
  readonly 'class-shares'?: readonly number[] | undefined;
  readonly 'pair-share'?: number | undefined;
  readonly 'component-brightness'?: number | undefined;
  readonly 'mixture-brightness'?: number | undefined;
  readonly 'smooth-error'?: number | undefined;
  readonly 'reflectance-range'?: readonly [least: number, most: number] | undefined;
}

/** Every option of a library's training besides --library and --library-scale. */
export const LIBRARY_OPTIONS = [
  'classes',
  'class-column',
  'source-column',
  'class-names',
  'steps',
  'ensemble',
  'noise',
  'class-shares',
  'pair-share',
  'component-brightness',
  'mixture-brightness',
  'smooth-error',
  'reflectance-range',
  'licence',
  'limits',
] as const satisfies (keyof LibraryArguments)[];

/** Reads `vegetation=green vegetation,soil`. */
function parseClassNames(value: string | undefined): (readonly [string, string])[] | undefined {
  const seen = new Set<string>();
  return value?.split(',').map((part) => {
    const [from, to = from, ...more] = part.split('=').map((name) => name.trim());
    if (!from || !to || more.length > 0)
      throw new UsageError(`--class-names: expected names such as vegetation=green vegetation,soil, got '${value}'`);
    if (seen.has(from)) throw new UsageError(`--class-names: '${from}' is named twice`);
    seen.add(from);
    return [from, to] as const;
  });
}

function parseShares(value: string | undefined): number[] | undefined {
  const shares = value?.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (shares?.some((share) => !(share >= 0 && share <= 1)))
    throw new UsageError(`--class-shares: expected shares such as 0.1,0.4,0.35,0.15, got '${value}'`);
  return shares;
}

/** Reads `-0.02,1.2`. */
function parseRange(value: string | undefined): readonly [number, number] | undefined {
  if (value === undefined) return undefined;
  const [least = Number.NaN, most = Number.NaN, ...more] = value
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (least < most && more.length === 0) return [least, most];
  throw new UsageError(`--reflectance-range: expected LEAST,MOST such as -0.02,1.2, got '${value}'`);
}

const varies = (name: string, describe: string) => realNumber(name, { describe, least: 0, below: 1 });

/** Adds `--classes` and what else decides a training on a library's classes. */
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
    .option('steps', wholeNumber('steps', { describe: 'Steps, each on fresh mixtures [default: 400]', least: 1 }))
    .option(
      'ensemble',
      wholeNumber('ensemble', {
        describe:
          'Encoders whose mean the abundances are; maps then say how far they disagree (spread), which is less than the error [default: 1]',
        least: 1,
        most: 16,
      }),
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
    .option('reflectance-range', {
      ...text('reflectance-range', 'Spectra that leave this range are left out [default: -0.02,1.2]'),
      takes: 'LEAST,MOST',
      coerce: parseRange,
    } as const satisfies OptionOf)
    .option('licence', text('licence', "Licence of the library's spectra, for the model's card"))
    .option('limits', text('limits', 'What the model is not for, for its card'))
    .group([...LIBRARY_OPTIONS], "Library's classes:");
