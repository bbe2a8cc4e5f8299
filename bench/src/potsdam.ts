// Vegetation cover from abundances beside two indices, against points. Legend: P points, B bands, C endmembers.
import { createRandom, fclsAbundances, findEndmembers, nnlsAbundances, vca } from '@egunet/train';
import { sampleWhole } from './blind.js';
import { type PotsdamScene, potsdam } from './potsdam-scene.js';
import { mean, spread, table } from './statistics.js';

/** Numbers of endmembers tried: the truth is not known. */
const COUNTS = [4, 5, 6];
/** nm */
const [RED, NEAR_INFRARED] = [665, 842];
/** An endmember is vegetation where its NDVI reaches this */
const VEGETATION = 0.5;
/** and its near infrared this: the NDVI of water and shade is that of noise. */
const LEAST_NEAR_INFRARED = 0.1;
/** NDVI of bare ground, and how far above it full cover is. */
const [BARE, RANGE] = [0.05, 0.85];
/** SAVI's soil term, and the share of the scene's pixels below its 0 and above its 1. */
const [SOIL, TAIL] = [0.5, 0.05];

export interface Agreement {
  readonly r: number;
  readonly rmse: number;
}

const clip = (value: number) => Math.min(1, Math.max(0, value));
const ndviOf = (red: number, infrared: number) => (infrared - red) / (infrared + red || 1);
const coverOf = (ndvi: number) => clip((ndvi - BARE) / RANGE);

/** Pearson's r, and the root of the mean squared difference. */
export function agreement(found: readonly number[], expected: readonly number[]): Agreement {
  const [a, b] = [mean(found), mean(expected)];
  const sum = (of: (i: number) => number) => found.reduce((total, _, i) => total + of(i), 0);
  const covariance = sum((i) => (found[i]! - a) * (expected[i]! - b));
  const r = covariance / Math.sqrt(sum((i) => (found[i]! - a) ** 2) * sum((i) => (expected[i]! - b) ** 2));
  return { r: Number.isFinite(r) ? r : 0, rmse: Math.sqrt(sum((i) => (found[i]! - expected[i]!) ** 2) / found.length) };
}

/** Red and near infrared of row `n` of spectra. */
function createTwoBands({ wavelengths, bands }: PotsdamScene) {
  const nearest = (nm: number) =>
    wavelengths.reduce((best, w, b) => (Math.abs(w - nm) < Math.abs(wavelengths[best]! - nm) ? b : best), 0);
  const [red, infrared] = [nearest(RED), nearest(NEAR_INFRARED)];
  return (spectra: Float32Array, n: number) => [spectra[n * bands + red]!, spectra[n * bands + infrared]!] as const;
}

/** Cover at the points by two indices, by what they are called. */
export function coverByIndices(scene: PotsdamScene): Record<string, number[]> {
  const two = createTwoBands(scene);
  const savi = (pixel: number) => {
    const [red, infrared] = two(scene.spectra, pixel);
    return ((1 + SOIL) * (infrared - red)) / (infrared + red + SOIL);
  };
  const all = [...scene.valid!.keys()]
    .filter((n) => scene.valid![n])
    .map(savi)
    .sort((a, b) => a - b);
  const [low, high] = [TAIL, 1 - TAIL].map((share) => all[Math.floor(share * all.length)]!) as [number, number];
  return {
    [`NDVI, (x - ${BARE}) / ${RANGE}`]: scene.points.map(({ pixel }) => coverOf(ndviOf(...two(scene.spectra, pixel)))),
    [`SAVI between its ${100 * TAIL} % and ${100 - 100 * TAIL} % percentiles`]: scene.points.map(({ pixel }) =>
      clip((savi(pixel) - low) / (high - low)),
    ),
  };
}

/** The indices' rows. */
const indexRows = (scene: PotsdamScene, expected: readonly number[]): string[][] =>
  Object.entries(coverByIndices(scene)).map(([name, found]) => {
    const { r, rmse } = agreement(found, expected);
    return [name, '', r.toFixed(3), rmse.toFixed(3), '', ''];
  });

const ways = { 'NNLS / sum': (...given: Given) => nnlsAbundances(...given).abundances, FCLSU: fclsAbundances };
type Given = [endmembers: Float32Array, spectra: Float32Array, bands: number];

