// A map of abundances against its reference. Legend: N pixels, numbered row by row; B bands; C materials.
import { TrainError } from '../error.js';
import { nnlsAbundances } from '../nnls/nnls.js';
import { assignByAbundance, assignByAngle, equalCounts } from './assignment.js';
import { abundanceErrors, endmembersFromAbundances, pureSpectra, spectralAngle } from './metrics.js';

export interface EvaluationInput {
  /** The map to judge [N, C]; a pixel with NaN is without data. */
  readonly abundances: Float32Array;
  /** The reference map [N, C], same pixels; a pixel with NaN is without reference. */
  readonly reference: Float32Array;
  /** Names of the reference materials [C]. */
  readonly names: readonly string[];
  /** Reflectance of the same pixels [N, B]; without it there is no spectral angle and no baseline. */
  readonly spectra?: Float32Array;
  /** Reference spectra in the order of the names [C, B]. */
  readonly referenceEndmembers?: Float32Array;
  /** The endmembers M behind the labels, in the order of `abundances` [C, B]. */
  readonly endmembers?: Float32Array;
  /** What `nnlsAbundances` gives for these endmembers and spectra [N, C], where the caller made it, in parts; made here when absent. */
  readonly baseline?: Float32Array;
}

/** A figure with what it means. */
export interface Figure {
  readonly name: string;
  readonly definition: string;
  readonly value: number;
  readonly unit: 'abundance' | 'rad';
}

export interface MaterialFigures {
  /** The reference's name. */
  readonly name: string;
  /** Which endmember it was matched with, 0-based. */
  readonly endmember: number;
  readonly figures: readonly Figure[];
  /** What the near-pure spectrum rests on: pixels, and the least abundance among them (<= .95: none is near-pure, the purest were taken). */
  readonly nearPure?: { readonly pixels: number; readonly leastAbundance: number };
}

/** The figures of one map. */
export interface MapEvaluation {
  readonly figures: readonly Figure[];
  readonly materials: readonly MaterialFigures[];
}

export interface Evaluation extends MapEvaluation {
  /** What endmembers and materials were matched on; abundances give the lowest error, so they are used only where there are no reference spectra. */
  readonly matching: 'spectral angle of the endmembers' | 'spectral angle of the endmembers of eq. 12' | 'abundances';
  /** Pixels compared. */
  readonly pixels: number;
  /** Pixels left out: without data, or without reference. */
  readonly skippedPixels: number;
  /** NNLS with the same endmembers, divided by its sum, matched in the same way; present where spectra and endmembers are. */
  readonly baseline?: MapEvaluation;
}

/**
 * Every figure of a map, with its definition, and those of NNLS on the same endmembers beside it. Throws TrainError where the sizes do not
 * fit, where there are more or fewer endmembers than reference materials, or no pixel to compare.
 */
export function evaluateAbundances(input: EvaluationInput): Evaluation {
  const checked = withoutNoData(assertInput(input));
  const { matching, assignment } = match(checked);
  const { spectra, endmembers, count, bands } = checked;
  const baseline =
    spectra && endmembers
      ? evaluateMap(
          { ...checked, abundances: checked.baseline ?? nnlsAbundances(endmembers, spectra, bands).abundances },
          assignment,
        )
      : undefined;
  const pixels = checked.reference.length / count;
  return {
    ...evaluateMap(checked, assignment),
    matching,
    pixels,
    skippedPixels: input.reference.length / count - pixels,
    ...(baseline && { baseline }),
  };
}

interface Checked extends EvaluationInput {
  readonly count: number;
  /** 0 where no spectra are given. */
  readonly bands: number;
}

function assertInput(input: EvaluationInput): Checked {
  const { abundances, reference, names, spectra, referenceEndmembers, endmembers } = input;
  const materials = names.length;
  const refuse = (what: string): never => {
    throw new TrainError(`evaluation: ${what}`);
  };
  const total = reference.length / materials;
  if (materials < 2 || !Number.isInteger(total) || total < 1)
    refuse(`expected a reference of ${materials} >= 2 named materials a pixel, got ${reference.length} values`);
  const found = abundances.length / total;
  if (!Number.isInteger(found) || found < 1)
    refuse(
      `the map has ${abundances.length} values, no whole number for each of the reference's ${total} pixels; compare maps of one scene`,
    );
  const count = equalCounts(found, materials);
  if (input.baseline && input.baseline.length !== abundances.length)
    refuse(`expected a baseline of ${abundances.length} values, as many as the map, got ${input.baseline.length}`);
  const library = referenceEndmembers ?? endmembers;
  const bands = spectra ? spectra.length / total : library ? library.length / count : 0;
  if (!Number.isInteger(bands))
    refuse(
      `expected whole spectra for ${spectra ? `${total} pixels` : `${count} materials`}, got ${(spectra ?? library)?.length} values`,
    );
  for (const [name, x] of Object.entries({ 'reference endmembers': referenceEndmembers, endmembers }))
    if (x && x.length !== count * bands)
      refuse(
        `expected ${count} ${name} of ${bands} bands, got ${x.length} values; use the bands that the map was made with`,
      );
  return { ...input, count, bands };
}

