// From libraries on disk to what a network is trained on. Legend: S spectra, B bands, C classes.
import { basename, dirname } from 'node:path';
import type { CardAbout } from '@egunet/models/card';
import {
  type ClassLibrary,
  classMeans,
  DEFAULT_MIXTURES,
  filterLibrary,
  groupBySource,
  type RunFacts,
} from '@egunet/train';
import type { Control } from '../../support/control.js';
import { CommandError } from '../../support/errors.js';
import { noteAlike, noteClasses, noteDropped, noteGaps, noteUncovering } from './notes.js';
import { coverage, type ReadLibrary, readLibraries, spectraAt } from './read-spectra.js';
import type { LibraryRequest } from './request.js';
import { readTarget, type Target } from './target.js';

/** What a library's network is trained on. */
export interface PreparedLibrary {
  readonly library: ClassLibrary;
  readonly facts: RunFacts;
  /** Standard deviation of each band's noise, reflectance [B]. */
  readonly noise: ArrayLike<number> | undefined;
}

/** A spectrum that leaves this range is no surface's reflectance, or badly measured. */
const USUAL_RANGE = [-0.02, 1.2] as const;

/** Least and most reflectance. */
type Range = readonly [least: number, most: number];

/** Reads libraries and the bands that see them, telling on standard error what is left out. */
export async function prepareLibrary(request: LibraryRequest, control: Control): Promise<PreparedLibrary> {
  const target = await readTarget(request, control);
  const { libraries: read, tables } = await readLibraries(request);
  noteAlike(classesOf(read));
  const { bands, noise, libraries } = coveredBands(target, withWanted(read, request.classNames));
  const whole = joinLibraries(libraries, bands, request.classNames);
  const { library, dropped, range } = usableSpectra(whole, request.range);
  noteDropped({
    ...{ noValue: sum(dropped.noValue), outside: sum(dropped.outside), range },
    withoutClass: countAll(read) - whole.classOf.length,
    total: countAll(read),
  });
  assertClassesLeft(library, dropped, range);
  noteClasses(library);
  const { noise: given, members, mixtures } = request;
  const added = given === undefined ? noise : given === 0 ? undefined : new Float64Array(bands.length).fill(given);
  const about = {
    ...request.about,
    ...(tables.length > 0 && { tables: [...tables] }),
    mixtures: { ...DEFAULT_MIXTURES, ...mixtures },
    noise: added ? Number((added.reduce((total, value) => total + value, 0) / bands.length).toPrecision(4)) : 0,
  };
  return { library, facts: factsOf({ target, libraries, library, bands, members, about }), noise: added };
}

/** The spectra that a surface's reflectance can be, and how many others each class has [C]. */
export function usableSpectra(whole: ClassLibrary, range: Range = USUAL_RANGE) {
  const [least, most] = range;
  const dropped = { noValue: whole.classes.map(() => 0), outside: whole.classes.map(() => 0) };
  const library = filterLibrary(whole, (spectrum, s) => {
    const c = whole.classOf[s]!;
    if (spectrum.some(Number.isNaN)) dropped.noValue[c]!++;
    else if (spectrum.every((value) => value >= least && value <= most)) return true;
    else dropped.outside[c]!++;
    return false;
  });
  return { library, dropped, range };
}

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** The names of the libraries' classes. */
const classesOf = (libraries: readonly ReadLibrary[]): string[] => [
  ...new Set(libraries.flatMap(({ rows }) => rows.flatMap((row) => (row?.class ? [row.class] : [])))),
];

const countAll = (libraries: readonly ReadLibrary[]): number =>
  libraries.reduce((sum, { rows }) => sum + rows.length, 0);

/** Throws CommandError where all spectra of a class were dropped. */
function assertClassesLeft(
  { classes, classOf }: ClassLibrary,
  { noValue, outside }: Record<'noValue' | 'outside', readonly number[]>,
  range: Range,
): void {
  const left = new Set(classOf);
  const c = classes.findIndex((_, index) => !left.has(index) && noValue[index]! + outside[index]! > 0);
  if (c < 0) return;
  throw new CommandError(
    `class '${classes[c]}': none of its ${noValue[c]! + outside[c]!} spectra is left, ${noValue[c]} lack a value in a band and ${outside[c]} lie outside of ${range.join(' to ')} reflectance; give the library's scale (--library-scale), a wider --reflectance-range, or leave bands out (--exclude)`,
  );
}

/** The libraries with a spectrum of a class that is asked for: the others have no say in the bands. */
function withWanted(libraries: readonly ReadLibrary[], names: LibraryRequest['classNames']): readonly ReadLibrary[] {
  const wanted = names && new Set(names.map(([from]) => from));
  const used = libraries.filter(({ rows }) => rows.some((row) => row?.class && (!wanted || wanted.has(row.class))));
  return used.length > 0 ? used : libraries;
}

