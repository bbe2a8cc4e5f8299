// A block of a DEFLATE stream whose repetitions are runs of a byte alone, written in the way that takes the fewest bytes.
// Source: RFC 1951; of which kind zlib makes a block.
import { bitsOf, codeOf, type PrefixCode, shortestCode } from './prefix-codes.js';

/** Bytes of a run that repeat the one before. */
export const LEAST_RUN = 3;
export const MOST_RUN = 258;

/** Behind the literals. */
export const END = 256;
/** Extra bits of each symbol: literals, the end, and the lengths of runs. */
const EXTRA = Uint8Array.from({ length: 286 }, (_, symbol) =>
  symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2,
);
/** The shortest run of each symbol from 257 on. */
const BASES = (() => {
  const bases = new Uint16Array(29);
  for (let i = 0, length = LEAST_RUN; i < 28; length += 2 ** EXTRA[257 + i++]!) bases[i] = length;
  bases[28] = MOST_RUN;
  return bases;
})();
/** The symbol of each run's length. */
const SYMBOLS = (() => {
  const symbols = new Uint16Array(MOST_RUN + 1);
  for (const [i, base] of BASES.entries()) symbols.fill(257 + i, base);
  return symbols;
})();
/** The code that needs no telling. */
const FIXED = codeOf(Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)));
/** Bits of the distance of a run, which is 1: in the code that needs no telling, and in one that knows two distances. */
const [FIXED_DISTANCE, TOLD_DISTANCE] = [5, 1];

/** Extra bits of what says the lengths of codes: a length; 16: the last one again; 17, 18: zeros. And the order in which their own lengths are told. */
const TELLING_EXTRA = Uint8Array.from({ length: 19 }, (_, i) => [2, 3, 7][i - 16] ?? 0);
const TELLING_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const TELLING_BITS = 7;

/** Bits that are written one after the other, the first the lowest of the first byte. */
export interface Bits {
  readonly bytes: Uint8Array;
  /** Where the next whole byte goes. */
  at: number;
  /** Bits that make no byte yet. */
  held: number;
  count: number;
}

/** Writes the lowest bits of a value, 16 at most. */
export function putBits(bits: Bits, value: number, count: number): void {
  bits.held |= value << bits.count;
  bits.count += count;
  for (; bits.count >= 8; bits.count -= 8, bits.held >>>= 8) bits.bytes[bits.at++] = bits.held;
}

/** Fills the byte up. */
export const align = (bits: Bits): void => putBits(bits, 0, -bits.count & 7);

/** What tells the lengths of a code: symbols, each with what its extra bits hold. */
type Told = [symbol: number, extra: number][];

function tellLengths(lengths: Uint8Array, told: Told): void {
  for (let at = 0; at < lengths.length; ) {
    const length = lengths[at]!;
    let count = 1;
    while (lengths[at + count] === length) count++;
    at += count;
    if (length === 0)
      for (; count >= 3; count -= Math.min(count, 138))
        told.push(count > 10 ? [18, Math.min(count, 138) - 11] : [17, count - 3]);
    else {
      told.push([length, 0]);
      for (count--; count >= 3; count -= Math.min(count, 6)) told.push([16, Math.min(count, 6) - 3]);
    }
    for (; count > 0; count--) told.push([length, 0]);
  }
}

/** What a block is made of. */
export interface Block {
  /** Literals, and 256 + the length of a run. */
  readonly symbols: Uint16Array;
  /** Its bytes, where they may be stored as they are. */
  readonly raw: Uint8Array | undefined;
  readonly last: boolean;
}

/** How the codes of a block are told. */
interface Telling {
  readonly told: Told;
  readonly code: PrefixCode;
  /** How many of the lengths of the telling's own code are told. */
  readonly own: number;
  readonly literals: number;
  readonly bits: number;
}

/** How many there are up to the last that is not 0. */
function usedOf(lengths: ArrayLike<number>): number {
  let used = lengths.length;
  while (used > 0 && lengths[used - 1] === 0) used--;
  return used;
}

