import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEnvi, type Scene } from '@egunet/raster';
import { openFile } from '@egunet/raster/node';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { HEADER, headerText, smallData, wholeOf } from './envi-support.js';
import { ENVI_CODES } from './geotiff-support.js';
import { assertRefused, memorySource } from './memory.js';

describe('ENVI images', () => {
  const folder = temporaryFolder();

  /** An image of rows x cols x bands where value = (row * cols + col) * bands + band, in any layout. */
  function makeImage(
    [rows, cols, bands]: readonly [number, number, number],
    layout: { interleave: 'bsq' | 'bil' | 'bip'; type: keyof typeof ENVI_CODES; bigEndian: boolean; offset: number },
  ): { scene: Scene; source: ReturnType<typeof memorySource> } {
    const { interleave, type, bigEndian, offset } = layout;
    const sizes = { uint8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 } as const;
    const bytes = new Uint8Array(offset + rows * cols * bands * sizes[type]);
    const view = new DataView(bytes.buffer);
    const put = {
      uint8: view.setUint8,
      uint16: view.setUint16,
      int16: view.setInt16,
      uint32: view.setUint32,
      int32: view.setInt32,
      float32: view.setFloat32,
      float64: view.setFloat64,
    }[type];
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++)
        for (let b = 0; b < bands; b++) {
          const at = {
            bsq: (b * rows + r) * cols + c,
            bil: (r * bands + b) * cols + c,
            bip: (r * cols + c) * bands + b,
          };
          put.call(view, offset + at[interleave] * sizes[type], (r * cols + c) * bands + b, !bigEndian);
        }
    const text = headerText({
      samples: cols,
      lines: rows,
      bands,
      'header offset': offset,
      'data type': ENVI_CODES[type],
      interleave,
      'byte order': bigEndian ? 1 : 0,
    });
    const source = memorySource(bytes);
    return { scene: openEnvi({ text, name: 'image.hdr' }, source), source };
  }

  it('reads the same values from any window, bands, interleave, sample type, byte order and header offset', async () => {
    const dims = fc.tuple(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
    );
    const layout = fc.record({
      interleave: fc.constantFrom('bsq', 'bil', 'bip'),
      type: fc.constantFrom(...(Object.keys(ENVI_CODES) as (keyof typeof ENVI_CODES)[])),
      bigEndian: fc.boolean(),
      offset: fc.integer({ min: 0, max: 9 }),
    });
    const part = fc.tuple(
      ...Array.from({ length: 4 }, () => fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
    );
    await fc.assert(
      fc.asyncProperty(
        dims,
        layout,
        part,
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        async (size, how, at, picks) => {
          const [rows, cols, bands] = size;
          const { scene } = makeImage(size, how);
          const row = Math.floor(at[0]! * rows);
          const col = Math.floor(at[1]! * cols);
          const window = {
            row,
            col,
            rows: 1 + Math.floor(at[2]! * (rows - row)),
            cols: 1 + Math.floor(at[3]! * (cols - col)),
          };
          const wanted = picks.map((pick) => pick % bands);
          const block = await scene.readWindow(window, wanted);
          const expected: number[] = [];
          for (let r = 0; r < window.rows; r++)
            for (let c = 0; c < window.cols; c++)
              for (const b of wanted) expected.push(((row + r) * cols + col + c) * bands + b);
          assert.deepEqual([...block.data], expected);
          assert.deepEqual([block.rows, block.cols, block.bands], [window.rows, window.cols, wanted.length]);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('reads a window with few requests, and little besides it', async () => {
    const how = { type: 'int16', bigEndian: false, offset: 0 } as const;
    const counts = [];
    for (const interleave of ['bsq', 'bil', 'bip'] as const) {
      const { scene, source } = makeImage([40, 50, 20], { ...how, interleave });
      await scene.readWindow({ row: 10, col: 5, rows: 4, cols: 40 });
      counts.push(source.reads.length);
      const last = source.reads.at(-1)!;
      // Nothing before row 10 or behind row 13: 4 rows of 2,000 bytes, in bsq within each band.
      if (interleave !== 'bsq')
        assert.ok(source.reads[0]!.offset >= 10 * 2000 && last.offset + last.length <= 14 * 2000);
    }
    assert.deepEqual(counts, [1, 1, 1]);
  });

  it('does not read across large gaps, nor more than 4 MiB at once', async () => {
    const how = { type: 'uint8', bigEndian: false, offset: 0 } as const;
    // Lines of 300 samples x 300 bands = 90,000 bytes: in bsq, 2 rows of 2 bands lie 90,000 bytes apart.
    const { scene, source } = makeImage([300, 300, 3], { ...how, interleave: 'bsq' });
    await scene.readWindow({ row: 0, col: 0, rows: 2, cols: 10 }, [0, 2]);
    assert.deepEqual(source.reads, [
      { offset: 0, length: 310 },
      { offset: 180000, length: 310 },
    ]);
    const large = memorySource(new Uint8Array(6_300_000));
    const keys = { samples: 1000, lines: 2100, bands: 3, 'data type': 1, interleave: 'bil' };
    const whole = openEnvi({ text: headerText(keys), name: 'large.hdr' }, large);
    await whole.readWindow(wholeOf(whole));
    assert.equal(large.reads.length, 2);
    assert.ok(large.reads.every(({ length }) => length <= 1 << 22));
  });

  it('prefers windows of whole rows, about 32768 pixels', () => {
    const { scene } = makeImage([40, 2000, 1], { interleave: 'bsq', type: 'uint8', bigEndian: false, offset: 0 });
    assert.deepEqual(scene.block, { rows: 16, cols: 2000 });
  });

  it('closes its data file', async () => {
    const { scene, source } = makeImage([1, 1, 1], { interleave: 'bsq', type: 'uint8', bigEndian: false, offset: 0 });
    await scene.close();
    assert.ok(source.closed);
  });

  it('reads NoData and values that are not finite as invalid pixels', async () => {
    const bytes = new Uint8Array(Float32Array.of(0.5, -9999, Number.NaN, Infinity, 0.25, 1).buffer);
    const keys = { ...HEADER, 'data type': 4, bands: 1, 'data ignore value': -9999 };
    const scene = openEnvi({ text: headerText(keys), name: 'h' }, memorySource(bytes));
    const { spectra, valid } = await scene.readSpectra(wholeOf(scene));
    assert.deepEqual([...valid], [1, 0, 0, 0, 1, 1]);
    assert.deepEqual([...spectra], [0.5, 0, 0, 0, 0.25, 1]);
  });

  it('finds NoData that the header writes with other digits than float32 samples hold', async () => {
    const stored = Math.fround(-3.4e38);
    const bytes = new Uint8Array(Float32Array.of(0.5, stored, 0.1, 0.2, 0.25, 1).buffer);
    const keys = { ...HEADER, 'data type': 4, bands: 1, 'data ignore value': '-3.4e38' };
    const scene = openEnvi({ text: headerText(keys), name: 'h' }, memorySource(bytes));
    assert.equal(scene.bands[0]!.noData, stored);
    assert.deepEqual([...(await scene.readSpectra(wholeOf(scene))).valid], [1, 0, 1, 1, 1, 1]);
  });

  it('says so when a data file shrinks while it is read', async () => {
    const path = join(folder, 'shrinks');
    writeFileSync(path, smallData);
    const source = await openFile(path);
    const scene = openEnvi({ text: headerText(HEADER), name: 'h' }, source);
    writeFileSync(path, smallData.subarray(0, 10));
    await assertRefused(() => scene.readWindow(wholeOf(scene)), /shrinks/);
    await scene.close();
  });
});
