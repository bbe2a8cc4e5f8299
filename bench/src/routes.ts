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

/** A route's map for one seed. */
interface RouteScore {
  readonly evaluation: MapEvaluation;
  /** Endmembers and abundances. */
  readonly seconds: number;
}

interface Route {
  readonly name: string;
  /** Whether it is told the number of endmembers alone. */
  readonly blind: boolean;
  /** Endmembers [C, B]. */
  readonly find: (
    scene: ReferenceScene,
    how: { seed: number; sample: SpectraSample; brightness: Brightness },
  ) => Float32Array | Promise<Float32Array>;
  readonly unmix: (endmembers: Float32Array, spectra: Float32Array, bands: number) => Float32Array;
}

const byNnls: Route['unmix'] = (...given) => nnlsAbundances(...given).abundances;
const ofReference: Route['find'] = ({ referenceEndmembers }) => referenceEndmembers;
const byVca: Route['find'] = ({ spectra, bands, materials }, { seed }) =>
  vca(spectra, { count: materials.length, bands, random: createRandom(seed).fork('vca') }).spectra.map((v) =>
    Math.max(0, v),
  );
const byMethod =
  (method: 'subset' | 'kmeans'): Route['find'] =>
  async ({ materials }, { seed, sample, brightness }) => {
    const count = materials.length;
    const convention = method === 'subset' ? { brightness } : {};
    return (await findEndmembers(sample, { seed, count, method, ...convention })).endmembers;
  };

const ROUTES: readonly Route[] = [
  { name: "the reference's endmembers, NNLS / sum", blind: false, find: ofReference, unmix: byNnls },
  { name: "the reference's endmembers, FCLSU", blind: false, find: ofReference, unmix: fclsAbundances },
  { name: 'VCA on all pixels, FCLSU', blind: true, find: byVca, unmix: fclsAbundances },
  { name: 'VCA on all pixels, NNLS / sum', blind: true, find: byVca, unmix: byNnls },
  { name: 'K-means of block bundles, NNLS / sum', blind: true, find: byMethod('kmeans'), unmix: byNnls },
  { name: 'subset selection, FCLSU', blind: true, find: byMethod('subset'), unmix: fclsAbundances },
  { name: 'subset selection, NNLS / sum', blind: true, find: byMethod('subset'), unmix: byNnls },
];

async function score(
  scene: ReferenceScene,
  route: Route,
  { seed, brightness }: { seed: number; brightness: Brightness },
): Promise<RouteScore> {
  const { spectra, bands, reference, referenceEndmembers, materials } = scene;
  const sample = await sampleWhole(scene, seed);
  const began = performance.now();
  const endmembers = await route.find(scene, { seed, sample, brightness });
  const abundances = route.unmix(endmembers, spectra, bands);
  const seconds = (performance.now() - began) / 1000;
  const evaluation = evaluateAbundances({
    abundances,
    reference,
    names: materials,
    spectra,
    referenceEndmembers,
    endmembers,
  });
  return { evaluation, seconds };
}

/** What each route scores on a scene, as a table, and what its figures mean. */
export async function routesTable(
  scene: ReferenceScene,
  seeds: readonly number[],
  brightness: Brightness,
): Promise<string> {
  const rows: string[][] = [];
  let header: string[] = [];
  let definitions: string[] = [];
  for (const route of ROUTES) {
    const scores: RouteScore[] = [];
    for (const seed of route.blind ? seeds : seeds.slice(0, 1))
      scores.push(await score(scene, route, { seed, brightness }));
    const { figures } = scores[0]!.evaluation;
    header = ['endmembers, abundances', 'blind', ...figures.map(({ name, unit }) => `${name}, ${unit}`), 'seconds'];
    definitions = figures.map(({ name, definition }) => `- ${name}: ${definition}`);
    const cells = figures.map((_, i) => spread(scores.map(({ evaluation }) => evaluation.figures[i]!.value)));
    rows.push([
      route.name,
      route.blind ? 'yes' : 'no',
      ...cells,
      mean(scores.map(({ seconds }) => seconds)).toFixed(1),
    ]);
    console.error(`${scene.name}, ${route.name}: ${figures[0]!.name} ${cells[0]}`);
  }
  return `${table(header, rows)}\n\n${definitions.join('\n')}`;
}
