// Spectra of known classes, from which mixtures are drawn. Legend: S spectra, B bands, C classes.
import { TrainError } from '../error.js';

/** Library spectra at a sensor's bands, each of one class and from one source. */
export interface ClassLibrary {
  readonly bands: number;
  /** [C], each different from the others. */
  readonly classes: readonly string[];
  /** Reflectance [S, B]. */
  readonly spectra: Float32Array;
  /** Index of each spectrum's class [S]. */
  readonly classOf: readonly number[];
  /** Who measured or simulated it, or a group that is to count as one [S]: sources of a class are equally likely, whatever their size. */
  readonly sourceOf: readonly string[];
}

/** Indices of spectra by class, then by source, sources in order of their names. */
export type SourceGroups = readonly (readonly (readonly number[])[])[];

/** Throws TrainError unless the sizes agree, every value is finite, and every one of two classes or more has a spectrum. */
export function assertClassLibrary({ bands, classes, spectra, classOf, sourceOf }: ClassLibrary): void {
  const S = classOf.length;
  if (spectra.length !== S * bands || sourceOf.length !== S)
    throw new TrainError(
      `library: expected ${S} spectra of ${bands} bands with their sources, got ${spectra.length} values and ${sourceOf.length} sources`,
    );
  if (classes.length < 2)
    throw new TrainError(`library: a model needs 2 classes or more, got ${classes.length}; name more classes`);
  const repeated = classes.find((name, c) => classes.indexOf(name) !== c);
  if (repeated !== undefined) throw new TrainError(`library: two classes are called '${repeated}'; rename one`);
  for (const [c, name] of classes.entries())
    if (!classOf.includes(c)) throw new TrainError(`library: class '${name}' has no spectrum; leave it out`);
  if (!spectra.every(Number.isFinite)) throw new TrainError('library: a value is not finite; leave that spectrum out');
}

/** The spectra of each class by source. */
export function groupBySource({ classes, classOf, sourceOf }: ClassLibrary): SourceGroups {
  return classes.map((_, c) => {
    const groups = new Map<string, number[]>();
    for (const [s, of] of classOf.entries()) {
      if (of !== c) continue;
      const group = groups.get(sourceOf[s]!);
      if (group) group.push(s);
      else groups.set(sourceOf[s]!, [s]);
    }
    return [...groups.keys()].sort().map((source) => groups.get(source)!);
  });
}

/** Spectra of a library that pass `keep`; classes stay as they are. */
export function filterLibrary(
  library: ClassLibrary,
  keep: (spectrum: Float32Array, s: number) => boolean,
): ClassLibrary {
  const { bands, spectra, classOf, sourceOf } = library;
  const kept = classOf.flatMap((_, s) => (keep(spectra.subarray(s * bands, (s + 1) * bands), s) ? [s] : []));
  const chosen = new Float32Array(kept.length * bands);
  for (const [i, s] of kept.entries()) chosen.set(spectra.subarray(s * bands, (s + 1) * bands), i * bands);
  return {
    ...library,
    spectra: chosen,
    classOf: kept.map((s) => classOf[s]!),
    sourceOf: kept.map((s) => sourceOf[s]!),
  };
}

/** Mean spectrum of each class, its sources counting equally [C, B]: what the model card calls an endmember. */
export function classMeans(library: ClassLibrary): Float32Array {
  const { bands, spectra, classes } = library;
  const means = new Float32Array(classes.length * bands);
  for (const [c, sources] of groupBySource(library).entries())
    for (const group of sources)
      for (const s of group)
        for (let b = 0; b < bands; b++)
          means[c * bands + b]! += spectra[s * bands + b]! / group.length / sources.length;
  return means;
}
