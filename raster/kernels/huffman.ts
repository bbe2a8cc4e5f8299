// Tables of DEFLATE's codes (RFC 1951).
// Legend: an entry of a table says what a code means: its bits with the extra bits behind them in 0..7, its bits alone in 8..12, base or
// literal in 16..30, and a kind; of a subtable, the bits that lead to it in 0..7, its own in 8..12, where it begins in 16..30.
// The extra bits are taken from what was there before both were dropped: so the next code waits for less.

export const LITERAL: u32 = 1 << 31;
/** Neither literal nor match: END, or a subtable of 8..12 bits at 16..30, or no code at all. */
export const SPECIAL: u32 = 1 << 15;
export const END: u32 = 1 << 14;
export const SUBTABLE: u32 = 1 << 13;

const MOST_CODE_BITS: u32 = 15;

/** Of codes of each length: how many, and where they begin among all, sorted. */
const counts = memory.data(16 * 2);
const firsts = memory.data(16 * 2);
const sorted = memory.data(320 * 2);

const LENGTH_BASE = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
const LENGTH_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCE_BASE = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
]);
const DISTANCE_EXTRA = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);

/** What symbol `symbol` of an alphabet means, with its extra bits in 0..7: 0 literals and lengths, 1 distances, 2 lengths of codes. */
function meaning(alphabet: u32, symbol: u32): u32 {
  if (alphabet === 2) return symbol << 16;
  if (alphabet === 1) {
    if (symbol > 29) return SPECIAL;
    return ((<u32>load<u16>(DISTANCE_BASE + (symbol << 1))) << 16) | load<u8>(DISTANCE_EXTRA + symbol);
  }
  if (symbol < 256) return LITERAL | (symbol << 16);
  if (symbol === 256) return SPECIAL | END;
  if (symbol > 285) return SPECIAL;
  const k = symbol - 257;
  return ((<u32>load<u16>(LENGTH_BASE + (k << 1))) << 16) | load<u8>(LENGTH_EXTRA + k);
}

/** The lowest `count` bits of `code`, up to 16, the other way round. */
export function reversed(code: u32, count: u32): u32 {
  code = ((code >> 1) & 0x5555) | ((code & 0x5555) << 1);
  code = ((code >> 2) & 0x3333) | ((code & 0x3333) << 2);
  code = ((code >> 4) & 0x0f0f) | ((code & 0x0f0f) << 4);
  code = ((code >> 8) & 0x00ff) | ((code & 0x00ff) << 8);
  return code >> (16 - count);
}

/**
 * Makes the table of a canonical code from the lengths of its `size` codes: 2^root entries for the codes of up to `root` bits, and subtables
 * behind them for the longer ones. False where the lengths are no complete code: only one of a single bit may lack the other, and there may
 * be no distances at all.
 */
export function makeTable(table: usize, root: u32, lengths: usize, size: u32, alphabet: u32): bool {
  memory.fill(counts, 0, 32);
  for (let i: u32 = 0; i < size; i++) bump(counts, load<u8>(lengths + i));
  let left: i32 = 1;
  let longest: u32 = 0;
  let code: u32 = 0;
  store<u16>(firsts + 2, 0);
  for (let length: u32 = 1; length <= MOST_CODE_BITS; length++) {
    const count = <u32>load<u16>(counts + (length << 1));
    left = (left << 1) - <i32>count;
    if (left < 0) return false;
    if (count > 0) longest = length;
    if (length < MOST_CODE_BITS)
      store<u16>(firsts + ((length + 1) << 1), load<u16>(firsts + (length << 1)) + <u16>count);
  }
  const used = size - load<u16>(counts);
  if (left > 0 && (alphabet === 2 || longest > 1)) return false;
  for (let i: u32 = 0; i < size; i++) {
    const length = <u32>load<u8>(lengths + i);
    if (length > 0) store<u16>(sorted + ((<u32>bump(firsts, length)) << 1), <u16>i);
  }
  // Every entry of a complete code is written.
  if (left > 0) for (let i: u32 = 0; i < (<u32>1) << root; i++) store<u32>(table + (i << 2), SPECIAL);
  let free: u32 = 1 << root;
  let subtable: u32 = 0;
  let subtableBits: u32 = 0;
  let prefix: u32 = 0xffffffff;
  let length: u32 = 1;
  for (let i: u32 = 0; i < used; i++) {
    while (load<u16>(counts + (length << 1)) === 0) {
      length++;
      code <<= 1;
    }
    const entry = meaning(alphabet, load<u16>(sorted + (i << 1)));
    const word = reversed(code, length);
    if (length <= root) spread(table, word, length, root, entry + (length | (length << 8)));
    else {
      const own = word & ((1 << root) - 1);
      if (own !== prefix) {
        prefix = own;
        subtable = free;
        subtableBits = bitsOfSubtable(length, root, longest);
        free += 1 << subtableBits;
        const pointer = SPECIAL | SUBTABLE | (subtable << 16) | (subtableBits << 8) | root;
        store<u32>(table + (own << 2), pointer);
      }
      const more = length - root;
      spread(table + (subtable << 2), word >> root, more, subtableBits, entry + (more | (more << 8)));
    }
    code++;
    store<u16>(counts + (length << 1), load<u16>(counts + (length << 1)) - 1);
  }
  return true;
}

/** Counts one more, and returns how many there were. */
function bump(table: usize, index: u32): u16 {
  const before = load<u16>(table + (index << 1));
  store<u16>(table + (index << 1), before + 1);
  return before;
}

/** Bits of the subtable that begins with a code of `length` bits, as `counts` says how many codes of each length are still to come. */
function bitsOfSubtable(length: u32, root: u32, longest: u32): u32 {
  let size = length - root;
  let left: i32 = 1 << size;
  while (size + root < longest) {
    left -= <i32>load<u16>(counts + ((size + root) << 1));
    if (left <= 0) break;
    size++;
    left <<= 1;
  }
  return size;
}

/** Writes the entry of a code of `length` bits wherever a table of `size` bits has it in its lowest bits. */
function spread(table: usize, word: u32, length: u32, size: u32, entry: u32): void {
  for (let i = word; i < (<u32>1) << size; i += 1 << length) store<u32>(table + (i << 2), entry);
}
