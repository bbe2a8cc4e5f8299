// From scenes and a model to an abundance map.
import { basename } from 'node:path';
import { InferError, type Overlap, planUnmixing, type TileShape, type Window } from '@egunet/infer';
import type { Precision } from '@egunet/models/card';
import type { MaskRule, OpenOptions, Scene, SceneAccess } from '@egunet/raster';
import { type MapFormatName, openScene } from '@egunet/raster/node';
import { isUrl } from '@egunet/raster/url';
import { assertWidths } from './band-widths.js';
import { beginWorkers, openOptions } from './begin-workers.js';
import { choosePixels, openMasks, type PixelChoice, type PixelCounts, type PixelOptions } from './choose-pixels.js';
import type { DamageSummary } from './damage.js';
import { assertDeviceIds, batchFor, type Engine, openEngine } from './engine.js';
import { sceneIdentity } from './identity.js';
import type { Device } from './model.js';
import { assertOutput } from './output.js';
import type { StoredType } from './samples.js';
import { listScenes, type SceneNames } from './scene-list.js';
import { dataShareOf } from './shard-weights.js';
import { unmixInto, type Work } from './unmix-into.js';

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
  /** One, or several on one grid, the last one on top. */
  readonly scene: SceneNames;
  /** Which of several scenes a pixel is taken from; the last one that has data there when absent. */
  readonly overlap?: Overlap;
  /** How to open the scenes. */
  readonly open?: OpenOptions;
  /** How to reach them: patience with servers, and who is told of what takes a while. */
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
  /** Add the spread of each endmember's abundances to the map of an ensemble, behind the abundances; yes when absent. */
  readonly spread?: boolean;
  /** Add `QUALITY_BANDS` to the map: how well the abundances explain each spectrum. */
  readonly quality?: boolean;
  /** The largest tile in pixels. */
  readonly tile?: TileShape;
  /** Pixels a run of a pixel-wise model. */
  readonly batch?: number;
  /** Where the model runs; the CPU when absent. On a GPU one run follows another, of spectra that the workers decode. */
  readonly device?: Device;
  /** Which of several GPUs, from 0; a process for each of several. Of `cuda` and `dml`; `webgpu` has number 0 alone. The first when absent. */
  readonly deviceIds?: readonly number[] | undefined;
  /** Threads, each with the scene (and on the CPU the model) opened by itself; as many as processors when absent. */
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

/** A scene's pixels beside those of the training. */
export interface Likeness {
  readonly comparedPixels: number;
  /** Share of them that are unlike: they are brighter than all but a few training pixels, or the training's leading directions leave more of their spectrum. */
  readonly unlikeShare: number;
  /** Share of them that are darker than all but a few training pixels, so that their shape says nothing. */
  readonly darkShare: number;
  /** Share of the training's own that are one of the two. */
  readonly trainingShare: number;
  /** Whether more than a quarter are unlike, of all or of one of several scenes: the abundances are in doubt. */
  readonly isUnlike: boolean;
  /** Of several scenes those of which more than a quarter are. */
  readonly scenes?: readonly { readonly name: string; readonly unlikeShare: number }[];
  /** Whether nearly all are dark. */
  readonly isDark: boolean;
}

export interface InferSummary extends PixelCounts {
  readonly output: string;
  readonly format: MapFormatName;
  /** How many, and which of them a pixel was taken from, where there are several. */
  readonly scenes?: number;
  readonly overlap?: Overlap;
  readonly rows: number;
  readonly cols: number;
  readonly pixels: number;
  /** Pixels unmixed. */
  readonly validPixels: number;
  /** Pixels that lack data, of those inside the area that no mask leaves out. */
  readonly noDataPixels: number;
  /** Pixels that an earlier, interrupted go had finished. */
  readonly keptPixels: number;
  /** How like the training's the pixels are, of a model whose card says what it was trained on: of some 10,000 compared. */
  readonly likeness?: Likeness | undefined;
  readonly tiles: number;
  readonly workers: number;
  /** Of the model; null where it names none. */
  readonly sensor: string | null;
  readonly precision: Precision;
  /** Where it ran. */
  readonly device: Device;
  /** On which of several GPUs, where they were named. */
  readonly deviceIds?: readonly number[];
  /** Where damaged blocks may become NoData. */
  readonly damage?: DamageSummary;
  /** Mean abundance of each endmember over the pixels with data, in the model's order [C]. */
  readonly means: readonly { readonly name: string; readonly mean: number }[];
  /** Mean spread of each endmember [C], where it is in the map. */
  readonly spread?: readonly { readonly name: string; readonly mean: number }[];
  /** Of the bands of quality, where they were asked for. */
  readonly quality?: readonly { readonly name: string; readonly unit: string; readonly mean: number }[];
  readonly seconds: number;
}

