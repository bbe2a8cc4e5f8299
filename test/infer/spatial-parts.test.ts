// A window by a spatial model however it is read: rows that roll by, parts that are held. Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import { planBands, type SpectraReader, sharedWindow, unmixAround, unmixWindow } from '@egunet/infer';
import type { OpenedModel } from '@egunet/infer-node';
import { temporaryFolder } from '../support/index.js';
import {
  C,
  COLS,
  cropOf,
  difference,
  openSpatialModel,
  READER_BANDS,
  ROWS,
  SPECTRA,
  sceneReader,
  TOLERANCE,
  VALID,
  WHOLE,
  wholeMap,
} from './spatial-scene.js';
import { memoryReader } from './support.js';

describe('the reading of a window for a spatial model', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let model: OpenedModel;

  before(async () => {
    model = await openSpatialModel(folder);
  });

  after(() => model.release());

  it('holds no more than parts of a large window where some of it is damaged', async () => {
    const [times, lost] = [5, { row: 300, col: 0, rows: 16, cols: COLS }];
    const rows = times * ROWS;
    const whole = memoryReader({
      ...{ rows, cols: COLS, bands: READER_BANDS, block: { rows: 16, cols: COLS } },
      spectra: Float32Array.from({ length: times * SPECTRA.length }, (_, i) => SPECTRA[i % SPECTRA.length]!),
      valid: Uint8Array.from({ length: times * VALID.length }, (_, i) => VALID[i % VALID.length]!),
    });
    const damagedReader: SpectraReader = {
      ...whole,
      async *streamSpectra(window, ...more) {
        yield* whole.streamSpectra(window, ...more);
        const damaged = { block: 'strip 18', window: lost };
        if (sharedWindow(lost, window)) throw Object.assign(new Error('no'), { damaged });
      },
    };
    const { card, session } = model;
    const options = { card, plan: planBands(whole, card), batch: 512 };
    const window = { row: 0, col: 0, rows, cols: COLS };
    const got = await unmixAround(session, { reader: damagedReader, window }, options);
    assert.deepEqual(got.damaged, [{ block: 'strip 18', window: lost, pixels: 16 * COLS }]);
    const tried = whole.windows.findIndex((one) => one.rows === rows);
    const after = whole.windows.slice(tried + 1);
    assert.ok(tried >= 0 && after.length > 1);
    for (const one of after) assert.ok(one.rows * one.cols <= 2 ** 16, JSON.stringify(one));
    const gone = (i: number) => Math.floor(i / C / COLS) >= lost.row && Math.floor(i / C / COLS) < 316;
    const sound = await unmixWindow(session, { reader: whole, window }, options);
    const [above, below] = [298 * COLS * C, 318 * COLS * C]; // beyond the halo of what is lost
    assert.ok(difference(got.abundances.slice(0, above), sound.abundances.slice(0, above)) <= TOLERANCE);
    assert.ok(difference(got.abundances.slice(below), sound.abundances.slice(below)) <= TOLERANCE);
    assert.ok(got.abundances.every((value, i) => !gone(i) || Number.isNaN(value)));
  });

  it('is the same where it is held in parts as where it is held at once', async () => {
    const times = 4; // more pixels than are held at once
    const rows = times * ROWS;
    const repeated = <T extends Float32Array | Uint8Array>(of: T, into: T): T => {
      for (let i = 0; i < times; i++) into.set(of, i * of.length);
      return into;
    };
    const from = memoryReader({
      ...{ rows, cols: COLS, bands: READER_BANDS, block: { rows: 16, cols: COLS } },
      spectra: repeated(SPECTRA, new Float32Array(times * SPECTRA.length)),
      valid: repeated(VALID, new Uint8Array(times * VALID.length)),
    });
    const { card, session } = model;
    const options = { card, plan: planBands(from, card), batch: 512 };
    const window = { row: 0, col: 0, rows, cols: COLS };
    const { abundances } = await unmixWindow(session, { reader: besides(from), window }, options);
    assert.ok(from.windows.length > 1);
    const edge = from.windows[0]!.rows;
    const part = { row: edge - 20, col: 0, rows: 40, cols: COLS };
    const atOnce = await unmixWindow(session, { reader: besides(from), window: part }, options);
    assert.ok(difference(atOnce.abundances, cropOf(abundances, part)) <= TOLERANCE);
    const rolled = await unmixWindow(session, { reader: from, window }, options);
    assert.ok(difference(rolled.abundances, abundances) <= TOLERANCE);
    assert.deepEqual(rolled.seen.validPixels, times * VALID.reduce((sum, one) => sum + one, 0));
  });

  /** The same scene as if other blocks lay beside those of the first column: its rows may come in any order. */
  const besides = (from: ReturnType<typeof memoryReader>) => ({ ...from, block: { rows: 16, cols: COLS - 1 } });

  it('is the same whatever the blocks of the scene, whether their rows are held or roll by', async () => {
    const expected = await wholeMap(VALID);
    const { card, session } = model;
    for (const block of [
      { rows: 1, cols: COLS },
      { rows: 50, cols: 40 },
      { rows: ROWS, cols: 7 },
    ]) {
      const from = { ...sceneReader(), block };
      const options = { card, plan: planBands(from, card), batch: 512 };
      for (const window of [
        WHOLE,
        { row: 50, col: 80, rows: 50, cols: 40 },
        { row: 130, col: 139, rows: 1, cols: 2 },
      ]) {
        const { abundances } = await unmixWindow(session, { reader: from, window }, options);
        const apart = difference(abundances, cropOf(expected, window));
        assert.ok(apart <= TOLERANCE, `${JSON.stringify({ block, window })}: ${apart}`);
      }
    }
  });

  it('is the same where spectra are interpolated to the bands of the model', async () => {
    // Two bands, 10 nm to either side of each of the model's, a tenth darker and brighter.
    const sides = [-10, 10].map((shift) => ({ shift, factor: 1 + shift / 100 }));
    const pairs = READER_BANDS.flatMap((band) =>
      sides.map(({ shift }) => ({ ...band, name: `${band.name} ${shift}`, wavelength: band.wavelength + shift })),
    );
    const spectra = Float32Array.from(
      { length: 2 * SPECTRA.length },
      (_, i) => SPECTRA[i >> 1]! * sides[i % 2]!.factor,
    );
    const { card, session } = model;
    const expected = await wholeMap(VALID);
    for (const cols of [COLS, 40]) {
      const from = memoryReader({
        rows: ROWS,
        cols: COLS,
        bands: pairs,
        spectra,
        valid: VALID,
        block: { rows: 50, cols },
      });
      const options = { card, plan: planBands(from, card, { resample: true }), batch: 512 };
      const { abundances } = await unmixWindow(session, { reader: from, window: WHOLE }, options);
      assert.ok(difference(abundances, expected) <= TOLERANCE, `${difference(abundances, expected)}`);
    }
  });

  it('refuses rows in another order than they lie in', async () => {
    const from = sceneReader();
    const upwards = {
      ...from,
      async *streamSpectra(...[window, wanted, pixels]: Parameters<SpectraReader['streamSpectra']>) {
        for (let row = window.rows - 1; row >= 0; row--)
          for await (const pack of from.streamSpectra({ ...window, row: window.row + row, rows: 1 }, wanted, pixels))
            yield { ...pack, pixels: pack.pixels.map((pixel) => pixel + row * window.cols) };
      },
    };
    const { card, session } = model;
    const options = { card, plan: planBands(from, card), batch: 512 };
    await assert.rejects(
      unmixWindow(session, { reader: upwards, window: WHOLE }, options),
      /row \d+ comes after row \d+/,
    );
  });
});
