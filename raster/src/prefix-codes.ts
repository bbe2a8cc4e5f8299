// The prefix codes of DEFLATE, made by the kernels in their memory. Legend: n symbols.
import { aligned, type Kernels } from './kernels.js';

export interface PrefixCode {
  /** Bits of each symbol's code [n]; 0 where it has none. */
  readonly lengths: Uint8Array;
  /** The codes, their first bit the lowest [n]. */
  readonly codes: Uint16Array;
}

const MOST_SYMBOLS = 288;

/** Where the kernels' memory has room for a code, and for how frequent its symbols are. */
const placesAt = (at: number) => {
  const lengths = aligned(at + 4 * MOST_SYMBOLS);
  return { frequencies: at, lengths, codes: aligned(lengths + MOST_SYMBOLS) };
};

/** Bytes of that. */
export const CODE_BYTES = aligned(placesAt(0).codes + 2 * MOST_SYMBOLS);

function codeAt(kernels: Kernels, at: number, n: number): PrefixCode {
  const { lengths, codes } = placesAt(at);
  return { lengths: new Uint8Array(kernels.buffer, lengths, n), codes: new Uint16Array(kernels.buffer, codes, n) };
}

/** The code at `at` whose symbols have these lengths [n]. */
export function codeOf(kernels: Kernels, at: number, lengths: Uint8Array): PrefixCode {
  const code = codeAt(kernels, at, lengths.length);
  const places = placesAt(at);
  code.lengths.set(lengths);
  kernels.writeCodes(places.lengths, lengths.length, places.codes);
  return code;
}

/** The shortest code of `most` bits at most, at `at`, for symbols that are as frequent as these [n]: at least two of them have one, as it is no code otherwise. */
export function shortestCode(kernels: Kernels, at: number, frequencies: Uint32Array, most: number): PrefixCode {
  const n = frequencies.length;
  const places = placesAt(at);
  new Uint32Array(kernels.buffer, places.frequencies, n).set(frequencies);
  kernels.shortestCode(places.frequencies, n, most, places.lengths, places.codes);
  return codeAt(kernels, at, n);
}

/** Bits that symbols so frequent [n] take in codes of these lengths [n], with as many more as `extra` [n] says behind each. */
export function bitsOf(lengths: Uint8Array, frequencies: Uint32Array, extra: Uint8Array): number {
  let sum = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++)
    sum += frequencies[symbol]! * (lengths[symbol]! + extra[symbol]!);
  return sum;
}
