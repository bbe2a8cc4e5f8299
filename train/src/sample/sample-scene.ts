// What training sees of a scene: single pixels and small blocks, in one pass. Legend: N pixels of the scene, n kept, B bands.
import { BUNDLES } from '../endmembers/settings.js';
import type { SpectraBlock, SpectraSample } from '../endmembers/types.js';
import { TrainError } from '../error.js';
import { createRandom, type Random } from '../random.js';
import { SPATIAL } from '../spatial/settings.js';
import type { BandStatistics } from './band-statistics.js';
import { blockOrigins, createBlockCollector } from './block-collector.js';
import { createPixelSample } from './pixel-sample.js';
import { createPriority, type Priority } from './reservoir.js';
import { createSpreadPriority, type ItemGrid } from './spread-priority.js';
import { type SampleWindow, type SceneShape, sceneWindows } from './windows.js';

/** The part of a scene that sampling needs; `raster`'s Scene is one. */
export interface SpectraReader extends SceneShape {
  /**
   * Reflectance, pixel-major [rows * cols, bands], and 1 for each pixel with data in every band asked for [rows * cols]. The spectra may lie in
   * `into`, which the next window is given again.
   */
  readSpectra(
    window: SampleWindow,
    bands: readonly number[],
    into?: Float32Array,
  ): Promise<{ readonly spectra: Float32Array; readonly valid: Uint8Array }>;
}

/** Values of a window; each also takes the memory of its stored values, which are let go late. */
const WINDOW_VALUES = 2 ** 22;

export interface SampleOptions {
  /** Indices of the bands, in the order wanted (see `usableBands`). */
  readonly bands: readonly number[];
  /** A whole number: the same seed gives the same sample, however the scene is stored. */
  readonly seed: number;
  /** Pixels kept at most; 65,536 when absent. */
  readonly maxPixels?: number;
  /** Blocks kept at most; 1,600 when absent. */
  readonly maxBlocks?: number;
  /** Side of a block in pixels; 5 when absent. */
  readonly blockSize?: number;
  /** Keep patches for a spatial layer, too. */
  readonly patches?: boolean;
  /** The scene's name in a pool of several: it draws for itself, evenly over its footprint, and gives what it has, be that no block or no pixel. */
  readonly pooledAs?: string;
  /** Values read at once, where the scene's own blocks allow it; 4 M (16 MB of spectra) when absent. The sample does not depend on it. */
  readonly windowValues?: number;
  readonly signal?: AbortSignal;
  /** Pixels read so far, of all. */
  readonly onProgress?: (progress: { done: number; total: number }) => void;
}

export interface SceneSample extends SpectraSample {
  /** All pixels with data where they are few enough, else a uniform sample of them (of a pooled scene an even one), in scene order [n, B]. */
  readonly pixels: Float32Array;
  /** Where they lie: row * cols + col [n]. */
  readonly positions: Float64Array;
  /** Pixels with data. */
  readonly validPixels: number;
  /** Pixels that the reader calls valid but that hold NaN or infinity: taken as without data. */
  readonly nonFinitePixels: number;
  readonly totalPixels: number;
  /** Larger blocks, where asked for: pixels with data. */
  readonly patches?: readonly SpectraBlock[];
  /** Of all pixels with data, reflectance [B] each. */
  readonly bandStatistics: BandStatistics;
}

/**
 * Reads the scene once, in bounded memory, and keeps a uniform sample of its valid pixels and of its blocks. Blocks tile the scene, the
 * last ones of a side shifted inwards; one is kept where at least half of its pixels have data, and consists of those.
 * Rejects with TrainError where no pixel has data, all are equal or no block has enough of them, and with the signal's reason when aborted.
 */
