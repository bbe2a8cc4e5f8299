import assert from 'node:assert/strict';
import { hysime } from '@egunet/train';
import { golden, mixedSample } from './golden.js';

describe('hysime', () => {
  for (const { truth, bands, pixels, count, noise } of golden.hysime)
    it(`finds the ${truth} endmembers of mixtures, and the noise of each band as numpy does`, () => {
      const found = hysime(Float32Array.from(pixels), bands);
      assert.equal(count, truth);
      assert.equal(found.count, truth);
      found.noise.forEach((variance, b) => {
        assert.ok(Math.abs(variance / noise[b]! - 1) < 1e-4, `band ${b}: ${variance}, numpy ${noise[b]}`);
      });
    });

  it('does not depend on the unit of the spectra', () => {
    const { bands, pixels, count } = golden.hysime[0]!;
    assert.equal(
      hysime(
        Float32Array.from(pixels, (v) => v * 10_000),
        bands,
      ).count,
      count,
    );
  });

  it('looks at evenly spaced pixels of a large sample', () => {
    const { pixels, bands } = mixedSample(1);
    const many = new Float32Array(pixels.length * 30); // 27,000 pixels
    for (let i = 0; i < 30; i++) many.set(pixels, i * pixels.length);
    assert.equal(hysime(many, bands).count, hysime(pixels, bands).count);
  });

  it('refuses fewer pixels than bands and pixels of zeros', () => {
    assert.throws(() => hysime(new Float32Array(12 * 12), 12), {
      _tag: 'TrainError',
      message: /needs more pixels than bands, got 12 pixels of 12 bands; give the number/,
    });
    assert.throws(() => hysime(new Float32Array(12 * 20), 12), { _tag: 'TrainError', message: /every pixel is zero/ });
  });
});
