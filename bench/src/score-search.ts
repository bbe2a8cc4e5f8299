// node bench/dist/score-search.js ASSIGNMENT: finds endmembers of a scene by one search with one seed, unmixes the scene with them in every way, and
// prints the scores as one line of JSON. A process of its own, so that its peak of memory is that of this work alone.
import { writeFileSync } from 'node:fs';
import { evaluateAbundances, type MapEvaluation } from '@egunet/train';
import { abundancePicture } from './abundance-picture.js';
import { createTrainer, networkAbundances, type ScoredModel, type Settings } from './networks.js';
import { timed } from './processor-time.js';
import { sceneNamed } from './scene-list.js';
import type { ReferenceScene } from './scenes.js';
import { type Found, type OwnSearch, SEARCHES, type Search } from './searches.js';

/** What one process is to score. */
export interface Assignment {
  readonly scene: string;
  readonly search: string;
  readonly seed: number;
  readonly own: OwnSearch;
  readonly models: readonly ScoredModel[];
  readonly settings: Settings;
  /** Where the networks' maps are drawn beside the reference, if at all. */
  readonly picture?: string;
}

/** One way from the scene to abundances, scored. */
export interface Scored {
  readonly name: string;
  readonly blind: boolean;
  readonly evaluation: MapEvaluation;
  /** Processor seconds, those of the search included. */
  readonly seconds: number;
  /** Peak resident memory of the process by then, MB (2^20 bytes): the scene, the search, this and the ways before it. */
  readonly megabytes: number;
}

const NETWORK = 'EGU-Net-';

/** A way to abundances [N, C], to be tried: `seconds` of processor time. */
interface Way {
  readonly name: string;
  readonly find: () => Promise<{ abundances: Float32Array; seconds: number }>;
}

/** The ways that a search allows: those without a network, and where it gives labels those with one. */
function waysOf(
  { seed, models, settings }: Assignment,
  search: Search,
  { scene, found }: { scene: ReferenceScene; found: Found },
): Way[] {
  const { endmembers, training } = found;
  const { spectra, bands } = scene;
  const without = search.unmixings.map(({ name, unmix }): Way => {
    const find = async () => {
      const { value, seconds } = await timed(() => unmix(endmembers, spectra, bands));
      return { abundances: value, seconds };
    };
    return { name, find };
  });
  if (!training) return without;
  const train = createTrainer(training, { ...settings, seed });
  const networks = models.map((model): Way => {
    const find = async () => {
      const { checkpoint, seconds: ofTraining } = await train(model);
      const { value, seconds } = await timed(() => networkAbundances(checkpoint, scene));
      return { abundances: value, seconds: ofTraining + seconds };
    };
    return { name: `${NETWORK}${model}`, find };
  });
  return [...without, ...networks];
}

/** Scores the ways of one search in turn; maps [N, C] of the networks in the reference's order, too. */
async function scoreSearch(assignment: Assignment, scene: ReferenceScene) {
  const { seed, own } = assignment;
  const search = SEARCHES.find(({ key }) => key === assignment.search)!;
  const { value: found, seconds: searching } = await timed(() => search.find(scene, { seed, own }));
  const { spectra, reference, referenceEndmembers, materials: names } = scene;
  const [scored, maps]: [Scored[], Float32Array[]] = [[], []];
  for (const { name, find } of waysOf(assignment, search, { scene, found })) {
    const { abundances, seconds } = await find();
    const megabytes = process.resourceUsage().maxRSS / 1024;
    const { endmembers } = found;
    const { figures, materials } = evaluateAbundances({
      abundances,
      reference,
      names,
      spectra,
      referenceEndmembers,
      endmembers,
    });
    const evaluation = { figures, materials };
    const way = `${search.name}, ${name}`;
    scored.push({ name: way, blind: search.blind, evaluation, seconds: searching + seconds, megabytes });
    const order = materials.map(({ endmember }) => endmember);
    const count = order.length;
    if (name.startsWith(NETWORK)) maps.push(abundances.map((_, k) => abundances[k - (k % count) + order[k % count]!]!));
  }
  return { scored, maps };
}

const assignment = JSON.parse(process.argv[2]!) as Assignment;
const scene = await sceneNamed(assignment.scene);
const { scored, maps } = await scoreSearch(assignment, scene);
if (assignment.picture && maps.length > 0)
  writeFileSync(assignment.picture, abundancePicture(scene, [scene.reference, ...maps]));
console.log(JSON.stringify(scored));
