import type { Interval } from './options.js';

// Legend: bands are counted from 0 in code and from 1 in what a person reads.

/** What to leave out so that only bands in `only` (nm, ends included) remain: the gaps between its intervals. */
export function excludeAllBut(only: readonly Interval[]): Interval[] {
  const sorted = [...only].sort(([a], [b]) => a - b);
  const excluded: Interval[] = [];
  let covered = 0;
  for (const [from, to] of sorted) {
    // The ends of what is kept must not be excluded: a millionth of a nm is far below any band's precision.
    if (from > covered) excluded.push([covered === 0 ? 0 : covered + 1e-6, from - 1e-6]);
    covered = Math.max(covered, to);
  }
  return [...excluded, [covered + 1e-6, Number.MAX_VALUE]];
}

/** What `excludeAllBut` has left out, if anything, as the intervals that it was given, and what else is left out. */
export function splitExcluded(excluded: readonly Interval[]): { only: Interval[]; rest: readonly Interval[] } {
  const end = excluded.findIndex(([, to]) => to === Number.MAX_VALUE);
  const only: Interval[] = [];
  const whole = (nm: number) => Number(nm.toFixed(5));
  let from = 0;
  for (const [start, to] of excluded.slice(0, end + 1)) {
    if (start > 0) only.push([from, whole(start)]);
    from = whole(to);
  }
  return { only, rest: excluded.slice(end + 1) };
}

/** `131-135, 140`: bands counted from 1, as ranges. */
export function bandRanges(indices: readonly number[]): string {
  const sorted = [...indices].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const index of sorted) {
    const last = ranges.at(-1);
    if (last && index === last[1] + 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}-${to + 1}`)).join(', ');
}

/** `418.2-2445.5 nm`: the least and the largest of some wavelengths or widths in nm; undefined where there is none. */
export function nanometreRange(values: readonly (number | null | undefined)[]): string | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [least, most] = [Math.min(least, value ?? least), Math.max(most, value ?? most)];
  return least <= most ? `${least.toFixed(1)}-${most.toFixed(1)} nm` : undefined;
}
