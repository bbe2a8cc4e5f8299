// Windows of scenes in memory by a spatial model. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planBands, type SpectraReader, sharedWindow, unmixWindow, type Window } from '@egunet/infer';
import { type OpenedModel, openModel } from '@egunet/infer-node';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { modelFile } from '../support/models.js';
import { BANDS, C, COLS, difference, ROWS, SPECTRA, spatialCheckpoint, VALID, wholeMap } from './spatial-scene.js';
import { memoryReader } from './support.js';

const TOLERANCE = 1e-5;

const bands = BANDS.map((band, b) => ({ ...band, name: `band ${b + 1}`, bad: false }));

const anyWindow = fc
  .record({
    row: fc.integer({ min: 0, max: ROWS - 1 }),
    col: fc.integer({ min: 0, max: COLS - 1 }),
    rows: fc.integer({ min: 1, max: ROWS }),
    cols: fc.integer({ min: 1, max: COLS }),
  })
  .map((window) => sharedWindow(window, { row: 0, col: 0, rows: ROWS, cols: COLS })!);

/** The part of a map [N, C] that a window shows. */
const cropOf = (map: Float32Array, { row, col, rows, cols }: Window) =>
  Float32Array.from({ length: rows * cols * C }, (_, i) => {
    const pixel = Math.floor(i / C);
    return map[((row + Math.floor(pixel / cols)) * COLS + col + (pixel % cols)) * C + (i % C)]!;
  });

describe('a window by a spatial model', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const models = new Map<number, OpenedModel>();
  const reader = (valid = VALID) => memoryReader({ rows: ROWS, cols: COLS, bands, spectra: SPECTRA, valid });

  before(async () => {
    for (const radius of [2, 3]) {
      const path = join(folder, `halo-${radius}.onnx`);
      writeFileSync(path, await modelFile(spatialCheckpoint(radius)));
      models.set(radius, await openModel(path, { threads: 1 }));
    }
  });

  after(async () => {
    for (const model of models.values()) await model.release();
  });

  /** Unmixes a window; `more` says what is left out. */
  async function unmixed(
    window: Window,
    { radius = 2, from = reader(), ...more }: { radius?: number; from?: SpectraReader } & Record<string, unknown> = {},
  ) {
    const { card, session } = models.get(radius)!;
    const options = { card, plan: planBands(from, card), batch: 512 };
    return unmixWindow(session, { reader: from, window, ...more }, options);
  }

  it('is the crop of the whole map, wherever it lies and whatever lacks data', async () => {
    for (const radius of [2, 3]) {
      const expected = await wholeMap(VALID, radius);
      await fc.assert(
        fc.asyncProperty(anyWindow, async (window) => {
          const { abundances, seen } = await unmixed(window, { radius });
          const crop = cropOf(expected, window);
          assert.ok(difference(abundances, crop) <= TOLERANCE, `${difference(abundances, crop)}`);
          assert.equal(seen.validPixels, crop.filter((value, i) => i % C === 0 && !Number.isNaN(value)).length);
        }),
        { seed: 1, numRuns: 8, examples: [[{ row: 0, col: 0, rows: ROWS, cols: COLS }]] },
      );
    }
  });
});
