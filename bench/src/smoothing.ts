// npm run bench:smoothing [-- --scenes jasper,samson,synthetic,sim1,urban4,urban5 --seeds 3]
// What the spatial layer of EGU-Net-ss does to abundances, beside simpler ways to smooth: no network, NNLS on the endmembers found blind.
// Legend: N pixels, B bands, C endmembers.
import { parseArgs } from 'node:util';
import {
  type AbundancePatch,
  abundanceErrors,
  assignByAngle,
  createRandom,
  filterOnCpu,
  hysime,
  nnlsAbundances,
  spatialFilter,
} from '@egunet/train';
import { prepareBlind } from './blind.js';
import { assertSceneNames, SCENE_NAMES, sceneNamed } from './scene-list.js';
import type { ReferenceScene } from './scenes.js';
import { spread, table } from './statistics.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: SCENE_NAMES.join(',') },
    seeds: { type: 'string', default: '3' },
  },
});

/** A scene unmixed: abundances [N, C], and those of the same pixels with as much noise again as HySime finds. */
interface Unmixed {
  readonly scene: ReferenceScene;
  readonly abundances: Float32Array;
  readonly noised: Float32Array;
}

type Way = (unmixed: Unmixed) => Float32Array | Promise<Float32Array>;

/** Each pixel's mean with its 8 neighbours, weighted by `weigh` of the pixels' numbers. */
const weighted =
  (weigh: (scene: ReferenceScene, a: number, b: number) => number): Way =>
  ({ scene, abundances }) => {
    const { rows, cols } = scene;
    const C = abundances.length / (rows * cols);
    const out = new Float32Array(abundances.length);
    for (let n = 0; n < rows * cols; n++) {
      let total = 0;
      for (let r = Math.max(0, Math.floor(n / cols) - 1); r <= Math.min(rows - 1, Math.floor(n / cols) + 1); r++)
        for (let c = Math.max(0, (n % cols) - 1); c <= Math.min(cols - 1, (n % cols) + 1); c++) {
          const other = r * cols + c;
          const weight = other === n ? 1 : weigh(scene, n, other);
          total += weight;
          for (let k = 0; k < C; k++) out[n * C + k]! += weight * abundances[other * C + k]!;
        }
      for (let k = 0; k < C; k++) out[n * C + k]! /= total;
    }
    return out;
  };

/** Squared spectral angle of two pixels, rad^2. */
function squaredAngle({ spectra, bands }: ReferenceScene, a: number, b: number): number {
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < bands; i++) {
    const [x, y] = [spectra[a * bands + i]!, spectra[b * bands + i]!];
    xy += x * y;
    xx += x * x;
    yy += y * y;
  }
  return Math.acos(Math.min(1, xy / Math.sqrt(xx * yy))) ** 2;
}

/** Radians within which spectra are alike. */
const LIKENESS = 0.05;

const layer =
  (withSpectra: boolean): Way =>
  (unmixed) => {
    const { scene, abundances, noised } = unmixed;
    const { rows, cols, materials } = scene;
    const patch = (values: Float32Array): AbundancePatch => ({ rows, cols, abundances: values });
    const patches = [patch(abundances)];
    const given = withSpectra ? { patches, noised: [patch(noised)] } : { patches };
    const valid = new Float32Array(rows * cols).fill(1);
    const endmembers = materials.length;
    return filterOnCpu(spatialFilter(given, endmembers), { rows, cols, valid, abundances, endmembers });
  };

const WAYS: readonly (readonly [string, Way])[] = [
  ['as it is', ({ abundances }) => abundances],
  ['mean of 3 x 3', weighted(() => 1)],
  [
    `mean of 3 x 3, weighted by likeness (${LIKENESS} rad)`,
    weighted((scene, a, b) => Math.exp(-squaredAngle(scene, a, b) / (2 * LIKENESS ** 2))),
  ],
  ['the layer, noise by the nugget alone', layer(false)],
  ['the layer', layer(true)],
];

/** aRMSE (eq. 9) of each way. */
async function score(scene: ReferenceScene, seed: number): Promise<number[]> {
  const { spectra, bands, reference, referenceEndmembers, materials } = scene;
  const { endmembers } = (await prepareBlind(scene, seed, { method: 'refined' })).found;
  const unmix = (pixels: Float32Array) => nnlsAbundances(endmembers, pixels, bands).abundances;
  const deviations = hysime(spectra, bands).noise.map(Math.sqrt);
  const random = createRandom(seed).fork('noise');
  const noised = unmix(spectra.map((value, i) => value + deviations[i % bands]! * random.normal()));
  const unmixed = { scene, abundances: unmix(spectra), noised };
  const count = materials.length;
  const assignment = assignByAngle(endmembers, referenceEndmembers, bands);
  const ordered = (a: Float32Array) => a.map((_, k) => a[k - (k % count) + assignment[k % count]!]!);
  const smoothed = await Promise.all(WAYS.map(([, way]) => way(unmixed)));
  return smoothed.map((abundances) => abundanceErrors(ordered(abundances), reference, count).armse);
}

const names = values.scenes.split(',');
assertSceneNames(names);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
const columns: number[][][] = [];
for (const name of names) {
  const scene = await sceneNamed(name);
  const scores: number[][] = [];
  for (const seed of seeds) {
    scores.push(await score(scene, seed));
    console.error(
      `${name} seed ${seed}: ${scores
        .at(-1)!
        .map((value) => value.toFixed(4))
        .join(', ')}`,
    );
  }
  columns.push(scores);
}
const rows = WAYS.map(([way], w) => [way, ...columns.map((scores) => spread(scores.map((score) => score[w]!)))]);
console.log(table(['aRMSE (eq. 9), abundance', ...names], rows));
