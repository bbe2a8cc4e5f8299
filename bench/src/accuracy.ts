// npm run bench:accuracy [-- --seeds 10 --scenes jasper,samson,synthetic,sim1,sim1-20db,sim1-clean,urban4,urban5 --epochs 200 --schedule poly --learning-rate 0.02 --threads 0 --first-seed 1 --method refined --brightness bounded --without-network --no-write]
// Trains EGU-Net-pw blind on each scene with each seed and scores the exported head; prints a table and writes the scene's section of docs/results.md.
// --scenes potsdam: vegetation cover of real EnMAP pixels, without a network (potsdam.ts).
// --without-network: no training; scores the usual routes from endmembers to abundances beside each other (routes.ts).
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Brightness,
  DEFAULT_BRIGHTNESS,
  DEFAULT_SETTINGS,
  type EndmemberMethodName,
  evaluateAbundances,
  evaluateNetwork,
  fit,
  type MapEvaluation,
  type Schedule,
} from '@egunet/train';
import { prepareBlind } from './blind.js';
import { potsdamTable } from './potsdam.js';
import { writeResults } from './results-page.js';
import { routesTable } from './routes.js';
import { jasperRidge, type ReferenceScene, samson } from './scenes.js';
import { sim1, synthetic, urban } from './simulated-scenes.js';
import { spread, table } from './statistics.js';

const scenes: Record<string, () => Promise<ReferenceScene>> = {
  jasper: jasperRidge,
  samson,
  synthetic,
  sim1: () => sim1(30),
  'sim1-20db': () => sim1(20),
  'sim1-clean': () => sim1(),
  urban4: () => urban(4),
  urban5: () => urban(5),
};

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    'first-seed': { type: 'string', default: '1' },
    scenes: { type: 'string', default: Object.keys(scenes).join(',') },
    epochs: { type: 'string', default: '200' },
    schedule: { type: 'string', default: DEFAULT_SETTINGS.schedule },
    'learning-rate': { type: 'string', default: `${DEFAULT_SETTINGS.learningRate}` },
    threads: { type: 'string', default: '0' },
    method: { type: 'string', default: 'refined' },
    brightness: { type: 'string' },
    'without-network': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
});

interface Score {
  readonly network: MapEvaluation;
  readonly nnls: MapEvaluation;
  readonly seconds: number;
}

/** What an abundance of 1 means, where the method leaves a choice. */
const brightnessAsked = (): Brightness => (values.brightness ?? DEFAULT_BRIGHTNESS) as Brightness;

/** How endmembers are found; brightness belongs to one method. */
function endmemberSearch(): { method: EndmemberMethodName; brightness?: Brightness } {
  const { method, brightness } = values;
  return {
    method: method as EndmemberMethodName,
    ...(brightness === undefined ? {} : { brightness: brightness as Brightness }),
  };
}

/** One blind search and training, scored with the scene's reference. */
async function score(scene: ReferenceScene, seed: number): Promise<Score> {
  const began = performance.now();
  const { spectra, reference, referenceEndmembers, materials } = scene;
  const { set, facts, found } = await prepareBlind(scene, seed, endmemberSearch());
  const { checkpoint } = await fit(set, facts, {
    seed,
    epochs: Number(values.epochs),
    schedule: values.schedule as Schedule,
    learningRate: Number(values['learning-rate']),
    threads: Number(values.threads),
  });
  const evaluation = evaluateAbundances({
    abundances: await evaluateNetwork(checkpoint, spectra),
    reference,
    names: materials,
    spectra,
    referenceEndmembers,
    endmembers: found.endmembers,
  });
  return { network: evaluation, nnls: evaluation.baseline!, seconds: (performance.now() - began) / 1000 };
}

