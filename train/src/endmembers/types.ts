// What endmember extraction reads and gives. Legend: n pixels, k pixels of a block, B bands, C endmembers, m candidates.
import type { Random } from '../random.js';
import type { Brightness, SubsetSettings } from './settings.js';

/** A small square of neighbouring pixels, those with data. */
export interface SpectraBlock {
  /** Reflectance [k, B]. */
  readonly spectra: Float32Array;
  /** Where the pixels lie: row * cols + col in the scene [k]. */
  readonly positions: Float64Array;
}

/** The part of a scene that endmembers are found in; `sampleScene` makes it. */
export interface SpectraSample {
  readonly bands: number;
  /** Reflectance of single pixels [n, B]. */
  readonly pixels: Float32Array;
  readonly blocks: readonly SpectraBlock[];
}

/** Spectra that may be endmembers: the bundles, the pure stream's training spectra. */
export interface Candidates {
  /** Reflectance >= 0 [m, B]. */
  readonly spectra: Float32Array;
  /** The scene position (row * cols + col) of the pixel that each comes from [m]. */
  readonly positions: Float64Array;
}

export interface MethodOptions {
  /** Endmembers to find, C. */
  readonly count: number;
  /** Those of them that are known [G, B], used as they are, the first in the result; none when absent. */
  readonly known?: Float32Array;
  readonly random: Random;
  /** Clusterings tried; the best is kept. */
  readonly restarts: number;
  /** What an abundance of 1 means; the K-means route takes spectra as they are. */
  readonly brightness: Brightness;
  /** Constants of the subset method. */
  readonly subset: SubsetSettings;
  /** Called between steps; rejects when the caller wants to stop. */
  readonly pause: (stage: string, done: number, total: number) => Promise<void>;
}

/** What a method gives. */
export interface MethodResult {
  /** [C, B], in the method's documented order. */
  readonly endmembers: Float32Array;
  readonly candidates: Candidates;
}

/** A way from a sample to C endmembers. Rejects with TrainError where the sample does not carry so many. */
export type EndmemberMethod = (sample: SpectraSample, options: MethodOptions) => Promise<MethodResult>;
