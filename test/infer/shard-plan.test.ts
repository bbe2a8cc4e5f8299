// How a map's tiles are shared out. Legend: T tiles of the map, N shards.
import assert from 'node:assert/strict';
import { assertShard, mapTiles, sharedWindow, shareTiles, type Window, windowsOfRun } from '@egunet/infer';
import fc from 'fast-check';

const TILE = 512;

/** The weight of the heaviest of N runs that cover the weights, as light as it can be: every way to cut them, by dynamic programming. */
function lightest(weights: readonly number[], shards: number): number {
  let best = weights.map((_, end) => weights.slice(0, end + 1).reduce((a, b) => a + b, 0));
  for (let s = 2; s <= shards; s++)
    best = weights.map((_, end) => {
      let least = best[end]!;
      for (let from = 1, own = 0; from <= end; from++) {
        own = weights.slice(from, end + 1).reduce((a, b) => a + b, 0);
        least = Math.min(least, Math.max(best[from - 1]!, own));
      }
      return least;
    });
  return best.at(-1)!;
}

describe('shards of a map', () => {
  it('have each tile once, in order, and the heaviest is as light as can be', () => {
    const some = fc.array(fc.nat(50), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 8 }), (weights, shards) => {
        const runs = shareTiles(weights, shards);
        assert.equal(runs.length, shards);
        let next = 0;
        for (const [from, to] of runs) {
          assert.ok(from === next && to >= from);
          next = to;
        }
        assert.equal(next, weights.length);
        const heaviest = Math.max(...runs.map(([from, to]) => weights.slice(from, to).reduce((a, b) => a + b, 0)));
        assert.equal(heaviest, lightest(weights, shards));
      }),
    );
  });

  it('are at most three windows, of whole tiles and all of them', () => {
    const window = fc.record({
      row: fc.nat(700),
      col: fc.nat(700),
      rows: fc.integer({ min: 1, max: 4 * TILE }),
      cols: fc.integer({ min: 1, max: 4 * TILE }),
    });
    const area = (windows: readonly Window[]) => windows.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
    fc.assert(
      fc.property(window, fc.nat(30), fc.nat(30), (map, a, b) => {
        const tiles = mapTiles(map);
        assert.equal(area(tiles), map.rows * map.cols);
        const [from, to] = [Math.min(a, b, tiles.length), Math.min(Math.max(a, b), tiles.length)];
        const windows = windowsOfRun(map, [from, to]);
        assert.ok(windows.length <= 3);
        assert.equal(area(windows), area(tiles.slice(from, to)));
        for (const tile of tiles.slice(from, to))
          assert.equal(windows.filter((one) => sharedWindow(tile, one) === tile).length, 1);
      }),
    );
  });

  it('are refused where there is no such one', () => {
    for (const [number, of] of [[0, 2], [3, 2], [1, 0], [1.5, 2], [1, 10_000], [Number.NaN, 2]] as const) // biome-ignore format: a table
      assert.throws(() => assertShard({ number, of }), {
        _tag: 'InferError',
        message: /shard .*: expected a whole number/,
      });
    assertShard({ number: 9999, of: 9999 });
  });
});
