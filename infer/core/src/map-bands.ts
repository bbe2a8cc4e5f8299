// What the bands of a map are called.
import { hasSpread, type ModelCard } from '@egunet/models/card';
import { QUALITY_BANDS } from './quality.js';

export interface MapBand {
  readonly name: string;
  readonly unit?: string;
}

const spreadOf = (name: string): string => `${name} spread`;

/** The bands of a map in their order: an abundance for each endmember, with `spread` (of an ensemble) the spread of each, with `quality` QUALITY_BANDS. */
export function mapBands(
  card: ModelCard,
  { spread = false, quality = false }: { readonly spread?: boolean; readonly quality?: boolean },
): MapBand[] {
  const names = card.endmembers.map(({ name }) => name);
  const all = spread && hasSpread(card) ? [...names, ...names.map(spreadOf)] : names;
  return [...all.map((name) => ({ name })), ...(quality ? QUALITY_BANDS : [])];
}

/** How many of a map's bands, by their names, are abundances: those before the spread of each, and before quality. */
export function abundanceBands(names: readonly string[]): number {
  const quality = names.indexOf(QUALITY_BANDS[0].name);
  const C = names.indexOf(spreadOf(names[0]!));
  if (C > 1 && names.slice(0, C).every((name, c) => names[C + c] === spreadOf(name))) return C;
  return quality > 0 ? quality : names.length;
}
