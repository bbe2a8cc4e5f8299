// What a network is trained on, and what a run remembers of it. Legend: N pixels, n of them drawn, m candidates, B bands, C endmembers.
import { createHash } from 'node:crypto';
import type { TrainingImage } from '../convolutional/patches.js';
import type { SpectraBlock } from '../endmembers/types.js';
import { TrainError } from '../error.js';
import type { Random } from '../random.js';
import { SPATIAL } from '../spatial/settings.js';
import type { RunFacts } from './checkpoint.js';

/** What a network is trained on, in reflectance. */
export interface TrainingSet {
  readonly bands: number;
  readonly endmembers: number;
  /** Mixed pixels [N, B]. */
  readonly pixels: Float32Array;
  /** Pseudo-endmembers [m, B]. */
  readonly candidates: Float32Array;
  /** Their soft labels [m, C]: >= 0, sum 1. */
  readonly labels: Float32Array;
  /** Patches of the scene, to which the spatial layer of EGU-Net-ss is fitted. */
  readonly patches?: readonly SpectraBlock[];
  /** The scene itself, which `ss-paper` is trained on. */
  readonly image?: TrainingImage;
}

/** Throws TrainError unless the sizes agree with each other and with the facts, and every value is finite. */
export function assertTrainingSet(
  { bands, endmembers, pixels, candidates, labels }: TrainingSet,
  facts: RunFacts,
): void {
  const [n, m, l] = [pixels.length / bands, candidates.length / bands, labels.length / endmembers];
  if (!Number.isInteger(n) || !Number.isInteger(m) || m !== l || endmembers < 2)
    throw new TrainError(
      `training: expected pixels [N, ${bands}], candidates [m, ${bands}] and labels [m, ${endmembers}], got ${pixels.length}, ${candidates.length} and ${labels.length} values`,
    );
  if (n < 2 || m < 2) throw new TrainError(`training: ${n} pixels and ${m} candidates are too few; use a larger scene`);
  if (facts.bands.length !== bands || facts.endmembers.length !== endmembers)
    throw new TrainError(
      `training: the facts name ${facts.bands.length} bands and ${facts.endmembers.length} endmembers, the data has ${bands} and ${endmembers}`,
    );
  for (const part of [pixels, candidates, labels])
    if (!part.every(Number.isFinite))
      throw new TrainError('training: a value is not finite; mask such pixels as NoData');
}

/** Throws TrainError unless there are patches, of the same bands and finite. */
export function assertPatches({ bands, patches = [] }: TrainingSet): void {
  if (patches.length === 0)
    throw new TrainError(
      `training: --model ss needs patches of the scene with data in ${SPATIAL.leastPixels} of their pixels, or a quarter, and there are none; check its NoData value, or use --model pw`,
    );
  for (const { spectra, positions } of patches)
    if (spectra.length !== positions.length * bands || !spectra.every(Number.isFinite))
      throw new TrainError(
        `training: a patch should be finite spectra of ${bands} bands for ${positions.length} positions, got ${spectra.length} values`,
      );
}

/** sha256 of the data, hexadecimal; of the image, the pixels drawn stand for the rest. */
export function digestOf({ bands, endmembers, pixels, candidates, labels, patches = [] }: TrainingSet): string {
  const hash = createHash('sha256').update(`${bands} ${endmembers} ${pixels.length} ${candidates.length} `);
  const ofPatches = patches.flatMap(({ spectra, positions }) => [spectra, positions]);
  for (const part of [pixels, candidates, labels, ...ofPatches])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

/** Share of the pixels that must not be brighter than the input's full scale; the rest, glints and faults, are clipped. */
const BRIGHT_QUANTILE = 0.999;

/** The quantile of the pixels' largest values: of fewer than a thousand pixels, the largest value of all. Throws TrainError where it is 0. */
export function brightest({ pixels, bands }: Pick<TrainingSet, 'pixels' | 'bands'>): number {
  const maxima = new Float32Array(pixels.length / bands);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / bands);
    if (pixels[i]! > maxima[pixel]!) maxima[pixel] = pixels[i]!;
  }
  const value = maxima.sort()[Math.ceil(BRIGHT_QUANTILE * maxima.length) - 1]!;
  if (!(value > 0))
    throw new TrainError('training: no pixel is brighter than 0; check the scene, its gain and its NoData value');
  return value;
}

/** `most` of the pixels, or all where they are fewer, drawn without repeats, in the order of the data [n, B]. */
export function drawPixels({ pixels, bands }: TrainingSet, most: number, random: Random): Float32Array {
  const order = random.shuffle(Int32Array.from({ length: pixels.length / bands }, (_, i) => i));
  const chosen = order.subarray(0, most).sort();
  const drawn = new Float32Array(chosen.length * bands);
  chosen.forEach((pixel, i) => {
    drawn.set(pixels.subarray(pixel * bands, (pixel + 1) * bands), i * bands);
  });
  return drawn;
}
