// The prefix codes of DEFLATE, by Huffman's algorithm. Of symbols as frequent as each other zlib's order decides, so that the same bytes come out:
// nodes lie in a binary heap by how frequent they are, then by the height of what is below them.
// Legend: n symbols; a node is a symbol, or n and more for the pairs.
import { reversed } from './huffman';

/** Bits of a code at most, of all that DEFLATE has. */
const MOST_BITS: u32 = 15;
const MOST_NODES: i32 = 2 * 288;

/** Of each node: how frequent it is, and in the lowest bits its height; then its parent, and its depth. */
const keys = memory.data(MOST_NODES * 4);
const HEIGHT_BITS: u32 = 9;
const HEIGHTS: u32 = (1 << HEIGHT_BITS) - 1;
const parents = memory.data(MOST_NODES * 2);
const depths = memory.data(MOST_NODES);
/** From 1 on; the children of k are 2k and 2k + 1. */
const heap = memory.data(MOST_NODES * 2);
/** Every node, children before their parents: the rarest first, the root last. */
const order = memory.data(MOST_NODES * 2);
/** Of codes of each length: how many, and the next one. */
const counts = memory.data(16 * 2);
const nexts = memory.data(16 * 2);

function get(list: usize, at: u32): u32 {
  return load<u16>(list + ((<usize>at) << 1));
}

function set(list: usize, at: u32, value: u32): void {
  store<u16>(list + ((<usize>at) << 1), <u16>value);
}

function keyOf(node: u32): u32 {
  return load<u32>(keys + ((<usize>node) << 2));
}

/** Lets a node sink from `from` on to where it belongs. */
function sink(node: u32, from: u32, size: u32): void {
  const key = keyOf(node);
  let at = from;
  for (let child: u32 = 2 * at; child <= size; child *= 2) {
    if (child < size && keyOf(get(heap, child + 1)) <= keyOf(get(heap, child))) child++;
    if (key <= keyOf(get(heap, child))) break;
    set(heap, at, get(heap, child));
    at = child;
  }
  set(heap, at, node);
}

/** Joins the two rarest nodes until one is left; returns how many nodes there are. */
function growTree(frequencies: usize, n: u32): u32 {
  let size: u32 = 0;
  for (let symbol: u32 = 0; symbol < n; symbol++) {
    const frequency = load<u32>(frequencies + ((<usize>symbol) << 2));
    store<u32>(keys + ((<usize>symbol) << 2), frequency << HEIGHT_BITS);
    if (frequency > 0) set(heap, ++size, symbol);
  }
  if (size === 1) set(heap, ++size, 0);
  for (let at = size >> 1; at >= 1; at--) sink(get(heap, at), at, size);
  let ordered: u32 = 0;
  for (let pair = n; size >= 2; pair++) {
    const a = get(heap, 1);
    const last = get(heap, size--);
    sink(last, 1, size);
    const b = get(heap, 1);
    set(order, ordered++, a);
    set(order, ordered++, b);
    const height = max(keyOf(a) & HEIGHTS, keyOf(b) & HEIGHTS) + 1;
    const frequency = (keyOf(a) >> HEIGHT_BITS) + (keyOf(b) >> HEIGHT_BITS);
    store<u32>(keys + ((<usize>pair) << 2), (frequency << HEIGHT_BITS) | height);
    set(parents, a, pair);
    set(parents, b, pair);
    sink(pair, 1, size);
  }
  set(order, ordered++, get(heap, 1));
  return ordered;
}

/**
 * Makes the shortest code of `most` bits at most for `n` symbols that are as frequent as `frequencies` says (32 bits each): the lengths of its
 * codes (8 bits each) and the codes (16 bits each, the first bit the lowest). At least two symbols have one, as it is no code otherwise.
 */
export function shortestCode(frequencies: usize, n: u32, most: u32, lengths: usize, codes: usize): void {
  const nodes = growTree(frequencies, n);
  memory.fill(counts, 0, 32);
  memory.fill(lengths, 0, n);
  store<u8>(depths + get(order, nodes - 1), 0);
  let tooDeep: i32 = 0;
  for (let i = <i32>nodes - 2; i >= 0; i--) {
    const node = get(order, i);
    let depth = <u32>load<u8>(depths + get(parents, node)) + 1;
    if (depth > most) {
      tooDeep++;
      depth = most;
    }
    store<u8>(depths + node, <u8>depth);
    if (node >= n) continue;
    store<u8>(lengths + node, <u8>depth);
    set(counts, depth, get(counts, depth) + 1);
  }
  if (tooDeep > 0) {
    makeRoom(most, tooDeep);
    shareOut(lengths, n, most);
  }
  writeCodes(lengths, n, codes);
}

/** Room for what is too deep is made below the deepest leaf that has some. */
function makeRoom(most: u32, tooDeep: i32): void {
  for (; tooDeep > 0; tooDeep -= 2) {
    let bits = most - 1;
    while (get(counts, bits) === 0) bits--;
    set(counts, bits, get(counts, bits) - 1);
    set(counts, bits + 1, get(counts, bits + 1) + 2);
    set(counts, most, get(counts, most) - 1);
  }
}

/** Gives the longest codes to the rarest symbols. */
function shareOut(lengths: usize, n: u32, most: u32): void {
  let at: u32 = 0;
  for (let bits = most; bits > 0; bits--)
    for (let left = get(counts, bits); left > 0; ) {
      const node = get(order, at++);
      if (node >= n) continue;
      store<u8>(lengths + node, <u8>bits);
      left--;
    }
}

/** Writes the canonical code of `n` symbols, of which the lengths are given. Source: RFC 1951, section 3.2.2. */
export function writeCodes(lengths: usize, n: u32, codes: usize): void {
  memory.fill(counts, 0, 32);
  for (let symbol: u32 = 0; symbol < n; symbol++) {
    const bits = load<u8>(lengths + symbol);
    if (bits > 0) set(counts, bits, get(counts, bits) + 1);
  }
  set(nexts, 0, 0);
  for (let bits: u32 = 1; bits <= MOST_BITS; bits++)
    set(nexts, bits, bits === 1 ? 0 : 2 * (get(nexts, bits - 1) + get(counts, bits - 1)));
  for (let symbol: u32 = 0; symbol < n; symbol++) {
    const bits = load<u8>(lengths + symbol);
    if (bits === 0) continue;
    const code = get(nexts, bits);
    set(nexts, bits, code + 1);
    set(codes, symbol, reversed(code, bits));
  }
}
