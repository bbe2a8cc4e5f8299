// Mixtures of a library's classes with their exact fractions. Legend: n mixtures, B bands, C classes, k components.
import type { Random } from '../random.js';
import { type ClassLibrary, groupBySource, type SourceGroups } from './class-library.js';
import type { MixtureSettings } from './settings.js';

/** Mixtures: reflectance >= 0 [n, B] and the fractions of the classes [n, C], >= 0 with a sum of 1. */
export interface Mixtures {
  readonly spectra: Float32Array;
  readonly labels: Float32Array;
}

export type DrawMixtures = (random: Random, count: number) => Mixtures;

export interface MixerOptions {
  readonly mixtures: MixtureSettings;
  /** Standard deviation of each band's noise, reflectance [B]; none when absent. */
  readonly noise?: ArrayLike<number> | undefined;
  /** Of the noise. */
  readonly random: Random;
}

/** Normal numbers drawn once, of which each mixture takes a run from a random place: drawing them anew would take longer than the training. */
const NOISE_TABLE = 1 << 18;

/** Draws mixtures of a library, as its settings say. The same random stream gives the same mixtures. */
export function createMixer(
  library: ClassLibrary,
  { mixtures: settings, noise, random: root }: MixerOptions,
): DrawMixtures {
  const { bands, classes } = library;
  const groups = groupBySource(library);
  const smooth = smoothFunctions(bands);
  const table = noise && normals(root.fork('noise'), NOISE_TABLE + bands);
  const shares = cumulative(settings.classShares.slice(0, classes.length));
  return (random, count) => {
    const spectra = new Float32Array(count * bands);
    const labels = new Float32Array(count * classes.length);
    for (let i = 0; i < count; i++) {
      const mixture = spectra.subarray(i * bands, (i + 1) * bands);
      const chosen = drawClasses(random, classes.length, countOf(shares, random.uniform()));
      const weights = dirichlet(random, chosen.length);
      for (const [j, c] of chosen.entries()) {
        labels[i * classes.length + c] = weights[j]!;
        addComponent(mixture, weights[j]!, { random, library, groups: groups[c]!, settings });
      }
      disturb(mixture, { random, smooth, settings, table, noise });
    }
    return { spectra, labels };
  };
}

function cumulative(shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let at = 0;
  return shares.map((share) => {
    at += total > 0 ? share / total : 1 / shares.length;
    return at;
  });
}

/** How many classes a mixture has: 1 and more. */
function countOf(shares: readonly number[], draw: number): number {
  const found = shares.findIndex((upTo) => draw < upTo);
  return (found < 0 ? shares.length - 1 : found) + 1;
}

/** k different classes. */
function drawClasses(random: Random, C: number, k: number): number[] {
  const order = Array.from({ length: C }, (_, c) => c);
  for (let i = 0; i < k; i++) {
    const j = i + random.integer(C - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, k);
}

/** Weights of Dirichlet(1, ..., 1): every combination is equally likely. */
function dirichlet(random: Random, k: number): number[] {
  const draws = Array.from({ length: k }, () => -Math.log(1 - random.uniform()) + Number.MIN_VALUE);
  const sum = draws.reduce((total, draw) => total + draw, 0);
  return draws.map((draw) => draw / sum);
}

interface Component {
  readonly random: Random;
  readonly library: ClassLibrary;
  readonly groups: SourceGroups[number];
  readonly settings: MixtureSettings;
}

/** Adds `weight` of one class: a spectrum of a source, or a convex pair of two, in a brightness of its own. */
function addComponent(mixture: Float32Array, weight: number, { random, library, groups, settings }: Component): void {
  const { bands, spectra } = library;
  const source = groups[random.integer(groups.length)]!;
  const first = source[random.integer(source.length)]! * bands;
  const second = source[random.integer(source.length)]! * bands;
  const share = random.uniform() < settings.pairShare ? random.uniform() : 1;
  const factor = weight * (1 + settings.componentBrightness * (2 * random.uniform() - 1));
  const [a, b] = [factor * share, factor * (1 - share)];
  for (let band = 0; band < bands; band++) mixture[band]! += a * spectra[first + band]! + b * spectra[second + band]!;
}

/** 1, t, t^2, sin 3t and cos 5t, one after the other, with t from -1 to 1 over the bands [5, B]. */
function smoothFunctions(bands: number): Float64Array {
  const of = [() => 1, (t: number) => t, (t: number) => t * t, (t: number) => Math.sin(3 * t), (t: number) => Math.cos(5 * t)]; // biome-ignore format: one line says more
  return Float64Array.from({ length: of.length * bands }, (_, i) => {
    const t = bands > 1 ? (2 * (i % bands)) / (bands - 1) - 1 : 0;
    return of[Math.floor(i / bands)]!(t);
  });
}

interface Disturbance {
  readonly random: Random;
  readonly smooth: Float64Array;
  readonly settings: MixtureSettings;
  readonly table: Float32Array | undefined;
  readonly noise: ArrayLike<number> | undefined;
}

/** Brightness, the smooth error, the noise; what falls below 0 becomes 0. */
function disturb(mixture: Float32Array, { random, smooth, settings, table, noise }: Disturbance): void {
  const B = mixture.length;
  const bright = 1 + settings.brightness * (2 * random.uniform() - 1);
  const weights = Array.from({ length: smooth.length / B }, () => settings.smoothError * random.normal());
  const start = table ? random.integer(NOISE_TABLE) : 0;
  for (let b = 0; b < B; b++) {
    let error = 1;
    for (const [f, weight] of weights.entries()) error += weight * smooth[f * B + b]!;
    const noisy = mixture[b]! * bright * error + (table ? table[start + b]! * noise![b]! : 0);
    mixture[b] = Math.max(0, noisy);
  }
}

const normals = (random: Random, count: number) => Float32Array.from({ length: count }, () => random.normal());
