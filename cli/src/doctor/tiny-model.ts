// A small model in a file, to try where models run. Legend: B bands, C endmembers.
import { initialParameters, initialStatistics, pixelwiseNetwork } from '@egunet/models';
import { type Checkpoint, createRandom, DEFAULT_SETTINGS, exportHead } from '@egunet/train';
import { softwareVersion } from '../version.js';

const [BANDS, ENDMEMBERS] = [12, 3];

/** Seeded reflectance of `pixels` pixels [pixels, B]. */
export function somePixels(pixels: number): Float32Array {
  const random = createRandom(3);
  return Float32Array.from({ length: pixels * BANDS }, () => random.uniform());
}

/** The bytes of a head of seeded parameters, made as `egunet export` makes one. */
export async function tinyModel(): Promise<Uint8Array> {
  const network = pixelwiseNetwork(BANDS, ENDMEMBERS);
  const random = createRandom(1);
  const parameters = initialParameters(network, () => random.uniform());
  const numbers = Array.from({ length: BANDS }, (_, b) => b);
  const checkpoint: Checkpoint = {
    settings: { ...DEFAULT_SETTINGS, epochs: 1, batch: 2, candidateBatch: 2 },
    ...{ inputScale: 1, dataDigest: '', epoch: 1, history: [], probe: somePixels(64) },
    state: { parameters, first: parameters, second: parameters, moving: initialStatistics(network) },
    facts: {
      sensor: null,
      bands: numbers.map((b) => ({ wavelength: 450 + 100 * b, fwhm: 10 })),
      endmembers: ['a', 'b', 'c'].map((name, c) => ({ name, spectrum: numbers.map((b) => 0.1 * (c + 1) + 0.01 * b) })),
      endmemberMethod: 'known',
      scene: { name: 'none', rows: 8, cols: 8, pixelSize: null },
      ...{ pixels: 64, candidates: 64 },
    },
  };
  return (await exportHead(checkpoint, { softwareVersion: softwareVersion(), created: new Date(0) })).bytes;
}
