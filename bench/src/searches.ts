// Where endmembers come from, and how abundances are found in them without a network. Legend: N pixels, B bands, C endmembers.
import {
  type Brightness,
  createRandom,
  type EndmemberMethodName,
  fclsAbundances,
  findEndmembers,
  nnlsAbundances,
  vca,
} from '@egunet/train';
import { type BlindTraining, prepareBlind, sampleWhole } from './blind.js';
import type { ReferenceScene } from './scenes.js';

/** How abundances are found in endmembers. */
export interface Unmixing {
  readonly name: string;
  /** Abundances [N, C] of spectra [N, B] in endmembers [C, B]. */
  readonly unmix: (endmembers: Float32Array, spectra: Float32Array, bands: number) => Float32Array;
}

/** How the search of the product itself goes about it. */
export interface OwnSearch {
  readonly method: EndmemberMethodName;
  /** Belongs to methods that leave a choice. */
  readonly brightness?: Brightness;
}

export interface SearchOptions {
  readonly seed: number;
  readonly own: OwnSearch;
}

/** What a search finds. */
export interface Found {
  /** [C, B] */
  readonly endmembers: Float32Array;
  /** What networks are trained with, where the search gives it. */
  readonly training?: BlindTraining;
}

/** Where endmembers come from, and what is done with them. */
export interface Search {
  readonly key: string;
  readonly name: string;
  /** Whether it is told the number of endmembers alone. */
  readonly blind: boolean;
  readonly find: (scene: ReferenceScene, options: SearchOptions) => Promise<Found>;
  readonly unmixings: readonly Unmixing[];
}

const NNLS: Unmixing = { name: 'NNLS / sum', unmix: (...given) => nnlsAbundances(...given).abundances };
const FCLSU: Unmixing = { name: 'FCLSU', unmix: fclsAbundances };

const ofReference: Search['find'] = async ({ referenceEndmembers }) => ({ endmembers: referenceEndmembers });

const byVca: Search['find'] = async ({ spectra, bands, materials }, { seed }) => {
  const random = createRandom(seed).fork('vca');
  const found = vca(spectra, { count: materials.length, bands, random }).spectra;
  return { endmembers: found.map((value) => Math.max(0, value)) };
};

const byKmeans: Search['find'] = async (scene, { seed }) => {
  const sample = await sampleWhole(scene, seed);
  return await findEndmembers(sample, { seed, count: scene.materials.length, method: 'kmeans' });
};

const byOwn: Search['find'] = async (scene, { seed, own }) => {
  const training = await prepareBlind(scene, seed, own);
  return { endmembers: training.found.endmembers, training };
};

/** The search whose labels networks learn. */
export const OWN = 'own';

export const SEARCHES: readonly Search[] = [
  {
    key: 'reference',
    name: "the reference's endmembers",
    blind: false,
    find: ofReference,
    unmixings: [NNLS, FCLSU],
  },
  { key: 'vca', name: 'VCA on all pixels', blind: true, find: byVca, unmixings: [FCLSU, NNLS] },
  { key: 'kmeans', name: 'K-means of block bundles', blind: true, find: byKmeans, unmixings: [NNLS] },
  { key: OWN, name: 'M (ours)', blind: true, find: byOwn, unmixings: [NNLS, FCLSU] },
];
