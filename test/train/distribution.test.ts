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
  it('is that of numpy: directions, what they leave, brightness, and who is outside', () => {
    const found = distributionOf(spectra, golden.bands)!;
    assert.equal(found.directions.length, 6);
    for (let i = 0; i < golden.bands; i++)
      for (let j = 0; j < golden.bands; j++) {
        const projected = found.directions.reduce((sum, direction) => sum + direction[i]! * direction[j]!, 0);
        assert.ok(Math.abs(projected - golden.projection[i][j]) < 3e-5, `${i}, ${j}`); // five digits on the card
      }
    const near = (actual: number, expected: number) =>
      assert.ok(Math.abs(actual / expected - 1) < 1e-3, `${actual} ${expected}`);
    near(found.remainder, golden.remainder);
    near(found.brightness[0], golden.brightness[0]);
    near(found.brightness[1], golden.brightness[1]);
    assert.ok(Math.abs(found.share - golden.share) < 1.5 / golden.pixels);
  });

  it('leaves out rows with gaps or of zeros, takes half as many directions as bands, and needs a hundred rows', () => {
    const more = new Float32Array(spectra.length + 2 * golden.bands);
    more.set(spectra, golden.bands);
    more[3] = Number.NaN;
    assert.deepEqual(distributionOf(more, golden.bands), distributionOf(spectra, golden.bands));
    assert.equal(distributionOf(spectra, 8)!.directions.length, 4);
    assert.equal(distributionOf(spectra.subarray(0, 99 * golden.bands), golden.bands), undefined);
    assert.equal(distributionOf(new Float32Array(400), 4), undefined);
    assert.equal(
      distributionOf(
        Float32Array.from({ length: 200 }, (_, i) => i),
        1,
      ),
      undefined,
    );
  });
});
