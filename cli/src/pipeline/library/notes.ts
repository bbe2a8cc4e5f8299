// What the user should know of a library, on standard error.
import { basename } from 'node:path';
import type { Uncovered } from '@egunet/raster/node';
import { type ClassLibrary, groupBySource } from '@egunet/train';
import { bandRanges } from '../../support/bands.js';
import { note } from '../../support/output.js';
import type { ReadLibrary } from './read-spectra.js';
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
      const range = runsOf(lost);
      note(
        `left out, ${WHY[reason]} (${basename(path)}): ${lost.length} band${lost.length > 1 ? 's' : ''}, ${bandRanges(lost.map(({ index }) => index))} (${range})`,
      );
    }
}

/** Says which libraries are left out since they know too few bands. */
export function noteUncovering(
  { bands }: Target,
  found: readonly { readonly library: ReadLibrary; readonly path: string; readonly known: number }[],
): void {
  for (const { library, path, known } of found) {
    const { names } = library.spectra;
    const shown = names.slice(0, 3).join(', ');
    note(
      `left out, ${basename(path)}: ${names.length} spectra (${shown}${names.length > 3 ? ', ...' : ''}) know ${known} of ${bands.length} bands; --bands names an interval that they know`,
    );
  }
}

/** Says which classes differ by nothing but capitals or blanks. */
export function noteAlike(names: readonly string[]): void {
  const plain = new Map<string, string>();
  for (const name of names) {
    const key = name.trim().toLowerCase();
    const before = plain.get(key);
    if (before !== undefined)
      note(`note: '${before}' and '${name}' are two classes; --class-names makes them one (a=x,b=x)`);
    plain.set(key, name);
  }
}

/** `381-391, 2480-2493 nm`: of bands that follow one another. */
function runsOf(bands: Target['bands']): string {
  const runs: [from: number, to: number, index: number][] = [];
  for (const { wavelength, index } of bands) {
    const last = runs.at(-1);
    if (last && Math.abs(index - last[2]) === 1) last.splice(1, 2, wavelength, index);
    else runs.push([wavelength, wavelength, index]);
  }
  return `${runs.map(([from, to]) => (from === to ? from.toFixed(0) : `${from.toFixed(0)}-${to.toFixed(0)}`)).join(', ')} nm`;
}

interface Dropped {
  readonly noValue: number;
  readonly outside: number;
  readonly withoutClass: number;
  readonly total: number;
  readonly range: readonly [least: number, most: number];
}

/** Says how many spectra are left out, and why. */
export function noteDropped({ noValue, outside, withoutClass, total, range }: Dropped): void {
  const reasons = [
    withoutClass > 0 && `${withoutClass} of no class that is used`,
    noValue > 0 && `${noValue} without a value in a band`,
    outside > 0 && `${outside} outside of ${range.join(' to ')} reflectance`,
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
