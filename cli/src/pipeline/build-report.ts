import type { ModelCard } from '@egunet/models/card';
import type { Scene, SpectralLibrary } from '@egunet/raster';
import type { EpochLosses } from '@egunet/train';
import { lossChart } from '../report/loss-chart.js';
import type { Report, Table } from '../report/page.js';
import { spectraChart } from '../report/spectra-chart.js';
import { modelFacts } from '../support/describe-model.js';
import { describeScene, sceneFacts } from '../support/describe-scene.js';
import { formatSeconds, knownFacts } from '../support/output.js';
import type { EvaluateResult } from './evaluate-map.js';
import { accuracyHighlights, accuracyTables, matchedSpectra } from './report/comparison.js';
import { mapFigures, quicklookOf } from './report/pictures.js';

/** What a report is made of. */
export interface ReportInput {
  readonly title: string;
  readonly lead: string;
  readonly command: string;
  readonly scene: Scene;
  /** As the user knows it. */
  readonly scenePath: string;
  readonly map: Scene;
  readonly truth: Scene;
  readonly truthLibrary: SpectralLibrary;
  readonly card: ModelCard;
  readonly history: readonly EpochLosses[];
  readonly evaluation: EvaluateResult;
  /** Steps of the work and their seconds, in order. */
  readonly timings: readonly (readonly [step: string, seconds: number])[];
}

/** A made report and the quicklook in it. */
export interface BuiltReport {
  readonly report: Report;
  readonly quicklook: Uint8Array;
}

function factTables({ card, timings, scene, scenePath }: ReportInput): Table[] {
  const total = timings.reduce((sum, [, seconds]) => sum + seconds, 0);
  const steps = [...timings, ['together', total] as const];
  return [
    { title: 'Time', header: [], rows: steps.map(([step, seconds]) => [step, formatSeconds(seconds)]) },
    { title: 'Model card', header: [], rows: knownFacts(modelFacts(card)) },
    { title: 'Scene', header: [], rows: knownFacts(sceneFacts(describeScene(scenePath, scene))) },
  ];
}

/** Draws and words a report of a scene that was unmixed and compared with its exact truth. */
export async function buildReport(input: ReportInput): Promise<BuiltReport> {
  const { title, lead, command, scene, map, truth, card, history, evaluation, timings } = input;
  const total = timings.reduce((sum, [, seconds]) => sum + seconds, 0);
  const { quicklook, ...scale } = await quicklookOf(scene);
  const { materials } = evaluation;
  const { found, exact } = matchedSpectra(card, evaluation, input.truthLibrary);
  const own = materials.map(({ name, endmember }) => ({
    ...{ band: endmember, title: name, caption: card.endmembers[endmember]!.name },
  }));
  const exactMaps = materials.map(({ name }, band) => ({ band, title: name, caption: 'exact' }));
  const report: Report = {
    ...{ title, lead, command, quicklook, ...scale, ...accuracyTables(evaluation) },
    highlights: [
      ...accuracyHighlights(evaluation),
      { value: formatSeconds(total), label: 'from nothing to this report' },
    ],
    maps: await mapFigures(map, own),
    references: await mapFigures(truth, exactMaps),
    charts: [
      {
        title: 'Endmember spectra',
        svg: await spectraChart(found, { reference: exact }),
        caption:
          'Solid: found in the scene, blind. Dashed: what the scene was made of. Gaps: bands left out (water vapour).',
      },
      {
        title: 'Losses',
        svg: await lossChart(history.map(({ total: loss, ...rest }, i) => ({ epoch: i + 1, loss, ...rest }))),
        caption: 'Mean over the steps of each epoch; the total holds the L2 term of the kernels too.',
      },
    ],
    facts: factTables(input),
  };
  return { report, quicklook: quicklook.png };
}
