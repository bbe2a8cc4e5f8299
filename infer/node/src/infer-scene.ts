// From a scene and a model to an abundance map. Legend: C endmembers.
import { availableParallelism } from 'node:os';
import {
  assertPlausible,
  InferError,
  planUnmixing,
  QUALITY_BANDS,
  type Seen,
  sumSeen,
  TILE_PIXELS,
  type TileShape,
  type UnmixPlan,
  type Window,
} from '@egunet/infer';
import { type ModelCard, type Precision, precisionOf } from '@egunet/models/card';
import type { OpenOptions, Scene, SceneAccess } from '@egunet/raster';
import { type BandStatistics, createMapFile, type MapFile, type MapFormatName, openScene } from '@egunet/raster/node';
import { choosePixels, type PixelChoice, type PixelCounts, type PixelOptions } from './choose-pixels.js';
import { assertSomeLeft, type DamageSummary, noteDamage, sumDamage } from './damage.js';
import { digestOf, sceneIdentity } from './identity.js';
import { mapOptions, softwareVersion } from './map-options.js';
import { openModel } from './model.js';
import { assertOutput } from './output.js';
import { startWorkers, type Workers } from './pool.js';
import { STORAGE, type StoredType } from './samples.js';

/** How far the work has come. */
export interface InferProgress {
  /** Pixels unmixed or found finished, of `totalPixels`; with and without data. */
  readonly pixels: number;
  readonly totalPixels: number;
  /** Pixels that an earlier, interrupted go had finished. */
  readonly keptPixels: number;
  /** Since the work began. */
  readonly seconds: number;
}

export interface InferSceneOptions extends PixelOptions {
  readonly scene: string;
  /** How to open the scene. */
  readonly open?: OpenOptions;
  /** How to reach it: patience with servers, and who is told of what takes a while. */
  readonly access?: Omit<SceneAccess, 'signal'>;
  readonly model: string;
  /** The map to write: a file, or the folder of a Zarr store. */
  readonly output: string;
  /** By the output's ending when absent. */
  readonly format?: MapFormatName;
  /** The command line that asks for the map, kept in its metadata as it is; none when absent. */
  readonly command?: string;
  /** Replace an existing output, once the new one is complete. */
  readonly overwrite?: boolean;
  /** Interpolate spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** How abundances are stored; float32 when absent. */
  readonly sampleType?: StoredType;
  /** Add `QUALITY_BANDS` to the map: how well the abundances explain each spectrum. */
  readonly quality?: boolean;
  /** The largest tile in pixels. */
  readonly tile?: TileShape;
  /** Pixels a run of the model. */
  readonly batch?: number;
  /** Threads, each with the scene and the model opened by itself; as many as processors when absent. */
  readonly workers?: number;
  /**
   * What becomes of a scene with a block that cannot be decoded: `fail` (when absent) ends the work with an error that names it, `nodata`
   * leaves its pixels without data and lists it.
   */
  readonly onError?: 'fail' | 'nodata';
  /** Stops the work; the promise rejects with the signal's reason. Finished tiles are kept. */
  readonly signal?: AbortSignal;
  /** Called once, when everything is checked and the work begins. */
  readonly onStart?: (extent: Pick<InferProgress, 'totalPixels' | 'keptPixels'>) => void;
  /** Called after each tile. */
  readonly onProgress?: (progress: InferProgress) => void;
}

export interface InferSummary extends PixelCounts {
  readonly output: string;
  readonly format: MapFormatName;
  readonly rows: number;
  readonly cols: number;
  readonly pixels: number;
  /** Pixels unmixed. */
  readonly validPixels: number;
  /** Pixels that lack data, of those inside the area that no mask leaves out. */
  readonly noDataPixels: number;
  /** Pixels that an earlier, interrupted go had finished. */
  readonly keptPixels: number;
  readonly tiles: number;
  readonly workers: number;
  /** Of the model. */
  readonly precision: Precision;
  /** Where damaged blocks may become NoData. */
  readonly damage?: DamageSummary;
  /** Mean abundance of each endmember over the pixels with data, in the model's order [C]. */
  readonly means: readonly { readonly name: string; readonly mean: number }[];
  /** Of the bands of quality, where they were asked for. */
  readonly quality?: readonly { readonly name: string; readonly unit: string; readonly mean: number }[];
  readonly seconds: number;
}

