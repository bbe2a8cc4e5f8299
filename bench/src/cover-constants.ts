// Which constants of the mixtures and of the training are best on spectra that a training did not see: npm run bench:constants [-- --points].
// Nothing is chosen by points of a scene; of the scene only the noise of its bands is taken. With --points the chosen constants, and no others, are
// compared with the defaults there. Legend: B bands, C classes, n mixtures.
import '@tensorflow/tfjs-backend-cpu';
import { parseArgs } from 'node:util';
import {
  bandNoise,
  type ClassLibrary,
  createMixer,
  createRandom,
  DEFAULT_MIXTURES,
  evaluateNetwork,
  filterLibrary,
  fitLibrary,
  type LibraryFitOptions,
} from '@egunet/train';
import { coverFacts, coverLibrary } from './cover-library.js';
import { coverOf, figures, pointSpectra } from './cover-points.js';
import { someSources, someSpectra } from './held-out.js';
import { agreement } from './potsdam.js';
import { potsdam } from './potsdam-scene.js';
import { deviation, mean, table } from './statistics.js';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '2' }, points: { type: 'boolean', default: false } },
});
const SEEDS = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);

const scene = await potsdam();
const { library, used } = await coverLibrary(scene.wavelengths);
const wavelengths = used.map((b) => scene.wavelengths[b]!);
const { valid: marks = new Uint8Array(scene.rows * scene.cols).fill(1) } = scene;
const valid = [...marks.keys()].filter((n) => marks[n]);
const pixels = Float32Array.from(valid.flatMap((n) => used.map((b) => scene.spectra[n * scene.bands + b]!)));
const noise = bandNoise(pixels, used.length).noise.map(Math.sqrt);

/** What mixtures are judged on: more disturbed than those of the defaults, with the scene's noise. Settled before any variant was run. */
const JUDGED = { ...DEFAULT_MIXTURES, componentBrightness: 0.3, brightness: 0.2, smoothError: 0.03 };
const MIXTURES = 5000;

const SPLITS: readonly [string, readonly boolean[]][] = [
  ['spectra', someSpectra(library)],
  ['sources, first', someSources(library, 'first')],
  ['sources, last', someSources(library, 'last')],
];

type Variant = Pick<
  LibraryFitOptions,
  'epochs' | 'batch' | 'learningRate' | 'weightDecay' | 'mixtures' | 'noise' | 'members'
>;
const VARIANTS: Record<string, Variant> = {
  defaults: {},
  '100 steps': { epochs: 100 },
  '200 steps': { epochs: 200 },
  '800 steps': { epochs: 800 },
  'rate 0.001': { learningRate: 0.001 },
  'rate 0.01': { learningRate: 0.01 },
  'batch 128': { batch: 128 },
  'batch 2048': { batch: 2048 },
  'weight decay 0.001': { weightDecay: 0.001 },
  'weight decay 0.01': { weightDecay: 0.01 },
  'classes .25/.25/.25/.25': { mixtures: { classShares: [0.25, 0.25, 0.25, 0.25] } },
  'classes .3/.5/.2': { mixtures: { classShares: [0.3, 0.5, 0.2] } },
  'classes .05/.2/.3/.3/.15': { mixtures: { classShares: [0.05, 0.2, 0.3, 0.3, 0.15] } },
  'no pairs': { mixtures: { pairShare: 0 } },
  'pairs alone': { mixtures: { pairShare: 1 } },
  'component brightness 0': { mixtures: { componentBrightness: 0 } },
  'component brightness 0.4': { mixtures: { componentBrightness: 0.4 } },
  'mixture brightness 0': { mixtures: { brightness: 0 } },
  'mixture brightness 0.3': { mixtures: { brightness: 0.3 } },
  'smooth error 0': { mixtures: { smoothError: 0 } },
  'smooth error 0.03': { mixtures: { smoothError: 0.03 } },
  'smooth error 0.06': { mixtures: { smoothError: 0.06 } },
  "the scene's noise": { noise },
  'five encoders': { members: 5 },
};

interface Score {
  /** RMSE of all fractions, and of vegetation's. */
  readonly rmse: number;
  readonly cover: number;
  readonly r: number;
}

