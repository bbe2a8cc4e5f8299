import type { Band } from '@egunet/raster';
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

/** `418.2-2445.5 nm`, or undefined where no band has a wavelength. */
export function wavelengthRange(bands: readonly Pick<Band, 'wavelength'>[]): string | undefined {
  const known = bands.flatMap(({ wavelength }) => (wavelength === undefined ? [] : [wavelength]));
  if (known.length === 0) return undefined;
  return `${Math.min(...known).toFixed(1)}-${Math.max(...known).toFixed(1)} nm`;
}
