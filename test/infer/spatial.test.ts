// Windows of scenes in memory by a spatial model. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type InputTensor,
  makeQualityMeter,
  planBands,
  type SpectraReader,
  sharedWindow,
  type UnmixWindowOptions,
  unmixAround,
  unmixWindow,
  type Window,
  type WindowToUnmix,
} from '@egunet/infer';
import { type OpenedModel, openModel } from '@egunet/infer-node';
import type { ModelCard } from '@egunet/models/card';
import { evaluateNetwork } from '@egunet/train';
import fc from 'fast-check';
import { temporaryFolder } from '../support/index.js';
import { modelFile } from '../support/models.js';
import {
  B,
  C,
  COLS,
  cropOf,
  difference,
  openSpatialModel,
  pixelwiseCheckpoint,
  ROWS,
  SPECTRA,
  sceneReader,
  spatialCheckpoint,
  TOLERANCE,
  VALID,
  WHOLE,
  wholeMap,
} from './spatial-scene.js';
import { withCard } from './support.js';

const anyWindow = fc
  .record({
    row: fc.integer({ min: 0, max: ROWS - 1 }),
    col: fc.integer({ min: 0, max: COLS - 1 }),
    rows: fc.integer({ min: 1, max: ROWS }),
    cols: fc.integer({ min: 1, max: COLS }),
  })
  .map((window) => sharedWindow(window, { row: 0, col: 0, rows: ROWS, cols: COLS })!);

