import type { Band, Scene } from '@egunet/raster';
import { CommandError } from './errors.js';
import type { Interval } from './options.js';

// Legend: bands are counted from 0 in code and from 1 in what a person reads.

/** Which bands the user wants, by wavelength in nm. */
export interface BandChoice {
  /** Keep only bands whose centre lies in one of these; all when absent. */
  readonly only?: readonly Interval[];
  /** Leave out bands whose centre lies in one of these. */
  readonly exclude?: readonly Interval[];
}

const within = (nm: number, intervals: readonly Interval[]): boolean =>
  intervals.some(([from, to]) => nm >= from && nm <= to);

/** Indices of the bands that are not flagged bad and that the user wants, in the scene's order. Throws CommandError where fewer than 2 remain. */
export function chooseBands(scene: Pick<Scene, 'name' | 'bands'>, { only, exclude }: BandChoice): number[] {
  const asked = only !== undefined || exclude !== undefined;
  if (asked && scene.bands.some((band) => band.wavelength === undefined))
    throw new CommandError(
      `${scene.name}: --bands and --exclude choose by wavelength, but its bands have none; leave these options out`,
    );
  const chosen = scene.bands.flatMap((band, index) => {
    if (band.bad) return [];
    if (only && !within(band.wavelength!, only)) return [];
    return exclude && within(band.wavelength!, exclude) ? [] : [index];
  });
  if (chosen.length < 2)
    throw new CommandError(
      `${scene.name}: ${chosen.length} of its ${scene.bands.length} bands are neither bad nor left out, at least 2 are needed; choose other intervals${asked ? '' : ' or another scene'}`,
    );
  return chosen;
}

/** Bands without data in all the pixels that were looked at, and the bands that have some. */
export interface BandsWithData {
  readonly withData: readonly number[];
  readonly empty: readonly number[];
}

/** Blocks of the scene looked at to find empty bands, spread evenly, and their largest size in pixels. */
const BLOCKS = 24;
const BLOCK_PIXELS = 64 * 64;

/**
 * Sorts `bands` into those that have data somewhere and those that are NoData wherever another band has data, looking at up to 24 blocks spread over
 * the scene. Throws CommandError where no band has data.
 */
export async function findEmptyBands(scene: Scene, bands: readonly number[]): Promise<BandsWithData> {
  const seen = new Float64Array(bands.length);
  for (const window of spreadWindows(scene)) {
    const { data } = await scene.readWindow(window, bands);
    for (let i = 0; i < window.rows * window.cols; i++)
      for (const [k, band] of bands.entries()) {
        const value = data[i * bands.length + k]!;
        if (Number.isFinite(value) && value !== scene.bands[band]!.noData) seen[k]!++;
      }
  }
  const withData = bands.filter((_, k) => seen[k]! > 0);
  if (withData.length === 0)
    throw new CommandError(
      `${scene.name}: no data in any of ${bands.length} bands; is the NoData value (${scene.bands[bands[0]!]!.noData ?? 'none'}) right?`,
    );
  return { withData, empty: bands.filter((_, k) => seen[k] === 0) };
}

function spreadWindows({ rows, cols, block }: Pick<Scene, 'rows' | 'cols' | 'block'>) {
  const height = Math.min(block.rows, rows, 64);
  const width = Math.min(block.cols, cols, Math.max(64, Math.floor(BLOCK_PIXELS / height)));
  const down = Math.ceil(rows / height);
  const across = Math.ceil(cols / width);
  const total = down * across;
  const count = Math.min(BLOCKS, total);
  return Array.from({ length: count }, (_, k) => {
    // Middles of equal shares of the blocks in reading order, so that the scene's centre is always looked at.
    const at = Math.min(total - 1, Math.floor(((k + 0.5) * total) / count));
    const row = Math.floor(at / across) * height;
    const col = (at % across) * width;
    return { row, col, rows: Math.min(height, rows - row), cols: Math.min(width, cols - col) };
  });
}

/** `131-135, 140`: bands counted from 1, as ranges. */
export function bandRanges(indices: readonly number[]): string {
  const sorted = [...indices].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const index of sorted) {
    const last = ranges.at(-1);
    if (last && index === last[1] + 1) last[1] = index;
    else ranges.push([index, index]);
  }
  return ranges.map(([from, to]) => (from === to ? `${from + 1}` : `${from + 1}-${to + 1}`)).join(', ');
}

/** `418.2-2445.5 nm`, or undefined where no band has a wavelength. */
export function wavelengthRange(bands: readonly Pick<Band, 'wavelength'>[]): string | undefined {
  const known = bands.flatMap(({ wavelength }) => (wavelength === undefined ? [] : [wavelength]));
  if (known.length === 0) return undefined;
  return `${Math.min(...known).toFixed(1)}-${Math.max(...known).toFixed(1)} nm`;
}
