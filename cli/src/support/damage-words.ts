import type { DamageSummary } from '@egunet/infer-node';

/** Blocks of a warning at most; --json lists more. */
const MOST_NAMED = 5;

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** The line that says how much damaged blocks took from a map. */
export const damageWords = (damage: DamageSummary | undefined): [string, string][] =>
  damage && damage.blocks > 0
    ? [['damaged', `${count(damage.pixels, 'pixel')} in ${count(damage.blocks, 'block')}`]]
    : [];

/** What a warning says of damaged blocks: which, and where, in the scene or on the grid of `several`. */
export function damageWarning({ blocks, pixels, list }: DamageSummary, several: boolean): string {
  const named = list.slice(0, MOST_NAMED).map(({ block, window: { row, col, rows, cols } }) => {
    return `${block} at rows ${row}..${row + rows}, columns ${col}..${col + cols}`;
  });
  const more = list.length > MOST_NAMED ? ', ...' : '';
  const lost = several ? 'taken from other scenes or NoData' : 'became NoData';
  return `${count(blocks, 'damaged block')} of the scene${several ? 's' : ''}, ${count(pixels, 'pixel')}, ${lost}: ${named.join(', ')}${more}; get the file again`;
}
