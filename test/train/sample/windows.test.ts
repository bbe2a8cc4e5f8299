// The windows that sampling asks a scene for.
import assert from 'node:assert/strict';
import { type SampleWindow, type SceneShape, sampleScene } from '@egunet/train';
import fc from 'fast-check';
import { fakeScene } from './support.js';

describe('the windows that a scene is read in', () => {
  it('cover each pixel once, whatever the scene, its blocks and the values read at once', async () => {
    const side = fc.integer({ min: 1, max: 40 });
    const shape = { rows: side, cols: side, height: side, width: side, values: fc.integer({ min: 1, max: 10_000 }) };
    await fc.assert(
      fc.asyncProperty(fc.record(shape), async ({ rows, cols, height, width, values }) => {
        fc.pre(rows * cols > 1); // one pixel is nothing to sample
        const scene = fakeScene({ rows, cols, bands: 2, block: { rows: height, cols: width } });
        await sampleScene(scene, { bands: [0, 1], seed: 1, windowValues: values });
        const seen = new Uint8Array(rows * cols);
        for (const w of scene.read)
          for (let r = w.row; r < w.row + w.rows; r++)
            for (let c = w.col; c < w.col + w.cols; c++) seen[r * cols + c]!++;
        assert.ok(seen.every((times) => times === 1));
      }),
      { numRuns: 100 },
    );
  });

  /** The first window that is read; nothing is read of it, so that the scene may be large. */
  async function firstWindow(scene: SceneShape, bands: number): Promise<SampleWindow> {
    let first: SampleWindow | undefined;
    const readSpectra = async (window: SampleWindow) => {
      first = window;
      throw new Error('enough');
    };
    const options = {
      bands: Array.from({ length: bands }, (_, i) => i),
      seed: 1,
      maxPixels: 1,
      maxBlocks: 1,
      windowValues: 2 ** 24,
    };
    await assert.rejects(sampleScene({ ...scene, readSpectra }, options), /enough/);
    return first!;
  }

  const shapeOf = async (scene: SceneShape, bands: number) => {
    const { rows, cols } = await firstWindow(scene, bands);
    return [rows, cols];
  };

  it('are the whole of a small scene', async () => {
    assert.deepEqual(await firstWindow({ rows: 100, cols: 100, block: { rows: 1, cols: 100 } }, 198), {
      row: 0,
      col: 0,
      rows: 100,
      cols: 100,
    });
  });

  it('are the tiles of a large scene', async () => {
    assert.deepEqual(await shapeOf({ rows: 1128, cols: 1212, block: { rows: 512, cols: 512 } }, 224), [512, 512]);
    assert.deepEqual(await shapeOf({ rows: 1128, cols: 1212, block: { rows: 256, cols: 256 } }, 224), [256, 256]);
  });

  it('join small tiles and strips to about 128 pixels, within 16 M values', async () => {
    assert.deepEqual(await shapeOf({ rows: 4000, cols: 4000, block: { rows: 32, cols: 32 } }, 200), [128, 128]);
    assert.deepEqual(await shapeOf({ rows: 4000, cols: 500, block: { rows: 7, cols: 500 } }, 200), [133, 500]);
    // 2^24 / (1212 * 224) = 61 rows: 8 strips of 7.
    assert.deepEqual(await shapeOf({ rows: 1128, cols: 1212, block: { rows: 7, cols: 1212 } }, 224), [56, 1212]);
  });

  it('cut blocks that would not fit in memory', async () => {
    // 2^26 values: 74 rows of 4096 x 220, and 1,048,576 columns of 64.
    const wide = { rows: 2, cols: 3_000_000, block: { rows: 1, cols: 3_000_000 } };
    assert.deepEqual(await shapeOf({ rows: 4096, cols: 4096, block: { rows: 4096, cols: 4096 } }, 220), [74, 4096]);
    assert.deepEqual(await shapeOf(wide, 64), [1, 1_048_576]);
  });
});
