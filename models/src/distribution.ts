// What training pixels look like, as a card says it, checked. Pages do without.
import { type CardDistribution, type ModelCard, ModelCardError } from './card.js';
import { createChecks } from './check.js';

const invalid = (path: string, expected: string, got: string) =>
  new ModelCardError(`model card: ${path} should be ${expected}, got ${got}; export the model again`);

const { number, positive, list, record } = createChecks(invalid);

/** The distribution of a card's training pixels; undefined where it has none. Throws ModelCardError where it is damaged. */
export function distributionOfCard({ distribution, bands }: ModelCard): CardDistribution | undefined {
  if (distribution === undefined) return undefined;
  const direction = (value: unknown, path: string) => {
    list(number, 1)(value, path);
    const { length } = value as unknown[];
    if (length !== bands.length) throw invalid(path, `${bands.length} values, one a band`, String(length));
  };
  record({ directions: list(direction, 1), remainder: number, brightness: list(number, 2), share: number })(
    distribution,
    'distribution',
  );
  const [least, most] = distribution.brightness;
  positive(most, 'distribution.brightness[1]');
  if (!(least <= most)) throw invalid('distribution.brightness', 'the smaller one first', `${least}, ${most}`);
  return distribution;
}
