import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, type SpectraSample } from '@egunet/train';
import { root } from '../../support/index.js';

interface Golden {
  hysime: { truth: number; bands: number; pixels: number[]; count: number; noise: number[] }[];
  vca: {
    count: number;
    bands: number;
    snr: number;
    pixels: number[];
    draws: number[];
    indices: number[];
    spectra: number[];
  }[];
}

/** What fixtures/golden/train/make_endmembers.py made. */
export const golden = JSON.parse(readFileSync(join(root, 'fixtures/golden/train/endmembers.json'), 'utf8')) as Golden;

/** Four materials of 12 bands whose spectra are far apart [4, 12]. */
export const materials = Float32Array.from({ length: 48 }, (_, i) => {
  const [c, b] = [Math.floor(i / 12), i % 12];
  return 0.3 + 0.2 * Math.sin(0.4 * (c + 1) * b + c) + (b % 4 === c ? 0.2 : 0);
});

/**
 * A sample of 12 bands, 36 blocks of 25 pixels: in block i three pixels are pure (one material each, changing with i), the others are mixtures;
 * brightness varies by a fifth, noise has standard deviation .001.
 */
export function mixedSample(seed: number, count = 4): SpectraSample {
  const random = createRandom(seed);
  const bands = 12;
  const block = (i: number) => {
    const spectra = new Float32Array(25 * bands);
    for (let k = 0; k < 25; k++) {
      const weights = Array.from({ length: count }, () => -Math.log(1 - random.uniform()));
      const pure = k < 3 ? (i + k) % count : -1;
      const sum = weights.reduce((total, w) => total + w, 0);
      const brightness = 0.9 + 0.2 * random.uniform();
      for (let b = 0; b < bands; b++) {
        let value = 0;
        for (let c = 0; c < count; c++)
          value += (pure < 0 ? weights[c]! / sum : Number(c === pure)) * materials[c * bands + b]!;
        spectra[k * bands + b] = brightness * value + 0.001 * random.normal();
      }
    }
    return { spectra, positions: Float64Array.from({ length: 25 }, (_, k) => i * 25 + k) };
  };
  const blocks = Array.from({ length: 36 }, (_, i) => block(i));
  const pixels = new Float32Array(blocks.length * 25 * bands);
  blocks.forEach(({ spectra }, i) => {
    pixels.set(spectra, i * spectra.length);
  });
  return { bands, pixels, blocks };
}

/** Spectral angle between two spectra, radians. */
export function angle(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [xy, xx, yy] = [0, 0, 0];
  for (let b = 0; b < x.length; b++) {
    xy += x[b]! * y[b]!;
    xx += x[b]! * x[b]!;
    yy += y[b]! * y[b]!;
  }
  return Math.acos(Math.min(1, xy / Math.sqrt(xx * yy)));
}
