// zlib streams (RFC 1950) of DEFLATE blocks (RFC 1951), decoded piece by piece: the state between two calls is kept here.
// Legend: an entry of a table says what a code means (huffman.ts).
import { addToSum, beginSum, sumSoFar } from './adler';
import { END, LITERAL, makeTable, SPECIAL, SUBTABLE } from './huffman';

const LENGTH_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;
const ORDER_BITS: u32 = 7;
/** A distance takes so many bits at most: 15 of its code and 13 extra ones. */
const DISTANCE_MOST: u32 = 28;

/** Larger than any tables of 286 and 30 codes of up to 15 bits. */
const lengthTable = memory.data(4096 * 4);
const distanceTable = memory.data(2048 * 4);
const codeLengths = memory.data(320);

/** The order in which the lengths of the lengths' codes come. */
const ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
/** What comes next in the stream. */
const HEADER: u32 = 0;
const BLOCK: u32 = 1;
const STORED: u32 = 2;
const CODES: u32 = 3;
const TRAILER: u32 = 4;
const DONE: u32 = 5;

/** What a call answers: the output is full, more input is needed, the stream has ended, or why it cannot be decoded. */
const FULL: i32 = 0;
const HUNGRY: i32 = 1;
const ENDED: i32 = 2;
const BAD_HEADER: i32 = -1;
const BAD_BLOCK: i32 = -2;
const BAD_CODE: i32 = -3;
const BAD_DISTANCE: i32 = -4;
const BAD_SUM: i32 = -5;
const CUT_OFF: i32 = -6;

let phase: u32 = HEADER;
let isLast: bool = false;
let storedLeft: u32 = 0;
/** Bits read and not yet used, the next one lowest. */
let bits: u64 = 0;
let bitCount: u32 = 0;
/** The next byte of the input, and of the output. */
let next: usize = 0;
let out: usize = 0;

export function beginInflate(): void {
  phase = HEADER;
  isLast = false;
  bits = 0;
  bitCount = 0;
  beginSum();
}

/** Where the last call stopped reading. */
export function inflatedFrom(): usize {
  return next;
}

/** Where the last call stopped writing. */
export function inflatedTo(): usize {
  return out;
}

/** Fills the bits up to 56 or more. Reads 8 bytes. */
function refill(): void {
  bits |= load<u64>(next) << bitCount;
  next += (63 - bitCount) >> 3;
  bitCount |= 56;
}

function take(count: u32): u32 {
  const value = <u32>(bits & (((<u64>1) << count) - 1));
  bits >>= count;
  bitCount -= count;
  return value;
}

/**
 * Decodes input from `from` to `end` into output from `to` on, until `limit` is reached or the input is used up (all but less than 400 bytes,
 * unless `final`, when nothing more will come). Output goes up to 270 bytes further than `limit`; `history` is the first byte that matches
 * may refer to. Reads up to 32 bytes behind `end`.
 */
export function inflate(from: usize, end: usize, final: bool, to: usize, limit: usize, history: usize): i32 {
  next = from;
  out = to;
  const answer = decode(end, final, limit, history);
  addToSum(to, out);
  if (answer === ENDED && take(32) !== bswap<u32>(sumSoFar())) return BAD_SUM;
  return answer;
}

/** A header of a block takes at most 3 + 14 bits, 19 x 3 bits, and 320 x 14 bits: 570 bytes. */
const HEADER_BYTES: usize = 600;

function decode(end: usize, final: bool, limit: usize, history: usize): i32 {
  while (true) {
    // Bits that were read beyond the end were never there.
    if (final && next - (bitCount >> 3) > end) return CUT_OFF;
    if (phase === CODES) {
      const answer = decodeCodes(end, final, limit, history);
      if (answer !== ENDED) return answer;
      phase = isLast ? TRAILER : BLOCK;
      continue;
    }
    if (phase === STORED) {
      if (out >= limit && storedLeft > 0) return FULL;
      const size = min(min(storedLeft, <u32>(end - next)), <u32>(limit - out));
      memory.copy(out, next, size);
      next += size;
      out += size;
      storedLeft -= size;
      if (storedLeft > 0) {
        if (out >= limit) return FULL;
        return final ? CUT_OFF : HUNGRY;
      }
      phase = isLast ? TRAILER : BLOCK;
      continue;
    }
    if (phase === DONE) return FULL;
    if (!final && next + HEADER_BYTES > end) return HUNGRY;
    if (phase === TRAILER) {
      refill();
      take(bitCount & 7);
      if (next - (bitCount >> 3) + 4 > end) return CUT_OFF;
      phase = DONE;
      return ENDED;
    }
    const answer = phase === HEADER ? readHeader() : readBlock(end);
    if (answer < 0) return answer;
  }
}