/** Everything that is known before the first pixel is read. */
interface Work {
  readonly format: MapFormatName;
  readonly options: InferSceneOptions;
  readonly scene: Scene;
  /** Of which files the scene is made. */
  readonly sceneFiles: readonly string[];
  readonly card: ModelCard;
  readonly chosen: PixelChoice;
  readonly plan: UnmixPlan;
  readonly sampleType: StoredType;
  readonly quality: boolean;
  readonly workers: Workers;
}

/** What the map is made of and how: only the same work goes on from finished tiles. */
async function identityOf({ options, sceneFiles, chosen, plan, sampleType, quality }: Work) {
  const { open = {}, model, resample = false, onError = 'fail', tile } = options;
  return {
    software: softwareVersion(),
    scene: sceneFiles,
    open,
    model: await digestOf(model),
    window: chosen.window,
    ...chosen.identity,
    resample,
    batch: plan.batch,
    'sample type': sampleType,
    quality,
    'on error': onError,
    // Damaged blocks are counted by their pieces.
    ...(onError === 'nodata' && { tile }),
  };
}

interface Done {
  readonly keptPixels: number;
  readonly statistics: readonly BandStatistics[];
}

/** How to open the scene: one that is cut off opens where damaged blocks may become NoData. */
const openOptions = ({ open = {}, onError }: InferSceneOptions): OpenOptions =>
  onError === 'nodata' ? { ...open, allowDamaged: true } : open;

/** Unmixes what the map lacks, and completes it. */
async function complete(
  map: MapFile,
  { options, scene, card, chosen, plan, sampleType, quality, workers }: Work,
): Promise<Done> {
  const { window, counts, leaveOut } = chosen;
  const { signal, onError, onStart, onProgress } = options;
  const start = performance.now();
  const inMap = (at: Window): Window => ({ ...at, row: at.row - window.row, col: at.col - window.col });
  const missing = plan.tiles.filter((tile) => !map.holds(inMap(tile)));
  const totalPixels = window.rows * window.cols;
  const keptPixels = totalPixels - missing.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  onStart?.({ totalPixels, keptPixels });
  const { tiles: _, ...rest } = plan;
  const how = { plan: rest, sampleType, quality, aroundDamage: onError === 'nodata' };
  const bands = card.endmembers.length + (quality ? QUALITY_BANDS.length : 0);
  const all: Seen[] = [];
  let pixels = keptPixels;
  let writing = Promise.resolve();
  for await (const { window: at, data, seen, damaged } of workers.unmix(missing, how, { leaveOut, bands })) {
    await noteDamage(map, damaged);
    await writing; // one tile may be compressed while the next is unmixed
    writing = map.writeWindow(inMap(at), data);
    all.push(seen);
    pixels += at.rows * at.cols;
    onProgress?.({ pixels, totalPixels, keptPixels, seconds: (performance.now() - start) / 1000 });
  }
  await writing;
  // What an earlier go saw is not known any more: a cloudy rest must not void it.
  try {
    const pixels = totalPixels - counts.outsidePixels - counts.maskedPixels;
    assertSomeLeft(sumDamage(map), { name: scene.name, pixels });
    if (keptPixels === 0) assertPlausible(sumSeen(all), scene.name, card);
  } catch (error) {
    await map.discard();
    throw error;
  }
  return { keptPixels, statistics: await map.close(signal) };
}

