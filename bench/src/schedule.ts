// npm run bench:schedule [-- --scenes jasper,samson,sim1 --seeds 3 --schedules poly --learning-rates 0.02 --weight-decays 0.005,0.0005,0.0001,0 --drop-rates 0.1 --batches all --epochs 25,50,100,200 --side 0 --method refined --record FILE]
// What the schedule, the learning rate, the weight decay, the batch and the number of epochs of a training give, on one thread, with the same endmembers, labels
// and draws for all settings of a seed. --side: only the middle of larger scenes, of so many pixels a side (0: the whole).
// --method: how endmembers are found.
// --record: outcomes are kept in this file, a line of JSON each, and what it holds already is not trained again.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  abundanceErrors,
  assignByAngle,
  DEFAULT_SETTINGS,
  type EndmemberMethodName,
  evaluateNetwork,
  type FitSettings,
  fit,
  nnlsAbundances,
  type Schedule,
} from '@egunet/train';
import { type BlindTraining, prepareBlind } from './blind.js';
import { timed } from './processor-time.js';
import { assertSceneNames, middleOf, sceneNamed } from './scene-list.js';
import type { ReferenceScene } from './scenes.js';
import { mean, spread, table } from './statistics.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: 'jasper,samson,sim1' },
    seeds: { type: 'string', default: '3' },
    schedules: { type: 'string', default: DEFAULT_SETTINGS.schedule },
    'learning-rates': { type: 'string', default: `${DEFAULT_SETTINGS.learningRate}` },
    'weight-decays': { type: 'string', default: '0.005,0.0005,0.0001,0' },
    'drop-rates': { type: 'string', default: `${DEFAULT_SETTINGS.dropRate}` },
    batches: { type: 'string', default: 'all' },
    epochs: { type: 'string', default: '25,50,100,200' },
    side: { type: 'string', default: '0' },
    method: { type: 'string', default: 'refined' },
    record: { type: 'string' },
  },
});

type Trial = Pick<FitSettings, 'schedule' | 'learningRate' | 'weightDecay' | 'dropRate' | 'epochs'> & {
  /** Pixels and candidates a step; as many as there are candidates where it is 'all'. */
  readonly batch: string;
};

/** One training, scored. */
interface Outcome {
  /** aRMSE (eq. 9) of the network and of NNLS on the same endmembers. */
  readonly armse: number;
  readonly nnls: number;
  /** Mean absolute difference of an abundance from the labels of the candidates, and from NNLS over all pixels. */
  readonly fromLabels: number;
  readonly fromNnls: number;
  readonly steps: number;
  /** Processor seconds of the training alone. */
  readonly seconds: number;
}

const list = (text: string): string[] => text.split(',');

/** Each of the trials with each of the values of a setting. */
const each = <K extends keyof Trial>(trials: readonly Partial<Trial>[], key: K, of: readonly Trial[K][]) =>
  trials.flatMap((trial) => of.map((value) => ({ ...trial, [key]: value })));

/** Every combination of what the options name. */
function trials(): Trial[] {
  const numbers = (name: 'learning-rates' | 'weight-decays' | 'drop-rates' | 'epochs') =>
    list(values[name]).map(Number);
  let all = each([{}], 'schedule', list(values.schedules) as Schedule[]);
  all = each(all, 'learningRate', numbers('learning-rates'));
  all = each(all, 'weightDecay', numbers('weight-decays'));
  all = each(all, 'dropRate', numbers('drop-rates'));
  all = each(all, 'batch', list(values.batches));
  return each(all, 'epochs', numbers('epochs')) as Trial[];
}

const meanDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

/** What every trial of a seed shares: the scene, its labels, and its abundances by NNLS. */
interface Prepared {
  readonly scene: ReferenceScene;
  readonly seed: number;
  readonly training: BlindTraining;
  /** [N, C], in the order of the endmembers found. */
  readonly unmixed: Float32Array;
  /** aRMSE of abundances in that order. */
  readonly score: (abundances: Float32Array) => number;
}

async function prepare(scene: ReferenceScene, seed: number): Promise<Prepared> {
  const { spectra, bands, reference, referenceEndmembers, materials } = scene;
  const training = await prepareBlind(scene, seed, { method: values.method as EndmemberMethodName });
  const { endmembers } = training.found;
  const count = materials.length;
  const assignment = assignByAngle(endmembers, referenceEndmembers, bands);
  const score = (abundances: Float32Array) => {
    const ordered = abundances.map((_, k) => abundances[k - (k % count) + assignment[k % count]!]!);
    return abundanceErrors(ordered, reference, count).armse;
  };
  return { scene, seed, training, unmixed: nnlsAbundances(endmembers, spectra, bands).abundances, score };
}

