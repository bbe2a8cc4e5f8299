// Supports of NNLS: which endmembers have coefficients above 0. Legend: C endmembers; G [C, C] their products; k members of a support.
import { invertPositive } from './products.js';

/** Endmembers that may have coefficients above 0. */
export interface Support {
  readonly members: readonly number[];
  /** G^-1 of the members [k, k]. */
  readonly inverse: Float64Array;
}

function submatrix(gram: Float64Array, count: number, members: readonly number[]): Float64Array {
  const k = members.length;
  const part = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    const row = members[i]! * count;
    for (let j = 0; j < k; j++) part[i * k + j] = gram[row + members[j]!]!;
  }
  return part;
}

/** Every support on which G has an inverse, smallest mask first. */
export function listSupports(gram: Float64Array, count: number): Support[] {
  const supports: Support[] = [];
  for (let mask = 0; mask < 2 ** count; mask++) {
    const members = Array.from({ length: count }, (_, c) => c).filter((c) => (mask >> c) & 1);
    const inverse = invertPositive(submatrix(gram, count, members), members.length);
    if (inverse) supports.push({ members, inverse });
  }
  return supports;
}

/** Writes the least squares solution on a support into x (0 elsewhere) and returns its least member. */
export function solveSupport({ members, inverse }: Support, h: Float64Array, x: Float64Array): number {
  const k = members.length;
  let least = 0;
  x.fill(0);
  for (let i = 0; i < k; i++) {
    let value = 0;
    for (let j = 0; j < k; j++) value += inverse[i * k + j]! * h[members[j]!]!;
    x[members[i]!] = value;
    if (value < least) least = value;
  }
  return least;
}

/** A support, and those that differ from it by one member as far as they were asked for. */
export interface Corner extends Support {
  /** Whether G has an inverse on the members; `inverse` is empty where not. */
  readonly solvable: boolean;
  /** [C] */
  readonly neighbours: (Corner | undefined)[];
}

/** With more supports than this kept, all are let go: with many endmembers few come twice. */
const MOST_KEPT = 4096;

export interface Corners {
  /** The one without members. */
  empty(): Corner;
  /** `corner` with `c` among its members, or without it where it is one. */
  toggle(corner: Corner, c: number): Corner;
}

/** Supports, each made once, when it is first asked for. */
export function createCorners(gram: Float64Array, count: number): Corners {
  const kept = new Map<string, Corner>();
  const cornerOf = (members: readonly number[]): Corner => {
    const key = members.join();
    const found = kept.get(key);
    if (found) return found;
    if (kept.size >= MOST_KEPT) kept.clear();
    const inverse = invertPositive(submatrix(gram, count, members), members.length);
    const made = {
      members,
      inverse: inverse ?? new Float64Array(),
      solvable: inverse !== undefined,
      neighbours: new Array<Corner | undefined>(count).fill(undefined),
    };
    kept.set(key, made);
    return made;
  };
  const toggled = (members: readonly number[], c: number) =>
    members.includes(c) ? members.filter((other) => other !== c) : [...members, c].sort((a, b) => a - b);
  return {
    empty: () => cornerOf([]),
    toggle(corner, c) {
      let next = corner.neighbours[c];
      if (!next) {
        next = cornerOf(toggled(corner.members, c));
        corner.neighbours[c] = next;
      }
      return next;
    },
  };
}