/** How a variant does on what a split holds out. */
async function judge(variant: Variant, held: readonly boolean[], seed: number): Promise<Score> {
  const part = (out: boolean): ClassLibrary => filterLibrary(library, (_, s) => held[s] === out);
  const seen = part(false);
  const { checkpoint } = await fitLibrary(seen, coverFacts(seen, wavelengths), { seed, ...variant });
  const random = createRandom(seed).fork('judged mixtures');
  const { spectra, labels } = createMixer(part(true), { mixtures: JUDGED, noise, random })(random, MIXTURES);
  const found = await evaluateNetwork(checkpoint, spectra);
  const squares = found.reduce((sum, value, i) => sum + (value - labels[i]!) ** 2, 0);
  const cover = agreement(coverOf(found), coverOf(labels));
  return { rmse: Math.sqrt(squares / found.length), cover: cover.rmse, r: cover.r };
}

/** A variant's scores, a split after the other, seed by seed. */
async function scoresOf(variant: Variant): Promise<Score[]> {
  const scores: Score[] = [];
  for (const [, held] of SPLITS) for (const seed of SEEDS) scores.push(await judge(variant, held, seed));
  return scores;
}

/** Mean difference from the defaults, by runs of the same split and seed, and its standard error. */
function gain(scores: readonly Score[], defaults: readonly Score[]): [difference: number, error: number] {
  const differences = scores.map(({ cover }, i) => cover - defaults[i]!.cover);
  return [mean(differences), deviation(differences) / Math.sqrt(differences.length)];
}

const all = new Map<string, Score[]>();
for (const [name, variant] of Object.entries(VARIANTS)) {
  all.set(name, await scoresOf(variant));
  console.error(name);
}
const defaults = all.get('defaults')!;
/** Of each constant the variant that gains most, where that is more than twice its standard error; an ensemble is no constant. */
const better = [...all].flatMap(([name, scores]) => {
  const [difference, error] = gain(scores, defaults);
  return name !== 'five encoders' && difference < -2 * error && difference < -0.001 ? [{ name, difference }] : [];
});
const constantOf = (name: string) => Object.keys(VARIANTS[name]!.mixtures ?? VARIANTS[name]!)[0]!;
const chosen = better
  .sort((a, b) => a.difference - b.difference)
  .filter(({ name }, i, sorted) => sorted.findIndex((other) => constantOf(other.name) === constantOf(name)) === i)
  .map(({ name }) => name);
const combined: Variant = {
  ...Object.assign({}, ...chosen.map((name) => VARIANTS[name]!)),
  mixtures: Object.assign({}, ...chosen.map((name) => VARIANTS[name]!.mixtures)),
};
if (chosen.length > 1) all.set(`together: ${chosen.join(', ')}`, await scoresOf(combined));

const rows = [...all].map(([name, scores]) => {
  const [difference, error] = gain(scores, defaults);
  const bySplit = SPLITS.map((_, k) =>
    mean(scores.slice(k * SEEDS.length, (k + 1) * SEEDS.length).map(({ cover }) => cover)),
  );
  const means = [mean(scores.map(({ rmse }) => rmse)), mean(scores.map(({ cover }) => cover)), mean(scores.map(({ r }) => r)), ...bySplit]; // biome-ignore format: one line
  return [name, ...means.map((value) => value.toFixed(4)), name === 'defaults' ? '' : `${difference.toFixed(4)} +- ${error.toFixed(4)}`]; // biome-ignore format: one line
});
const heads = ['variant', 'RMSE, all classes', 'RMSE, vegetation', 'r, vegetation', ...SPLITS.map(([name]) => name), 'vegetation, from the defaults']; // biome-ignore format: one line
console.log(table(heads, rows));
console.log(
  `\n${SPLITS.length} parts held out x ${SEEDS.length} seeds, ${MIXTURES} mixtures each, ${used.length} bands of EnMAP; chosen: ${chosen.join(', ') || 'the defaults'}`,
);
if (values.points) {
  const expected = scene.points.map(({ cover }) => cover);
  const spectra = pointSpectra(scene, used);
  const at = async (name: string, variant: Variant) => {
    const found: number[][] = [];
    for (let seed = 1; seed <= 5; seed++) {
      const { checkpoint } = await fitLibrary(library, coverFacts(library, wavelengths), { seed, ...variant });
      found.push(coverOf(await evaluateNetwork(checkpoint, spectra)));
    }
    const together = expected.map((_, p) => mean(found.map((cover) => cover[p]!)));
    return [name, ...figures(together, expected).map((value) => value.toFixed(3))];
  };
  const compared = [await at('defaults', {}), ...(chosen.length > 0 ? [await at('chosen', combined)] : [])];
  console.log(`\n${table(['at the points, mean of 5 seeds', 'r', 'R2', 'RMSE', 'bias', 'slope'], compared)}`);
}
