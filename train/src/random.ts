// Every random draw of the project comes from here: xoshiro128** 1.1 (Blackman & Vigna 2021, https://prng.di.unimi.it/), its state
// filled by SplitMix64. Streams are forked by name from the seed, so that more draws in one place change nothing in another.
import { TrainError } from './error.js';

/** A generator's state as plain data, for a checkpoint. */
export interface RandomState {
  /** Identity of the stream, 16 hexadecimal digits: what `fork` derives from. */
  readonly key: string;
  /** The four words of xoshiro128**. */
  readonly words: readonly [number, number, number, number];
}

/** A seeded stream of random numbers; the same seed gives the same numbers. */
export interface Random {
  /** A whole number in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1), 53 bits. */
  uniform(): number;
  /** A whole number in [0, n), without bias; n in 1..2^32. */
  integer(n: number): number;
  /** A standard normal number (Box & Muller 1958). */
  normal(): number;
  /** Shuffles in place (Fisher & Yates) and returns the same array. */
  shuffle<T extends Int32Array | Uint32Array>(items: T): T;
  /** An independent stream named `label`: depends on the seed and the names on the way to it, never on the numbers drawn so far. */
  fork(label: string): Random;
  /** The present state; `restoreRandom` continues from it. */
  state(): RandomState;
}

const MASK = (1n << 64n) - 1n;
const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;

/** SplitMix64's output for the counter `z` (Steele, Lea & Flood 2014). */
function mix64(z: bigint): bigint {
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/** The first `count` outputs of SplitMix64 seeded by `seed`. */
function splitMix64(seed: bigint, count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => mix64((seed + GOLDEN_GAMMA * BigInt(i + 1)) & MASK));
}

/** FNV-1a, 64 bits, of the UTF-16 code units. */
function hashLabel(label: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < label.length; i++) hash = ((hash ^ BigInt(label.charCodeAt(i))) * 0x100000001b3n) & MASK;
  return hash;
}

function startOf(key: bigint): RandomState {
  const [a, b] = splitMix64(key, 2);
  const low = (word: bigint) => Number(word & 0xffffffffn);
  // SplitMix64 never gives two zeros in a row, so the state is never all zero.
  return { key: key.toString(16).padStart(16, '0'), words: [low(a!), low(a! >> 32n), low(b!), low(b! >> 32n)] };
}

/** The generator seeded by `seed`, a whole number in [0, 2^53). Throws TrainError for any other. */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new TrainError(`seed: expected a whole number from 0 to 2^53 - 1, got ${seed}; give such a seed`);
  return restoreRandom(startOf(BigInt(seed)));
}

function assertRandomState(state: RandomState): void {
  const { key, words } = state;
  const isWord = (word: unknown) => Number.isInteger(word) && (word as number) >= 0 && (word as number) < 2 ** 32;
  if (!/^[0-9a-f]{16}$/.test(key) || words.length !== 4 || !words.every(isWord) || words.every((word) => word === 0))
    throw new TrainError(
      `random state: expected a key of 16 hexadecimal digits and 4 words of 32 bits, not all 0, got ${JSON.stringify(state)}; start from a seed`,
    );
}

/** The generator that continues from `state`. Throws TrainError where it is not the state of a generator. */
export function restoreRandom(state: RandomState): Random {
  assertRandomState(state);
  const { key } = state;
  // Four locals of 32 signed bits: three times as fast as a typed array.
  let [a, b, c, d] = state.words.map((word) => word | 0) as [number, number, number, number];

  function uint32(): number {
    const x = Math.imul(b, 5);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
  }

  const uniform = () => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;

  function integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
      throw new TrainError(`random integer: expected a bound from 1 to 2^32, got ${n}`);
    // Draws above the last multiple of n would favour the small remainders.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let draw = uint32();
    while (draw >= limit) draw = uint32();
    return draw % n;
  }

  return {
    uint32,
    uniform,
    integer,
    // 1 - uniform() lies in (0, 1]: its logarithm is finite.
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const item = items[i]!;
        items[i] = items[j]!;
        items[j] = item;
      }
      return items;
    },
    fork: (label) => restoreRandom(startOf(mix64((BigInt(`0x${key}`) + hashLabel(label)) & MASK))),
    state: () => ({ key, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] }),
  };
}
