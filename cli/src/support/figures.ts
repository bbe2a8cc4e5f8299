import type { Evaluation, Figure, MapEvaluation } from '@egunet/train';

/** A table of figures, and what they mean. */
export interface FigureTables {
  /** Heading, then a line a figure: name, unit, network, and NNLS where there is a baseline. */
  readonly overall: string[][];
  /** Heading, then a line a material. */
  readonly materials: string[][];
  readonly definitions: { readonly term: string; readonly definition: string }[];
}

const BASELINE = 'NNLS, same endmembers';

/** Four decimals: a ten-thousandth is well below the spread between seeds. */
const shown = (figure: Figure | undefined): string => figure?.value.toFixed(4) ?? '';

const named = (evaluation: { readonly figures: readonly Figure[] } | undefined, name: string): Figure | undefined =>
  evaluation?.figures.find((figure) => figure.name === name);

function materialTable({ materials, baseline }: Evaluation, endmembers: readonly string[]): string[][] {
  const names = materials[0]?.figures.map(({ name }) => name) ?? [];
  const heading = ['material', 'endmember', ...names.flatMap((name) => (baseline ? [name, '(NNLS)'] : [name]))];
  const lines = materials.map((material, r) => [
    material.name,
    endmembers[material.endmember] ?? String(material.endmember + 1),
    ...names.flatMap((name) => {
      const own = shown(named(material, name));
      return baseline ? [own, shown(named(baseline.materials[r], name))] : [own];
    }),
  ]);
  return [heading, ...lines];
}

/** Lays an evaluation out as tables of text; `endmembers` are the map's own names. */
export function figureTables(evaluation: Evaluation, endmembers: readonly string[]): FigureTables {
  const { figures, baseline } = evaluation;
  const overall = figures.map((figure) => [
    figure.name,
    figure.unit,
    shown(figure),
    ...(baseline ? [shown(named(baseline, figure.name))] : []),
  ]);
  const perMaterial = (evaluation.materials[0]?.figures ?? []).map(({ name, definition }) => ({
    term: `${name} of a material`,
    definition,
  }));
  return {
    overall: [['figure', 'unit', 'map', ...(baseline ? [BASELINE] : [])], ...overall],
    materials: materialTable(evaluation, endmembers),
    definitions: [...figures.map(({ name, definition }) => ({ term: name, definition })), ...perMaterial],
  };
}

/** Value of a figure of an evaluation by its name. */
export const figureValue = (evaluation: MapEvaluation, name: string): number | undefined =>
  named(evaluation, name)?.value;
