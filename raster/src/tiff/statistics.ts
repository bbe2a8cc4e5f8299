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

/** Sums over a tile's pixels with data, band by band [B]. */
export interface TileStatistics {
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

function emptyStatistics(bands: number): TileStatistics {
  const of = () => new Float64Array(bands);
  const [min, max] = [of().fill(Number.POSITIVE_INFINITY), of().fill(Number.NEGATIVE_INFINITY)];
  return { count: of(), sum: of(), squares: of(), min, max };
}

/** Of the `size` pixels of a tile of `side` pixels a side that lie in the image; samples of value `noData`, or NaN, are left out. */
export function tileStatistics(
  samples: SampleArray,
  {
    size: { rows, cols },
    side,
    bands,
    noData,
  }: { size: Size; side: number; bands: number; noData: number | undefined },
): TileStatistics {
  const statistics = emptyStatistics(bands);
  // A row at a time stays in cache while its bands are gone through one by one.
  for (let row = 0; row < rows; row++)
    for (let b = 0; b < bands; b++) {
      const from = row * side * bands + b;
      addSamples(statistics, b, { samples, from, to: from + cols * bands, step: bands, noData });
    }
  return statistics;
}

interface Samples {
  readonly samples: SampleArray;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly noData: number | undefined;
}

/** Adds samples of a band, `step` apart. */
function addSamples(statistics: TileStatistics, b: number, { samples, from, to, step, noData }: Samples): void {
  const nothing = noData ?? Number.NaN;
  let count = 0;
  let sum = 0;
  let squares = 0;
  let min = statistics.min[b]!;
  let max = statistics.max[b]!;
  for (let at = from; at < to; at += step) {
    const value = samples[at]!;
    if (value === nothing || Number.isNaN(value)) continue;
    count++;
    sum += value;
    squares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  statistics.count[b]! += count;
  statistics.sum[b]! += sum;
  statistics.squares[b]! += squares;
  statistics.min[b] = min;
  statistics.max[b] = max;
}

/** The statistics of an image from those of its tiles, in their order: the same tiles give the same bits. */
export function sumStatistics(tiles: readonly TileStatistics[], bands: number): BandStatistics[] {
  const { count, sum, squares, min, max } = emptyStatistics(bands);
  for (const tile of tiles)
    for (let b = 0; b < bands; b++) {
      count[b]! += tile.count[b]!;
      sum[b]! += tile.sum[b]!;
      squares[b]! += tile.squares[b]!;
      min[b] = Math.min(min[b]!, tile.min[b]!);
      max[b] = Math.max(max[b]!, tile.max[b]!);
    }
  return Array.from(count, (n, b) => {
    if (n === 0) return { count: 0, min: Number.NaN, max: Number.NaN, mean: Number.NaN, deviation: Number.NaN };
    const mean = sum[b]! / n;
    const deviation = Math.sqrt(Math.max(0, squares[b]! / n - mean * mean));
    return { count: n, min: min[b]!, max: max[b]!, mean, deviation };
  });
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
