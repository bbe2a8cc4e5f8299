// A scene's section of docs/results.md, from the scores of every seed. Legend: C materials.
import type { Figure, MapEvaluation, MaterialFigures } from '@egunet/train';
import { PUBLISHED } from './published.js';
import type { Scored } from './score-search.js';
import { deviation, mean, spread, table } from './statistics.js';

/** One way to abundances with every seed. */
export interface Row {
  readonly name: string;
  readonly blind: boolean;
  readonly scores: readonly Scored[];
}

/** Gathers the seeds' scores by the names of their ways, in the order of the first seed. A way that needs no seed has one score. */
export function rowsOf(seeds: readonly (readonly Scored[])[]): Row[] {
  return seeds[0]!.map(({ name, blind }) => ({
    name,
    blind,
    scores: seeds.flatMap((scored) => scored.filter((one) => one.name === name)),
  }));
}

const unitOf = ({ name, unit }: Figure): string => `${name}, ${unit}`;

/** The value of a figure with each seed. */
const valuesOf = (scores: readonly Scored[], pick: (evaluation: MapEvaluation) => Figure): number[] =>
  scores.map(({ evaluation }) => pick(evaluation).value);

function waysTable(rows: readonly Row[]): string {
  const { figures } = rows[0]!.scores[0]!.evaluation;
  const header = ['endmembers, abundances', 'blind', 'seeds', ...figures.map(unitOf), 'processor s', 'peak MB'];
  const cells = rows.map(({ name, blind, scores }) => [
    name,
    blind ? 'yes' : 'no',
    `${scores.length}`,
    ...figures.map((_, i) => spread(valuesOf(scores, (evaluation) => evaluation.figures[i]!))),
    mean(scores.map(({ seconds }) => seconds)).toFixed(1),
    Math.max(...scores.map(({ megabytes }) => megabytes)).toFixed(0),
  ]);
  return table(header, cells);
}

/** Mean and deviation, without the worst: these tables are long enough. */
function short(values: readonly number[]): string {
  const centre = mean(values).toFixed(4);
  return values.length === 1 ? centre : `${centre} ± ${deviation(values).toFixed(4)}`;
}

/** Each material of each way, matched to the reference. */
function materialsTable(rows: readonly Row[]): string {
  const [first] = rows[0]!.scores[0]!.evaluation.materials as [MaterialFigures];
  const header = ['material', 'endmembers, abundances', ...first.figures.map(unitOf)];
  const materials = rows[0]!.scores[0]!.evaluation.materials;
  const cells = materials.flatMap((material, m) =>
    rows.map(({ name, scores }) => [
      material.name,
      name,
      ...material.figures.map((_, i) => short(valuesOf(scores, ({ materials: each }) => each[m]!.figures[i]!))),
    ]),
  );
  return table(header, cells);
}

/** What others have published for the scene. */
function publishedPart(key: string): string {
  const published = PUBLISHED[key];
  if (!published) return 'Published figures of this scene: none in the sources of this project.';
  const cells = published.rows.map(({ method, armse, asad }) => [method, armse, asad ?? '']);
  return `Published:\n\n${table(['method', 'aRMSE (eq. 9)', 'aSAD (eq. 12), rad'], cells)}\n\n${published.note}`;
}

/** The part of the section behind its heading. `own`: the prefix of the rows whose materials are listed; `picture`: a path from the page. */
export function sectionBody(
  key: string,
  rows: readonly Row[],
  { own, picture }: { own: string; picture?: string | undefined },
): string {
  const listed = rows.filter(({ name }) => name.startsWith(own) && !name.includes('FCLSU'));
  const networks = rows.flatMap(({ name }) => name.match(/EGU-Net-\w+/) ?? []);
  const materials = rows[0]!.scores[0]!.evaluation.materials.map(({ name }) => name).join(', ');
  const shown = picture
    ? `![Abundance maps: reference, ${networks.join(', ')}](${picture})\n\nAbundances of the first seed, black 0, white 1. From left to right: ${materials}. From top to bottom: the reference, ${networks.join(', ')}.`
    : '';
  return [publishedPart(key), 'Here:', waysTable(rows), 'Each material:', materialsTable(listed), shown]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A list of every figure's meaning. */
export function definitions([row]: readonly Row[]): string {
  const { figures, materials } = row!.scores[0]!.evaluation;
  const all = [
    ...figures,
    ...materials[0]!.figures.map((figure) => ({ ...figure, name: `${figure.name} of a material` })),
  ];
  return all.map(({ name, definition }) => `- ${name}: ${definition}`).join('\n');
}