/** Only the pixels whose abundances, reference and spectra are all finite. */
function withoutNoData(input: Checked): Checked {
  const { abundances, reference, spectra, baseline, count, bands } = input;
  const finite = (x: Float32Array, n: number, width: number) =>
    x.subarray(n * width, (n + 1) * width).every((value) => Number.isFinite(value));
  const total = reference.length / count;
  const kept = [...Array(total).keys()].filter(
    (n) => finite(abundances, n, count) && finite(reference, n, count) && (!spectra || finite(spectra, n, bands)),
  );
  if (kept.length === 0)
    throw new TrainError(
      `evaluation: none of ${total} pixels has abundances, reference and data; compare maps of one scene`,
    );
  if (kept.length === total) return input;
  const pick = (x: Float32Array, width: number) => {
    const rows = new Float32Array(kept.length * width);
    kept.forEach((n, i) => {
      rows.set(x.subarray(n * width, (n + 1) * width), i * width);
    });
    return rows;
  };
  return {
    ...input,
    abundances: pick(abundances, count),
    reference: pick(reference, count),
    ...(spectra && { spectra: pick(spectra, bands) }),
    ...(baseline && { baseline: pick(baseline, count) }),
  };
}

/** Matching is blind of the reference abundances wherever there are reference spectra. */
function match(input: Checked): { matching: Evaluation['matching']; assignment: Int32Array } {
  const { abundances, reference, referenceEndmembers, endmembers, spectra, count, bands } = input;
  if (referenceEndmembers && endmembers)
    return {
      matching: 'spectral angle of the endmembers',
      assignment: assignByAngle(endmembers, referenceEndmembers, bands),
    };
  if (referenceEndmembers && spectra)
    return {
      matching: 'spectral angle of the endmembers of eq. 12',
      assignment: assignByAngle(endmembersFromAbundances(spectra, abundances, count), referenceEndmembers, bands),
    };
  return { matching: 'abundances', assignment: assignByAbundance(abundances, reference, count) };
}

const DEFINITIONS = {
  armse: 'mean over pixels of sqrt(mean over materials of the squared abundance error) (Hong et al. 2021, eq. 9)',
  rmse: 'sqrt of the mean over all pixels and materials of the squared abundance error',
  material: 'sqrt of the mean over pixels of the squared abundance error of this material',
  eq12: 'spectral angle between the reference spectrum and the endmember of min ||X - A E||, E >= 0 (Hong et al. 2021, eq. 12)',
  pure: 'spectral angle between the reference spectrum and the mean spectrum of the pixels with abundance > .95 (the 20 purest where there is none)',
  mean: 'mean over materials of the ',
} as const;

function evaluateMap(input: Checked, assignment: Int32Array): MapEvaluation {
  const { names, reference, count } = input;
  const abundances = reorder(input.abundances, count, assignment);
  const errors = abundanceErrors(abundances, reference, count);
  const angles = spectralAngles(input, abundances);
  const mean = (of: 'eq12' | 'pure') => angles!.reduce((sum, angle) => sum + angle[of], 0) / count;
  const materials = names.map((name, r): MaterialFigures => {
    const figures: Figure[] = [abundanceFigure('RMSE', DEFINITIONS.material, errors.perMaterial[r]!)];
    const angle = angles?.[r];
    if (angle)
      figures.push(
        angleFigure('SAD (eq. 12)', DEFINITIONS.eq12, angle.eq12),
        angleFigure('SAD (near-pure)', DEFINITIONS.pure, angle.pure),
      );
    return { name, endmember: assignment[r]!, figures, ...(angle && { nearPure: angle.nearPure }) };
  });
  const figures = [
    abundanceFigure('aRMSE', DEFINITIONS.armse, errors.armse),
    abundanceFigure('RMSE', DEFINITIONS.rmse, errors.rmse),
  ];
  if (angles)
    figures.push(
      angleFigure('aSAD (eq. 12)', DEFINITIONS.mean + DEFINITIONS.eq12, mean('eq12')),
      angleFigure('aSAD (near-pure)', DEFINITIONS.mean + DEFINITIONS.pure, mean('pure')),
    );
  return { figures, materials };
}

const abundanceFigure = (name: string, definition: string, value: number): Figure => ({
  name,
  definition,
  value,
  unit: 'abundance',
});
const angleFigure = (name: string, definition: string, value: number): Figure => ({
  name,
  definition,
  value,
  unit: 'rad',
});

/** Columns in the reference's order. */
function reorder(abundances: Float32Array, count: number, assignment: Int32Array): Float32Array {
  return abundances.map((_, k) => abundances[k - (k % count) + assignment[k % count]!]!);
}

/** Both spectral angles of each material, where there are spectra to take them from and to compare with. */
function spectralAngles(
  { spectra, referenceEndmembers, count, bands }: Checked,
  abundances: Float32Array,
): { eq12: number; pure: number; nearPure: { pixels: number; leastAbundance: number } }[] | undefined {
  if (!spectra || !referenceEndmembers) return undefined;
  const fitted = endmembersFromAbundances(spectra, abundances, count);
  return pureSpectra(spectra, abundances, count).map(({ spectrum, pixels, leastAbundance }, c) => {
    const row = (x: Float32Array) => x.subarray(c * bands, (c + 1) * bands);
    return {
      eq12: spectralAngle(row(fitted), row(referenceEndmembers)),
      pure: spectralAngle(spectrum, row(referenceEndmembers)),
      nearPure: { pixels, leastAbundance },
    };
  });
}
