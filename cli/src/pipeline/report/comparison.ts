// A comparison with a reference, as reports show it. Legend: B bands.
import { resampleLibrary, type SpectralLibrary } from '@egunet/raster';
import type { RunFacts } from '@egunet/train';
import type { Report } from '../../report/page.js';
import type { SpectraSet } from '../../report/spectra-chart.js';
import { figureTables, figureValue } from '../../support/figures.js';
import type { EvaluateResult } from '../evaluate-map.js';

const shown = (value: number | undefined): string => value?.toFixed(4) ?? 'unknown';

/** The figures that matter. */
export function accuracyHighlights(evaluation: EvaluateResult): Report['highlights'] {
  const baseline = evaluation.baseline && figureValue(evaluation.baseline, 'aRMSE');
  const angle = figureValue(evaluation, 'aSAD (near-pure)');
  return [
    { value: shown(figureValue(evaluation, 'aRMSE')), label: 'aRMSE of the network (eq. 9)' },
    ...(baseline === undefined ? [] : [{ value: shown(baseline), label: 'aRMSE of NNLS with the same endmembers' }]),
    ...(angle === undefined ? [] : [{ value: `${shown(angle)} rad`, label: 'mean spectral angle, near-pure' }]),
  ];
}

/** All figures, and what they mean. */
export function accuracyTables(evaluation: EvaluateResult): Pick<Report, 'metrics' | 'definitions'> {
  const { overall, materials, definitions } = figureTables(evaluation, evaluation.endmembers);
  return {
    metrics: [
      { title: 'Over all materials', header: overall[0]!, rows: overall.slice(1) },
      { title: 'By material', header: materials[0]!, rows: materials.slice(1) },
    ],
    definitions,
  };
}

/** Endmembers as the network knows them and as they truly are, in the same order and colours. */
export function matchedSpectra(
  { bands, endmembers }: Pick<RunFacts, 'bands' | 'endmembers'>,
  { materials }: Pick<EvaluateResult, 'materials'>,
  truth: SpectralLibrary,
): { found: SpectraSet; exact: SpectraSet } {
  const B = bands.length;
  const wavelengths = bands.map(({ wavelength }) => wavelength);
  const sensed = bands.map(({ wavelength, fwhm }) => ({
    ...(wavelength === null ? {} : { wavelength }),
    ...(fwhm === null ? {} : { fwhm }),
  }));
  const exact = resampleLibrary(truth, sensed);
  const rowOf = (name: string, c: number) => (truth.names.includes(name) ? truth.names.indexOf(name) : c);
  return {
    found: {
      wavelengths,
      names: materials.map(({ name, endmember }) => `${name} (${endmembers[endmember]!.name})`),
      spectra: materials.map(({ endmember }) => endmembers[endmember]!.spectrum),
    },
    exact: {
      wavelengths,
      names: materials.map(({ name }) => `${name}, exact`),
      spectra: materials.map(({ name }, c) => exact.subarray(rowOf(name, c) * B, (rowOf(name, c) + 1) * B)),
    },
  };
}
