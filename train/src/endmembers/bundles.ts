// Endmember bundles: VCA in every small block. Legend: B bands, C endmembers, k pixels of a block, m candidates.
// B. Somers et al., "Automated extraction of image-based endmember bundles", IEEE JSTARS 5(2), 2012; blocks as in Hong et al. 2021.
import { TrainError } from '../error.js';
import { BUNDLES } from './settings.js';
import type { Candidates, MethodOptions, SpectraSample } from './types.js';
import { vca } from './vca.js';

/** Blocks between two chances to stop or to draw a progress line. */
const BLOCKS_A_TURN = 32;

/**
 * C candidates from each block (fewer from a block whose pixels span fewer directions; none from a block of fewer than C pixels
 * or of zeros), clamped to >= 0. In the order of the blocks. Throws TrainError where there are fewer than C in all.
 */
export async function extractBundles(
  { bands, blocks }: SpectraSample,
  { count, random, pause }: Pick<MethodOptions, 'count' | 'random' | 'pause'>,
): Promise<Candidates> {
  const parts: Float32Array[] = [];
  const positions: number[] = [];
  for (const [i, block] of blocks.entries()) {
    if (i % BLOCKS_A_TURN === 0) await pause('bundles', i, blocks.length);
    if (block.positions.length < count) continue;
    const { spectra, indices } = vca(block.spectra, { count, bands, random, snr: BUNDLES.snr });
    for (const [c, index] of indices.entries()) {
      const spectrum = spectra.subarray(c * bands, (c + 1) * bands).map((value) => Math.max(0, value));
      if (spectrum.every((value) => value === 0)) continue;
      parts.push(spectrum);
      positions.push(block.positions[index]!);
    }
  }
  await pause('bundles', blocks.length, blocks.length);
  if (parts.length < count)
    throw new TrainError(
      `bundles: ${blocks.length} blocks gave ${parts.length} candidate spectra for ${count} endmembers; ask for fewer endmembers or give a larger scene`,
    );
  const spectra = new Float32Array(parts.length * bands);
  parts.forEach((part, i) => {
    spectra.set(part, i * bands);
  });
  return { spectra, positions: Float64Array.from(positions) };
}
