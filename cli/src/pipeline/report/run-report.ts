// A training run as a page. Legend: C endmembers.
import { basename } from 'node:path';
import { type Checkpoint, isComplete } from '@egunet/train';
import { lossChart } from '../../report/loss-chart.js';
import type { Chart, Figure, Report, Table } from '../../report/page.js';
import { type SpectraSet, spectraChart } from '../../report/spectra-chart.js';
import { runFacts } from '../../support/describe-run.js';
import { roundsOf } from '../../support/loss-words.js';
import { knownFacts, shellCommand } from '../../support/output.js';
import type { EvaluateResult } from '../evaluate-map.js';
import type { TrainRequest } from '../run-and-save.js';
import { trainCommand } from '../train-command.js';
import { isOfLibrary } from '../train-on.js';
import { accuracyHighlights, accuracyTables } from './comparison.js';
import type { LibraryDetails } from './library-details.js';
import { probeFigures } from './probe-figures.js';

/** What a report of a run is made of, besides the run what there is. */
export interface RunParts {
  /** The run's folder. */
  readonly run: string;
  readonly checkpoint: Checkpoint;
  readonly request: TrainRequest;
  /** Its picture and what is known of it. */
  readonly scene?: Pick<Report, 'quicklook' | 'scaleBar'> & { readonly facts: Table };
  readonly library?: LibraryDetails;
  readonly maps: readonly Figure[];
  readonly references: readonly Figure[];
  readonly evaluation?: EvaluateResult;
  /** Endmembers beside the reference's, in the materials' order. */
  readonly spectra?: { readonly found: SpectraSet; readonly exact: SpectraSet };
  /** What is missing, and why. */
  readonly notices: readonly string[];
}

/** Words a report. */
export async function runReport(parts: RunParts): Promise<Report> {
  const { run, checkpoint, request, scene, library, maps, references, evaluation } = parts;
  const { settings, history } = checkpoint;
  const probe = await probeFigures(checkpoint);
  const accuracy = evaluation && accuracyTables(evaluation);
  const notices = [...unfinished(run, checkpoint), ...(library?.notice ? [library.notice] : []), ...parts.notices];
  return {
    title: titleOf(checkpoint),
    lead: leadOf(checkpoint),
    command: trainCommand(run, request, settings),
    ...(notices.length > 0 && { notice: notices.join('\n') }),
    highlights: [...(evaluation ? accuracyHighlights(evaluation) : []), ...highlightsOf(checkpoint)],
    ...(scene?.quicklook && { quicklook: scene.quicklook }),
    ...(scene?.scaleBar && { scaleBar: scene.scaleBar }),
    ...(library && { origin: { title: 'Library', tables: [...library.tables] } }),
    ...{ maps, references },
    charts: [await spectraOf(parts), ...(history.length > 0 ? [await lossesOf(checkpoint)] : [])],
    metrics: [...(accuracy?.metrics ?? []), ...probe.metrics],
    definitions: [...(accuracy?.definitions ?? []), ...probe.definitions],
    ...(!accuracy && { metricsTitle: 'Network and NNLS' }),
    facts: [
      { title: 'Run', header: [], rows: knownFacts(runFacts(basename(run), checkpoint)) },
      ...(checkpoint.library ? [constantsTable(checkpoint.library, request)] : []),
      ...(checkpoint.facts.scenes ? [scenesTable(checkpoint.facts.scenes)] : []),
      ...(scene ? [scene.facts] : []),
    ],
  };
}

/** What each scene of a pool gave. */
const scenesTable = (scenes: NonNullable<Checkpoint['facts']['scenes']>): Table => ({
  title: 'Scenes',
  header: ['scene', 'rows x columns', 'pixels taken', 'blocks taken'],
  rows: scenes.map(({ name, rows, cols, pixels, blocks }) => [name, `${rows} x ${cols}`, `${pixels}`, `${blocks}`]),
});

const titleOf = ({ facts, settings }: Checkpoint): string =>
  facts.library
    ? `egunet run: ${facts.endmembers.length} classes for ${facts.sensor ?? facts.scene.name}`
    : `egunet run: egunet-${settings.model} on ${facts.scene.name}`;

