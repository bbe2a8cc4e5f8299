// node bench/dist/score-search.js ASSIGNMENT: finds endmembers of a scene by one search with one seed, unmixes the scene with them in every way, and
// prints the scores as one line of JSON. A process of its own, so that its peak of memory is that of this work alone.
import { writeFileSync } from 'node:fs';
import { evaluateAbundances, type FitSettings, type MapEvaluation } from '@egunet/train';
import { abundancePicture } from './abundance-picture.js';
import { networkAbundances, type Settings } from './networks.js';
import { sceneNamed } from './scene-list.js';
import type { ReferenceScene } from './scenes.js';
import { OWN, type OwnSearch, SEARCHES } from './searches.js';

/** What one process is to score. */
export interface Assignment {
  readonly scene: string;
  readonly search: string;
  readonly seed: number;
  readonly own: OwnSearch;
  readonly models: readonly FitSettings['model'][];
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

/** Runs `action`, and says how much processor time it took. */
async function timed<T>(action: () => T | Promise<T>): Promise<{ value: T; seconds: number }> {
  const before = process.cpuUsage();
  const value = await action();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (user + system) / 1e6 };
}

/** Scores the ways of one search in turn; maps [N, C] of the networks in the reference's order, too. */
async function scoreSearch(assignment: Assignment, scene: ReferenceScene) {
  const { seed, own, models, settings } = assignment;
  const search = SEARCHES.find(({ key }) => key === assignment.search)!;
  const { value: found, seconds: searching } = await timed(() => search.find(scene, { seed, own }));
  const { endmembers, training } = found;
  const { spectra, bands, reference, referenceEndmembers, materials } = scene;
  const ways = [
    ...search.unmixings.map(({ name, unmix }) => ({
      name: `${search.name}, ${name}`,
      abundances: () => unmix(endmembers, spectra, bands),
    })),
    ...(search.key === OWN ? models : []).map((model) => ({
      name: `${search.name}, EGU-Net-${model}`,
      abundances: () => networkAbundances(scene, training!, { ...settings, seed, model }),
    })),
  ];
  const [scored, maps]: [Scored[], Float32Array[]] = [[], []];
  for (const { name, abundances: find } of ways) {
    const { value: abundances, seconds } = await timed(find);
    const megabytes = process.resourceUsage().maxRSS / 1024;
    const given = { abundances, reference, names: materials, spectra, referenceEndmembers, endmembers };
    const { figures, materials: each } = evaluateAbundances(given);
    const evaluation = { figures, materials: each };
    scored.push({ name, blind: search.blind, evaluation, seconds: searching + seconds, megabytes });
    const order = each.map(({ endmember }) => endmember);
    const count = order.length;
    if (name.includes('EGU-Net')) maps.push(abundances.map((_, k) => abundances[k - (k % count) + order[k % count]!]!));
  }
  return { scored, maps };
}

const assignment = JSON.parse(process.argv[2]!) as Assignment;
const scene = await sceneNamed(assignment.scene);
const { scored, maps } = await scoreSearch(assignment, scene);
if (assignment.picture && maps.length > 0)
  writeFileSync(assignment.picture, abundancePicture(scene, [scene.reference, ...maps]));
console.log(JSON.stringify(scored));