function readHeader(): i32 {
  refill();
  const method = take(8);
  const flags = take(8);
  if ((method & 15) !== 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 !== 0 || (flags & 32) !== 0)
    return BAD_HEADER;
  phase = BLOCK;
  return 0;
}

/** The header of a block, up to its data. */
function readBlock(end: usize): i32 {
  refill();
  isLast = take(1) === 1;
  const kind = take(2);
  if (kind === 0) {
    take(bitCount & 7);
    // The bytes that were read ahead are given back.
    next -= bitCount >> 3;
    bits = 0;
    bitCount = 0;
    if (next + 4 > end) return CUT_OFF;
    const size = <u32>load<u16>(next);
    if ((size ^ load<u16>(next, 2)) !== 0xffff) return BAD_BLOCK;
    next += 4;
    storedLeft = size;
    phase = STORED;
    return 0;
  }
  if (kind === 3) return BAD_BLOCK;
  const made = kind === 1 ? makeFixedTables() : readTables(end);
  if (!made) return BAD_BLOCK;
  phase = CODES;
  return 0;
}

function makeFixedTables(): bool {
  memory.fill(codeLengths, 8, 144);
  memory.fill(codeLengths + 144, 9, 112);
  memory.fill(codeLengths + 256, 7, 24);
  memory.fill(codeLengths + 280, 8, 8);
  makeTable(lengthTable, LENGTH_BITS, codeLengths, 288, 0);
  memory.fill(codeLengths, 5, 32);
  return makeTable(distanceTable, DISTANCE_BITS, codeLengths, 32, 1);
}

function readTables(end: usize): bool {
  const lengths = take(5) + 257;
  const distances = take(5) + 1;
  const orders = take(4) + 4;
  if (lengths > 286 || distances > 30) return false;
  memory.fill(codeLengths, 0, 19);
  for (let i: u32 = 0; i < orders; i++) {
    if (bitCount < 3) refill();
    store<u8>(codeLengths + load<u8>(ORDER + i), <u8>take(3));
  }
  if (!makeTable(distanceTable, ORDER_BITS, codeLengths, 19, 2)) return false;
  const total = lengths + distances;
  for (let i: u32 = 0; i < total; ) {
    if (bitCount < 14) refill();
    if (next > end + 16) return false;
    const entry = load<u32>(distanceTable + ((<usize>bits & ((1 << ORDER_BITS) - 1)) << 2));
    if (entry & SPECIAL) return false;
    take(entry & 255);
    const symbol = entry >> 16;
    if (symbol < 16) {
      store<u8>(codeLengths + i, <u8>symbol);
      i++;
      continue;
    }
    if (symbol === 16 && i === 0) return false;
    const value: u8 = symbol === 16 ? load<u8>(codeLengths + i - 1) : 0;
    const times = symbol === 16 ? 3 + take(2) : symbol === 17 ? 3 + take(3) : 11 + take(7);
    if (i + times > total) return false;
    memory.fill(codeLengths + i, value, times);
    i += times;
  }
  if (load<u8>(codeLengths + 256) === 0) return false;
  return (
    makeTable(lengthTable, LENGTH_BITS, codeLengths, lengths, 0) &&
    makeTable(distanceTable, DISTANCE_BITS, codeLengths + lengths, distances, 1)
  );
}