async function run({ scene, seed, training, unmixed, score }: Prepared, trial: Trial): Promise<Outcome> {
  const { set, facts } = training;
  const batch = trial.batch === 'all' ? facts.candidates : Number(trial.batch);
  const { value, seconds } = await timed(() => fit(set, facts, { ...trial, batch, seed, threads: 1 }));
  const { checkpoint } = value;
  const abundances = await evaluateNetwork(checkpoint, scene.spectra);
  const ofCandidates = await evaluateNetwork(checkpoint, set.candidates);
  return {
    armse: score(abundances),
    nnls: score(unmixed),
    fromLabels: meanDifference(ofCandidates, set.labels),
    fromNnls: meanDifference(abundances, unmixed),
    steps: trial.epochs * Math.floor((scene.rows * scene.cols) / checkpoint.settings.batch),
    seconds,
  };
}

const HEADER = [
  'schedule',
  'learning rate',
  'weight decay',
  'drop rate',
  'batch',
  'epochs',
  'steps',
  'aRMSE (eq. 9)',
  'less NNLS',
  'from labels',
  'from NNLS',
  'processor s',
];

function row(
  { schedule, learningRate, weightDecay, dropRate, batch, epochs }: Trial,
  outcomes: readonly Outcome[],
): string[] {
  const of = (figure: (outcome: Outcome) => number) => mean(outcomes.map(figure));
  return [
    schedule,
    ...[learningRate, weightDecay, dropRate, batch, epochs, outcomes[0]!.steps].map(String),
    spread(outcomes.map(({ armse }) => armse)),
    of(({ armse, nnls }) => armse - nnls).toFixed(4),
    of(({ fromLabels }) => fromLabels).toFixed(4),
    of(({ fromNnls }) => fromNnls).toFixed(4),
    of(({ seconds }) => seconds).toFixed(1),
  ];
}

/** Which training an outcome is of. */
const keyOf = (scene: string, seed: number, trial: Trial): string => {
  const { schedule, learningRate, weightDecay, dropRate, batch, epochs } = trial;
  return JSON.stringify([scene, seed, schedule, learningRate, weightDecay, dropRate, batch, epochs]);
};

/** The outcomes that the record holds, by key. */
function readRecord(): Map<string, Outcome> {
  const { record } = values;
  const text = record !== undefined && existsSync(record) ? readFileSync(record, 'utf8') : '';
  const lines = text.split('\n').filter((line) => line !== '');
  const kept = lines.map((line) => JSON.parse(line) as Trial & Outcome & { scene: string; seed: number });
  return new Map(kept.map((one) => [keyOf(one.scene, one.seed, one), one]));
}

/** The outcomes of all trials with one seed; what they share is made only if one of them is not on record. */
async function runAll(scene: ReferenceScene, seed: number, known: ReadonlyMap<string, Outcome>): Promise<Outcome[]> {
  let prepared: Prepared | undefined;
  const outcomes: Outcome[] = [];
  for (const trial of trials()) {
    let outcome = known.get(keyOf(scene.name, seed, trial));
    if (!outcome) {
      prepared ??= await prepare(scene, seed);
      outcome = await run(prepared, trial);
      const line = JSON.stringify({ scene: scene.name, seed, ...trial, ...outcome });
      console.error(line);
      if (values.record !== undefined) appendFileSync(values.record, `${line}\n`);
    }
    outcomes.push(outcome);
  }
  return outcomes;
}

/** A section of Markdown: the scene and a row for each trial. */
async function report(scene: ReferenceScene, seeds: number): Promise<string> {
  const known = readRecord();
  const bySeed: Outcome[][] = [];
  for (let seed = 1; seed <= seeds; seed++) bySeed.push(await runAll(scene, seed, known));
  const nnls = spread(bySeed.map(([outcome]) => outcome!.nnls));
  const rows = trials().map((trial, i) =>
    row(
      trial,
      bySeed.map((outcomes) => outcomes[i]!),
    ),
  );
  return `### ${scene.name}\n\nSeeds: ${seeds}; NNLS with the same endmembers ${nnls}.\n\n${table(HEADER, rows)}\n`;
}

assertSceneNames(list(values.scenes));
for (const name of list(values.scenes)) {
  const scene = await sceneNamed(name);
  console.log(await report(Number(values.side) ? middleOf(scene, Number(values.side)) : scene, Number(values.seeds)));
}
