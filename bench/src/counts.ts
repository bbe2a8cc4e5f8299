// npm run bench:counts [-- --scenes jasper,samson,synthetic,sim1,urban4,urban5 --seeds 3 --method agreed]
// What one endmember too few or too many costs: NNLS / sum with as many endmembers as there are materials, one fewer and one more, found blind.
// Legend: N pixels, C materials, E endmembers, n the larger of both.
import { parseArgs } from 'node:util';
import {
  abundanceErrors,
  assignByAbundance,
  DEFAULT_METHOD,
  type EndmemberMethodName,
  findEndmembers,
  nnlsAbundances,
} from '@egunet/train';
import { sampleWhole } from './blind.js';
import { assertSceneNames, SCENE_NAMES, sceneNamed } from './scene-list.js';
import type { ReferenceScene } from './scenes.js';
import { spread, table } from './statistics.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: SCENE_NAMES.join(',') },
    seeds: { type: 'string', default: '3' },
    method: { type: 'string', default: DEFAULT_METHOD },
  },
});

/** Maps [N, from] with maps of zeros behind them [N, to]. */
const padded = (maps: Float32Array, from: number, to: number): Float32Array =>
  Float32Array.from({ length: (maps.length / from) * to }, (_, i) =>
    i % to < from ? maps[Math.floor(i / to) * from + (i % to)]! : 0,
  );

/** aRMSE (eq. 9) over the materials by abundances [N, E], matched by abundance: of a material without an endmember there is nothing. */
function scoreOf({ reference, materials }: ReferenceScene, abundances: Float32Array, E: number): number {
  const C = materials.length;
  const n = Math.max(C, E);
  const all = padded(abundances, E, n);
  const assignment = assignByAbundance(all, padded(reference, C, n), n);
  const ordered = reference.map((_, i) => all[Math.floor(i / C) * n + assignment[i % C]!]!);
  return abundanceErrors(ordered, reference, C).armse;
}

async function score(scene: ReferenceScene, seed: number, count: number): Promise<number> {
  const method = values.method as EndmemberMethodName;
  const { endmembers } = await findEndmembers(await sampleWhole(scene, seed), { seed, count, method });
  return scoreOf(scene, nnlsAbundances(endmembers, scene.spectra, scene.bands).abundances, count);
}

const names = values.scenes.split(',');
assertSceneNames(names);
const rows: string[][] = [];
for (const name of names) {
  const scene = await sceneNamed(name);
  const C = scene.materials.length;
  const cells: string[] = [];
  for (const count of [C - 1, C, C + 1]) {
    const scores: number[] = [];
    for (let seed = 1; count >= 2 && seed <= Number(values.seeds); seed++) scores.push(await score(scene, seed, count));
    cells.push(scores.length > 0 ? spread(scores) : '');
  }
  rows.push([scene.name, `${C}`, ...cells]);
  console.error(rows.at(-1)!.join(', '));
}
console.log(table(['scene', 'C', 'C - 1', 'C', 'C + 1'], rows));
