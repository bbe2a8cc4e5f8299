// Which misuse of the zoo's models the comparison with their training finds, on real pixels: npm run bench:likeness. Legend: n pixels, B bands.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clouded, haze, type Misuse, night, radiance, scaled, snow, topOfAtmosphere } from '@egunet/fixtures';
import { readCard, sumSeen } from '@egunet/infer';
import { comparisonWith, likenessOf } from '@egunet/infer-node';
import type { ModelCard } from '@egunet/models/card';
import { distributionOfCard } from '@egunet/models/distribution';
import { resampleLibrary } from '@egunet/raster';
import { readSpectralLibrary } from '@egunet/raster/node';
import {
  type ClassLibrary,
  createMixer,
  createRandom,
  DEFAULT_MIXTURES,
  distributionOf,
  PROBE_PIXELS,
} from '@egunet/train';
import { coverLibrary } from './cover-library.js';
import { type RealPixels, realScenes, seenBy } from './real-pixels.js';
import { dataFolder } from './scenes.js';
import { table } from './statistics.js';

const MODELS = ['enmap-cover', 'emit-cover', 'prisma-cover', 'sentinel2-cover', 'landsat8-cover'];

/** Of a scene's pixels, in the bands of a model. */
const MISUSES: readonly (readonly [what: string, change: Misuse])[] = [
  ['as it is', (value) => value],
  ['radiance', radiance],
  ['top of the atmosphere', topOfAtmosphere],
  ['thin haze', haze],
  ['clouds that hide 25 %', clouded(0.25)],
  ['clouds that hide 50 %', clouded(0.5)],
  ['clouds that hide 90 %', clouded(0.9)],
  ['snow', snow],
  ['night', night],
  ...[3, 2, 0.5, 0.3, 0.1].map((factor) => [`times ${factor}`, scaled(factor)] as const),
];

const cards = new Map(
  MODELS.map((name) => [
    name,
    readCard(readFileSync(fileURLToPath(import.meta.resolve(`@egunet/models/zoo/${name}.onnx`)))),
  ]),
);

/** What `infer` would find of spectra [n, B] in the bands of a model. */
function judge(card: ModelCard, spectra: Float32Array) {
  const compare = comparisonWith(distributionOfCard(card)!)(1);
  const seen = { ...sumSeen([]), ...compare(spectra, spectra.length / card.bands.length) };
  return likenessOf(new Map([['', seen]]), card)!;
}

/** The pixels after a misuse. */
function misused(spectra: Float32Array, card: ModelCard, change: Misuse): Float32Array {
  const B = card.bands.length;
  return spectra.map((value, i) => Math.max(0, change(value, card.bands[i % B]!.wavelength!, Math.floor(i / B))));
}

/** Mixtures drawn anew, so often: which spectra a card has must not matter. */
const SEEDS = 8;

/** The library of land cover in the bands of a model. */
async function libraryOf(card: ModelCard): Promise<ClassLibrary> {
  const { wavelengths } = await readSpectralLibrary(join(dataFolder, 'earthlib/spectra.sli'));
  const { library, used } = await coverLibrary(wavelengths!, { all: true });
  const names = library.classOf.map((_, s) => `${s}`);
  const at = { names, wavelengths: used.map((b) => wavelengths![b]!), spectra: library.spectra };
  const bands = card.bands.map(({ wavelength, fwhm }) => ({ wavelength: wavelength!, fwhm: fwhm! }));
  return { ...library, bands: bands.length, spectra: resampleLibrary(at, bands) };
}

/** The card as a training with another seed would have made it. */
function redrawn(card: ModelCard, library: ClassLibrary, seed: number): ModelCard {
  const random = createRandom(seed);
  const draw = createMixer(library, { mixtures: DEFAULT_MIXTURES, random });
  const { spectra } = draw(random.fork('likeness'), PROBE_PIXELS);
  return { ...card, distribution: distributionOf(spectra, card.bands.length)! };
}

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** The share that is unlike the training, with what `infer` would warn of. */
function cell(card: ModelCard, spectra: Float32Array): string {
  const { unlikeShare, isUnlike, isDark } = judge(card, spectra);
  return `${percent(unlikeShare)}${isUnlike ? ', unlike' : isDark ? ', dark' : ''}`;
}

