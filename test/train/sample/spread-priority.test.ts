import assert from 'node:assert/strict';
import { createRandom, createSpreadPriority, type ItemGrid, sampleScene } from '@egunet/train';
import fc from 'fast-check';
import { fakeScene } from './support.js';

/** Items by rising priority. */
function orderOf(grid: ItemGrid, seed: number): number[] {
  const priority = createSpreadPriority(createRandom(seed), grid);
  const priorities = Float64Array.from({ length: grid.rows * grid.cols }, (_, i) => priority(i));
  return [...priorities.keys()].sort((a, b) => priorities[a]! - priorities[b]!);
}

/** How many of some items lie in each of n x n cells of a square grid. */
function perCell(items: readonly number[], side: number, n: number): number[] {
  const counts = new Array<number>(n * n).fill(0);
  for (const item of items) {
    const [row, col] = [Math.floor(item / side), item % side];
    counts[Math.floor((row * n) / side) * n + Math.floor((col * n) / side)]!++;
  }
  return counts;
}

describe('an even sample', () => {
  it('gives every item of any image a priority of its own', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), fc.nat(), (rows, cols, seed) => {
        const priority = createSpreadPriority(createRandom(seed), { rows, cols });
        const all = Array.from({ length: rows * cols }, (_, i) => priority(i));
        assert.equal(new Set(all).size, rows * cols);
        assert.ok(all.every((value) => Number.isInteger(value) && value >= 0));
      }),
    );
  });

  it('has one item in each of 4, 16, 64 ... cells, wherever they lie in them', () => {
    for (let seed = 0; seed < 20; seed++) {
      const order = orderOf({ rows: 64, cols: 64 }, seed);
      for (const n of [2, 4, 8, 16, 32])
        assert.deepEqual(perCell(order.slice(0, n * n), 64, n), new Array(n * n).fill(1));
    }
  });

  it('takes every item as often as any other, over seeds', () => {
    const drawn = new Float64Array(48 * 48); // no power of 2
    const SEEDS = 400;
    for (let seed = 0; seed < SEEDS; seed++)
      for (const item of orderOf({ rows: 48, cols: 48 }, seed).slice(0, 144)) drawn[item]!++;
    const tiles = perCell(
      [...drawn].flatMap((count, i) => new Array<number>(count).fill(i)),
      48,
      8,
    );
    const expected = (SEEDS * 144) / 64;
    // Draws of a tile are more even than independent ones: a binomial deviation is an upper bound, six of them never happen.
    for (const count of tiles)
      assert.ok(Math.abs(count - expected) < 6 * Math.sqrt(expected), `${count} of ${expected}`);
  });

  it('is what a pooled scene gives: of equal parts of its footprint as many pixels', async () => {
    const [rows, cols] = [128, 128];
    const isIn = (position: number) => Math.floor(position / cols) >= position % cols; // a triangle
    const scene = fakeScene({ rows, cols, bands: 2, valid: isIn });
    const draw = (pooledAs?: string) =>
      sampleScene(scene, { bands: [0, 1], seed: 1, maxPixels: 512, ...(pooledAs && { pooledAs }) });
    const inside = perCell([...Array(rows * cols).keys()].filter(isIn), 128, 8);
    /** Squared differences to what the part of each cell would give. */
    const unevenness = (positions: ArrayLike<number>) => {
      const total = inside.reduce((sum, n) => sum + n, 0);
      return perCell(Array.from(positions), 128, 8).reduce(
        (sum, n, i) => sum + (n - (512 * inside[i]!) / total) ** 2,
        0,
      );
    };
    const [even, uniform] = [await draw('scene'), await draw()];
    assert.equal(even.positions.length, 512);
    assert.ok([...even.positions].every(isIn));
    assert.ok(unevenness(even.positions) < 0.3 * unevenness(uniform.positions));
    assert.notDeepEqual((await draw('other')).positions, even.positions);
    assert.deepEqual(await draw('scene'), even);
  });
});
