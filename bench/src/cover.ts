// Vegetation cover on real EnMAP pixels by a library's encoder, beside indices and classic solvers with the same library: npm run bench:cover.
// Legend: P points, B bands, C classes.
import '@tensorflow/tfjs-backend-cpu';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type ClassLibrary,
  createRandom,
  evaluateNetwork,
  fclsAbundances,
  fitLibrary,
  groupBySource,
  nnlsAbundances,
  type Random,
} from '@egunet/train';
import { COVER_CLASSES, coverFacts, coverLibrary } from './cover-library.js';
import { coverOf, figures, pointSpectra } from './cover-points.js';
import { coverScatter } from './cover-scatter.js';
import { realTable, sensorTable } from './cover-sensors.js';
import { coverByZoo } from './cover-zoo.js';
import { agreement, coverByIndices } from './potsdam.js';
import { potsdam } from './potsdam-scene.js';
import { groupsTable } from './reliability-table.js';
import { deviation, mean, table } from './statistics.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '400' },
    bootstraps: { type: 'string', default: '2000' },
    scatter: { type: 'string', default: 'docs/cover.svg' },
  },
});
/** Draws of one spectrum a class. */
const [MONTE_CARLO, MESMA] = [100, 400];
const TILE = 32; // pixels a side

const C = COVER_CLASSES.length;

/** One spectrum of each class, sources equally likely [C, B]. */
function drawEndmembers(library: ClassLibrary, random: Random): Float32Array {
  const { bands, spectra } = library;
  const drawn = groupBySource(library).map((sources) => {
    const source = sources[random.integer(sources.length)]!;
    return source[random.integer(source.length)]!;
  });
  return Float32Array.from(drawn.flatMap((s) => [...spectra.subarray(s * bands, (s + 1) * bands)]));
}

/** Mean of NNLS over random draws. */
function monteCarlo(library: ClassLibrary, spectra: Float32Array, random: Random): number[] {
  const draws = Array.from({ length: MONTE_CARLO }, () =>
    coverOf(nnlsAbundances(drawEndmembers(library, random), spectra, library.bands).abundances),
  );
  return draws[0]!.map((_, p) => mean(draws.map((cover) => cover[p]!)));
}

/** Of each point the fractions by the draw that reconstructs it best (Roberts et al. 1998), fully constrained. */
function mesma(library: ClassLibrary, spectra: Float32Array, random: Random): number[] {
  const { bands } = library;
  const P = spectra.length / bands;
  const best = new Float32Array(P * C);
  const least = new Float64Array(P).fill(Number.POSITIVE_INFINITY);
  for (let draw = 0; draw < MESMA; draw++) {
    const endmembers = drawEndmembers(library, random);
    const fractions = fclsAbundances(endmembers, spectra, bands);
    for (let p = 0; p < P; p++) {
      let error = 0;
      for (let b = 0; b < bands; b++) {
        let value = -spectra[p * bands + b]!;
        for (let c = 0; c < C; c++) value += fractions[p * C + c]! * endmembers[c * bands + b]!;
        error += value * value;
      }
      if (error >= least[p]!) continue;
      least[p] = error;
      best.set(fractions.subarray(p * C, (p + 1) * C), p * C);
    }
  }
  return coverOf(best);
}

/** Fractions [P, C] by one encoder for each seed. */
async function encoders(library: ClassLibrary, spectra: Float32Array, wavelengths: readonly number[]) {
  const facts = coverFacts(library, wavelengths);
  const found: number[][] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const { checkpoint } = await fitLibrary(library, facts, { seed, epochs: Number(values.steps) });
    found.push(coverOf(await evaluateNetwork(checkpoint, spectra)));
    console.error(`seed ${seed}`);
  }
  return found;
}

/** Shares of bootstraps over tiles in which `found` is better than `rival` by r, and by RMSE. */
function betterThan(
  [found, rival]: readonly [readonly number[], readonly number[]],
  expected: readonly number[],
  tiles: readonly number[],
): [r: number, rmse: number] {
  const random = createRandom(1).fork('bootstrap');
  const names = [...new Set(tiles)];
  const members = names.map((name) => tiles.flatMap((tile, p) => (tile === name ? [p] : [])));
  const wins = [0, 0];
  const count = Number(values.bootstraps);
  for (let i = 0; i < count; i++) {
    const drawn = names.flatMap(() => members[random.integer(names.length)]!);
    const pick = (from: readonly number[]) => drawn.map((p) => from[p]!);
    const [own, other] = [found, rival].map((cover) => agreement(pick(cover), pick(expected)));
    if (own!.r > other!.r) wins[0]!++;
    if (own!.rmse < other!.rmse) wins[1]!++;
  }
  return [wins[0]! / count, wins[1]! / count];
}

const scene = await potsdam();
const expected = scene.points.map(({ cover }) => cover);
const tiles = scene.points.map(
  ({ pixel }) => Math.floor(pixel / scene.cols / TILE) * 1000 + Math.floor((pixel % scene.cols) / TILE),
);
const { library, used } = await coverLibrary(scene.wavelengths);
const spectra = pointSpectra(scene, used);
const random = createRandom(1);
const single = await encoders(
  library,
  spectra,
  used.map((band) => scene.wavelengths[band]!),
);
const together = expected.map((_, p) => mean(single.map((cover) => cover[p]!)));
const all: Record<string, number[]> = {
  ...coverByIndices(scene),
  [`Monte-Carlo NNLS, mean of ${MONTE_CARLO} draws`]: monteCarlo(library, spectra, random.fork('monte carlo')),
  [`MESMA, best of ${MESMA} draws`]: mesma(library, spectra, random.fork('mesma')),
  ...Object.fromEntries(single.map((cover, i) => [`encoder, seed ${i + 1}`, cover])),
  [`encoders, mean of ${single.length} seeds`]: together,
  'infer --model zoo:enmap-cover': await coverByZoo('enmap-cover', scene),
  'infer --model zoo:enmap-cover-int8': await coverByZoo('enmap-cover-int8', scene),
};
const rows = Object.entries(all).map(([name, cover]) => {
  const wins = cover === together ? ['', ''] : betterThan([together, cover], expected, tiles).map((share) => share.toFixed(2)); // biome-ignore format: one line says more
  return [name, ...figures(cover, expected).map((value) => value.toFixed(3)), ...wins];
});
console.log(table(['cover from', 'r', 'R2', 'RMSE', 'bias', 'slope', 'mean of seeds better by r', 'by RMSE'], rows));
console.log(
  `\n${expected.length} points in ${new Set(tiles).size} tiles, ${used.length} bands, ${library.classOf.length} spectra, ${values.steps} steps; the last two columns: share of ${values.bootstraps} bootstraps over tiles`,
);
const shown = Object.entries(all).filter(([name]) => /^NDVI|^SAVI|^encoders|zoo:enmap-cover$/.test(name));
const panels = shown.map(([name, found]) => {
  const { r, rmse } = agreement(found, expected);
  return { title: `${name.replace(/^infer --model /, '')}\nr ${r.toFixed(3)}, RMSE ${rmse.toFixed(3)}`, found };
});
writeFileSync(values.scatter, await coverScatter(panels, expected));
console.log(`\ndrawn in ${values.scatter}`);
const ofPoints = together.map((abundance, p) => ({
  ...{ abundance, error: abundance - expected[p]! },
  spread: deviation(single.map((cover) => cover[p]!)),
}));
console.log(`\n${groupsTable('cover by the mean of seeds', new Map([['all points', ofPoints]]))}`);
console.log(`\n${await sensorTable()}`);
console.log(`\n${await realTable()}`);
