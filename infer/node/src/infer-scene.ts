// From a scene and a model to an abundance map. Legend: N pixels, C endmembers.
import { type TileShape, unmix, type Window } from '@egunet/infer';
import type { RasterWriter, Scene } from '@egunet/raster';
import { createMap, openScene } from '@egunet/raster/node';
import { mapOptions } from './map-options.js';
import { type OpenedModel, openModel } from './model.js';
import { assertOutput } from './output.js';

/** How far the work has come. */
export interface InferProgress {
  /** Pixels unmixed, of `totalPixels`; with and without data. */
  readonly pixels: number;
  readonly totalPixels: number;
  readonly validPixels: number;
  /** Since the first tile was asked for. */
  readonly seconds: number;
}

export interface InferSceneOptions {
  /** A path, or a scene that the caller opened and closes. */
  readonly scene: string | Scene;
  /** A path, or a model that the caller opened and releases. */
  readonly model: string | OpenedModel;
  /** The GeoTIFF to write. */
  readonly output: string;
  /** Replace an existing output, once the new one is complete. */
  readonly overwrite?: boolean;
  /** The part of the scene to unmix; all of it when absent. */
  readonly window?: Window;
  /** Interpolate spectra to the model's wavelengths instead of matching bands. */
  readonly resample?: boolean;
  /** The largest tile in pixels; bounded by bytes when absent. */
  readonly tile?: TileShape;
  /** Pixels a run of the model. */
  readonly batch?: number;
  /** Threads of one run, for a model given by its path; all processors when absent. */
  readonly threads?: number;
  /** Stops the work; nothing is left, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each tile. */
  readonly onProgress?: (progress: InferProgress) => void;
}

export interface InferSummary {
  readonly output: string;
  readonly rows: number;
  readonly cols: number;
  readonly pixels: number;
  readonly validPixels: number;
  readonly tiles: number;
  /** Mean abundance of each endmember over the pixels with data, in the model's order [C]. */
  readonly means: readonly { readonly name: string; readonly mean: number }[];
  readonly seconds: number;
}

/** Adds the abundances [N, C] of the pixels with data to `sums` [C]. */
function addTo(sums: Float64Array, abundances: Float32Array): void {
  const C = sums.length;
  for (let at = 0; at < abundances.length; at += C) {
    if (Number.isNaN(abundances[at]!)) continue;
    for (let c = 0; c < C; c++) sums[c]! += abundances[at + c]!;
  }
}

async function unmixInto(scene: Scene, model: OpenedModel, options: InferSceneOptions): Promise<InferSummary> {
  const { output, overwrite, resample, tile, batch, signal, onProgress } = options;
  const window = options.window ?? { row: 0, col: 0, rows: scene.rows, cols: scene.cols };
  const totalPixels = window.rows * window.cols;
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  const found = { pixels: 0, validPixels: 0, tiles: 0 };
  const sums = new Float64Array(model.card.endmembers.length); // [C]
  const settings = { card: model.card, window, resample, tile, batch, signal };
  let map: RasterWriter | undefined;
  let writing = Promise.resolve();
  try {
    for await (const { abundances, validPixels, window: at } of unmix(model.session, scene, settings)) {
      // Only now: a scene that does not suit the model was refused before there was a file.
      map ??= await createMap(output, { ...mapOptions(scene, window, model.card), overwrite });
      await writing; // one tile may be compressed while the next is unmixed
      writing = map.writeWindow({ ...at, row: at.row - window.row, col: at.col - window.col }, abundances);
      addTo(sums, abundances);
      found.pixels += at.rows * at.cols;
      found.validPixels += validPixels;
      found.tiles++;
      onProgress?.({ pixels: found.pixels, totalPixels, validPixels: found.validPixels, seconds: seconds() });
    }
    signal?.throwIfAborted();
    await map?.close();
  } catch (error) {
    await map?.abort();
    throw error;
  }
  const means = model.card.endmembers.map(({ name }, c) => ({ name, mean: sums[c]! / found.validPixels }));
  return { output, rows: window.rows, cols: window.cols, ...found, means, seconds: seconds() };
}

/**
 * Unmixes a scene with a model into a GeoTIFF of float32 abundances, one band an endmember, NaN where the scene has no data.
 *
 * Bands are matched by wavelength; tiles are bounded in bytes, and at most a few are held. Everything that can be known
 * beforehand is checked before any work: the output's folder, an existing output, the model, the bands. The map appears
 * under its name when it is complete; after a failure or an abort nothing is left.
 * Rejects with InferError, ModelCardError or RasterError, or with the signal's reason.
 */
export async function inferScene(options: InferSceneOptions): Promise<InferSummary> {
  const { scene, model, output, overwrite, threads, signal } = options;
  const scenePath = typeof scene === 'string' ? scene : scene.name;
  const modelPath = typeof model === 'string' ? model : model.path;
  await assertOutput(output, { scene: scenePath, model: modelPath, overwrite });
  signal?.throwIfAborted();
  const openedScene = typeof scene === 'string' ? await openScene(scene) : scene;
  try {
    const openedModel = typeof model === 'string' ? await openModel(model, { threads }) : model;
    try {
      return await unmixInto(openedScene, openedModel, options);
    } finally {
      if (typeof model === 'string') await openedModel.release();
    }
  } finally {
    if (typeof scene === 'string') await openedScene.close();
  }
}
