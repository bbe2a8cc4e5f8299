import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { distributionOf } from '@egunet/train';
import { root } from '../support/index.js';

/** What fixtures/golden/train/make_distribution.py made. */
const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/distribution.json'), 'utf8'));

/** The same formula. */
const spectra = Float32Array.from({ length: golden.pixels * golden.bands }, (_, i) => {
  const [n, b] = [Math.floor(i / golden.bands), i % golden.bands];
  const bright = 0.02 + 0.6 * ((n * 0.618034) % 1) ** 2;
  const wave = 0.2 * Math.cos(0.9 * b * ((n * 0.13) % 1));
  return bright * (1 + 0.4 * Math.sin(0.3 * b + 0.71 * n) + wave + 0.05 * Math.sin(n * b * 0.77));
});

describe('the distribution of training pixels', () => {
  it('is that of numpy and scipy: spectra, what mixtures of them leave, brightness, and who is outside', () => {
    const found = distributionOf(spectra, golden.bands)!;
    assert.equal(found.spectra.length, golden.chosen.length);
    for (const [i, n] of golden.chosen.entries()) {
      const row = spectra.subarray(n * golden.bands, (n + 1) * golden.bands);
      const length = Math.hypot(...row);
      for (let b = 0; b < golden.bands; b++) assert.ok(Math.abs(found.spectra[i]![b]! - row[b]! / length) < 1e-5); // five digits on the card
    }
    const near = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual / expected - 1) < 1e-3, `${actual} ${expected}`);
    near(found.remainder, golden.remainder);
    near(found.brightness[0], golden.brightness[0]);
    near(found.brightness[1], golden.brightness[1]);
    assert.ok(Math.abs(found.share - golden.share) < 1.5 / golden.pixels);
  });

  it('leaves out rows with gaps or of zeros, needs a hundred rows, and takes fewer spectra where there are no more', () => {
    const { bands } = golden;
    const more = new Float32Array(spectra.length + 2 * bands);
    more.set(spectra, bands);
    more[3] = Number.NaN;
    assert.deepEqual(distributionOf(more, bands), distributionOf(spectra, bands));
    assert.equal(distributionOf(spectra.subarray(0, 99 * bands), bands), undefined);
    assert.equal(distributionOf(new Float32Array(400), 4), undefined);
    const two = distributionOf(
      Float32Array.from({ length: 400 }, (_, i) => [0.1, 0.4, 0.3, 0.2][i % 4]!),
      2,
    )!;
    assert.equal(two.spectra.length, 2);
    assert.equal(two.remainder, 0.08); // nothing is left, and so much may be
    const one = distributionOf(new Float32Array(200).fill(0.3), 1)!;
    assert.deepEqual([one.spectra, one.brightness], [[[1]], [0.3, 0.3]]);
  });
});
