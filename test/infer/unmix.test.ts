// Legend: N pixels, B bands, C endmembers.
import assert from 'node:assert/strict';
import {
  BATCH_PIXELS,
  planBands,
  type Session,
  type SpectraReader,
  sharedWindow,
  type UnmixOptions,
  unmix,
  unmixAround,
  type Window,
} from '@egunet/infer';
import fc from 'fast-check';
import { cardBands, hashedSpectra, memoryReader, modelCard, proportionSession } from './support.js';

const card = modelCard();
const B = card.bands.length; // 8
const C = card.endmembers.length; // 3
const bands = cardBands(card);

/** The whole map [rows * cols, C] of a scene, and the valid pixels that its tiles count. */
async function collect(session: Session, reader: SpectraReader, options: Partial<UnmixOptions> = {}) {
  const map = new Float32Array(reader.rows * reader.cols * C).fill(-1);
  let validPixels = 0;
  for await (const { window, abundances, ...tile } of unmix(session, reader, { card, ...options })) {
    assert.equal(abundances.length, window.rows * window.cols * C);
    validPixels += tile.validPixels;
    for (let r = 0; r < window.rows; r++)
      map.set(
        abundances.subarray(r * window.cols * C, (r + 1) * window.cols * C),
        ((window.row + r) * reader.cols + window.col) * C,
      );
  }
  return { map, validPixels };
}

const scene = (rows: number, cols: number, more: Partial<Parameters<typeof memoryReader>[0]> = {}) =>
  memoryReader({ rows, cols, bands, spectra: hashedSpectra(rows * cols * B), ...more });

/** What `proportionSession` gives for a pixel: (x_c + 1) / sum over its first C bands. */
function proportions(spectra: Float32Array, pixel: number): number[] {
  const shares = [0, 1, 2].map((c) => spectra[pixel * B + c]! + 1);
  const sum = shares.reduce((a, b) => a + b);
  return shares.map((share) => Math.fround(share / sum));
}

const rejects = (run: Promise<unknown>, message: RegExp) => assert.rejects(run, { _tag: 'InferError', message });