/** One row for each figure: mean and spread over the seeds, network beside NNLS. */
function figureRows(scores: readonly Score[]): string[][] {
  const names = scores[0]!.nnls.figures.map(({ name, definition, unit }) => ({ name, definition, unit }));
  return names.map(({ name, definition, unit }, i) => {
    const cell = (who: 'network' | 'nnls') => spread(scores.map((score) => score[who].figures[i]!.value));
    return [name, cell('network'), cell('nnls'), unit === 'rad' ? 'radians' : unit, definition];
  });
}

/** The network beside NNLS with the same endmembers. */
async function networkTable(scene: ReferenceScene, seeds: readonly number[]): Promise<string> {
  const scores: Score[] = [];
  for (const seed of seeds) {
    const scored = await score(scene, seed);
    const [network, nnls] = [scored.network.figures[0]!, scored.nnls.figures[0]!];
    console.error(
      `${scene.name} seed ${seed}: ${nnls.name}: network ${network.value.toFixed(4)}, NNLS ${nnls.value.toFixed(4)}, ${scored.seconds.toFixed(1)} s`,
    );
    scores.push(scored);
  }
  return table(['figure', 'EGU-Net-pw', 'NNLS with the same M / sum', 'unit', 'definition'], figureRows(scores));
}

/** A section for the scene whose reference is points of vegetation cover. */
async function reportPotsdam(seeds: readonly number[]): Promise<string> {
  const { scene, body } = await potsdamTable(seeds);
  const { name, rows, cols, bands } = scene;
  const given = values['first-seed'] === '1' ? '' : ` --first-seed ${values['first-seed']}`;
  const made =
    'Real EnMAP L2A pixels: twelve tiles of 32 x 32 with nothing between them. The points are noisy: land cover drawn on an aerial image of another year and season.';
  return `## ${name}: ${rows} x ${cols} x ${bands}, vegetation cover\n\nPrinted by \`npm run bench:accuracy -- --scenes potsdam --seeds ${seeds.length}${given}\`.\n\n${made}\n\n${body}\n\n${seeds.length} seeds.\n`;
}

async function report(key: string, seeds: number): Promise<string> {
  const first = Number(values['first-seed']);
  const numbers = Array.from({ length: seeds }, (_, i) => first + i);
  if (key === 'potsdam') return reportPotsdam(numbers);
  const scene = await scenes[key]!();
  const alone = values['without-network'];
  const body = alone ? await routesTable(scene, numbers, brightnessAsked()) : await networkTable(scene, numbers);
  const heading = `## ${alone ? 'Without a network, ' : ''}${scene.name}: ${scene.rows} x ${scene.cols} x ${scene.bands}, ${scene.materials.length} materials\n\n`;
  const made = scene.made ? `\n${scene.made}\n` : '';
  return `${heading}Printed by \`${commandOf(key)}\`.\n${made}\n${body}\n\n${seeds} seeds.\n`;
}

/** The command that prints this scene's section again. */
function commandOf(key: string): string {
  const { seeds, epochs, schedule, method } = values;
  const brightness = ` --brightness ${brightnessAsked()}`;
  const searched = ` --method ${method}${method === 'kmeans' ? '' : brightness}`;
  const given = (name: 'first-seed' | 'threads', usual: string) =>
    values[name] === usual ? '' : ` --${name} ${values[name]}`;
  if (values['without-network'])
    return `npm run bench:accuracy -- --without-network --scenes ${key} --seeds ${seeds}${brightness}${given('first-seed', '1')}`;
  return `npm run bench:accuracy -- --scenes ${key} --seeds ${seeds}${searched} --epochs ${epochs} --schedule ${schedule} --learning-rate ${values['learning-rate']}${given('first-seed', '1')}${given('threads', '0')}`;
}

const wanted = values.scenes.split(',');
for (const key of wanted)
  if (!scenes[key] && key !== 'potsdam')
    throw new Error(`no scene '${key}': one of ${[...Object.keys(scenes), 'potsdam'].join(', ')}`);
for (const key of wanted) {
  const section = await report(key, Number(values.seeds));
  console.log(section);
  if (!values['no-write']) writeResults(fileURLToPath(new URL('../../docs/results.md', import.meta.url)), [section]);
}
