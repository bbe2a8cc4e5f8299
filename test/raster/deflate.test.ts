import assert from 'node:assert/strict';
import { constants, deflateSync, inflateSync } from 'node:zlib';
import { makeDeflate } from '@egunet/raster';
import fc from 'fast-check';

/** Looking for runs alone, with room for as many symbols a block. */
const byZlib = (bytes: Uint8Array) => deflateSync(bytes, { strategy: constants.Z_RLE, memLevel: 9 });

const deflate = makeDeflate();

function assertSame(bytes: Uint8Array): void {
  const made = deflate(bytes);
  assert.ok(byZlib(bytes).equals(made), `${bytes.length} bytes`);
  assert.ok(inflateSync(made).equals(bytes));
}

/** Reproducible numbers from 0 to 1: a linear congruential generator (Numerical Recipes). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes of which each is some value, and goes on for a while. */
const pieces = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 1000 })), {
  maxLength: 200,
});

describe('Compression of runs', () => {
  it('gives the bytes of zlib for any runs', () => {
    fc.assert(
      fc.property(pieces, (runs) =>
        assertSame(Uint8Array.from(runs.flatMap(([value, length]) => new Array<number>(length).fill(value)))),
      ),
    );
  });

  it('gives the bytes of zlib for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), assertSame));
  });

  // Blocks of zlib end after 32,767 symbols; what may be stored as it is depends on its window of 64 KiB.
  const lengths = [0, 1, 2, 257, 258, 259, 32766, 32767, 32768, 65274, 65275, 65536, 98304, 131072, 300_000];
  for (const [kind, make] of [
    ['noise', (random: () => number) => random() * 256],
    ['one value', () => 7],
    ['noise of a few values', (random: () => number) => random() * 3],
    ['values of falling frequency', (random: () => number) => Math.min(255, -Math.log(random()) * 30)],
    ['rare values', (random: () => number) => (random() < 0.001 ? random() * 256 : 0)],
  ] as const)
    it(`gives the bytes of zlib for ${kind}, of any length`, () => {
      for (const length of lengths) {
        const random = randomFrom(length + 1);
        assertSame(Uint8Array.from({ length }, () => make(random)));
      }
    });

  it('gives the bytes of zlib where runs go from one piece of memory to the next, or end there', () => {
    const random = randomFrom(1);
    const noise = Uint8Array.from({ length: 2 ** 19 + 600 }, () => random() * 256);
    for (const piece of [2 ** 18, 2 ** 19])
      for (const beyond of [-1, 0, 1, 2, 3, 100, 254, 255, 256, 257, 258, 259, 511, 512, 513, 514]) {
        const bytes = noise.slice(0, piece + beyond);
        bytes.fill(7, piece - 3 - (beyond % 200));
        assertSame(bytes);
        bytes[bytes.length - 1] = 8;
        assertSame(bytes);
      }
  });

  it('gives the bytes of zlib where the best code would be longer than DEFLATE has', () => {
    // Frequencies of Fibonacci make a tree that is one symbol wide: 21 symbols, 20 bits.
    const frequencies = [1, 1];
    while (frequencies.length < 21) frequencies.push(frequencies.at(-1)! + frequencies.at(-2)!);
    const random = randomFrom(1);
    const values = frequencies
      .flatMap((count, value) => new Array<number>(count).fill(3 * value))
      .map((value) => ({ value, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);
    assert.ok(values.length < 32767); // one block
    assertSame(Uint8Array.from(values));
  });
});
