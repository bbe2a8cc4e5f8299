import type { ModelCard } from '@egunet/models/card';
import { resampleLibrary, type Scene, type SpectralLibrary } from '@egunet/raster';
import type { EpochLosses } from '@egunet/train';
import { lossChart } from '../report/loss-chart.js';
import type { Figure, Report, Table } from '../report/page.js';
import { colourBands, colourPng, mapPng, type Picture, readPicture } from '../report/picture.js';
import { scaleBar } from '../report/scale-bar.js';
import { type SpectraSet, spectraChart } from '../report/spectra-chart.js';
import { modelFacts } from '../support/describe-model.js';
import { describeScene, sceneFacts } from '../support/describe-scene.js';
import { figureTables, figureValue } from '../support/figures.js';
import { pixelSize } from '../support/ground.js';
import { formatSeconds } from '../support/output.js';
import type { EvaluateResult } from './evaluate-map.js';

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

const meanOf = (plane: Float32Array): number => {
  const values = plane.filter((value) => !Number.isNaN(value));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

/** Maps under the materials' names; `captions` say whose they are. */
function mapFigures(
  picture: Picture,
  titles: readonly string[],
  planes: readonly { plane: number; caption: string }[],
): Figure[] {
  return planes.map(({ plane, caption }, i) => ({
    title: titles[i]!,
    png: mapPng(picture, plane),
    caption: `${caption}, mean ${meanOf(picture.planes[plane]!).toFixed(3)}`,
  }));
}

/** Endmembers as the network knows them and as they truly are, in the same order and colours. */
function spectraSets({ card, truthLibrary, evaluation }: ReportInput): { found: SpectraSet; exact: SpectraSet } {
  const wavelengths = card.bands.map(({ wavelength }) => wavelength);
  const bands = card.bands.map(({ wavelength, fwhm }) => ({
    ...(wavelength === null ? {} : { wavelength }),
    ...(fwhm === null ? {} : { fwhm }),
  }));
  const exact = resampleLibrary(truthLibrary, bands);
  const B = bands.length;
  const { materials } = evaluation;
  return {
    found: {
      wavelengths,
      names: materials.map(({ name, endmember }) => `${name} (${card.endmembers[endmember]!.name})`),
      spectra: materials.map(({ endmember }) => card.endmembers[endmember]!.spectrum),
    },
    exact: {
      wavelengths,
      names: materials.map(({ name }) => `${name}, exact`),
      spectra: materials.map((_, c) => exact.subarray(c * B, (c + 1) * B)),
    },
  };
}

function factTables({ card, timings, scene, scenePath }: ReportInput): Table[] {
  const known = (facts: readonly (readonly [string, string | undefined])[]) =>
    facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const total = timings.reduce((sum, [, seconds]) => sum + seconds, 0);
  const steps = [...timings, ['together', total] as const];
  return [
    { title: 'Time', header: [], rows: steps.map(([step, seconds]) => [step, formatSeconds(seconds)]) },
    { title: 'Model card', header: [], rows: known(modelFacts(card)) },
    { title: 'Scene', header: [], rows: known(sceneFacts(describeScene(scenePath, scene))) },
  ];
}

function highlights({ evaluation, timings }: ReportInput): Report['highlights'] {
  const total = timings.reduce((sum, [, seconds]) => sum + seconds, 0);
  const shown = (value: number | undefined) => (value === undefined ? 'unknown' : value.toFixed(4));
  return [
    { value: shown(figureValue(evaluation, 'aRMSE')), label: 'aRMSE of the network (eq. 9)' },
    {
      value: shown(evaluation.baseline && figureValue(evaluation.baseline, 'aRMSE')),
      label: 'aRMSE of NNLS with the same endmembers',
    },
    { value: `${shown(figureValue(evaluation, 'aSAD (near-pure)'))} rad`, label: 'mean spectral angle, near-pure' },
    { value: formatSeconds(total), label: 'from nothing to this report' },
  ];
}

/** Draws and words a report of a scene that was unmixed and compared with its exact truth. */
export async function buildReport(input: ReportInput): Promise<BuiltReport> {
  const { title, lead, command, scene, map, truth, history, evaluation } = input;
  const colours = colourBands(scene);
  const quicklook = colourPng(await readPicture(scene, colours.bands));
  const { materials } = evaluation;
  const all = (of: Scene) => of.bands.map((_, band) => band);
  const titles = materials.map(({ name }) => name);
  const own = materials.map(({ endmember }) => ({ plane: endmember, caption: input.card.endmembers[endmember]!.name }));
  const { found, exact } = spectraSets(input);
  const { overall, materials: perMaterial, definitions } = figureTables(evaluation, evaluation.endmembers);
  const metres = pixelSize(scene.georeference);
  const report: Report = {
    ...{ title, lead, command, definitions },
    highlights: highlights(input),
    quicklook: {
      title: 'Quicklook',
      png: quicklook,
      caption: `${colours.caption}, each stretched from its 2 % to its 98 % point`,
    },
    maps: mapFigures(await readPicture(map, all(map)), titles, own),
    references: mapFigures(
      await readPicture(truth, all(truth)),
      titles,
      all(truth).map((plane) => ({ plane, caption: 'exact' })),
    ),
    ...(metres === undefined ? {} : { scaleBar: scaleBar(metres * scene.cols) }),
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
    metrics: [
      { title: 'Over all materials', header: overall[0]!, rows: overall.slice(1) },
      { title: 'By material', header: perMaterial[0]!, rows: perMaterial.slice(1) },
    ],
    facts: factTables(input),
  };
  return { report, quicklook };
}
