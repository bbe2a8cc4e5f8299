// What GDAL calls a band's statistics. Legend: B bands; samples are pixel-major.
import type { SampleArray } from '../scene.js';
import type { Size } from './reduce.js';

/** Of one band, in stored units, over the pixels with data. */
export interface BandStatistics {
  readonly count: number;
  /** NaN where no pixel has data, like the three below. */
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the values themselves (divided by their number). */
  readonly deviation: number;
}

/** Gathers statistics tile by tile. */
export interface StatisticsGatherer {
  /** Adds the `size` pixels of a tile of `side` pixels a side that lie in the image. */
  add(samples: SampleArray, size: Size, side: number): void;
  result(): BandStatistics[];
}

/** A gatherer for `bands` bands whose samples of value `noData`, or NaN, are left out. */
export function gatherStatistics(bands: number, noData: number | undefined): StatisticsGatherer {
  const of = () => new Float64Array(bands);
  const [count, sum, squares] = [of(), of(), of()];
  const [min, max] = [of().fill(Number.POSITIVE_INFINITY), of().fill(Number.NEGATIVE_INFINITY)];
  return {
    add(samples, { rows, cols }, side) {
      for (let row = 0; row < rows; row++)
        for (
          let at = row * side * bands, end = at + cols * bands, b = 0;
          at < end;
          at++, b = b + 1 === bands ? 0 : b + 1
        ) {
          const value = samples[at]!;
          if (value === noData || Number.isNaN(value)) continue;
          count[b]!++;
          sum[b]! += value;
          squares[b]! += value * value;
          if (value < min[b]!) min[b] = value;
          if (value > max[b]!) max[b] = value;
        }
    },
    result: () =>
      Array.from(count, (n, b) => {
        if (n === 0) return { count: 0, min: Number.NaN, max: Number.NaN, mean: Number.NaN, deviation: Number.NaN };
        const mean = sum[b]! / n;
        const deviation = Math.sqrt(Math.max(0, squares[b]! / n - mean * mean));
        return { count: n, min: min[b]!, max: max[b]!, mean, deviation };
      }),
  };
}

/** The statistics as GDAL's metadata of a band of `pixels` pixels; none where no pixel has data. */
export function statisticsItems(
  { count, min, max, mean, deviation }: BandStatistics,
  pixels: number,
): Record<string, string> {
  if (count === 0) return {};
  return {
    STATISTICS_MINIMUM: String(min),
    STATISTICS_MAXIMUM: String(max),
    STATISTICS_MEAN: String(mean),
    STATISTICS_STDDEV: String(deviation),
    STATISTICS_VALID_PERCENT: String(Number(((100 * count) / pixels).toPrecision(4))),
  };
}
