// The prefix codes of DEFLATE, by Huffman's algorithm. Of symbols as frequent as each other zlib's order decides, so that the same bytes come out:
// nodes lie in a binary heap by how frequent they are, then by the height of what is below them.
// Legend: n symbols; a node is a symbol, or n and more for the pairs.

export interface PrefixCode {
  /** Bits of each symbol's code [n]; 0 where it has none. */
  readonly lengths: Uint8Array;
  /** The codes, their first bit the lowest [n]. */
  readonly codes: Uint16Array;
}

/** Bits of a code at most, of all that DEFLATE has. */
const MOST_BITS = 15;

interface Tree {
  /** Of each node but the root. */
  readonly parents: Uint16Array;
  /** Every node, children before their parents: the rarest first, the root last. */
  readonly order: Uint16Array;
}

/** Joins the two rarest nodes until one is left. */
function growTree(frequencies: Uint32Array): Tree {
  const n = frequencies.length;
  const weights = new Uint32Array(2 * n);
  weights.set(frequencies);
  const heights = new Uint8Array(2 * n);
  const parents = new Uint16Array(2 * n);
  const order = new Uint16Array(2 * n);
  const heap = new Uint16Array(n + 2); // from 1 on; children of k are 2k and 2k + 1
  let size = 0;
  for (let symbol = 0; symbol < n; symbol++) if (frequencies[symbol]! > 0) heap[++size] = symbol;
  if (size === 1) heap[++size] = 0;
  const isLess = (a: number, b: number): boolean =>
    weights[a]! < weights[b]! || (weights[a] === weights[b] && heights[a]! <= heights[b]!);
  const sink = (node: number, from: number): void => {
    let at = from;
    for (let child = 2 * at; child <= size; at = child, child *= 2) {
      if (child < size && isLess(heap[child + 1]!, heap[child]!)) child++;
      if (isLess(node, heap[child]!)) break;
      heap[at] = heap[child]!;
    }
    heap[at] = node;
  };
  for (let at = size >> 1; at >= 1; at--) sink(heap[at]!, at);
  let ordered = 0;
  for (let pair = n; size >= 2; pair++) {
    const a = heap[1]!;
    sink(heap[size--]!, 1);
    const b = heap[1]!;
    order[ordered++] = a;
    order[ordered++] = b;
    weights[pair] = weights[a]! + weights[b]!;
    heights[pair] = Math.max(heights[a]!, heights[b]!) + 1;
    parents[a] = pair;
    parents[b] = pair;
    sink(pair, 1);
  }
  order[ordered++] = heap[1]!;
  return { parents, order: order.subarray(0, ordered) };
}

/** Bits of each symbol's code, `most` at most. */
function lengthsOf(frequencies: Uint32Array, most: number): Uint8Array {
  const n = frequencies.length;
  const { parents, order } = growTree(frequencies);
  const depths = new Uint8Array(2 * n);
  const counts = new Uint16Array(most + 1);
  let tooDeep = 0;
  for (let i = order.length - 2; i >= 0; i--) {
    const node = order[i]!;
    const depth = depths[parents[node]!]! + 1;
    if (depth > most) tooDeep++;
    depths[node] = Math.min(depth, most);
    if (node < n) counts[depths[node]!]!++;
  }
  if (tooDeep === 0) return depths.subarray(0, n);
  // Room for what is too deep is made below the deepest leaf that has some.
  for (; tooDeep > 0; tooDeep -= 2) {
    let bits = most - 1;
    while (counts[bits] === 0) bits--;
    counts[bits]!--;
    counts[bits + 1]! += 2;
    counts[most]!--;
  }
  const lengths = new Uint8Array(n);
  const leaves = order.filter((node) => node < n);
  for (let bits = most, at = 0; bits > 0; bits--)
    for (const end = at + counts[bits]!; at < end; at++) lengths[leaves[at]!] = bits;
  return lengths;
}

/** The codes of these lengths. Source: RFC 1951, section 3.2.2. */
function codesOf(lengths: Uint8Array): Uint16Array {
  const counts = new Uint16Array(MOST_BITS + 1);
  for (const bits of lengths) if (bits > 0) counts[bits]!++;
  const next = new Uint16Array(MOST_BITS + 1);
  for (let bits = 1; bits <= MOST_BITS; bits++) next[bits] = 2 * (next[bits - 1]! + counts[bits - 1]!);
  return Uint16Array.from(lengths, (bits) => {
    let code = bits === 0 ? 0 : next[bits]!++;
    let reversed = 0;
    for (let i = 0; i < bits; i++, code >>= 1) reversed = 2 * reversed + (code & 1);
    return reversed;
  });
}

/** The code whose symbols have these lengths [n]. */
export const codeOf = (lengths: Uint8Array): PrefixCode => ({ lengths, codes: codesOf(lengths) });

/** The shortest code of `most` bits at most for symbols that are as frequent as these [n]: at least two of them have one, as it is no code otherwise. */
export const shortestCode = (frequencies: Uint32Array, most: number): PrefixCode =>
  codeOf(lengthsOf(frequencies, most));

/** Bits that symbols so frequent [n] take, with as many more as `extra` [n] says behind each. */
export function bitsOf({ lengths }: PrefixCode, frequencies: Uint32Array, extra: Uint8Array): number {
  let sum = 0;
  for (let symbol = 0; symbol < frequencies.length; symbol++)
    sum += frequencies[symbol]! * (lengths[symbol]! + extra[symbol]!);
  return sum;
}