/**
 * Unmixes a scene with a model into a map of abundances (cloud-optimised GeoTIFF, Zarr or ENVI), one band an endmember, NoData where the scene has none;
 * or several scenes on one grid, into one map.
 *
 * Bands are matched by wavelength; memory depends on the workers and the tiles, not on the scenes. Everything that can be known beforehand is
 * checked before any work: the output's folder, an existing output, the model, the bands. The map appears under its name when it is
 * complete. Stopped or killed, the work goes on from its finished tiles (in `OUTPUT.part`) when it is asked for again, and ends with the
 * same bytes. Rejects with InferError, ModelCardError or RasterError, or with the signal's reason.
 */
export const inferScene = (options: InferSceneOptions): Promise<InferSummary> => prepare(options, unmixInto);

/** Checks what is asked for, opens it, and does with it what `finish` does. */
export async function prepare<T>(
  options: InferSceneOptions,
  finish: (work: Work) => Promise<T>,
  open: typeof openEngine = openEngine,
): Promise<T> {
  const { aoi, masks = [], model, output, overwrite, signal, sampleType, quality } = options;
  assertDeviceIds(options);
  if (quality && sampleType === 'uint8')
    throw new InferError(
      'steps of 0.005, as uint8 stores them, are too coarse for bands of quality; store float32 or uint16',
    );
  const { sources, files } = await listScenes(options.scene);
  const others = [
    ['model', model] as const,
    ...(aoi === undefined ? [] : [['area of interest', aoi] as const]),
    ...masks.map(({ source }) => ['mask', source] as const),
    ...files.map((file) => ['list of scenes', file] as const),
  ];
  const scenes = sources.map(({ path }) => path);
  const format = await assertOutput(output, { scenes, others, overwrite, format: options.format });
  signal?.throwIfAborted();
  const [first, ...more] = sources;
  if (more.length > 0 || first!.vrt)
    return (await import('./infer-mosaic.js')).inferMosaic(sources, options, { format, finish, open });
  return inferOne(first!.path, options, { format, finish, open });
}

/** What becomes of what is opened. */
export interface Finish<T> {
  readonly format: MapFormatName;
  readonly finish: (work: Work) => Promise<T>;
  /** How the model is opened. */
  readonly open: typeof openEngine;
}

/** Unmixes one scene. */
async function inferOne<T>(path: string, options: InferSceneOptions, { format, finish, open }: Finish<T>): Promise<T> {
  const { signal, resample, tile, sampleType = 'float32', spread = true, quality = false } = options;
  const access = { ...options.access, ...(signal && { signal }) };
  const workers = beginWorkers(options, { several: false });
  let scene: Scene | undefined;
  let chosen: PixelChoice | undefined;
  let engine: Engine | undefined;
  try {
    const opened = await openScene(path, openOptions(options), access);
    scene = opened;
    const files = await sceneIdentity(path, access);
    const masks = (rules: readonly MaskRule[]) => openMasks(opened, rules, access);
    chosen = await choosePixels(scene, options, { access, openMasks: masks });
    const { window } = chosen;
    const named = { path, files: isUrl(path) ? files : undefined };
    engine = await open(options);
    const { card } = engine;
    const batch = batchFor(options, card, window.rows * window.cols);
    assertWidths(scene, card);
    const planned = (part: Window) => planUnmixing(opened, { card, window: part, resample, tile, batch });
    const { tiles: windows, plan } = planned(window);
    const { name, georeference, rows, cols } = scene;
    const parts = [{ scene: named, place: { row: 0, col: 0, rows, cols }, plan }];
    return await finish({
      ...{ options, format, engine, chosen, windows, sampleType, spread, quality, workers, batch },
      source: { name, ...(georeference && { georeference }), metadata: { EGUNET_SCENE: basename(name) } },
      grid: { rows, cols },
      identity: { scene: files },
      windowsIn: (part) => planned(part).tiles,
      dataShare: (part) => dataShareOf(opened, part, plan.bands[0]!),
      parts: async () => parts,
      overlap: 'last',
    });
  } finally {
    await workers.stop();
    await engine?.release();
    await chosen?.close();
    await scene?.close();
  }
}
