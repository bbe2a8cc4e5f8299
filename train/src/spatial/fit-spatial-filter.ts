// The spatial layer of a trained network, fitted to patches of its scene. Legend: n pixels of a patch, B bands, C endmembers.
import { encodeModel } from '@egunet/export';
import type { SpatialFilter } from '@egunet/models';
import { bandNoise } from '../endmembers/hysime.js';
import type { SpectraBlock } from '../endmembers/types.js';
import type { Checkpoint } from '../fit/checkpoint.js';
import { foldEncoders, headGraph } from '../head-graph.js';
import { createRandom } from '../random.js';
import { runHead } from '../run-head.js';
import { allVariograms, spatialFilter } from './filter.js';
import type { AbundancePatch } from './variograms.js';

/** What the layer is fitted to, in reflectance. */
export interface SpatialData {
  /** Patches of the scene, pixels with data. */
  readonly patches: readonly SpectraBlock[];
  /** Pixels of the scene, from which its noise is estimated [N, B]. */
  readonly pixels: Float32Array;
}

/** Values of a patch's pixels [n, C] on its grid, NaN where there is no pixel. */
function onGrid(
  { positions }: SpectraBlock,
  values: Float32Array,
  { cols, C }: { cols: number; C: number },
): AbundancePatch {
  const rowOf = (position: number) => Math.floor(position / cols);
  const bounds = (of: (position: number) => number) => {
    const all = Array.from(positions, of);
    const least = all.reduce((a, b) => Math.min(a, b));
    return { least, size: all.reduce((a, b) => Math.max(a, b)) - least + 1 };
  };
  const [rows, columns] = [bounds(rowOf), bounds((position) => position % cols)];
  const abundances = new Float32Array(rows.size * columns.size * C).fill(Number.NaN);
  positions.forEach((position, n) => {
    const at = (rowOf(position) - rows.least) * columns.size + (position % cols) - columns.least;
    abundances.set(values.subarray(n * C, (n + 1) * C), at * C);
  });
  return { rows: rows.size, cols: columns.size, abundances };
}

/** Throws TrainError where the patches are too small, or have too many gaps, for a spatial layer: before a training, not after it. */
export function assertReach(patches: readonly SpectraBlock[], cols: number): void {
  const flat = patches.map((patch) => onGrid(patch, new Float32Array(patch.positions.length), { cols, C: 1 }));
  allVariograms(flat, 1);
}

/** Standard deviation of the noise in each band, reflectance [B]; undefined where there are too few pixels to tell. */
function noiseOf(pixels: Float32Array, bands: number): Float64Array | undefined {
  if (pixels.length / bands <= bands) return undefined;
  return bandNoise(pixels, bands).noise.map(Math.sqrt);
}

/**
 * Fits the spatial layer: the network unmixes the patches as they are, and with noise added like that which HySime finds in the scene, drawn
 * by the run's seed; `spatialFilter` does the rest. Throws TrainError as that does.
 */
export async function fitSpatialFilter(
  checkpoint: Checkpoint,
  { patches, pixels }: SpatialData,
): Promise<SpatialFilter> {
  const { inputScale, facts, settings } = checkpoint;
  const [B, C] = [facts.bands.length, facts.endmembers.length];
  const head = encodeModel(headGraph(foldEncoders(checkpoint)[0]!, inputScale));
  const unmix = async (patch: SpectraBlock, spectra: Float32Array) =>
    onGrid(patch, await runHead(head, spectra, B), { cols: facts.scene.cols, C });
  const deviations = noiseOf(pixels, B);
  const random = createRandom(settings.seed).fork('noise of patches');
  const [asTheyAre, noised]: [AbundancePatch[], AbundancePatch[]] = [[], []];
  for (const patch of patches) {
    asTheyAre.push(await unmix(patch, patch.spectra));
    if (!deviations) continue;
    noised.push(
      await unmix(
        patch,
        patch.spectra.map((value, i) => value + deviations[i % B]! * random.normal()),
      ),
    );
  }
  return spatialFilter({ patches: asTheyAre, ...(deviations && { noised }) }, C);
}