function tell({ lengths }: PrefixCode): Telling {
  const literals = usedOf(lengths);
  const told: Told = [];
  tellLengths(lengths.subarray(0, literals), told);
  tellLengths(Uint8Array.of(TOLD_DISTANCE, TOLD_DISTANCE), told);
  const frequencies = new Uint32Array(TELLING_EXTRA.length);
  for (const [symbol] of told) frequencies[symbol]!++;
  const code = shortestCode(frequencies, TELLING_BITS);
  const own = Math.max(4, usedOf(TELLING_ORDER.map((symbol) => code.lengths[symbol]!)));
  return { told, code, own, literals, bits: 14 + 3 * own + bitsOf(code, frequencies, TELLING_EXTRA) };
}

function putTelling(bits: Bits, { told, code, own, literals }: Telling): void {
  putBits(bits, literals - 257, 5);
  putBits(bits, 1, 5); // two distances
  putBits(bits, own - 4, 4);
  for (const symbol of TELLING_ORDER.slice(0, own)) putBits(bits, code.lengths[symbol]!, 3);
  for (const [symbol, extra] of told) {
    putBits(bits, code.codes[symbol]!, code.lengths[symbol]!);
    putBits(bits, extra, TELLING_EXTRA[symbol]!);
  }
}

/** What stands for each literal, and for 256 + the length of each run: the bits of its code, of the length and of the distance together, and how many they are. */
function fullCodes({ lengths, codes }: PrefixCode, distanceBits: number): { values: Uint32Array; counts: Uint8Array } {
  const values = new Uint32Array(END + MOST_RUN + 1);
  const counts = new Uint8Array(values.length);
  values.set(codes.subarray(0, END));
  counts.set(lengths.subarray(0, END));
  for (let run = LEAST_RUN; run <= MOST_RUN; run++) {
    const symbol = SYMBOLS[run]!;
    values[END + run] = codes[symbol]! | ((run - BASES[symbol - 257]!) << lengths[symbol]!);
    counts[END + run] = lengths[symbol]! + EXTRA[symbol]! + distanceBits;
  }
  return { values, counts };
}

function putSymbols(bits: Bits, symbols: Uint16Array, code: PrefixCode, distanceBits: number): void {
  const { values, counts } = fullCodes(code, distanceBits);
  const { bytes } = bits;
  let { at, held, count } = bits;
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]!;
    held |= values[symbol]! << count; // 7 bits and 21 at most
    count += counts[symbol]!;
    bytes[at] = held;
    bytes[at + 1] = held >>> 8;
    bytes[at + 2] = held >>> 16;
    at += count >>> 3;
    held >>>= count & 24;
    count &= 7;
  }
  Object.assign(bits, { at, held, count });
  putBits(bits, code.codes[END]!, code.lengths[END]!);
}

/** How often each symbol of the code comes, the end once. */
function countSymbols(symbols: Uint16Array): Uint32Array {
  const all = new Uint32Array(END + MOST_RUN + 1);
  for (let i = 0; i < symbols.length; i++) all[symbols[i]!]!++;
  const frequencies = new Uint32Array(EXTRA.length);
  frequencies.set(all.subarray(0, END));
  frequencies[END] = 1;
  for (let run = LEAST_RUN; run <= MOST_RUN; run++) frequencies[SYMBOLS[run]!]! += all[END + run]!;
  return frequencies;
}

/** Writes a block in the way that takes the fewest bytes. */
export function putBlock(bits: Bits, { symbols, raw, last }: Block): void {
  const frequencies = countSymbols(symbols);
  const runs = frequencies.subarray(257).reduce((sum, one) => sum + one, 0);
  const code = shortestCode(frequencies, 15);
  const telling = tell(code);
  const bytes = (many: number) => (many + 3 + 7) >> 3;
  const told = bytes(telling.bits + bitsOf(code, frequencies, EXTRA) + runs * TOLD_DISTANCE);
  const fixed = bytes(bitsOf(FIXED, frequencies, EXTRA) + runs * FIXED_DISTANCE);
  if (raw && raw.length + 4 <= Math.min(told, fixed)) {
    putBits(bits, Number(last), 3);
    align(bits);
    putBits(bits, raw.length, 16);
    putBits(bits, ~raw.length & 0xffff, 16);
    bits.bytes.set(raw, bits.at);
    bits.at += raw.length;
  } else if (fixed <= told) {
    putBits(bits, 2 + Number(last), 3);
    putSymbols(bits, symbols, FIXED, FIXED_DISTANCE);
  } else {
    putBits(bits, 4 + Number(last), 3);
    putTelling(bits, telling);
    putSymbols(bits, symbols, code, TOLD_DISTANCE);
  }
}
