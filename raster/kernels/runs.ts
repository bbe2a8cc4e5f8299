// Bytes as DEFLATE's symbols where all repetitions are runs of a byte, and symbols as bits (RFC 1951).
// Legend: a symbol is a literal, or 256 + the length of a run; a code holds its bits in 0..26 and how many they are in 27..31.

/** Bytes of a run that repeat the one before. */
const LEAST_RUN: usize = 3;
const MOST_RUN: usize = 258;
const RUNS: u32 = 256;

const CODE_BITS: u32 = 27;
const CODE_MASK: u32 = ((<u32>1) << CODE_BITS) - 1;

/** How many symbols there are after a call. */
let symbolCount: u32 = 0;
/** Bits that make no byte yet. */
let held: u32 = 0;
let heldCount: u32 = 0;

export function runSymbols(): u32 {
  return symbolCount;
}

export function heldBits(): u32 {
  return held;
}

export function heldBitCount(): u32 {
  return heldCount;
}

function countOne(counts: usize, symbol: u32): void {
  const place = counts + ((<usize>symbol) << 2);
  store<u32>(place, load<u32>(place) + 1);
}

/** Where the run of the byte before `at` ends, of which three bytes are there. */
function endOfRun(at: usize, end: usize): usize {
  const longest = min(at + MOST_RUN, end);
  const value = load<u8>(at);
  const sixteen = i8x16.splat(value);
  let next = at + LEAST_RUN;
  while (next + 16 <= longest && i8x16.all_true(i8x16.eq(v128.load(next), sixteen))) next += 16;
  while (next < longest && load<u8>(next) === value) next++;
  return next;
}

/** Bytes that are looked at together, of sixteen: a run may begin at each. */
const TOGETHER: u32 = 14;

/**
 * Appends to the `count` symbols at `symbols` (16 bits each) those of the bytes from `from` on, until `stop` is reached or there are `most`; returns
 * where it ended. Runs go on behind `stop`, up to `end`. The byte before `from` is read, too. Counts symbols at `counts` (32 bits each).
 */
export function readRuns(
  from: usize,
  stop: usize,
  end: usize,
  symbols: usize,
  count: u32,
  most: u32,
  counts: usize,
): usize {
  let at = from;
  let to = symbols + ((<usize>count) << 1);
  const full = symbols + ((<usize>most) << 1);
  while (at < stop && to < full) {
    let literals: u32 = 0;
    let isRun: bool = false;
    if (at + 16 <= min(stop, end) && to + 32 <= full) {
      const sixteen = v128.load(at);
      const same = <u32>i8x16.bitmask(i8x16.eq(sixteen, v128.load(at - 1)));
      const runs = same & (same >> 1) & (same >> 2);
      isRun = runs !== 0;
      literals = ctz(runs | (1 << TOGETHER));
      v128.store(to, i16x8.extend_low_i8x16_u(sixteen));
      v128.store(to, i16x8.extend_high_i8x16_u(sixteen), 16);
    } else {
      const four = load<u32>(at - 1);
      isRun = ((four ^ (four >> 8)) & 0xffffff) === 0 && at + LEAST_RUN <= end;
      if (!isRun) {
        literals = 1;
        store<u16>(to, load<u8>(at));
      }
    }
    for (const behind = at + literals; at < behind; at++) countOne(counts, load<u8>(at));
    to += (<usize>literals) << 1;
    if (!isRun) continue;
    const next = endOfRun(at, end);
    const symbol = RUNS + <u32>(next - at);
    store<u16>(to, <u16>symbol);
    countOne(counts, symbol);
    to += 2;
    at = next;
  }
  symbolCount = <u32>((to - symbols) >> 1);
  return at;
}

/**
 * Writes the codes (32 bits each, at `codes`) of `count` symbols to `to`, the first bit the lowest, behind `bitCount` bits that make no byte yet;
 * returns where whole bytes end, and keeps the bits behind them. Writes up to 8 bytes further.
 */
export function putCodes(symbols: usize, count: u32, codes: usize, to: usize, bits: u32, bitCount: u32): usize {
  const end = symbols + ((<usize>count) << 1);
  let word: u64 = bits;
  let filled = bitCount;
  while (symbols < end) {
    const first = load<u32>(codes + ((<usize>load<u16>(symbols)) << 2));
    word |= (<u64>(first & CODE_MASK)) << filled;
    filled += first >> CODE_BITS;
    if (symbols + 2 < end) {
      const second = load<u32>(codes + ((<usize>load<u16>(symbols, 2)) << 2));
      word |= (<u64>(second & CODE_MASK)) << filled; // behind 7 bits and 25 at most
      filled += second >> CODE_BITS;
    }
    symbols += 4;
    store<u64>(to, word);
    to += filled >> 3;
    word >>= filled & 56;
    filled &= 7;
  }
  held = <u32>word;
  heldCount = filled;
  return to;
}