/** One pixel after the other, of several scenes of one sensor. */
const together = (scenes: readonly RealPixels[]): RealPixels => ({
  spectra: Float32Array.from(scenes.flatMap(({ spectra }) => [...spectra])),
  wavelengths: scenes[0]!.wavelengths,
});

/** Spectra [n, B] as they are where only `centres` (nm, rising) were measured, interpolated between them. */
function interpolated({ spectra, wavelengths }: RealPixels, centres: readonly number[]): RealPixels {
  const B = wavelengths.length;
  const nearest = centres.map((nm) =>
    wavelengths.reduce((best, at, b) => (Math.abs(at - nm) < Math.abs(wavelengths[best]! - nm) ? b : best), 0),
  );
  const between = wavelengths.map((nm) => {
    const after = centres.findIndex((centre) => centre > nm);
    const k = Math.max(0, (after < 0 ? centres.length : after) - 1);
    const next = Math.min(centres.length - 1, k + 1);
    const t = next === k ? 0 : Math.min(1, Math.max(0, (nm - centres[k]!) / (centres[next]! - centres[k]!)));
    return { k, next, t };
  });
  const change = (_: number, i: number) => {
    const [from, { k, next, t }] = [i - (i % B), between[i % B]!];
    return (1 - t) * spectra[from + nearest[k]!]! + t * spectra[from + nearest[next]!]!;
  };
  return { spectra: spectra.map(change), wavelengths };
}

const potsdam = await realScenes('enmap-potsdam/images');
const scenes = { Potsdam: together(potsdam), EMIT: together(await realScenes('emit-sample')) };
const centresOf = (name: string) =>
  cards
    .get(name)!
    .bands.map(({ wavelength }) => wavelength!)
    .sort((a, b) => a - b);

const rows = Object.entries(scenes).flatMap(([scene, pixels]) =>
  MISUSES.map(([what, change]) => [
    `${scene}, ${what}`,
    ...[...cards.values()].map((card) => cell(card, misused(seenBy(card, pixels), card, change))),
  ]),
);
/** The shares of each of the scene's tiles that are unlike. */
const ofTiles = (card: ModelCard) => potsdam.map((tile) => judge(card, seenBy(card, tile)).unlikeShare);
const range = (shares: readonly number[]) => `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`;
const tiles = [...cards.values()].map((card) => range(ofTiles(card)));
const few = ['sentinel2-cover', 'landsat8-cover'].map((name) => [
  `Potsdam, interpolated from the bands of ${name}`,
  ...[...cards].map(([other, card]) =>
    card.bands.length < 50 || other === name
      ? ''
      : cell(card, seenBy(card, interpolated(scenes.Potsdam, centresOf(name)))),
  ),
]);
console.log(table(['pixels', ...MODELS], [['Potsdam, its 12 tiles one by one', ...tiles], ...rows, ...few]));
console.log(
  `\n${scenes.Potsdam.spectra.length / scenes.Potsdam.wavelengths.length} pixels of EnMAP (Potsdam), ${scenes.EMIT.spectra.length / scenes.EMIT.wavelengths.length} of EMIT, in each model's bands by their responses; the share unlike the training, and what infer warns of`,
);

const seeds: string[][] = [];
for (const [name, card] of cards) {
  const library = await libraryOf(card);
  const redraws = Array.from({ length: SEEDS }, (_, s) => redrawn(card, library, s + 1));
  const light = misused(seenBy(card, scenes.Potsdam), card, radiance);
  const worst = redraws.map((one) => Math.max(...ofTiles(one)));
  seeds.push([name, range(worst), range(redraws.map((one) => judge(one, light).unlikeShare))]);
}
console.log(`\n${table(['model', 'the most of a tile', 'of radiance'], seeds)}`);
console.log(
  `\nThe share unlike the training, by ${SEEDS} cards of each model, each of ${PROBE_PIXELS} mixtures of a seed of its own`,
);
