// A block of a DEFLATE stream whose repetitions are runs of a byte alone, written in the way that takes the fewest bytes.
// Source: RFC 1951; of which kind zlib makes a block.
import { aligned, type Kernels } from './kernels.js';
import { bitsOf, CODE_BYTES, codeOf, type PrefixCode, shortestCode } from './prefix-codes.js';

/** Bytes of a run that repeat the one before. */
const LEAST_RUN = 3;
export const MOST_RUN = 258;

/** Behind the literals. */
const END = 256;
/** Symbols of the kernels: literals, and 256 + the length of a run. */
export const ALPHABET = END + MOST_RUN + 1;
/** Symbols of a block: those that zlib has room for. */
export const BLOCK_SYMBOLS = 2 ** 15 - 1;
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
/** The lengths of the code that needs no telling. */
const FIXED = Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
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

/** Where a block lies in the kernels' memory. */
export interface BlockPlaces {
  /** Of 16 bits each. */
  readonly symbols: number;
  /** How often each symbol comes [ALPHABET]. */
  readonly counts: number;
  /** The code of the block, and of what tells it. */
  readonly code: number;
  readonly telling: number;
  /** What stands for each symbol [ALPHABET]. */
  readonly words: number;
  /** The block's bytes. */
  readonly packed: number;
  readonly free: number;
}

/** Of a symbol: a code, the extra bits of a length, and a distance. */
const MOST_SYMBOL_BITS = 15 + 5 + 5;

export function blockPlaces(base: number): BlockPlaces {
  const counts = aligned(base + 2 * BLOCK_SYMBOLS);
  const code = aligned(counts + 4 * ALPHABET);
  const telling = code + CODE_BYTES;
  const words = telling + CODE_BYTES;
  const packed = aligned(words + 4 * ALPHABET);
  const free = aligned(packed + ((BLOCK_SYMBOLS * MOST_SYMBOL_BITS) >> 3) + 16);
  return { symbols: base, counts, code, telling, words, packed, free };
}

/** What a block is made of. */
export interface Block {
  readonly places: BlockPlaces;
  /** Its symbols. */
  readonly count: number;
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

function tell(kernels: Kernels, at: number, { lengths }: PrefixCode): Telling {
  const literals = usedOf(lengths);
  const told: Told = [];
  tellLengths(lengths.subarray(0, literals), told);
  tellLengths(Uint8Array.of(TOLD_DISTANCE, TOLD_DISTANCE), told);
  const frequencies = new Uint32Array(TELLING_EXTRA.length);
  for (const [symbol] of told) frequencies[symbol]!++;
  const code = shortestCode(kernels, at, frequencies, TELLING_BITS);
  const own = Math.max(4, usedOf(TELLING_ORDER.map((symbol) => code.lengths[symbol]!)));
  return { told, code, own, literals, bits: 14 + 3 * own + bitsOf(code.lengths, frequencies, TELLING_EXTRA) };
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

/** Where a word of the kernels has how many its bits are. */
const COUNT_AT = 27;

/** What stands for each symbol of the kernels [ALPHABET]: the bits of its code, of the length and of the distance together. */
function writeWords(table: Uint32Array, { lengths, codes }: PrefixCode, distanceBits: number): void {
  for (let symbol = 0; symbol < END; symbol++) table[symbol] = codes[symbol]! | (lengths[symbol]! << COUNT_AT);
  for (let run = LEAST_RUN; run <= MOST_RUN; run++) {
    const symbol = SYMBOLS[run]!;
    const bits = lengths[symbol]!;
    const value = codes[symbol]! | ((run - BASES[symbol - 257]!) << bits);
    table[END + run] = value | ((bits + EXTRA[symbol]! + distanceBits) << COUNT_AT);
  }
}

/** What is written of a block, and by which code. */
interface Coded extends Pick<Block, 'places' | 'count'> {
  readonly code: PrefixCode;
  readonly distanceBits: number;
}

function putSymbols(bits: Bits, kernels: Kernels, { places, count, code, distanceBits }: Coded): void {
  const { symbols, words, packed } = places;
  writeWords(new Uint32Array(kernels.buffer, words, ALPHABET), code, distanceBits);
  const end = kernels.putCodes(symbols, count, words, packed, bits.held, bits.count);
  bits.bytes.set(new Uint8Array(kernels.buffer, packed, end - packed), bits.at);
  bits.at += end - packed;
  bits.held = kernels.heldBits();
  bits.count = kernels.heldBitCount();
  putBits(bits, code.codes[END]!, code.lengths[END]!);
}

/** How often each symbol of the code comes, the end once. */
function frequenciesOf(counts: Uint32Array): Uint32Array {
  const frequencies = new Uint32Array(EXTRA.length);
  frequencies.set(counts.subarray(0, END));
  frequencies[END] = 1;
  for (let run = LEAST_RUN; run <= MOST_RUN; run++) frequencies[SYMBOLS[run]!]! += counts[END + run]!;
  return frequencies;
}

/** Writes a block in the way that takes the fewest bytes. */
export function putBlock(bits: Bits, kernels: Kernels, { places, count, raw, last }: Block): void {
  const frequencies = frequenciesOf(new Uint32Array(kernels.buffer, places.counts, ALPHABET));
  const runs = frequencies.subarray(257).reduce((sum, one) => sum + one, 0);
  const code = shortestCode(kernels, places.code, frequencies, 15);
  const telling = tell(kernels, places.telling, code);
  const bytes = (many: number) => (many + 3 + 7) >> 3;
  const told = bytes(telling.bits + bitsOf(code.lengths, frequencies, EXTRA) + runs * TOLD_DISTANCE);
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
    const code = codeOf(kernels, places.code, FIXED);
    putSymbols(bits, kernels, { places, count, code, distanceBits: FIXED_DISTANCE });
  } else {
    putBits(bits, 4 + Number(last), 3);
    putTelling(bits, telling);
    putSymbols(bits, kernels, { places, count, code, distanceBits: TOLD_DISTANCE });
  }
}
