// How well abundances explain spectra. Legend: B bands, C endmembers.
import assert from 'node:assert/strict';
import { makeQualityMeter, planUnmixing, type Session, unmixWindow } from '@egunet/infer';
import type { ModelCard } from '@egunet/models/card';
import fc from 'fast-check';
import { cardBands, hashedSpectra, memoryReader, modelCard, proportionSession } from './support.js';

const card = modelCard();
const B = card.bands.length;
const C = card.endmembers.length;

/** A card of two bands and two endmembers whose figures are known by hand. */
const plain: ModelCard = {
  ...card,
  bands: card.bands.slice(0, 2),
  endmembers: [
    { name: 'a', spectrum: [0.4, 0] },
    { name: 'b', spectrum: [0, 0.4] },
  ],
};

/** RMSE and angle of one pixel. */
function qualityOf(spectrum: readonly number[], abundances: readonly number[], of: ModelCard): [number, number] {
  const into = new Float32Array(4);
  const pixels = { spectra: Float32Array.from(spectrum), abundances: Float32Array.from(abundances) };
  makeQualityMeter(of).measure(0, pixels, { into, to: 1 });
  assert.deepEqual([into[0], into[3]], [0, 0]);
  return [into[1]!, into[2]!];
}
const near = (got: number, expected: number, within: number) =>
  assert.ok(Math.abs(got - expected) <= within, `${got}, expected ${expected}`);

describe('the quality of a pixel', () => {
  it('is the root mean square of what the mixture leaves, and the angle between the two', () => {
    // Mixture (0.2, 0.2); pixel (0.2, 0): residual (0, -0.2), RMSE sqrt(0.04 / 2), angle 45 degrees.
    const [rmse, angle] = qualityOf([0.2, 0], [0.5, 0.5], plain);
    near(rmse, Math.sqrt(0.02), 1e-7);
    near(angle, Math.PI / 4, 1e-7);
    // Twice the mixture: the same direction, residual (0.2, 0.2).
    const [twice, none] = qualityOf([0.4, 0.4], [0.5, 0.5], plain);
    near(twice, 0.2, 1e-7);
    near(none, 0, 1e-7);
  });

  it('of a spectrum of zeros is a right angle', () => {
    assert.equal(qualityOf([0, 0], [0.5, 0.5], plain)[1], Math.fround(Math.PI / 2));
    assert.equal(qualityOf([0.1, 0], [0, 0], plain)[1], Math.fround(Math.PI / 2));
  });

  it('is nothing for exact mixtures, and as told by the definition for any other', () => {
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    const noise = fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: B, maxLength: B });
    fc.assert(
      fc.property(fc.tuple(share, share, share), noise, (shares, off) => {
        const sum = shares[0] + shares[1] + shares[2];
        const abundances = shares.map((one) => Math.fround(one / sum));
        const mixed = card.bands.map((_, b) =>
          abundances.reduce((total, a, c) => total + a * card.endmembers[c]!.spectrum[b]!, 0),
        );
        // Float32 holds a reflectance of at most 1 to 6e-8.
        const exact = qualityOf(mixed, abundances, card);
        assert.ok(exact[0] < 1e-7 && exact[1] < 1e-6, `${exact}`);
        const pixel = mixed.map((value, b) => Math.fround(value + off[b]!));
        const [rmse, angle] = qualityOf(pixel, abundances, card);
        near(rmse, Math.sqrt(pixel.reduce((total, y, b) => total + (y - mixed[b]!) ** 2, 0) / B), 1e-7);
        const length = (v: readonly number[]) => Math.sqrt(v.reduce((total, one) => total + one * one, 0));
        const cosine = pixel.reduce((total, y, b) => total + y * mixed[b]!, 0) / (length(pixel) * length(mixed));
        near(Math.cos(angle), cosine, 1e-6);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  it('stands behind the abundances of each pixel of a window, NaN where there is no data', async () => {
    const [rows, cols] = [5, 7];
    const spectra = hashedSpectra(rows * cols * B);
    const valid = Uint8Array.from({ length: rows * cols }, (_, i) => (i % 4 === 1 ? 0 : 1));
    const reader = memoryReader({ rows, cols, bands: cardBands(card), spectra, valid });
    const window = { row: 0, col: 0, rows, cols };
    const session: Session = proportionSession(B, C);
    const work = { ...planUnmixing(reader, { card, batch: 6 }), card };
    const without = await unmixWindow(session, { reader, window }, work);
    const { abundances, seen } = await unmixWindow(
      session,
      { reader, window },
      { ...work, quality: makeQualityMeter(card) },
    );
    assert.deepEqual(seen, without.seen);
    const D = C + 2;
    assert.equal(abundances.length, rows * cols * D);
    for (const [i, has] of valid.entries()) {
      const pixel = abundances.subarray(i * D, (i + 1) * D);
      const shares = without.abundances.subarray(i * C, (i + 1) * C);
      const quality = has
        ? qualityOf([...spectra.subarray(i * B, (i + 1) * B)], [...shares], card)
        : [Number.NaN, Number.NaN];
      assert.deepEqual([...pixel], [...shares, ...quality], `pixel ${i}`);
    }
  });
});

describe('pixels that are left out', () => {
  it('are as pixels without data, and change nothing for the others', async () => {
    const [rows, cols] = [9, 11];
    const reader = memoryReader({ rows, cols, bands: cardBands(card), spectra: hashedSpectra(rows * cols * B) });
    const window = { row: 0, col: 0, rows, cols };
    const work = { ...planUnmixing(reader, { card, batch: 8 }), card };
    const all = await unmixWindow(proportionSession(B, C), { reader, window }, work);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ min: 0, max: 1, minLength: 99, maxLength: 99 }), async (leaveOut) => {
        const session = proportionSession(B, C);
        const { abundances, seen } = await unmixWindow(session, { reader, window, leaveOut }, work);
        const taken = leaveOut.filter((one) => one === 0).length;
        assert.equal(seen.validPixels, taken);
        assert.deepEqual(session.runs, new Array(Math.ceil(taken / 8)).fill(8));
        assert.deepEqual(
          abundances,
          all.abundances.map((value, i) => (leaveOut[Math.floor(i / C)] === 1 ? Number.NaN : value)),
        );
      }),
      { numRuns: 30, seed: 3 },
    );
  });
});