/** Literals and matches until the block ends. */
function decodeCodes(end: usize, final: bool, limit: usize, history: usize): i32 {
  const lastStart = final ? end + 16 : end - min(end, 16);
  const lengthMask: u64 = (1 << LENGTH_BITS) - 1;
  const distanceMask: u64 = (1 << DISTANCE_BITS) - 1;
  let b = bits;
  let n = bitCount;
  let p = next;
  let o = out;
  let answer: i32 = FULL;
  while (true) {
    if (o >= limit) break;
    if (p >= lastStart) {
      answer = final ? CUT_OFF : HUNGRY;
      break;
    }
    b |= load<u64>(p) << n;
    p += (63 - n) >> 3;
    n |= 56;
    let entry = load<u32>(lengthTable + ((<usize>(b & lengthMask)) << 2));
    // Up to three literals of the main table fit the bits at hand, and a length behind two of them; a loop would be slower.
    if (entry & LITERAL) {
      b >>= entry & 63;
      n -= entry & 63;
      store<u8>(o, <u8>(entry >> 16));
      o++;
      entry = load<u32>(lengthTable + ((<usize>(b & lengthMask)) << 2));
      if (entry & LITERAL) {
        b >>= entry & 63;
        n -= entry & 63;
        store<u8>(o, <u8>(entry >> 16));
        o++;
        entry = load<u32>(lengthTable + ((<usize>(b & lengthMask)) << 2));
        if (entry & LITERAL) {
          b >>= entry & 63;
          n -= entry & 63;
          store<u8>(o, <u8>(entry >> 16));
          o++;
          continue;
        }
      }
    }
    if (entry & SPECIAL) {
      if (entry & SUBTABLE) {
        b >>= LENGTH_BITS;
        n -= LENGTH_BITS;
        entry = load<u32>(lengthTable + ((<usize>((entry >> 16) + (<u32>b & ((1 << ((entry >> 8) & 15)) - 1)))) << 2));
        if (entry & LITERAL) {
          b >>= entry & 63;
          n -= entry & 63;
          store<u8>(o, <u8>(entry >> 16));
          o++;
          continue;
        }
      }
      if (entry & SPECIAL) {
        b >>= entry & 63;
        n -= entry & 63;
        answer = entry & END ? ENDED : BAD_CODE;
        break;
      }
    }
    const length = ((entry >> 16) & 511) + extraOf(b, entry);
    b >>= entry & 63;
    n -= entry & 63;
    if (n < DISTANCE_MOST) {
      b |= load<u64>(p) << n;
      p += (63 - n) >> 3;
      n |= 56;
    }
    entry = load<u32>(distanceTable + ((<usize>(b & distanceMask)) << 2));
    if (entry & SPECIAL) {
      if (!(entry & SUBTABLE)) {
        answer = BAD_CODE;
        break;
      }
      b >>= DISTANCE_BITS;
      n -= DISTANCE_BITS;
      entry = load<u32>(distanceTable + ((<usize>((entry >> 16) + (<u32>b & ((1 << ((entry >> 8) & 15)) - 1)))) << 2));
      if (entry & SPECIAL) {
        answer = BAD_CODE;
        break;
      }
    }
    const distance = <usize>((entry >> 16) + extraOf(b, entry));
    b >>= entry & 63;
    n -= entry & 63;
    if (distance > o - history) {
      answer = BAD_DISTANCE;
      break;
    }
    copyMatch(o, distance, length);
    o += length;
  }
  bits = b;
  bitCount = n;
  next = p;
  out = o;
  return answer;
}

/** The extra bits behind a code that begins at the lowest of `b`. */
function extraOf(b: u64, entry: u32): u32 {
  return (<u32>b & ((1 << (entry & 63)) - 1)) >> ((entry >> 8) & 31);
}

/** Copies what stands `distance` bytes before `to`; writes up to 7 bytes more than `length`. */
function copyMatch(to: usize, distance: usize, length: u32): void {
  const end = to + length;
  if (distance >= 8) {
    for (; to < end; to += 8) store<u64>(to, load<u64>(to - distance));
    return;
  }
  if (distance === 1) {
    const four = <u64>load<u8>(to - 1) * 0x01010101;
    const value = (four << 32) | four;
    for (; to < end; to += 8) store<u64>(to, value);
    return;
  }
  for (; to < end; to++) store<u8>(to, load<u8>(to - distance));
}
