import assert from 'node:assert/strict';
import { sceneWindows } from '@egunet/train';
import fc from 'fast-check';

describe('the windows of a scene', () => {
  it('cover each pixel once, whatever the scene and its blocks', () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.integer({ min: 1, max: 400_000_000 }),
        (rows, cols, height, width, bands) => {
          const seen = new Uint8Array(rows * cols);
          for (const w of sceneWindows({ rows, cols, block: { rows: height, cols: width } }, bands))
            for (let r = w.row; r < w.row + w.rows; r++)
              for (let c = w.col; c < w.col + w.cols; c++) seen[r * cols + c]!++;
          assert.ok(seen.every((times) => times === 1));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('are the whole of a small scene', () => {
    assert.deepEqual(sceneWindows({ rows: 100, cols: 100, block: { rows: 1, cols: 100 } }, 198), [
      { row: 0, col: 0, rows: 100, cols: 100 },
    ]);
  });

  const shapeOf = (scene: Parameters<typeof sceneWindows>[0], bands: number) => {
    const { rows, cols } = sceneWindows(scene, bands)[0]!;
    return [rows, cols];
  };

  it('are the tiles of a large scene', () => {
    assert.deepEqual(shapeOf({ rows: 1128, cols: 1212, block: { rows: 512, cols: 512 } }, 224), [512, 512]);
    assert.deepEqual(shapeOf({ rows: 1128, cols: 1212, block: { rows: 256, cols: 256 } }, 224), [256, 256]);
  });

  it('join small tiles and strips to about 128 pixels, within 16 M values', () => {
    assert.deepEqual(shapeOf({ rows: 4000, cols: 4000, block: { rows: 32, cols: 32 } }, 200), [128, 128]);
    assert.deepEqual(shapeOf({ rows: 4000, cols: 500, block: { rows: 7, cols: 500 } }, 200), [133, 500]);
    // 2^24 / (1212 * 224) = 61 rows: 8 strips of 7.
    assert.deepEqual(shapeOf({ rows: 1128, cols: 1212, block: { rows: 7, cols: 1212 } }, 224), [56, 1212]);
  });

  it('cut blocks that would not fit in memory', () => {
    // 2^26 values: 74 rows of 4096 x 220, and 1,048,576 columns of 64.
    assert.deepEqual(shapeOf({ rows: 4096, cols: 4096, block: { rows: 4096, cols: 4096 } }, 220), [74, 4096]);
    assert.deepEqual(shapeOf({ rows: 2, cols: 3_000_000, block: { rows: 1, cols: 3_000_000 } }, 64), [1, 1_048_576]);
  });
});
