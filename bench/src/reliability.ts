// How far an ensemble's abundances are off beside its spread, on mixtures of spectra that its training never saw: npm run bench:reliability.
// Legend: S spectra, B bands, C classes, n mixtures.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCard } from '@egunet/infer';
import {
  type ClassLibrary,
  createMixer,
  createRandom,
  DEFAULT_MIXTURES,
  exportHead,
  filterLibrary,
  fitLibrary,
} from '@egunet/train';
import * as ort from 'onnxruntime-node';
import { COVER_CLASSES, coverFacts, coverLibrary } from './cover-library.js';
import { type HeldOut, ONE_IN, someSources, someSpectra } from './held-out.js';
import { groupsTable, type Pair, tenthsTable } from './reliability-table.js';

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '5' },
    steps: { type: 'string', default: '400' },
    mixtures: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
  },
});
const [MEMBERS, STEPS, MIXTURES, SEED] = [values.members, values.steps, values.mixtures, values.seed].map(Number) as [number, number, number, number]; // biome-ignore format: one line says more
const C = COVER_CLASSES.length;

/** Spread and error of each abundance of mixtures of what is held out, by an ensemble that was trained on the rest: a list for each class. */
async function pairsOf(library: ClassLibrary, wavelengths: readonly number[], held: HeldOut): Promise<Pair[][]> {
  const [seen, unseen] = [false, true].map((out) => filterLibrary(library, (_, s) => held[s] === out));
  const options = { seed: SEED, epochs: STEPS, members: MEMBERS };
  const { checkpoint } = await fitLibrary(seen!, coverFacts(seen!, wavelengths), options);
  const { bytes } = await exportHead(checkpoint, { softwareVersion: 'bench', created: new Date(0) });
  const random = createRandom(SEED).fork('reliability');
  const draw = createMixer(unseen!, { mixtures: DEFAULT_MIXTURES, random });
  const { spectra, labels } = draw(random, MIXTURES);
  const session = await ort.InferenceSession.create(bytes);
  const output = await session.run({ spectra: new ort.Tensor('float32', spectra, [MIXTURES, library.bands]) });
  await session.release();
  const [found, spread] = ['abundances', 'spread'].map((name) => output[name]!.data as Float32Array);
  const pairAt = (at: number): Pair => ({
    ...{ abundance: found![at]!, spread: spread![at]! },
    error: found![at]! - labels[at]!,
  });
  return COVER_CLASSES.map((_, c) => Array.from({ length: MIXTURES }, (_, i) => pairAt(i * C + c)));
}

/** Both tables of what was held out, under a heading. */
function report(heading: string, byClass: readonly (readonly Pair[])[]): void {
  const all = byClass.flat();
  const groups = new Map([...COVER_CLASSES.map((name, c) => [name, byClass[c]!] as const), ['all', all]]);
  console.log(`${heading}\n\n${tenthsTable(all)}\n\n${groupsTable('class', groups)}\n`);
}

const { bands } = readCard(readFileSync(fileURLToPath(import.meta.resolve('@egunet/models/zoo/enmap-cover.onnx'))));
const asked = bands.map(({ wavelength }) => wavelength!);
const { library, used } = await coverLibrary(asked);
const wavelengths = used.map((b) => asked[b]!);
report(`One spectrum in ${ONE_IN} of each source held out`, await pairsOf(library, wavelengths, someSpectra(library)));
const halves = [
  await pairsOf(library, wavelengths, someSources(library, 'first')),
  await pairsOf(library, wavelengths, someSources(library, 'last')),
];
report(
  'Whole sources held out, one half of them, then the other',
  COVER_CLASSES.map((_, c) => halves.flatMap((half) => half[c]!)),
);
console.log(
  `${MEMBERS} encoders, ${STEPS} steps, seed ${SEED}, ${library.bands} bands of EnMAP, ${library.classOf.length} spectra; ${MIXTURES} mixtures of what was held out each time, ${C} abundances each`,
);
