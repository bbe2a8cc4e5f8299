// npm run bench:accuracy [-- --seeds 10 --scenes jasper,samson,synthetic --epochs 200 --schedule poly --learning-rate 0.02 --threads 0 --first-seed 1 --no-write]
// Trains EGU-Net-pw blind on each scene with each seed and scores the exported head; prints a table and writes the scene's section of docs/results.md.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  DEFAULT_SETTINGS,
  type Evaluation,
  evaluateAbundances,
  evaluateNetwork,
  fit,
  type MapEvaluation,
  type Schedule,
} from '@egunet/train';
import { prepareBlind } from './blind.js';
import { writeResults } from './results-page.js';
import { jasperRidge, type ReferenceScene, SYNTHETIC, samson, synthetic } from './scenes.js';
import { deviation, mean, table } from './statistics.js';

const scenes: Record<string, () => Promise<ReferenceScene>> = { jasper: jasperRidge, samson, synthetic };

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    'first-seed': { type: 'string', default: '1' },
    scenes: { type: 'string', default: Object.keys(scenes).join(',') },
    epochs: { type: 'string', default: '200' },
    schedule: { type: 'string', default: DEFAULT_SETTINGS.schedule },
    'learning-rate': { type: 'string', default: `${DEFAULT_SETTINGS.learningRate}` },
    threads: { type: 'string', default: '0' },
    'no-write': { type: 'boolean', default: false },
  },
});

interface Score {
  readonly network: MapEvaluation;
  readonly nnls: MapEvaluation;
  readonly seconds: number;
}

/** One blind training, scored with the scene's reference. */
async function score(scene: ReferenceScene, seed: number): Promise<Score> {
  const began = performance.now();
  const { spectra, reference, referenceEndmembers, materials } = scene;
  const { set, facts, found } = await prepareBlind(scene, seed);
  const { checkpoint } = await fit(set, facts, {
    seed,
    epochs: Number(values.epochs),
    schedule: values.schedule as Schedule,
    learningRate: Number(values['learning-rate']),
    threads: Number(values.threads),
  });
  const abundances = await evaluateNetwork(checkpoint, spectra);
  const evaluation: Evaluation = evaluateAbundances({
    abundances,
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
  const names = scores[0]!.network.figures.map(({ name, definition, unit }) => ({ name, definition, unit }));
  return names.map(({ name, definition, unit }, i) => {
    const spread = (pick: (s: Score) => MapEvaluation) => {
      const all = scores.map((s) => pick(s).figures[i]!.value);
      return `${mean(all).toFixed(4)} ± ${deviation(all).toFixed(4)} (worst ${Math.max(...all).toFixed(4)})`;
    };
    return [name, spread((s) => s.network), spread((s) => s.nnls), unit === 'rad' ? 'radians' : unit, definition];
  });
}

async function report(key: string, seeds: number): Promise<string> {
  const scene = await scenes[key]!();
  const scores: Score[] = [];
  const first = Number(values['first-seed']);
  for (let seed = first; seed < first + seeds; seed++) {
    scores.push(await score(scene, seed));
    const { network, nnls, seconds } = scores.at(-1)!;
    const [a, b] = [network.figures[0]!, nnls.figures[0]!];
    console.error(
      `${scene.name} seed ${seed}: ${a.name} ${a.value.toFixed(4)}, NNLS ${b.value.toFixed(4)}, ${seconds.toFixed(1)} s`,
    );
  }
  const heading = `## ${scene.name}: ${scene.rows} x ${scene.cols} x ${scene.bands}, ${scene.materials.length} materials\n\n`;
  const header = ['figure', 'EGU-Net-pw', 'NNLS with the same M / sum', 'unit', 'definition'];
  const guessed =
    key === 'synthetic'
      ? `\nRebuilt from the paper's description and its five endmembers; what that leaves open was chosen as ${JSON.stringify(SYNTHETIC)}: abundances are the softmax of contrast x smooth random fields of that radius (pixels), each endmember is scaled per pixel by U(1 - variability, 1 + variability), noise of snr dB is added to the endmembers and to the image.\n`
      : '';
  return `${heading}Printed by \`${commandOf(key)}\`.\n${guessed}\n${table(header, figureRows(scores))}\n\n${seeds} seeds.\n`;
}

/** The command that prints this scene's section again. */
function commandOf(key: string): string {
  const { seeds, epochs, schedule } = values;
  const given = (name: 'first-seed' | 'threads', usual: string) =>
    values[name] === usual ? '' : ` --${name} ${values[name]}`;
  return `npm run bench:accuracy -- --scenes ${key} --seeds ${seeds} --epochs ${epochs} --schedule ${schedule} --learning-rate ${values['learning-rate']}${given('first-seed', '1')}${given('threads', '0')}`;
}

const wanted = values.scenes.split(',');
for (const key of wanted)
  if (!scenes[key]) throw new Error(`no scene '${key}': one of ${Object.keys(scenes).join(', ')}`);
for (const key of wanted) {
  const section = await report(key, Number(values.seeds));
  console.log(section);
  if (!values['no-write']) writeResults(fileURLToPath(new URL('../../docs/results.md', import.meta.url)), [section]);
}
