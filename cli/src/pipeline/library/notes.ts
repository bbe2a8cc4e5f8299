// What the user should know of a library, on standard error.
import { basename } from 'node:path';
import type { Uncovered } from '@egunet/raster/node';
import { type ClassLibrary, groupBySource } from '@egunet/train';
import { bandRanges } from '../../support/bands.js';
import { note } from '../../support/output.js';
import type { Target } from './target.js';

const WHY: Readonly<Record<Uncovered, string>> = { outside: 'outside of its range', gap: 'in a gap of it' };

/** Says which bands are left out since a library does not know them. */
export function noteGaps(
  { bands }: Target,
  found: readonly { readonly path: string; readonly reasons: readonly (Uncovered | undefined)[] }[],
): void {
  for (const { path, reasons } of found)
    for (const reason of ['outside', 'gap'] as const) {
      const lost = bands.flatMap((band, b) => (reasons[b] === reason ? [band] : []));
      if (lost.length === 0) continue;
      const range = `${lost[0]!.wavelength.toFixed(0)}-${lost.at(-1)!.wavelength.toFixed(0)} nm`;
      note(
        `left out, ${WHY[reason]} (${basename(path)}): ${lost.length} band${lost.length > 1 ? 's' : ''}, ${bandRanges(lost.map(({ index }) => index))} (${range})`,
      );
    }
}

interface Dropped {
  readonly noValue: number;
  readonly outside: number;
  readonly withoutClass: number;
  readonly total: number;
  readonly least: number;
  readonly most: number;
}

/** Says how many spectra are left out, and why. */
export function noteDropped({ noValue, outside, withoutClass, total, least, most }: Dropped): void {
  const reasons = [
    withoutClass > 0 && `${withoutClass} of no class that is used`,
    noValue > 0 && `${noValue} without a value in a band`,
    outside > 0 && `${outside} outside of ${least} to ${most} reflectance`,
  ].filter(Boolean);
  if (reasons.length > 0) note(`left out: ${reasons.join(', ')}, of ${total} spectra`);
}

/** Says what each class is made of; warns of those that hardly vary. */
export function noteClasses(library: ClassLibrary): void {
  const groups = groupBySource(library);
  for (const [c, name] of library.classes.entries()) {
    const spectra = groups[c]!.flat().length;
    const sources = groups[c]!.map((group) => `${library.sourceOf[group[0]!]} ${group.length}`);
    note(
      `${name}: ${spectra} spectra of ${sources.length} source${sources.length > 1 ? 's' : ''}: ${sources.join(', ')}`,
    );
    if (spectra === 1) note(`note: one spectrum of ${name} is all that it varies by; add others`);
  }
}