const searches = ['VCA', 'kmeans', 'subset', 'refined', 'agreed'] as const;

/** Endmembers [C, B] as a search finds them. */
async function endmembersBy(
  search: (typeof searches)[number],
  scene: PotsdamScene,
  how: { seed: number; count: number },
) {
  const sample = await sampleWhole(scene, how.seed);
  if (search !== 'VCA') return (await findEndmembers(sample, { ...how, method: search })).endmembers;
  const { seed, count } = how;
  return vca(sample.pixels, { count, bands: scene.bands, random: createRandom(seed).fork('vca') }).spectra.map((v) =>
    Math.max(0, v),
  );
}

/** Agreement of the summed abundances of vegetation, and of abundances weighted by how green their endmembers are. */
function scoresOf(scene: PotsdamScene, endmembers: Float32Array, unmix: (typeof ways)['FCLSU']) {
  const { bands, points } = scene;
  const spectra = Float32Array.from(
    points.flatMap(({ pixel }) => [...scene.spectra.subarray(pixel * bands, (pixel + 1) * bands)]),
  );
  const abundances = unmix(endmembers, spectra, bands); // [P, C]
  const count = endmembers.length / bands;
  const two = createTwoBands(scene);
  const indices = Array.from({ length: count }, (_, c) => {
    const [red, infrared] = two(endmembers, c);
    return infrared >= LEAST_NEAR_INFRARED ? ndviOf(red, infrared) : 0;
  });
  const cover = (weights: readonly number[]) =>
    points.map((_, p) => weights.reduce((sum, weight, c) => sum + weight * abundances[p * count + c]!, 0));
  const expected = points.map((point) => point.cover);
  return {
    named: agreement(cover(indices.map((ndvi) => (ndvi >= VEGETATION ? 1 : 0))), expected),
    weighted: agreement(cover(indices.map(coverOf)), expected),
  };
}

/** The table of all searches, numbers of endmembers and ways. */
async function potsdamTable(seeds: readonly number[]): Promise<{ scene: PotsdamScene; body: string }> {
  const scene = await potsdam();
  const rows = indexRows(
    scene,
    scene.points.map(({ cover }) => cover),
  );
  for (const search of searches)
    for (const count of COUNTS) {
      const found = [];
      for (const seed of seeds) found.push(await endmembersBy(search, scene, { seed, count }));
      for (const [name, unmix] of Object.entries(ways)) {
        const scores = found.map((endmembers) => scoresOf(scene, endmembers, unmix));
        const cells = (['named', 'weighted'] as const).flatMap((rule) => [
          mean(scores.map((score) => score[rule].r)).toFixed(3),
          spread(scores.map((score) => score[rule].rmse)),
        ]);
        rows.push([`${search}, ${name}`, `${count}`, ...cells]);
        console.error(rows.at(-1)!.join(' | '));
      }
    }
  const header = ['from', 'C', 'r', 'RMSE', 'r, weighted', 'RMSE, weighted'];
  const rules = [
    `- cover: the sum of the abundances of the endmembers that are vegetation: NDVI >= ${VEGETATION} and a reflectance >= ${LEAST_NEAR_INFRARED} at ${NEAR_INFRARED} nm`,
    `- weighted: the sum of all abundances, each times the cover that its endmember's own NDVI stands for, (x - ${BARE}) / ${RANGE} within 0 to 1`,
    `- r, RMSE: over ${scene.points.length} points, which were never used to find anything`,
  ];
  return { scene, body: `${table(header, rows)}\n\n${rules.join('\n')}` };
}

/** What `--scenes` calls it. */
export const POTSDAM = 'potsdam';

/** The page's section of the scene. */
export async function potsdamSection(seeds: readonly number[]): Promise<string> {
  const { scene, body } = await potsdamTable(seeds);
  const { name, rows, cols, bands } = scene;
  const from = seeds[0] === 1 ? '' : ` --first-seed ${seeds[0]}`;
  return `## ${name}: ${rows} x ${cols} x ${bands}, vegetation cover

Printed by \`npm run bench:accuracy -- --scenes ${POTSDAM} --seeds ${seeds.length}${from}\`.

Real EnMAP L2A pixels: twelve tiles of 32 x 32 with nothing between them. The points are noisy: land cover drawn on an aerial image of another year and season.

${body}
`;
}