async function unmixInto(work: Work): Promise<InferSummary> {
  const { options, format, scene, card, chosen, plan, sampleType, quality } = work;
  const { window, counts } = chosen;
  const { output, overwrite } = options;
  const start = performance.now();
  const identity = await identityOf(work);
  const content = { ...work, command: options.command };
  const map = await createMapFile(output, { ...mapOptions(scene, content), format, overwrite, identity });
  try {
    const { keptPixels, statistics } = await complete(map, work);
    const pixels = window.rows * window.cols;
    const validPixels = statistics[0]!.count;
    const meanOf = (band: number) => statistics[band]!.mean * STORAGE[sampleType].scale;
    return {
      output,
      format,
      rows: window.rows,
      cols: window.cols,
      pixels,
      validPixels,
      noDataPixels: pixels - validPixels - counts.maskedPixels - counts.outsidePixels,
      ...counts,
      keptPixels,
      tiles: plan.tiles.length,
      workers: work.workers.count,
      precision: precisionOf(card),
      ...(options.onError === 'nodata' && { damage: sumDamage(map) }),
      means: card.endmembers.map(({ name }, c) => ({ name, mean: meanOf(c) })),
      ...(quality && {
        quality: QUALITY_BANDS.map((band, i) => ({ ...band, mean: meanOf(card.endmembers.length + i) })),
      }),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await map.stop();
  }
}

/**
 * Unmixes a scene with a model into a map of abundances (cloud-optimised GeoTIFF, Zarr or ENVI), one band an endmember, NoData where the scene has none.
 *
 * Bands are matched by wavelength; memory depends on the workers and the tiles, not on the scene. Everything that can be known beforehand is
 * checked before any work: the output's folder, an existing output, the model, the bands. The map appears under its name when it is
 * complete. Stopped or killed, the work goes on from its finished tiles (in `OUTPUT.part`) when it is asked for again, and ends with the
 * same bytes. Rejects with InferError, ModelCardError or RasterError, or with the signal's reason.
 */
export async function inferScene(options: InferSceneOptions): Promise<InferSummary> {
  const { model, output, overwrite, signal, resample, tile, batch, sampleType = 'float32', quality = false } = options;
  if (quality && sampleType === 'uint8')
    throw new InferError(
      'steps of 0.005, as uint8 stores them, are too coarse for bands of quality; store float32 or uint16',
    );
  const { aoi, masks = [] } = options;
  const others = [
    ['model', model] as const,
    ...(aoi === undefined ? [] : [['area of interest', aoi] as const]),
    ...masks.map(({ source }) => ['mask', source] as const),
  ];
  const format = await assertOutput(output, { scene: options.scene, others, overwrite, format: options.format });
  signal?.throwIfAborted();
  const access = { ...options.access, ...(signal && { signal }) };
  const scene = await openScene(options.scene, openOptions(options), access);
  let chosen: PixelChoice | undefined;
  let workers: Workers | undefined;
  try {
    const sceneFiles = await sceneIdentity(options.scene, access);
    chosen = await choosePixels(scene, options, access);
    const { window } = chosen;
    workers = beginWorkers(options, sceneFiles, window);
    const { card, release } = await openModel(model, { threads: 1 });
    await release(); // it loads: the workers open it for themselves
    const plan = planUnmixing(scene, { card, window, resample, tile, batch });
    return await unmixInto({ options, format, scene, sceneFiles, card, chosen, plan, sampleType, quality, workers });
  } finally {
    await workers?.stop();
    await chosen?.close();
    await scene.close();
  }
}

/** Starts the workers: they open the scene and the model while the rest is checked. */
function beginWorkers(options: InferSceneOptions, sceneFiles: readonly string[], window: Window): Workers {
  const { scene, model, access: { onNotice: _told, ...access } = {}, signal, tile } = options;
  const tiles = Math.ceil((window.rows * window.cols) / (tile ? tile.rows * tile.cols : TILE_PIXELS)); // or fewer
  const workers = workersFor(options.workers, Math.max(1, tiles || 1));
  const open = openOptions(options);
  return startWorkers({ workers, settings: { scene, sceneFiles, open, access, model }, signal });
}

function workersFor(wanted: number | undefined, tiles: number): number {
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1))
    throw new InferError(`workers should be a whole number >= 1, got ${wanted}`);
  return Math.min(wanted ?? availableParallelism(), tiles);
}