export async function sampleScene(scene: SpectraReader, options: SampleOptions): Promise<SceneSample> {
  const { bands, maxPixels = 65_536, signal, onProgress } = options;
  const { maxBlocks = BUNDLES.maxBlocks, blockSize = BUNDLES.blockSize } = options;
  assertOptions({ bands: bands.length, maxPixels, maxBlocks, blockSize });
  const { rows, cols } = scene;
  const { draws, random } = drawsOf(options);
  const pixels = createPixelSample(scene, { bands: bands.length, maxPixels, priority: draws('pixels', scene) });
  const [height, width] = [Math.min(blockSize, rows), Math.min(blockSize, cols)];
  const minPixels = Math.ceil((height * width) / 2);
  const shape = { rows, cols, bands: bands.length };
  const priority = draws('blocks', { rows: blockOrigins(rows, height).length, cols: blockOrigins(cols, width).length });
  const collector = createBlockCollector({ ...shape, blockSize, maxBlocks, minPixels, priority });
  const patches = options.patches ? createPatchCollector(shape, random) : undefined;
  let done = 0;
  const windows = sceneWindows(scene, bands.length, options.windowValues ?? WINDOW_VALUES);
  // One memory for all windows: collected garbage would be several of them at a time.
  const most = windows.reduce((largest, window) => Math.max(largest, window.rows * window.cols), 0);
  const into = windows.length > 1 ? new Float32Array(most * bands.length) : undefined;
  for (const window of windows) {
    signal?.throwIfAborted();
    const { spectra, valid } = await scene.readSpectra(window, bands, into);
    const usable = pixels.add(window, spectra, valid);
    collector.add(window, spectra, usable);
    patches?.add(window, spectra, usable);
    done += window.rows * window.cols;
    onProgress?.({ done, total: rows * cols });
  }
  signal?.throwIfAborted();
  const result = pixels.result();
  const blocks = collector.blocks();
  if (options.pooledAs === undefined) assertUsable(scene, result);
  if (options.pooledAs === undefined && blocks.length === 0)
    throw new TrainError(
      `scene of ${rows} rows x ${cols} cols: ${result.validPixels} pixels have data, but no block of ${height} x ${width} has data in ${minPixels} of its pixels, which finding endmembers needs; check its NoData value, leave out the bands without data, or use a scene with more data`,
    );
  return {
    bands: bands.length,
    ...result,
    blocks,
    ...(patches && { patches: patches.blocks() }),
    totalPixels: rows * cols,
  };
}

/** Streams of draws: of each kind of item on its grid, and for all else. */
function drawsOf({ seed, pooledAs }: SampleOptions): {
  draws: (kind: string, grid: ItemGrid) => Priority;
  random: Random;
} {
  const own = createRandom(seed).fork('sample');
  if (pooledAs === undefined) return { draws: (kind) => createPriority(own.fork(kind)), random: own };
  const random = own.fork(pooledAs);
  return { draws: (kind, grid) => createSpreadPriority(random.fork(kind), grid), random };
}

/** Collects the patches that a spatial layer is fitted to. */
function createPatchCollector(shape: { rows: number; cols: number; bands: number }, random: Random) {
  const { patchSize, maxPatches, leastPixels } = SPATIAL;
  const pixels = Math.min(patchSize, shape.rows) * Math.min(patchSize, shape.cols);
  return createBlockCollector({
    ...shape,
    blockSize: patchSize,
    maxBlocks: maxPatches,
    minPixels: Math.min(leastPixels, Math.ceil(pixels / 4)),
    priority: createPriority(random.fork('patches')),
  });
}

function assertOptions(counts: { bands: number; maxPixels: number; maxBlocks: number; blockSize: number }): void {
  for (const [name, value] of Object.entries(counts))
    if (!Number.isInteger(value) || value < 1)
      throw new TrainError(`sample: ${name} should be a whole number >= 1, got ${value}`);
}

function assertUsable(
  { rows, cols }: SpectraReader,
  seen: Pick<SceneSample, 'validPixels' | 'nonFinitePixels' | 'bandStatistics'>,
): void {
  const where = `scene of ${rows} rows x ${cols} cols`;
  const { validPixels, nonFinitePixels, bandStatistics } = seen;
  if (validPixels === 0)
    throw new TrainError(
      nonFinitePixels > 0
        ? `${where}: all ${nonFinitePixels} pixels with data are NaN or infinite; repair the scene or mark them as NoData`
        : `${where}: no pixel has data in every band used; check its NoData value, or leave out the bands without data`,
    );
  if (bandStatistics.min.every((value, b) => value === bandStatistics.max[b]))
    throw new TrainError(
      `${where}: all ${validPixels} pixels with data hold the same spectrum; there is nothing to unmix, choose another scene`,
    );
}