/** A library that knows less than this share of the bands that the best one knows is left out, not the bands. */
const LEAST_COVERAGE = 0.5;

/** The target's bands that every library knows, and those libraries. */
function coveredBands(target: Target, all: readonly ReadLibrary[]) {
  const covered = coverage(all, target.bands).map((one) => ({
    ...one,
    known: one.reasons.filter((reason) => reason === undefined).length,
  }));
  const most = Math.max(...covered.map(({ known }) => known));
  const found = covered.filter(({ known }) => known > 0 && known >= LEAST_COVERAGE * most);
  noteUncovering(
    target,
    covered.filter((one) => most > 0 && !found.includes(one)),
  );
  const libraries = found.map(({ library }) => library);
  noteGaps(target, found);
  const kept = target.bands.flatMap((_, b) => (found.every(({ reasons }) => reasons[b] === undefined) ? [b] : []));
  if (found.length === 0 || kept.length === 0)
    throw new CommandError(
      `${target.name}: none of its ${target.bands.length} bands lies in the range of all libraries (${all.map(rangeWords).join(', ')}); take other libraries`,
    );
  return {
    libraries,
    bands: kept.map((b) => target.bands[b]!),
    noise: target.noise && Float64Array.from(kept, (b) => target.noise![b]!),
  };
}

/** `soils.csv 400-2450 nm`. */
const rangeWords = ({ path, spectra: { wavelengths = [] } }: ReadLibrary): string =>
  `${basename(path)} ${wavelengths[0]?.toFixed(0)}-${wavelengths.at(-1)?.toFixed(0)} nm`;

/** What to call the spectra of a library without sources: its name, with its folder's where two have the same. */
function sourceName({ path }: ReadLibrary, all: readonly ReadLibrary[]): string {
  const name = basename(path);
  const twice = all.some((other) => other.path !== path && basename(other.path) === name);
  return twice ? `${basename(dirname(path))}/${name}` : name;
}

/** One library of all, without the spectra of no class, or of one that is not asked for. */
export function joinLibraries(
  libraries: readonly ReadLibrary[],
  bands: Target['bands'],
  names: LibraryRequest['classNames'],
): ClassLibrary {
  const found = classesOf(libraries);
  const wanted = names ?? found.sort().map((name) => [name, name] as const);
  const missing = wanted.find(([from]) => !found.includes(from));
  if (missing)
    throw new CommandError(
      `--class-names: no spectrum is of class '${missing[0]}'; there are ${found.map((name) => `'${name}'`).join(', ')}`,
    );
  const classes = [...new Set(wanted.map(([, to]) => to))];
  const indexOf = new Map(wanted.map(([from, to]) => [from, classes.indexOf(to)]));
  const parts = libraries.map((library) => {
    const at = spectraAt(library, bands);
    return library.rows.flatMap((row, s) => {
      const c = indexOf.get(row?.class ?? '');
      const spectrum = at.subarray(s * bands.length, (s + 1) * bands.length);
      return c === undefined ? [] : [{ c, source: row!.source || sourceName(library, libraries), spectrum }];
    });
  });
  const all = parts.flat();
  const spectra = new Float32Array(all.length * bands.length);
  for (const [s, { spectrum }] of all.entries()) spectra.set(spectrum, s * bands.length);
  const [classOf, sourceOf] = [all.map(({ c }) => c), all.map(({ source }) => source)];
  return { bands: bands.length, classes, spectra, classOf, sourceOf };
}

interface Parts {
  readonly target: Target;
  readonly libraries: readonly ReadLibrary[];
  readonly library: ClassLibrary;
  readonly bands: Target['bands'];
  readonly members: number;
  readonly about: CardAbout;
}

function factsOf({ target, libraries, library, bands, members, about }: Parts): RunFacts {
  const means = classMeans(library);
  const B = bands.length;
  const { classes, classOf, sourceOf } = library;
  const groups = groupBySource(library);
  return {
    sensor: target.sensor,
    bands: bands.map(({ wavelength, fwhm, index }) => ({ wavelength, fwhm, index })),
    endmembers: classes.map((name, c) => ({ name, spectrum: [...means.subarray(c * B, (c + 1) * B)] })),
    endmemberMethod: `classes of ${libraries.map(({ path }) => basename(path)).join(', ')}; spectra shown are their means`,
    scene: target.scene,
    pixels: 0,
    candidates: classOf.length,
    library: {
      files: libraries.map(({ path, sha256 }) => ({ name: basename(path), sha256 })),
      classes: classes.map((name, c) => ({
        name,
        spectra: classOf.filter((of) => of === c).length,
        sources: groups[c]!.map(([s]) => sourceOf[s!]!),
      })),
      members,
      about,
    },
  };
}
