// What the libraries of a run tell of its classes, where they are still there. Legend: S spectra, B bands, C classes.
import { basename } from 'node:path';
import { type Checkpoint, type ClassLibrary, groupBySource } from '@egunet/train';
import type { Table } from '../../report/page.js';
import type { SpectraSet } from '../../report/spectra-chart.js';
import { joinLibraries, usableSpectra } from '../library/prepare.js';
import { type ReadLibrary, readLibraries } from '../library/read-spectra.js';
import type { LibraryRequest } from '../library/request.js';

/** What a report shows of a run's libraries. */
export interface LibraryDetails {
  readonly tables: readonly Table[];
  /** Between which reflectances the middle of each class's spectra lie. */
  readonly spread?: NonNullable<SpectraSet['spread']>;
  /** Why not all can be shown. */
  readonly notice?: string;
}

/** Shares of a class's spectra that lie below and above what is shown of it. */
const EDGES = [0.1, 0.9] as const;

/** Classes and files of a run's libraries; those on disk tell the numbers of each source and library, and the spread. */
export async function libraryDetails(
  request: LibraryRequest,
  { facts }: Pick<Checkpoint, 'facts'>,
): Promise<LibraryDetails> {
  try {
    const { files } = facts.library!;
    const read = (await readLibraries(request)).libraries;
    const libraries = read.filter(({ sha256 }) => files.some((file) => file.sha256 === sha256)); // others had no say
    if (libraries.length === files.length) return ofLibraries(libraries, request, facts);
    return without(facts, 'the libraries have changed since');
  } catch (error) {
    return without(facts, `the libraries cannot be read any more (${(error as Error).message})`);
  }
}

/** What the run itself knows. */
function without({ library }: Checkpoint['facts'], why: string): LibraryDetails {
  const rows = library!.classes.map(({ name, spectra, sources }) => [name, String(spectra), sources.join(', ')]);
  return {
    tables: [{ title: 'Classes', header: ['class', 'spectra', 'sources'], rows }, filesTable(library!)],
    notice: `Numbers of spectra by source and library and their spread are left out: ${why}.`,
  };
}

const filesTable = ({ files }: NonNullable<Checkpoint['facts']['library']>): Table => ({
  title: 'Libraries',
  header: [],
  rows: files.map(({ name, sha256 }) => [name, `SHA-256 ${sha256}`]),
});

function ofLibraries(
  libraries: readonly ReadLibrary[],
  request: LibraryRequest,
  { bands, library }: Checkpoint['facts'],
): LibraryDetails {
  const known = bands.map((band) => ({ ...band, wavelength: band.wavelength!, index: band.index! }));
  const names = namesOf(libraries, request);
  const usable = (some: readonly ReadLibrary[]) => {
    const has = new Set(some.flatMap(({ rows }) => rows.map((row) => row?.class)));
    const own = names.filter(([from]) => has.has(from));
    return own.length === 0 ? undefined : usableSpectra(joinLibraries(some, known, own), request.range).library;
  };
  const whole = usable(libraries)!;
  const parts = libraries.map((one) => usable([one]));
  const several = libraries.length > 1;
  const rows = whole.classes.map((name, c) => [
    name,
    String(countOf(whole, name)),
    ...(several ? parts.map((part) => String(part ? countOf(part, name) : 0)) : []),
    sourceWords(whole, c),
  ]);
  const header = ['class', 'spectra', ...(several ? libraries.map(({ path }) => basename(path)) : []), 'sources'];
  return { tables: [{ title: 'Classes', header, rows }, filesTable(library!)], spread: spreadOf(whole) };
}

/** Classes that are used, and what they are called. */
function namesOf(
  libraries: readonly ReadLibrary[],
  { classNames }: LibraryRequest,
): readonly (readonly [from: string, to: string])[] {
  if (classNames) return classNames;
  const found = new Set(libraries.flatMap(({ rows }) => rows.flatMap((row) => (row?.class ? [row.class] : []))));
  return [...found].sort().map((name) => [name, name] as const);
}

const countOf = ({ classes, classOf }: ClassLibrary, name: string): number =>
  classOf.filter((c) => classes[c] === name).length;

/** `ground 12, roofs 40`. */
const sourceWords = (library: ClassLibrary, c: number): string =>
  groupBySource(library)
    [c]!.map((group) => `${library.sourceOf[group[0]!]} ${group.length}`)
    .join(', ');

/** Reflectances that the edges' shares of each class's spectra lie below [C][B]. */
function spreadOf({ bands: B, classes, classOf, spectra }: ClassLibrary): NonNullable<SpectraSet['spread']> {
  const [low, high] = EDGES.map((edge) =>
    classes.map((_, c) => {
      const own = classOf.flatMap((of, s) => (of === c ? [s] : []));
      const values = Array.from({ length: B }, (_, b) => own.map((s) => spectra[s * B + b]!).sort((x, y) => x - y));
      return values.map((sorted) => sorted[Math.round(edge * (sorted.length - 1))]!);
    }),
  );
  return { low: low!, high: high! };
}
