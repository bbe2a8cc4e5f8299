// The brightness of endmembers against each other. Legend: B bands, C endmembers.
import { dotRows } from '../linear-algebra.js';

/** Lengthens each of `endmembers` [C, B], but the first `fixed`, that is shorter than `floor` (0 to 1) times the longest to that length. */
export function floorMagnitudes(endmembers: Float32Array, bands: number, floor: number, fixed = 0): Float32Array {
  const factors = lengthenings(endmembers, bands, floor).fill(1, 0, fixed);
  return endmembers.map((value, i) => value * factors[Math.floor(i / bands)]!);
}

/** What `floorMagnitudes` multiplies each endmember by [C]. */
export function lengthenings(endmembers: Float32Array, bands: number, floor: number): Float64Array {
  const count = endmembers.length / bands;
  const lengths = Float64Array.from({ length: count }, (_, c) =>
    Math.sqrt(dotRows(endmembers, endmembers, { a: c * bands, b: c * bands, length: bands })),
  );
  const least = floor * lengths.reduce((most, length) => Math.max(most, length), 0);
  // A spectrum of zeros has no direction to be lengthened in.
  return lengths.map((length) => (length > 0 ? Math.max(length, least) / length : 1));
}
