// A small image of smooth abundances and noisy spectra, for the tests of the spatial layer. Legend: N pixels, B bands, C endmembers.
import { abundanceFields, seededRandom } from '@egunet/fixtures';
import type { RunFacts, TrainingSet } from '@egunet/train';
import { materials } from '../endmembers/golden.js';

export const SIDE = 48;
export const BANDS = 12;
export const COUNT = 4;

export interface NoisyImage {
  readonly set: TrainingSet;
  readonly facts: RunFacts;
  /** [N, C] */
  readonly truth: Float32Array;
}

/** 48 x 48 pixels of four materials, white noise of standard deviation .12; every third pixel is a candidate with its true abundances. */
export function noisyImage(noise = 0.12): NoisyImage {
  const random = seededRandom(31);
  const truth = abundanceFields(SIDE, SIDE, { random, materials: COUNT, radius: 6, contrast: 4 });
  const N = SIDE * SIDE;
  const pixels = Float32Array.from({ length: N * BANDS }, (_, i) => {
    const [n, b] = [Math.floor(i / BANDS), i % BANDS];
    let value = noise * random.normal();
    for (let c = 0; c < COUNT; c++) value += truth[n * COUNT + c]! * materials[c * BANDS + b]!;
    return Math.max(0, value);
  });
  const thirds = <T extends Float32Array>(values: T, size: number) =>
    values.filter((_, i) => Math.floor(i / size) % 3 === 0);
  const candidates = thirds(pixels, BANDS);
  const patches = [{ spectra: pixels, positions: Float64Array.from({ length: N }, (_, i) => i) }];
  return {
    set: { bands: BANDS, endmembers: COUNT, pixels, candidates, labels: thirds(truth, COUNT), patches },
    truth,
    facts: {
      sensor: 'test sensor',
      bands: Array.from({ length: BANDS }, (_, i) => ({ wavelength: 400 + 10 * i, fwhm: 10 })),
      endmembers: Array.from({ length: COUNT }, (_, c) => ({
        name: `endmember ${c + 1}`,
        spectrum: [...materials.subarray(c * BANDS, (c + 1) * BANDS)],
      })),
      endmemberMethod: 'known',
      scene: { name: 'noisy', rows: SIDE, cols: SIDE, pixelSize: 30 },
      pixels: N,
      candidates: candidates.length / BANDS,
    },
  };
}
