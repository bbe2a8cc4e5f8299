// How far abundances are off beside what an ensemble's networks disagree by. Legend: n pairs of a spread and an error.
import { mean, table } from './statistics.js';

/** An abundance, its spread, and how far it is off. */
export interface Pair {
  readonly abundance: number;
  readonly spread: number;
  readonly error: number;
}

export interface Reliability {
  readonly pairs: number;
  readonly spread: number;
  /** Root mean square of the errors. */
  readonly rmse: number;
  /** Shares of |error| <= 1 and <= 2 times the own spread. */
  readonly within: readonly [one: number, two: number];
}

/** Means over pairs. */
export function reliabilityOf(pairs: readonly Pair[]): Reliability {
  const within = (times: number) => mean(pairs.map(({ spread, error }) => Number(Math.abs(error) <= times * spread)));
  return {
    pairs: pairs.length,
    spread: mean(pairs.map(({ spread }) => spread)),
    rmse: Math.sqrt(mean(pairs.map(({ error }) => error ** 2))),
    within: [within(1), within(2)],
  };
}

/** Pairs by their spread in `count` groups of one size, as near as can be, the least first. */
export function bySpread(pairs: readonly Pair[], count: number): Pair[][] {
  const sorted = [...pairs].sort((a, b) => a.spread - b.spread);
  return Array.from({ length: count }, (_, i) =>
    sorted.slice(Math.round((i * sorted.length) / count), Math.round(((i + 1) * sorted.length) / count)),
  );
}

/** Ranks from 1, of equal values the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const found = new Array<number>(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) found[order[i]!] = (from + to + 1) / 2;
  }
  return found;
}

/** Spearman's correlation of what `figure` makes of each pair and its |error|: Pearson's of their ranks. */
export function rankCorrelation(pairs: readonly Pair[], figure: (pair: Pair) => number): number {
  const [a, b] = [ranks(pairs.map(figure)), ranks(pairs.map(({ error }) => Math.abs(error)))];
  const [ma, mb] = [mean(a), mean(b)];
  const of = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    mean(x.map((value, i) => (value - mx) * (y[i]! - my)));
  return of(a, ma, b, mb) / Math.sqrt(of(a, ma, a, ma) * of(b, mb, b, mb));
}

const HEADER = ['mean spread', 'RMSE', 'RMSE / mean spread', 'share within 1 spread', 'within 2'];

function cells({ spread, rmse, within: [one, two] }: Reliability): string[] {
  return [spread.toFixed(4), rmse.toFixed(4), (rmse / spread).toFixed(1), one.toFixed(2), two.toFixed(2)];
}

/** A table by tenths of the spread, the least first, with a line for all. */
export const tenthsTable = (pairs: readonly Pair[]): string =>
  table(
    ['tenth by spread', ...HEADER],
    [
      ...bySpread(pairs, 10).map((group, i) => [`${i + 1}`, ...cells(reliabilityOf(group))]),
      ['all', ...cells(reliabilityOf(pairs))],
    ],
  );

/** A table by name, with the rank correlations with |error|: of the spread, and of what every model knows without one, how far an abundance is from 0 and 1. */
export const groupsTable = (what: string, groups: ReadonlyMap<string, readonly Pair[]>): string =>
  table(
    [what, ...HEADER, 'rank correlation of spread and error', 'of a (1 - a) and error'],
    [...groups].map(([name, pairs]) => [
      name,
      ...cells(reliabilityOf(pairs)),
      rankCorrelation(pairs, ({ spread }) => spread).toFixed(2),
      rankCorrelation(pairs, ({ abundance: a }) => a * (1 - a)).toFixed(2),
    ]),
  );
