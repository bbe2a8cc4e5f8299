import assert from 'node:assert/strict';
import { createRandom, vca } from '@egunet/train';
import fc from 'fast-check';
import { golden, materials } from './golden.js';

/** Mixtures [pixels + 4, 12] of the four materials, the pure ones first. */
function mixtures(seed: number, pixels: number, noise = 0): Float32Array {
  const random = createRandom(seed);
  const spectra = new Float32Array((pixels + 4) * 12);
  spectra.set(materials);
  for (let n = 4; n < pixels + 4; n++) {
    const weights = Array.from({ length: 4 }, random.uniform);
    const sum = weights.reduce((total, w) => total + w, 0);
    for (let b = 0; b < 12; b++)
      spectra[n * 12 + b] =
        weights.reduce((value, w, c) => value + (w / sum) * materials[c * 12 + b]!, 0) + noise * random.normal();
  }
  return spectra;
}

describe('vca', () => {
  for (const { count, bands, snr, pixels, draws, indices, spectra } of golden.vca)
    it(`chooses the pixels that numpy's chooses: ${pixels.length / bands} pixels, ${bands} bands, ${snr} dB`, () => {
      let next = 0;
      const random = { normal: () => draws[next++]! };
      const found = vca(Float32Array.from(pixels), { count, bands, snr, random });
      assert.deepEqual([...found.indices], indices);
      found.spectra.forEach((value, i) => {
        assert.ok(Math.abs(value - spectra[i]!) < 2e-6, `${i}: ${value}, numpy ${spectra[i]}`);
      });
    });

  it('finds every vertex of noiseless mixtures, whatever the seed, the number of pixels and the projection', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), fc.constantFrom(5, 100), (seed, pixels, snr) => {
        const random = createRandom(seed);
        const { indices, spectra } = vca(mixtures(seed, pixels), { count: 4, bands: 12, snr, random });
        assert.deepEqual([...indices].sort(), [0, 1, 2, 3]);
        indices.forEach((index, i) => {
          for (let b = 0; b < 12; b++) assert.ok(Math.abs(spectra[i * 12 + b]! - materials[index * 12 + b]!) < 1e-5);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('is not misled by brightness at high SNR', () => {
    const spectra = mixtures(3, 20);
    for (let n = 4; n < 24; n++) for (let b = 0; b < 12; b++) spectra[n * 12 + b]! *= n % 2 ? 3 : 0.1;
    const { indices } = vca(spectra, { count: 4, bands: 12, snr: 40, random: createRandom(1) });
    assert.deepEqual([...indices].sort(), [0, 1, 2, 3]);
  });

  it('returns fewer where the pixels span fewer: copies, two materials, zeros', () => {
    const options = { count: 4, bands: 12, snr: 30, random: createRandom(1) };
    const copies = new Float32Array(25 * 12);
    for (let n = 0; n < 25; n++) copies.set(materials.subarray(0, 12), n * 12);
    assert.equal(vca(copies, options).indices.length, 1);
    assert.equal(vca(copies, { ...options, snr: 0 }).indices.length, 1);
    for (let n = 10; n < 25; n++) copies.set(materials.subarray(12, 24), n * 12);
    assert.equal(vca(copies, options).indices.length, 2);
    assert.equal(vca(new Float32Array(25 * 12), options).indices.length, 0);
  });

  it('estimates the signal-to-noise ratio within 1 dB: its choice of projection changes at 15 + 10 log10 p', () => {
    const clean = mixtures(5, 3000);
    const power = clean.reduce((sum, value) => sum + value * value, 0) / clean.length;
    const find = (pixels: Float32Array, snr?: number) =>
      vca(pixels, { count: 4, bands: 12, random: createRandom(1), ...(snr === undefined ? {} : { snr }) });
    // 15 + 10 log10 4 = 21.02 dB.
    for (const [snr, told, other] of [
      [20, 0, 100],
      [22, 100, 0],
      [10, 0, 100],
      [30, 100, 0],
    ] as const) {
      const noisy = mixtures(5, 3000, Math.sqrt(power / 10 ** (snr / 10)));
      assert.deepEqual(find(noisy), find(noisy, told), `${snr} dB`);
      assert.notDeepEqual(find(noisy).spectra, find(noisy, other).spectra, `${snr} dB`);
    }
    assert.deepEqual(find(clean), find(clean, 100), 'no noise at all');
  });
});
