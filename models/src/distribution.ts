// What training pixels look like, as a card says it: checked, and compared with. Pages do without. Legend: k spectra of the card, B bands.
import { type CardDistribution, DARK, type ModelCard, ModelCardError } from './card.js';
import { createChecks } from './check.js';
import { createNnlsSolver, dotRows, rowGram } from './least-squares/index.js';

const invalid = (path: string, expected: string, got: string) =>
  new ModelCardError(`model card: ${path} should be ${expected}, got ${got}; export the model again`);

const { number, positive, list, record } = createChecks(invalid);

/** More than a training writes; mixtures of very many would take for ever. */
const MOST_SPECTRA = 100;

/** The distribution of a card's training pixels; undefined where it has none. Throws ModelCardError where it is damaged. */
export function distributionOfCard({ distribution, bands }: ModelCard): CardDistribution | undefined {
  if (distribution === undefined) return undefined;
  const spectrum = (value: unknown, path: string) => {
    list(number, 1)(value, path);
    const { length } = value as unknown[];
    if (length !== bands.length) throw invalid(path, `${bands.length} values, one a band`, String(length));
  };
  record({ spectra: list(spectrum, 1), remainder: number, brightness: list(number, 2), share: number })(
    distribution,
    'distribution',
  );
  const { length } = distribution.spectra;
  if (length > MOST_SPECTRA) throw invalid('distribution.spectra', `at most ${MOST_SPECTRA} spectra`, String(length));
  const [least, most] = distribution.brightness;
  positive(most, 'distribution.brightness[1]');
  if (!(least <= most)) throw invalid('distribution.brightness', 'the smaller one first', `${least}, ${most}`);
  return distribution;
}

/** What a spectrum's comparison needs of it. */
export interface Measured {
  /** The root mean square of its reflectance over the bands. */
  readonly brightness: number;
  /** What mixtures leave of it, as `CardDistribution` has it. */
  remainder(): number;
}

/** Measures spectra beside mixtures of a card's: the one of B values that begins at `from`. Undefined where it is zero. */
export function measureWith(
  spectra: readonly (readonly number[])[],
): (values: Float32Array, from: number) => Measured | undefined {
  const k = spectra.length;
  const length = spectra[0]!.length;
  const mixed = Float64Array.from(spectra.flat()); // [k, B]
  const solve = createNnlsSolver(rowGram(mixed, k), k);
  const products = new Float64Array(k);
  const weights = new Float64Array(k);
  return (values, from) => {
    const energy = dotRows(values, values, { a: from, b: from, length });
    if (energy === 0) return undefined;
    const remainder = () => {
      for (let i = 0; i < k; i++) products[i] = dotRows(mixed, values, { a: i * length, b: from, length });
      solve(products, weights, 0);
      let within = 0;
      for (let i = 0; i < k; i++) within += products[i]! * weights[i]!; // of least squares, so much is explained
      return Math.sqrt(Math.max(0, energy - within) / Math.max(energy, DARK * DARK * length));
    };
    return { brightness: Math.sqrt(energy / length), remainder };
  };
}
