// A small linear-mixture training set with known abundances, for the tests of training and export.
import { createRandom, type RunFacts, type TrainingSet } from '@egunet/train';

export interface Mixtures {
  readonly set: TrainingSet;
  readonly facts: RunFacts;
}

/** Exact mixtures of random smooth spectra: N mixed pixels, m purer candidates. */
export function mixtures({ bands = 12, endmembers = 3, pixels = 60, candidates = 30, seed = 7 } = {}): Mixtures {
  const random = createRandom(seed);
  const spectra = Array.from({ length: endmembers }, () => {
    const [a, b, c] = [random.uniform(), random.uniform(), 3 * random.uniform()];
    return Float32Array.from({ length: bands }, (_, i) => 0.1 + 0.4 * a + 0.3 * b * Math.sin(c + (6 * i) / bands) ** 2);
  });
  const mix = (count: number, purity: number) => {
    const abundances = new Float32Array(count * endmembers);
    const values = new Float32Array(count * bands);
    for (let p = 0; p < count; p++) {
      const weights = spectra.map(() => Math.exp(purity * random.uniform()));
      const sum = weights.reduce((x, y) => x + y, 0);
      spectra.forEach((spectrum, e) => {
        abundances[p * endmembers + e] = weights[e]! / sum;
        for (let b = 0; b < bands; b++) values[p * bands + b]! += (weights[e]! / sum) * spectrum[b]!;
      });
    }
    return { abundances, values };
  };
  const mixed = mix(pixels, 3);
  const pure = mix(candidates, 9);
  return {
    set: { bands, endmembers, pixels: mixed.values, candidates: pure.values, labels: pure.abundances },
    facts: {
      sensor: 'test sensor',
      bands: Array.from({ length: bands }, (_, i) => ({ wavelength: 400 + 10 * i, fwhm: 10 })),
      endmembers: spectra.map((spectrum, i) => ({ name: `endmember ${i + 1}`, spectrum: [...spectrum] })),
      endmemberMethod: 'known',
      scene: { name: 'mixtures', rows: 1, cols: pixels, pixelSize: 30 },
      pixels,
      candidates,
    },
  };
}

/** Largest absolute difference, relative to the largest value of the reference. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return actual.length === expected.length ? difference / largest : Number.POSITIVE_INFINITY;
}
