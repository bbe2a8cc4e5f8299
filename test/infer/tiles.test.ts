import assert from 'node:assert/strict';
import { assertMapSize, InferError, planTiles, TILE_PIXELS, tileShape, type Window } from '@egunet/infer';
import fc from 'fast-check';

const side = (max: number) => fc.integer({ min: 1, max });
const shape = (max: number) => fc.record({ rows: side(max), cols: side(max) });
const scenes = fc.record({ rows: side(40), cols: side(40), block: shape(20), tile: shape(45) });

const blockOf = (window: Window, block: { rows: number; cols: number }) =>
  `${Math.floor(window.row / block.rows)}/${Math.floor(window.col / block.cols)}`;

describe('the tile plan', () => {
  it('covers every pixel of a scene exactly once, with tiles no larger than asked', () => {
    fc.assert(
      fc.property(scenes, ({ rows, cols, block, tile }) => {
        const seen = new Uint8Array(rows * cols);
        for (const { inner } of planTiles({ rows, cols, block, tile })) {
          // Whole blocks are kept together only where they fit.
          assert.ok(inner.rows <= tile.rows && inner.cols <= tile.cols);
          for (let r = inner.row; r < inner.row + inner.rows; r++)
            for (let c = inner.col; c < inner.col + inner.cols; c++) seen[r * cols + c]!++;
        }
        assert.ok(seen.every((n) => n === 1));
      }),
      { seed: 1 },
    );
  });

  it("covers a window of a scene exactly, aligned to the scene's blocks", () => {
    const window = { row: 3, col: 5, rows: 10, cols: 9 };
    const tiles = planTiles({ rows: 20, cols: 20, window, block: { rows: 8, cols: 8 }, tile: { rows: 8, cols: 8 } });
    assert.deepEqual(
      tiles.map(({ inner }) => inner),
      [
        { row: 3, col: 5, rows: 5, cols: 3 },
        { row: 3, col: 8, rows: 5, cols: 6 },
        { row: 8, col: 5, rows: 5, cols: 3 },
        { row: 8, col: 8, rows: 5, cols: 6 },
      ],
    );
  });

  it('takes whole blocks where they fit, and even pieces of one where they do not', () => {
    const whole = planTiles({ rows: 50, cols: 8, block: { rows: 16, cols: 8 }, tile: { rows: 40, cols: 8 } });
    assert.deepEqual(
      whole.map(({ inner }) => [inner.row, inner.rows]),
      [
        [0, 32],
        [32, 18],
      ],
    );
    // 16 rows in pieces of at most 7: three of 6, 6 and 4, and again in the next block.
    const pieces = planTiles({ rows: 32, cols: 8, block: { rows: 16, cols: 8 }, tile: { rows: 7, cols: 8 } });
    assert.deepEqual(
      pieces.map(({ inner }) => inner.rows),
      [6, 6, 4, 6, 6, 4],
    );
  });

  it('visits all pieces of a block before the next block, so that each is decoded once', () => {
    fc.assert(
      fc.property(scenes, ({ rows, cols, block, tile }) => {
        fc.pre(tile.rows < block.rows && tile.cols < block.cols);
        const visited = planTiles({ rows, cols, block, tile }).map(({ inner }) => blockOf(inner, block));
        const changes = visited.filter((name, i) => i === 0 || name !== visited[i - 1]).length;
        // One block at a time: as many changes as there are blocks, unless the whole scene is one tile's side.
        assert.ok(changes === new Set(visited).size || tile.rows >= rows || tile.cols >= cols);
      }),
      { seed: 2 },
    );
  });

  it("surrounds tiles by a halo that ends at the scene's edge", () => {
    const tiles = planTiles({ rows: 8, cols: 8, block: { rows: 4, cols: 4 }, tile: { rows: 4, cols: 4 }, halo: 3 });
    assert.deepEqual(tiles[0], {
      inner: { row: 0, col: 0, rows: 4, cols: 4 },
      outer: { row: 0, col: 0, rows: 7, cols: 7 },
    });
    assert.deepEqual(tiles[3], {
      inner: { row: 4, col: 4, rows: 4, cols: 4 },
      outer: { row: 1, col: 1, rows: 7, cols: 7 },
    });
  });

  it('refuses a size that no map has, before it is cut', () => {
    const message =
      /^a map of 2000000000 rows x 2000000000 columns has 15258789062500 tiles, more than 4194304: .* a single one is damaged/;
    assert.throws(() => assertMapSize({ rows: 2e9, cols: 2e9 }), { _tag: 'InferError', message });
    assertMapSize({ rows: 2 ** 20, cols: 2 ** 20 });
  });

  it('refuses sizes that make no sense, and windows outside the scene', () => {
    const good = { rows: 4, cols: 4, block: { rows: 2, cols: 2 }, tile: { rows: 2, cols: 2 } };
    const refused = (change: object, message: RegExp) =>
      assert.throws(() => planTiles({ ...good, ...change }), { _tag: 'InferError', message });
    refused({ rows: 0 }, /rows should be a whole number >= 1, got 0/);
    refused({ tile: { rows: 2, cols: 1.5 } }, /tile\.cols should be a whole number >= 1, got 1\.5/);
    refused({ block: { rows: Number.NaN, cols: 1 } }, /block\.rows should be a whole number/);
    refused({ halo: -1 }, /halo should be a whole number >= 0, got -1/);
    refused({ window: { row: 2, col: 0, rows: 3, cols: 1 } }, /3 x 1 pixels at row 2, column 0 is not inside/);
    refused({ window: { row: 0, col: 0, rows: 0, cols: 1 } }, /not inside/);
    refused({ window: { row: 0.5, col: 0, rows: 1, cols: 1 } }, /not inside/);
  });
});

