// npm run bench:accuracy [-- --seeds 10 --scenes jasper,samson,synthetic,sim1,urban4,urban5 --epochs 200 --schedule poly --learning-rate 0.02 --threads 0 --first-seed 1 --method subset --brightness bounded --endmembers-only --no-write]
// Trains EGU-Net-pw blind on each scene with each seed and scores the exported head; prints a table and writes the scene's section of docs/results.md.
// --endmembers-only: no training; scores NNLS with the endmembers found.
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
  nnlsAbundances,
  type Schedule,
} from '@egunet/train';
import { prepareBlind } from './blind.js';
import { writeResults } from './results-page.js';
import { jasperRidge, type ReferenceScene, samson } from './scenes.js';
import { sim1, synthetic, urban } from './simulated-scenes.js';
import { deviation, mean, table } from './statistics.js';

const scenes: Record<string, () => Promise<ReferenceScene>> = {
  jasper: jasperRidge,
  samson,
  synthetic,
  sim1,
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
    method: { type: 'string', default: 'subset' },
    brightness: { type: 'string' },
    'endmembers-only': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
});

interface Score {
  /** Absent where nothing is trained. */
  readonly network?: MapEvaluation;
  readonly nnls: MapEvaluation;
  readonly seconds: number;
}

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
  const judge = (abundances: Float32Array) =>
    evaluateAbundances({
      abundances,
      reference,
      names: materials,
      spectra,
      referenceEndmembers,
      endmembers: found.endmembers,
    });
  const seconds = () => (performance.now() - began) / 1000;
  if (values['endmembers-only']) {
    const searched = seconds();
    return { nnls: judge(nnlsAbundances(found.endmembers, spectra, scene.bands).abundances), seconds: searched };
  }
  const { checkpoint } = await fit(set, facts, {
    seed,
    epochs: Number(values.epochs),
    schedule: values.schedule as Schedule,
    learningRate: Number(values['learning-rate']),
    threads: Number(values.threads),
  });
  const evaluation = judge(await evaluateNetwork(checkpoint, spectra));
  return { network: evaluation, nnls: evaluation.baseline!, seconds: seconds() };
}

/** One row for each figure: mean and spread over the seeds, network (where there is one) beside NNLS. */
function figureRows(scores: readonly Score[]): string[][] {
  const names = scores[0]!.nnls.figures.map(({ name, definition, unit }) => ({ name, definition, unit }));
  return names.map(({ name, definition, unit }, i) => {
    const spread = (pick: (s: Score) => MapEvaluation) => {
      const all = scores.map((s) => pick(s).figures[i]!.value);
      return `${mean(all).toFixed(4)} ± ${deviation(all).toFixed(4)} (worst ${Math.max(...all).toFixed(4)})`;
    };
    const network = scores[0]!.network ? [spread((s) => s.network!)] : [];
    return [name, ...network, spread((s) => s.nnls), unit === 'rad' ? 'radians' : unit, definition];
  });
}

async function report(key: string, seeds: number): Promise<string> {
  const scene = await scenes[key]!();
  const scores: Score[] = [];
  const first = Number(values['first-seed']);
  for (let seed = first; seed < first + seeds; seed++) {
    scores.push(await score(scene, seed));
    const { network, nnls, seconds } = scores.at(-1)!;
    const shown = [...(network ? [['network', network] as const] : []), ['NNLS', nnls] as const].map(
      ([who, { figures }]) => `${who} ${figures[0]!.value.toFixed(4)}`,
    );
    console.error(`${scene.name} seed ${seed}: ${nnls.figures[0]!.name}: ${shown.join(', ')}, ${seconds.toFixed(1)} s`);
  }
  const only = values['endmembers-only'];
  const heading = `## ${only ? 'Endmembers alone, ' : ''}${scene.name}: ${scene.rows} x ${scene.cols} x ${scene.bands}, ${scene.materials.length} materials\n\n`;
  const header = ['figure', ...(only ? [] : ['EGU-Net-pw']), 'NNLS with the same M / sum', 'unit', 'definition'];
  const made = scene.made ? `\n${scene.made}\n` : '';
  return `${heading}Printed by \`${commandOf(key)}\`.\n${made}\n${table(header, figureRows(scores))}\n\n${seeds} seeds.\n`;
}

/** The command that prints this scene's section again. */
function commandOf(key: string): string {
  const { seeds, epochs, schedule, method, brightness } = values;
  const searched = ` --method ${method}${method === 'subset' ? ` --brightness ${brightness ?? DEFAULT_BRIGHTNESS}` : ''}`;
  const given = (name: 'first-seed' | 'threads', usual: string) =>
    values[name] === usual ? '' : ` --${name} ${values[name]}`;
  if (values['endmembers-only'])
    return `npm run bench:accuracy -- --endmembers-only --scenes ${key} --seeds ${seeds}${searched}${given('first-seed', '1')}`;
  return `npm run bench:accuracy -- --scenes ${key} --seeds ${seeds}${searched} --epochs ${epochs} --schedule ${schedule} --learning-rate ${values['learning-rate']}${given('first-seed', '1')}${given('threads', '0')}`;
}

const wanted = values.scenes.split(',');
for (const key of wanted)
  if (!scenes[key]) throw new Error(`no scene '${key}': one of ${Object.keys(scenes).join(', ')}`);
for (const key of wanted) {
  const section = await report(key, Number(values.seeds));
  console.log(section);
  if (!values['no-write']) writeResults(fileURLToPath(new URL('../../docs/results.md', import.meta.url)), [section]);
}