describe('the unmixing loop', () => {
  it('gives each valid pixel its own abundances and the others NaN, for any tiling, batch and pattern of NoData', async () => {
    const sizes = fc.record({ rows: fc.integer({ min: 1, max: 12 }), cols: fc.integer({ min: 1, max: 12 }) });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        sizes,
        sizes,
        fc.integer({ min: 1, max: 40 }),
        fc.uint8Array({ minLength: 144, maxLength: 144, max: 1 }),
        async ({ rows, cols }, block, tile, batch, mask) => {
          const valid = mask.slice(0, rows * cols);
          fc.pre(valid.includes(1));
          const spectra = hashedSpectra(rows * cols * B);
          const reader = scene(rows, cols, { valid, block });
          const { map, validPixels } = await collect(proportionSession(B, C), reader, { tile, batch });
          assert.equal(validPixels, valid.filter((v) => v === 1).length);
          for (let i = 0; i < rows * cols; i++)
            assert.deepEqual(
              [...map.subarray(i * C, (i + 1) * C)],
              valid[i] ? proportions(spectra, i) : [Number.NaN, Number.NaN, Number.NaN],
            );
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it('feeds the model its bands in its own order, whatever order the scene has', async () => {
    const order = [5, 0, 7, 2, 1, 6, 4, 3];
    const spectra = hashedSpectra(20 * B);
    const permuted = Float32Array.from(spectra, (_, i) => spectra[i - (i % B) + order[i % B]!]!);
    const expected = await collect(proportionSession(B, C), scene(4, 5));
    const reader = scene(4, 5, { bands: order.map((b) => bands[b]!), spectra: permuted });
    assert.deepEqual(await collect(proportionSession(B, C), reader), expected);
  });

  it('runs the model on one batch size only, never on pixels without data, and not at all on tiles without any', async () => {
    const valid = new Uint8Array(64).fill(1, 0, 20); // rows of 8: the lower tiles hold none
    const session = proportionSession(B, C);
    await collect(session, scene(8, 8, { valid }), { tile: { rows: 4, cols: 8 }, batch: 16 });
    assert.deepEqual(session.runs, [16, 16]);
    const untold = proportionSession(B, C);
    await collect(untold, scene(2, 2));
    assert.deepEqual(untold.runs, [BATCH_PIXELS]);
  });

  it('unmixes a window of the scene', async () => {
    const window = { row: 1, col: 2, rows: 3, cols: 2 };
    const { map, validPixels } = await collect(proportionSession(B, C), scene(5, 5), { window });
    assert.equal(validPixels, 6);
    for (let i = 0; i < 25; i++) {
      const inside = Math.floor(i / 5) >= 1 && Math.floor(i / 5) < 4 && i % 5 >= 2 && i % 5 < 4;
      const expected = inside ? proportions(hashedSpectra(25 * B), i) : [-1, -1, -1];
      assert.deepEqual([...map.subarray(i * C, (i + 1) * C)], expected);
    }
    await rejects(collect(proportionSession(B, C), scene(5, 5), { window: { ...window, cols: 4 } }), /not inside/);
  });

  it("interpolates spectra to the model's wavelengths where asked", async () => {
    // Scene bands 4 nm to either side of each band of the model; a linear spectrum is interpolated exactly.
    const wide = card.bands.flatMap(({ wavelength }, i) =>
      [-4, 4].map((d) => ({ name: `${i}`, wavelength: wavelength! + d, bad: false })),
    );
    const slope = (wavelength: number) => wavelength / 4096;
    const spectra = Float32Array.from(wide, (band) => slope(band.wavelength));
    const exact = Float32Array.from(card.bands, (band) => slope(band.wavelength!));
    const reader = memoryReader({ rows: 1, cols: 1, bands: wide, spectra, sensor: 'another' });
    const { map } = await collect(proportionSession(B, C), reader, { resample: true });
    for (const [c, expected] of proportions(exact, 0).entries()) assert.ok(Math.abs(map[c]! - expected) < 1e-7);
  });

  it('reads each tile once, when it is its turn', async () => {
    const reader = scene(6, 4);
    const seen: number[] = [];
    for await (const { window } of unmix(proportionSession(B, C), reader, { card, tile: { rows: 2, cols: 4 } })) {
      seen.push(reader.windows.length);
      assert.equal(window.row, 2 * (seen.length - 1));
    }
    assert.deepEqual(seen, [1, 2, 3]);
  });
});

describe('the unmixing loop refuses', () => {
  const output = (values: number[]): Session => ({
    run: async ([input]) => Float32Array.from({ length: input!.shape[0]! * C }, (_, i) => values[i % values.length]!),
    release: async () => undefined,
  });

  it('outputs that are not abundances: a damaged model', async () => {
    await collect(output([0.25, 0.75, 0]), scene(2, 2));
    await collect(output([0.333336, 0.333336, 0.333336]), scene(2, 2)); // 8e-6 too much
    await rejects(collect(output([0.33334, 0.33334, 0.33334]), scene(2, 2)), /sum 1\.0000199\d*, expected >= 0 and 1/);
    await rejects(collect(output([1.5, -0.5, 0]), scene(2, 2)), /smallest -0\.5/);
    await rejects(collect(output([Number.NaN, 1, 0]), scene(2, 2)), /not abundances/);
    await rejects(collect(output([Number.POSITIVE_INFINITY, 0, 0]), scene(2, 2)), /not abundances/);
    await rejects(
      collect({ ...output([]), run: async () => new Float32Array(4) }, scene(2, 2), { batch: 2 }),
      /gave 4 values for 2 pixels, expected 6: it is damaged/,
    );
  });

  it('does not look at the outputs of pixels that only fill a run up', async () => {
    const session: Session = {
      run: async ([input]) =>
        Float32Array.from({ length: input!.shape[0]! * C }, (_, i) => (i < C ? [0.2, 0.3, 0.5][i]! : Number.NaN)),
      release: async () => undefined,
    };
    await collect(session, scene(1, 1));
    await rejects(collect(session, scene(1, 2)), /not abundances/);
  });

  it('a scene without a valid pixel', async () => {
    const reader = scene(3, 3, { valid: new Uint8Array(9) });
    await rejects(collect(proportionSession(B, C), reader), /^scene: no valid pixel: .*check the scene's NoData value/);
  });

  it('a scene whose values are not reflectance', async () => {
    // inputScale 1.25: the model's inputs end at a reflectance of 0.8.
    const inUnits = (most: number) =>
      collect(proportionSession(B, C), scene(4, 4, { spectra: hashedSpectra(16 * B, most) }));
    await rejects(inUnits(5000), /1 of 1 sampled pixels are on average brighter than .* reflectance of 0\.8; give/);
    await rejects(inUnits(1e-4), /1 of 1 sampled pixels are on average darker than a thousandth of .* of 0\.8; give/);
    await inUnits(0.01); // clear water
    const bright = hashedSpectra(64 * B).fill(0.9, 0, 16 * B); // clouds: one sampled pixel of four
    await collect(proportionSession(B, C), scene(8, 8, { spectra: bright }));
  });

  it('a model for other bands, before anything is read', async () => {
    const reader = scene(2, 2, { bands: bands.slice(1).concat({ name: 'x', wavelength: 3000, bad: false }) });
    await rejects(collect(proportionSession(B, C), reader), /no band within half a FWHM for 1 of the model's 8 bands/);
    assert.equal(reader.windows.length, 0);
  });

  it('batch sizes that make no sense', async () => {
    await rejects(collect(proportionSession(B, C), scene(2, 2), { batch: 0 }), /whole number >= 1, got 0/);
    await rejects(collect(proportionSession(B, C), scene(2, 2), { tile: { rows: 0, cols: 1 } }), /tile\.rows/);
  });
});

describe('the unmixing loop stops', () => {
  it('at once when the signal is already aborted', async () => {
    const reader = scene(2, 2);
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(collect(proportionSession(B, C), reader, { signal }), /enough/);
    assert.equal(reader.windows.length, 0);
  });

  it('between two runs of a tile', async () => {
    const abort = new AbortController();
    const session = proportionSession(B, C);
    const stopping: Session = {
      ...session,
      run: (inputs) => {
        if (session.runs.length === 1) abort.abort(new Error('enough'));
        return session.run(inputs);
      },
    };
    await assert.rejects(collect(stopping, scene(8, 8), { batch: 8, signal: abort.signal }), /enough/);
    assert.equal(session.runs.length, 2);
  });

  it("with the reader's error or the model's, and lets the reader end in order", async () => {
    const reader = scene(4, 4);
    let open = 0;
    const counting: SpectraReader = {
      ...reader,
      async *streamSpectra(window, wanted, pixels) {
        open++;
        try {
          if (window.row === 2) throw new Error('damaged block');
          yield* reader.streamSpectra(window, wanted, pixels);
        } finally {
          open--;
        }
      },
    };
    const tile = { rows: 2, cols: 4 };
    await assert.rejects(collect(proportionSession(B, C), counting, { tile }), /damaged block/);
    const failing: Session = { run: () => Promise.reject(new Error('model')), release: async () => undefined };
    await assert.rejects(collect(failing, counting, { tile }), /model/);
    assert.equal(open, 0);
  });
});

describe('a window around a damaged block', () => {
  it('counts each of its other pixels once, though it is begun again', async () => {
    const [rows, cols] = [8, 8];
    const lost: Window = { row: 4, col: 2, rows: 2, cols: 3 };
    const reader = scene(rows, cols);
    const damaged: SpectraReader = {
      ...reader,
      async *streamSpectra(window, ...more) {
        for await (const pack of reader.streamSpectra(window, ...more)) {
          yield pack; // some pixels went through the model before the damage shows
          if (sharedWindow(lost, window))
            throw Object.assign(new Error('no'), { damaged: { block: 'tile 1', window: lost } });
        }
      },
    };
    const runs: number[] = [];
    const compare = (_: Float32Array, count: number) => {
      runs.push(count);
      return { compared: count, unlike: 1, dark: 0 };
    };
    const options = { card, plan: planBands(reader, card), batch: 16, compare };
    const window = { row: 0, col: 0, rows, cols };
    const { seen } = await unmixAround(proportionSession(B, C), { reader: damaged, window }, options);
    assert.deepEqual([seen.validPixels, seen.compared], [64 - 6, 64 - 6]);
    assert.ok(runs.reduce((sum, one) => sum + one) > 64 - 6);
    assert.ok(seen.unlike < runs.length);
  });
});