describe('a window by a spatial model', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const models = new Map<number, OpenedModel>();

  before(async () => {
    for (const radius of [2, 3]) models.set(radius, await openSpatialModel(folder, radius));
  });

  after(async () => {
    for (const model of models.values()) await model.release();
  });

  /** Unmixes a window; `what` says what is left out, `more` how. */
  async function unmixed(
    window: Window,
    { radius = 2, ...what }: { radius?: number } & Partial<WindowToUnmix> = {},
    more: Partial<UnmixWindowOptions> = {},
  ) {
    const from = sceneReader();
    const { card, session } = models.get(radius)!;
    const options = { card, plan: planBands(from, card), batch: 512, ...more };
    return unmixWindow(session, { reader: from, window, ...what }, options);
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

  it('differs from what the model would give without neighbours', async () => {
    const { abundances } = await unmixed(WHOLE);
    const alone = await evaluateNetwork(spatialCheckpoint(), SPECTRA);
    const apart = abundances.map((value, i) => (Number.isNaN(value) ? 0 : Math.abs(value - alone[i]!)));
    assert.ok(apart.reduce((sum, value) => sum + value) / apart.length > 0.01);
  });

  it('leaves pixels out that stay neighbours, and takes masked ones for pixels without data', async () => {
    const leaveOut = VALID.map((_, i) => Number(i % 3 === 1));
    const marks = VALID.map((_, i) => Number(i % 5 === 2));
    const got = await unmixed(WHOLE, { leaveOut, masked: { window: WHOLE, marks } });
    const expected = await wholeMap(VALID.map((one, i) => one & ~marks[i]!));
    const cut = expected.map((value, i) => (leaveOut[Math.floor(i / C)] === 1 ? Number.NaN : value));
    assert.ok(difference(got.abundances, cut) <= TOLERANCE);
    assert.equal(got.seen.validPixels, cut.filter((value) => !Number.isNaN(value)).length / C);
  });

  it('reads and runs nothing where no pixel is wanted, and runs no piece without data', async () => {
    const runs: number[] = [];
    const { card, session } = models.get(2)!;
    const counting = {
      ...session,
      run: (inputs: readonly InputTensor[]) => {
        runs.push(inputs[1]!.data.length);
        return session.run(inputs);
      },
    };
    const from = sceneReader(VALID.map((one, i) => (i % COLS < 75 && Math.floor(i / COLS) < 70 ? 0 : one)));
    const options = { card, plan: planBands(from, card), batch: 512 };
    await unmixWindow(counting, { reader: from, window: WHOLE, leaveOut: VALID.map(() => 1) }, options);
    assert.deepEqual([from.windows.length, runs.length], [0, 0]);
    const { seen } = await unmixWindow(counting, { reader: from, window: WHOLE }, options);
    // 131 x 143 are three by three pieces of 44 x 48, with halos of 2: the first has no data.
    assert.deepEqual(runs, Array(8).fill(48 * 52));
    assert.ok(seen.validPixels > 0 && seen.sampled >= Math.floor(seen.validPixels / 16));
  });

  it('measures how well the abundances explain each spectrum', async () => {
    const { card } = models.get(2)!;
    const meter = makeQualityMeter(card);
    const { abundances } = await unmixed(WHOLE, {}, { quality: meter });
    const D = C + 2;
    for (let i = 0; i < ROWS * COLS; i += 97) {
      const own = abundances.slice(i * D, (i + 1) * D);
      if (VALID[i] === 0) assert.ok(own.every(Number.isNaN));
      else {
        const into = new Float32Array(2);
        meter.measure(0, { spectra: SPECTRA.slice(i * B, (i + 1) * B), abundances: own }, { into, to: 0 });
        assert.deepEqual(own.slice(C), into);
      }
    }
  });

  it('takes all pixels of a damaged block for pixels without data, also those that came before the damage showed', async () => {
    const lost = { row: 30, col: 90, rows: 40, cols: 30 };
    const whole = sceneReader();
    const damagedReader: SpectraReader = {
      ...whole,
      async *streamSpectra(window, ...more) {
        for await (const pack of whole.streamSpectra(window, ...more)) {
          yield pack;
          const rowOf = (pixel: number) => window.row + Math.floor(pixel / window.cols);
          if (sharedWindow(lost, window) && rowOf(pack.pixels[pack.count - 1]!) >= lost.row)
            throw Object.assign(new Error('no'), { damaged: { block: 'tile 1', window: lost } });
        }
      },
    };
    const { card, session } = models.get(2)!;
    const options = { card, plan: planBands(whole, card), batch: 512 };
    const got = await unmixAround(session, { reader: damagedReader, window: WHOLE }, options);
    const inside = (i: number) => {
      const [row, col] = [Math.floor(i / COLS), i % COLS];
      return row >= 30 && row < 70 && col >= 90 && col < 120;
    };
    const expected = await wholeMap(VALID.map((one, i) => (inside(i) ? 0 : one)));
    assert.ok(difference(got.abundances, expected) <= TOLERANCE);
    assert.deepEqual(got.damaged, [{ block: 'tile 1', window: lost, pixels: 40 * 30 }]);
    // Damage beside the window takes neighbours, and no pixel of it.
    const beside = { row: 0, col: 0, rows: 30, cols: COLS };
    const above = await unmixAround(session, { reader: damagedReader, window: beside }, options);
    assert.ok(difference(above.abundances, cropOf(expected, beside)) <= TOLERANCE);
    assert.deepEqual(above.damaged, []);
    await assert.rejects(unmixWindow(session, { reader: damagedReader, window: WHOLE }, options), /no/);
  });

  it('has each wanted pixel compared, and no other, whichever pieces see it', async () => {
    const { card, session } = models.get(2)!;
    const window = { row: 10, col: 20, rows: 70, cols: 80 };
    const firsts: number[] = [];
    const compare: UnmixWindowOptions['compare'] = (spectra, count, slots) => {
      assert.equal(slots!.length, count);
      firsts.push(...slots!.map((slot) => spectra[slot * B]!));
      return { compared: count, unlike: 0, dark: 0 };
    };
    const options = { card, plan: planBands(sceneReader(), card), batch: 512, compare };
    const { seen } = await unmixWindow(session, { reader: sceneReader(), window }, options);
    const wanted: number[] = [];
    for (let row = window.row; row < window.row + window.rows; row++)
      for (let col = window.col; col < window.col + window.cols; col++)
        if (VALID[row * COLS + col]) wanted.push(SPECTRA[(row * COLS + col) * B]!);
    assert.deepEqual(firsts.sort(), wanted.sort());
    assert.equal(seen.compared, wanted.length);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(unmixed(WHOLE, {}, { signal }), /enough/);
  });

  it('is refused where the model gives no abundances', async () => {
    const { card, session } = models.get(2)!;
    const options = { card, plan: planBands(sceneReader(), card), batch: 512 };
    const of = (change: (output: Float32Array) => Float32Array) =>
      unmixWindow(
        { ...session, run: async (inputs) => change(await session.run(inputs)) },
        { reader: sceneReader(), window: WHOLE },
        options,
      );
    await assert.rejects(
      of((output) => output.map((value) => 2 * value)),
      { _tag: 'InferError', message: /not abundances/ },
    );
    await assert.rejects(
      of((output) => output.slice(1)),
      { _tag: 'InferError', message: /values for \d+ pixels/ },
    );
  });

  it('is refused as a file whose graph and card disagree on whether it looks at neighbours', async () => {
    const { halo: _, ...card } = models.get(2)!.card;
    const refused = async (bytes: Uint8Array, kind: Partial<ModelCard>, error: { _tag: string; message: RegExp }) => {
      const path = join(folder, 'wrong.onnx');
      writeFileSync(path, withCard(bytes, { ...card, ...kind }));
      await assert.rejects(openModel(path), error);
    };
    const [spatial, pixelwise] = [await modelFile(spatialCheckpoint()), await modelFile(pixelwiseCheckpoint())];
    const message = /does not fit its card, which calls it pixel-wise: expected spectra: .*, got image: .*; valid: /;
    await refused(spatial, { kind: 'pixel' }, { _tag: 'InferError', message });
    await refused(
      pixelwise,
      { kind: 'spatial', halo: 2 },
      {
        _tag: 'InferError',
        message:
          /calls it spatial: expected image: float32 \[rows, cols, 8\]; valid: float32 \[rows, cols\] -> abundances: float32 \[rows, cols, 3\], got spectra: /,
      },
    );
    await refused(
      spatial,
      { kind: 'spatial', halo: 1 },
      { _tag: 'InferError', message: /looks further than its card says, 1 pixels: tiles would not fit together/ },
    );
    await refused(
      spatial,
      { kind: 'spatial' },
      { _tag: 'ModelCardError', message: /card\.halo should be 1 to 256, got nothing/ },
    );
    await refused(
      pixelwise,
      { kind: 'pixel', halo: 2 },
      { _tag: 'ModelCardError', message: /card\.halo should be absent/ },
    );
  });
});
