// Parts of a library that a training does not see. Legend: S spectra.
import { type ClassLibrary, groupBySource } from '@egunet/train';

/** Which spectra are held out [S]. */
export type HeldOut = readonly boolean[];

/** One spectrum of so many of a source is held out, where spectra are. */
export const ONE_IN = 5;

/** One in five of each source, and of fewer than five the last one. */
export function someSpectra(library: ClassLibrary): HeldOut {
  const held = library.classOf.map(() => false);
  for (const source of groupBySource(library).flat())
    for (const [i, s] of source.entries())
      held[s] = source.length < ONE_IN ? i === source.length - 1 : i % ONE_IN === ONE_IN - 1;
  return held;
}

/** A source of each class that has several, the first or the last by name; of a class of one source every other spectrum. */
export function someSources(library: ClassLibrary, which: 'first' | 'last'): HeldOut {
  const held = library.classOf.map(() => false);
  for (const sources of groupBySource(library)) {
    const whole = sources.at(which === 'first' ? 0 : -1)!;
    const out = sources.length > 1 ? whole : whole.filter((_, i) => i % 2 === Number(which === 'last'));
    for (const s of out) held[s] = true;
  }
  return held;
}