describe('the shape of a tile', () => {
  it('stays within the pixels, halo included, and is as large as whole blocks allow', () => {
    fc.assert(
      fc.property(
        fc.record({ rows: side(300), cols: side(300), block: shape(100), halo: fc.nat(4) }),
        fc.integer({ min: 100, max: 20_000 }),
        (scene, maxPixels) => {
          const { rows, cols } = tileShape({ ...scene, maxPixels });
          const { halo } = scene;
          assert.ok((rows + 2 * halo) * (cols + 2 * halo) <= maxPixels);
          const block = { rows: Math.min(scene.block.rows, scene.rows), cols: Math.min(scene.block.cols, scene.cols) };
          const blocks = rows >= block.rows && cols >= block.cols;
          if (blocks) assert.ok(rows % block.rows === 0 || rows === scene.rows);
          if (blocks) assert.ok(cols % block.cols === 0 || cols === scene.cols);
          if (!blocks) assert.ok((block.rows + 2 * halo) * (block.cols + 2 * halo) > maxPixels);
        },
      ),
      { seed: 3 },
    );
  });

  it('is a strip of a big tile, many small strips, or several tiles side by side', () => {
    const scene = { rows: 1128, cols: 1212, maxPixels: 37_449 };
    assert.deepEqual(tileShape({ ...scene, block: { rows: 512, cols: 512 } }), { rows: 73, cols: 512 });
    assert.deepEqual(tileShape({ ...scene, block: { rows: 1, cols: 1212 } }), { rows: 30, cols: 1212 });
    assert.deepEqual(tileShape({ ...scene, block: { rows: 128, cols: 128 } }), { rows: 128, cols: 256 });
    const wide = { rows: 2, cols: 99_999, block: { rows: 1, cols: 99_999 }, maxPixels: 37_449 };
    assert.deepEqual(tileShape(wide), { rows: 1, cols: 37_449 });
    assert.equal(TILE_PIXELS, 256 * 256);
  });

  it('is an error where not one pixel fits', () => {
    const options = { rows: 9, cols: 9, block: { rows: 3, cols: 3 }, halo: 1, maxPixels: 8 };
    assert.throws(() => tileShape(options), InferError); // one pixel with its halo is 3 x 3
    assert.deepEqual(tileShape({ ...options, maxPixels: 9 }), { rows: 1, cols: 1 });
  });
});
