// From libraries on disk to what a network is trained on. Legend: S spectra, B bands, C classes.
import { basename } from 'node:path';
import { type ClassLibrary, classMeans, filterLibrary, groupBySource, type RunFacts } from '@egunet/train';
import type { Control } from '../../support/control.js';
import { CommandError } from '../../support/errors.js';
import { noteClasses, noteDropped, noteGaps } from './notes.js';
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
const RANGE = { least: -0.02, most: 1.2 } as const;

/** Reads libraries and the bands that see them, telling on standard error what is left out. */
export async function prepareLibrary(request: LibraryRequest, control: Control): Promise<PreparedLibrary> {
  const target = await readTarget(request, control);
  const libraries = await readLibraries(request);
  const { bands, noise } = coveredBands(target, libraries);
  const whole = joinLibraries(libraries, bands, request.classNames);
  const { library, dropped } = usableSpectra(whole);
  noteDropped({
    ...dropped,
    ...RANGE,
    withoutClass: countAll(libraries) - whole.classOf.length,
    total: countAll(libraries),
  });
  noteClasses(library);
  const { noise: given } = request;
  return {
    library,
    facts: factsOf({ target, libraries, library, bands, members: request.members }),
    noise: given === undefined ? noise : given === 0 ? undefined : new Float64Array(bands.length).fill(given),
  };
}

/** The spectra that a surface's reflectance can be, and how many others there are. */
export function usableSpectra(whole: ClassLibrary) {
  const dropped = { noValue: 0, outside: 0 };
  const library = filterLibrary(whole, (spectrum) => {
    if (spectrum.some(Number.isNaN)) dropped.noValue++;
    else if (spectrum.every((value) => value >= RANGE.least && value <= RANGE.most)) return true;
    else dropped.outside++;
    return false;
  });
  return { library, dropped };
}

const countAll = (libraries: readonly ReadLibrary[]): number =>
  libraries.reduce((sum, { rows }) => sum + rows.length, 0);

/** The target's bands that every library knows. */
function coveredBands(target: Target, libraries: readonly ReadLibrary[]) {
  const found = coverage(libraries, target.bands);
  noteGaps(target, found);
  const kept = target.bands.flatMap((_, b) => (found.every(({ reasons }) => reasons[b] === undefined) ? [b] : []));
  if (kept.length === 0)
    throw new CommandError(
      `${target.name}: none of its ${target.bands.length} bands lies in the range of all libraries; take other libraries`,
    );
  return {
    bands: kept.map((b) => target.bands[b]!),
    noise: target.noise && Float64Array.from(kept, (b) => target.noise![b]!),
  };
}

/** One library of all, without the spectra of no class, or of one that is not asked for. */
export function joinLibraries(
  libraries: readonly ReadLibrary[],
  bands: Target['bands'],
  names: LibraryRequest['classNames'],
): ClassLibrary {
  const found = [...new Set(libraries.flatMap(({ rows }) => rows.flatMap((row) => (row?.class ? [row.class] : []))))];
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
      return c === undefined ? [] : [{ c, source: row!.source || basename(library.path), spectrum }];
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
}

function factsOf({ target, libraries, library, bands, members }: Parts): RunFacts {
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
    },
  };
}
