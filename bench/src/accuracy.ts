// npm run bench:accuracy [-- --scenes jasper,samson,synthetic,sim1,sim1-20db,sim1-clean,urban4,urban5,potsdam --models pw,ss --seeds 10 --network-seeds 10 --first-seed 1 --method agreed --brightness bounded --epochs E --schedule S --learning-rate R --weight-decay W --threads 1 --no-write]
// Scores every way from a scene to abundances with each seed: the usual routes, and EGU-Net of each model trained blind; prints a section for each scene
// and writes it into docs/results.md, with abundance maps in docs/images. --models none: the routes alone; --network-seeds: networks are
// trained with so many of the seeds only (all of them unless told otherwise). potsdam: vegetation cover of real EnMAP pixels, without a network.
import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  type Brightness,
  DEFAULT_BRIGHTNESS,
  DEFAULT_METHOD,
  DEFAULT_SETTINGS,
  type EndmemberMethodName,
  type Schedule,
} from '@egunet/train';
import { SCORED_MODELS, type ScoredModel } from './networks.js';
import { POTSDAM, potsdamSection } from './potsdam.js';
import { writeResults } from './results-page.js';
import { assertSceneNames, SCENE_NAMES, sceneNamed } from './scene-list.js';
import { definitions, type Row, rowsOf, sectionBody } from './scene-section.js';
import type { Assignment, Scored } from './score-search.js';
import { OWN, SEARCHES } from './searches.js';
import { lastLine } from './timed.js';

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: [...SCENE_NAMES, POTSDAM].join(',') },
    models: { type: 'string', default: SCORED_MODELS.join(',') },
    seeds: { type: 'string', default: '10' },
    'network-seeds': { type: 'string' },
    'first-seed': { type: 'string', default: '1' },
    method: { type: 'string', default: DEFAULT_METHOD },
    brightness: { type: 'string' },
    epochs: { type: 'string' },
    schedule: { type: 'string', default: DEFAULT_SETTINGS.schedule },
    'learning-rate': { type: 'string', default: `${DEFAULT_SETTINGS.learningRate}` },
    'weight-decay': { type: 'string', default: `${DEFAULT_SETTINGS.weightDecay}` },
    threads: { type: 'string', default: '1' },
    'no-write': { type: 'boolean', default: false },
  },
});

const page = fileURLToPath(new URL('../../docs/results.md', import.meta.url));
const pictures = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const scorer = fileURLToPath(new URL('score-search.js', import.meta.url));

const names = values.scenes.split(',');
assertSceneNames(names.filter((name) => name !== POTSDAM));
const models = values.models === 'none' ? [] : (values.models.split(',') as ScoredModel[]);
const unknown = models.find((model) => !SCORED_MODELS.includes(model));
if (unknown !== undefined) throw new Error(`no model '${unknown}': one of ${SCORED_MODELS.join(', ')}, or none`);
const first = Number(values['first-seed']);
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => first + i);

const withNetworks = new Set(seeds.slice(0, Number(values['network-seeds'] ?? seeds.length)));

/** Brightness belongs to methods that leave a choice, and is told to them always. */
const brightness = values.method !== 'kmeans' ? ((values.brightness ?? DEFAULT_BRIGHTNESS) as Brightness) : undefined;
const pictureOf = (scene: string): string | undefined =>
  models.length > 0 && !values['no-write'] ? `${pictures}abundances-${scene}.png` : undefined;

function assignmentOf(scene: string, search: string, seed: number): Assignment {
  const picture = seed === first ? pictureOf(scene) : undefined;
  return {
    scene,
    search,
    seed,
    own: { method: values.method as EndmemberMethodName, ...(brightness && { brightness }) },
    models: withNetworks.has(seed) ? models : [],
    settings: {
      ...(values.epochs !== undefined && { epochs: Number(values.epochs) }),
      schedule: values.schedule as Schedule,
      learningRate: Number(values['learning-rate']),
      weightDecay: Number(values['weight-decay']),
      threads: Number(values.threads),
    },
    ...(picture && { picture }),
  };
}

/** Scores in a process of its own. Throws Error where it fails; what it says about that is on standard error. */
function scoresOf(assignment: Assignment): Scored[] {
  const { status, stdout } = spawnSync(process.execPath, [scorer, JSON.stringify(assignment)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${assignment.scene}, ${assignment.search}, seed ${assignment.seed}: failed`);
  return JSON.parse(lastLine(stdout)) as Scored[];
}

/** Every way of a scene, with every seed; what does not depend on the seed once. */
function score(name: string): Row[] {
  return SEARCHES.flatMap(({ key, blind }) => {
    const bySeed = (blind ? seeds : [first]).map((seed) => {
      const scored = scoresOf(assignmentOf(name, key, seed));
      for (const { name: way, evaluation, seconds } of scored)
        console.error(
          `${name} seed ${seed}: ${way}: ${evaluation.figures[0]!.value.toFixed(4)}, ${seconds.toFixed(1)} s`,
        );
      return scored;
    });
    return rowsOf(bySeed);
  });
}

/** The command that prints this scene's section again. */
function commandOf(name: string): string {
  const found = ` --method ${values.method}${brightness ? ` --brightness ${brightness}` : ''}`;
  const { epochs, schedule, 'learning-rate': rate, 'weight-decay': decay, threads } = values;
  const passes = epochs === undefined ? '' : ` --epochs ${epochs}`;
  const trained = `${passes} --schedule ${schedule} --learning-rate ${rate} --weight-decay ${decay} --threads ${threads}`;
  const some = withNetworks.size < seeds.length ? ` --network-seeds ${withNetworks.size}` : '';
  const from = first === 1 ? '' : ` --first-seed ${first}`;
  return `npm run bench:accuracy -- --scenes ${name} --models ${values.models} --seeds ${seeds.length}${some}${from}${found}${models.length > 0 ? trained : ''}`;
}

for (const name of names) {
  if (name === POTSDAM) {
    const section = await potsdamSection(seeds);
    console.log(section);
    if (!values['no-write']) writeResults(page, [section]);
    continue;
  }
  const scene = await sceneNamed(name);
  const rows = score(name);
  const own = SEARCHES.find(({ key }) => key === OWN)!.name;
  const path = pictureOf(name);
  const body = sectionBody(name, rows, {
    own,
    picture: path && relative(fileURLToPath(new URL('../../docs', import.meta.url)), path),
  });
  const heading = `## ${scene.name}: ${scene.rows} x ${scene.cols} x ${scene.bands}, ${scene.materials.length} materials`;
  const made = scene.made ? `${scene.made}\n\n` : '';
  const section = `${heading}\n\nPrinted by \`${commandOf(name)}\`.\n\n${made}${body}\n`;
  console.log(section);
  if (!values['no-write']) writeResults(page, [`## Definitions\n\n${definitions(rows)}\n`, section]);
}