function leadOf({ facts, settings, library }: Checkpoint): string {
  const { bands, endmembers, pixels, candidates } = facts;
  if (library)
    return `An encoder of abundances for every scene of ${facts.sensor ?? facts.scene.name}, trained on fresh mixtures of the classes ${endmembers.map(({ name }) => name).join(', ')}.`;
  return `EGU-Net (${settings.model}) trained on ${pixels} pixels and ${candidates} pseudo-endmembers of ${facts.scene.name} in ${bands.length} bands; endmembers: ${facts.endmemberMethod}.`;
}

/** What is not done yet, and how it is gone on with. */
function unfinished(run: string, checkpoint: Checkpoint): string[] {
  if (isComplete(checkpoint)) return [];
  const { epoch, settings } = checkpoint;
  return [
    `Not finished: ${epoch} of ${settings.epochs} ${roundsOf(settings)} are trained; go on with ${shellCommand('egunet', 'train', '-o', run, '--resume')}`,
  ];
}

function highlightsOf({ facts, history, settings, epoch }: Checkpoint): Report['highlights'] {
  const last = history.at(-1);
  const { library, endmembers, bands, candidates, pixels } = facts;
  return [
    { value: String(endmembers.length), label: library ? 'classes' : 'endmembers' },
    library ? { value: String(candidates), label: 'spectra' } : { value: String(pixels), label: 'training pixels' },
    { value: String(bands.length), label: `bands${facts.sensor ? ` of ${facts.sensor}` : ''}` },
    ...(last
      ? [
          {
            value: last.crossEntropy.toPrecision(4),
            label: `cross-entropy after ${epoch} ${roundsOf(settings, epoch)}`,
          },
        ]
      : []),
  ];
}

async function spectraOf({ checkpoint, library, spectra }: RunParts): Promise<Chart> {
  const { bands, endmembers, library: ofLibrary } = checkpoint.facts;
  const own: SpectraSet = {
    wavelengths: bands.map(({ wavelength }) => wavelength),
    names: endmembers.map(({ name }) => name),
    spectra: endmembers.map(({ spectrum }) => spectrum),
    ...(library?.spread && { spread: library.spread }),
  };
  const gaps = 'Gaps: bands left out.';
  if (spectra)
    return {
      title: 'Endmember spectra',
      svg: await spectraChart(spectra.found, { reference: spectra.exact }),
      caption: `Solid: those of the run (${checkpoint.facts.endmemberMethod}). Dashed: the reference. ${gaps}`,
    };
  const shaded = library?.spread ? 'Shaded: between the 10 % and the 90 % point of its spectra. ' : '';
  return {
    title: ofLibrary ? 'Classes' : 'Endmember spectra',
    svg: await spectraChart(own),
    caption: ofLibrary
      ? `Lines: the mean of each class, its sources counting equally. ${shaded}${gaps}`
      : `How they were found: ${checkpoint.facts.endmemberMethod}. ${gaps}`,
  };
}

async function lossesOf({ history, settings, library }: Checkpoint): Promise<Chart> {
  const points = history.map(({ total: loss, crossEntropy, reconstruction }, i) => ({
    ...{ epoch: i + 1, loss, crossEntropy },
    ...(library ? {} : { reconstruction }),
  }));
  const caption = library
    ? 'Of each step, on mixtures that the network has not seen before; the total holds the L2 term of the kernels too.'
    : 'Mean over the steps of each epoch; the total holds the L2 term of the kernels too.';
  return { title: 'Losses', svg: await lossChart(points, roundsOf(settings, 1)), caption };
}

/** What noise mixtures had, in reflectance. */
function noiseWords(request: TrainRequest): string {
  const noise = isOfLibrary(request) ? request.noise : undefined;
  if (noise !== undefined) return String(noise);
  return 'scene' in request && request.scene !== undefined ? "that of the scene's bands" : 'none';
}

/** Constants of the mixtures, by the options that set them. */
function constantsTable({ mixtures, members }: NonNullable<Checkpoint['library']>, request: TrainRequest): Table {
  const { classShares, pairShare, componentBrightness, brightness, smoothError } = mixtures;
  const rows = [
    [
      'mixtures of 1, 2, ... classes',
      classShares.map((share) => `${Number((100 * share).toPrecision(6))} %`).join(', '),
    ],
    ['components of two spectra', `${100 * pairShare} %`],
    ['brightness of a component', `1 \u00b1 ${componentBrightness}`],
    ['brightness of a mixture', `1 \u00b1 ${brightness}`],
    ['smooth error, deviation', String(smoothError)],
    ['noise, deviation', noiseWords(request)],
    ['encoders', String(members)],
  ];
  return { title: 'Constants', header: [], rows };
}
