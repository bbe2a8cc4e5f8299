// Models that no training has made, pixel-wise and spatial, and what the layer of a spatial one should give. Legend: B bands, C endmembers, N pixels,
// q factors, r radius of a layer, s = 2 r + 1.
import { initialParameters, initialStatistics, pixelwiseNetwork, type SpatialFilter } from '@egunet/models';
import { type Checkpoint, createRandom, DEFAULT_SETTINGS, exportHead } from '@egunet/train';

/** What a model is to be of. */
interface ModelFacts {
  readonly bands: readonly { readonly wavelength: number; readonly fwhm: number }[];
  /** C */
  readonly endmembers: number;
  /** Reflectance of some pixels [N, B]. */
  readonly probe: Float32Array;
  readonly scene: { readonly rows: number; readonly cols: number };
}

/** A network of seeded parameters that no training has levelled: its abundances differ from pixel to pixel. */
export function untrained({ bands, endmembers, probe, scene }: ModelFacts): Checkpoint {
  const network = pixelwiseNetwork(bands.length, endmembers);
  const random = createRandom(11);
  const parameters = initialParameters(network, () => random.uniform()).map((v) => v + 0.15 * random.normal());
  const moving = initialStatistics(network).map((v) => v + 0.2 * random.uniform());
  return {
    settings: { ...DEFAULT_SETTINGS, epochs: 200, batch: 64, candidateBatch: 10 },
    inputScale: 1.5,
    dataDigest: '00',
    epoch: 1,
    history: [],
    state: { parameters, first: parameters, second: parameters, moving },
    probe,
    facts: {
      sensor: null,
      bands: [...bands],
      endmembers: Array.from({ length: endmembers }, (_, c) => ({
        name: `material ${c + 1}`,
        spectrum: bands.map((_, b) => 0.1 + 0.05 * c + b / 1000),
      })),
      endmemberMethod: 'known',
      scene: { name: 'simulated', pixelSize: 30, ...scene },
      pixels: 64,
      candidates: 64,
    },
  };
}

/** A model file's bytes. */
export const modelFile = async (of: Checkpoint): Promise<Uint8Array> =>
  (await exportHead(of, { softwareVersion: '0.0.0', created: new Date(0) })).bytes;

/** A layer of seeded weights that mixes strongly: q = C - 1. Weights of a factor are positive and sum to 0.8. */
function seededLayer(C: number, radius: number): SpatialFilter {
  const random = createRandom(12);
  const [q, places] = [C - 1, (2 * radius + 1) ** 2];
  const weights = Array.from({ length: places * q }, (_, i) =>
    Math.floor(i / q) === (places - 1) / 2 ? 0 : 0.2 + random.uniform(),
  );
  const sums = Array.from({ length: q }, (_, f) => weights.reduce((sum, w, i) => (i % q === f ? sum + w : sum), 0));
  return {
    radius,
    // Factor f is abundance f, and what it gains the last abundance loses.
    toFactors: Array.from({ length: C * q }, (_, i) => Number(Math.floor(i / q) === i % q)),
    fromFactors: Array.from({ length: q * C }, (_, i) => Number(i % C === Math.floor(i / C)) - Number(i % C === q)),
    weights: weights.map((weight, i) => (0.8 * weight) / sums[i % q]!),
    noiseShares: sums.map(() => 0.5),
  };
}

/** The same network with a spatial layer behind it. */
export const withLayer = (checkpoint: Checkpoint, radius = 2): Checkpoint => ({
  ...checkpoint,
  settings: { ...checkpoint.settings, model: 'ss' },
  spatial: seededLayer(checkpoint.facts.endmembers.length, radius),
});

/**
 * What the layer makes of the pixel-wise abundances [N, C] of a whole image, NaN where not valid: plain loops, in float64. A pixel's factor gains
 * weight * (neighbour's - its own) of each neighbour that is valid; what is negative becomes 0, the rest is divided by its sum.
 */
export function smoothPlainly(
  { spatial }: Checkpoint,
  { rows, cols, abundances }: { rows: number; cols: number; abundances: Float32Array },
): Float32Array {
  const { radius: r, weights } = spatial!;
  const C = abundances.length / (rows * cols);
  const [q, s] = [C - 1, 2 * r + 1];
  return abundances.map((_, i) => {
    const [pixel, c] = [Math.floor(i / C), i % C];
    const own = abundances.subarray(pixel * C, pixel * C + C);
    if (Number.isNaN(own[0]!)) return Number.NaN;
    const changed = Float64Array.from(own);
    for (let dr = -r; dr <= r; dr++)
      for (let dc = -r; dc <= r; dc++) {
        const [row, col] = [Math.floor(pixel / cols) + dr, (pixel % cols) + dc];
        const other = (row * cols + col) * C;
        if (row < 0 || row >= rows || col < 0 || col >= cols || Number.isNaN(abundances[other]!)) continue;
        for (let f = 0; f < q; f++) {
          const change = weights[((dr + r) * s + dc + r) * q + f]! * (abundances[other + f]! - own[f]!);
          changed[f]! += change;
          changed[q]! -= change;
        }
      }
    const kept = changed.map((value) => Math.max(0, value));
    return kept[c]! / kept.reduce((a, b) => a + b);
  });
}
