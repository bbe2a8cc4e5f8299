// Abundances without a network: the usual routes, on the same scene and seed. Legend: N pixels, B bands, C endmembers.
import {
  type Brightness,
  createRandom,
  evaluateAbundances,
  fclsAbundances,
  findEndmembers,
  type MapEvaluation,
  nnlsAbundances,
  type SpectraSample,
  vca,
} from '@egunet/train';
import { sampleWhole } from './blind.js';
import type { ReferenceScene } from './scenes.js';
import { mean, spread, table } from './statistics.js';

/** How abundances are found in endmembers. */
interface Unmixing {
  readonly name: string;
  readonly unmix: (endmembers: Float32Array, spectra: Float32Array, bands: number) => Float32Array;
}

/** Where endmembers come from, and what is done with them. */
interface Search {
  readonly name: string;
  /** Whether it is told the number of endmembers alone. */
  readonly blind: boolean;
  /** Endmembers [C, B]. */
  readonly find: (
    scene: ReferenceScene,
    how: { seed: number; sample: SpectraSample; brightness: Brightness },
  ) => Float32Array | Promise<Float32Array>;
  readonly unmixings: readonly Unmixing[];
}

/** What a route scores with each seed. */
interface Route {
  readonly name: string;
  readonly blind: boolean;
  readonly scores: { readonly evaluation: MapEvaluation /** Endmembers and abundances. */; readonly seconds: number }[];
}

const NNLS: Unmixing = { name: 'NNLS / sum', unmix: (...given) => nnlsAbundances(...given).abundances };
const FCLSU: Unmixing = { name: 'FCLSU', unmix: fclsAbundances };
const ofReference: Search['find'] = ({ referenceEndmembers }) => referenceEndmembers;
const byVca: Search['find'] = ({ spectra, bands, materials }, { seed }) =>
  vca(spectra, { count: materials.length, bands, random: createRandom(seed).fork('vca') }).spectra.map((v) =>
    Math.max(0, v),
  );
const byMethod =
  (method: 'refined' | 'subset' | 'kmeans'): Search['find'] =>
  async ({ materials }, { seed, sample, brightness }) => {
    const count = materials.length;
    const convention = method === 'kmeans' ? {} : { brightness };
    return (await findEndmembers(sample, { seed, count, method, ...convention })).endmembers;
  };

const SEARCHES: readonly Search[] = [
  { name: "the reference's endmembers", blind: false, find: ofReference, unmixings: [NNLS, FCLSU] },
  { name: 'VCA on all pixels', blind: true, find: byVca, unmixings: [FCLSU, NNLS] },
  { name: 'K-means of block bundles', blind: true, find: byMethod('kmeans'), unmixings: [NNLS] },
  { name: 'subset selection', blind: true, find: byMethod('subset'), unmixings: [FCLSU, NNLS] },
  { name: 'subset selection, refined', blind: true, find: byMethod('refined'), unmixings: [FCLSU, NNLS] },
];

/** Runs `action`, and says how long it took. */
async function timed<T>(action: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const began = performance.now();
  const value = await action();
  return { value, seconds: (performance.now() - began) / 1000 };
}

/** The routes of one search with one seed: the endmembers are found once. */
async function addScores(
  routes: readonly Route[],
  search: Search,
  { scene, ...how }: { scene: ReferenceScene; seed: number; sample: SpectraSample; brightness: Brightness },
): Promise<void> {
  const { spectra, bands, reference, referenceEndmembers, materials } = scene;
  const { value: endmembers, seconds } = await timed(() => search.find(scene, how));
  for (const [i, { unmix }] of search.unmixings.entries()) {
    const { value: abundances, ...unmixed } = await timed(() => unmix(endmembers, spectra, bands));
    const given = { abundances, reference, names: materials, spectra, referenceEndmembers, endmembers };
    routes[i]!.scores.push({ evaluation: evaluateAbundances(given), seconds: seconds + unmixed.seconds });
  }
}

/** What each route scores on a scene, as a table, and what its figures mean. */
export async function routesTable(
  scene: ReferenceScene,
  seeds: readonly number[],
  brightness: Brightness,
): Promise<string> {
  const routesOf = SEARCHES.map(({ name, blind, unmixings }) =>
    unmixings.map((unmixing): Route => ({ name: `${name}, ${unmixing.name}`, blind, scores: [] })),
  );
  for (const [i, seed] of seeds.entries()) {
    const sample = await sampleWhole(scene, seed);
    for (const [s, search] of SEARCHES.entries())
      if (search.blind || i === 0) await addScores(routesOf[s]!, search, { scene, seed, sample, brightness });
    const shown = routesOf.flat().map(({ scores }) => scores.at(-1)!.evaluation.figures[0]!.value.toFixed(4));
    console.error(`${scene.name} seed ${seed}: ${shown.join(', ')}`);
  }
  const routes = routesOf.flat();
  const { figures } = routes[0]!.scores[0]!.evaluation;
  const header = ['endmembers, abundances', 'blind', ...figures.map(({ name, unit }) => `${name}, ${unit}`), 'seconds'];
  const rows = routes.map(({ name, blind, scores }) => [
    name,
    blind ? 'yes' : 'no',
    ...figures.map((_, i) => spread(scores.map(({ evaluation }) => evaluation.figures[i]!.value))),
    mean(scores.map(({ seconds }) => seconds)).toFixed(1),
  ]);
  const definitions = figures.map(({ name, definition }) => `- ${name}: ${definition}`);
  return `${table(header, rows)}\n\n${definitions.join('\n')}`;
}
