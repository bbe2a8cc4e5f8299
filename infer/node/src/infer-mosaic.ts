// From several scenes on one grid to one map.
import { basename } from 'node:path';
import { assertBatch, planMosaic, sharedWindow, type Window } from '@egunet/infer';
import { isLayerWord, type MaskRule, type SceneAccess } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { beginWorkers, openOptions } from './begin-workers.js';
import { choosePixels, openMasks, type PixelChoice } from './choose-pixels.js';
import { batchFor } from './engine.js';
import type { Finish, InferSceneOptions } from './infer-scene.js';
import { maskScenes, type SceneMasks } from './mosaic-masks.js';
import { type Mosaic, type MosaicScene, openMosaic } from './mosaic-scenes.js';
import type { SeenWindow, Workers } from './pool.js';
import type { SceneSource } from './scene-list.js';
import { coveredShare } from './shard-weights.js';
import type { ScenePart } from './worker.js';

/** Characters of a map's metadata that name its scenes, about. */
const MOST_NAMED = 2000;

/** `a.tif, b.tif and 298 more`. */
function namesOf(scenes: readonly MosaicScene[]): string {
  let named = '';
  for (const [s, { path }] of scenes.entries()) {
    if (named.length > MOST_NAMED) return `${named} and ${scenes.length - s} more`;
    named += `${s > 0 ? ', ' : ''}${basename(publicPath(path))}`;
  }
  return named;
}

/** What makes it the same mosaic: the scenes in their order, each by its files and its place, and which of them wins. */
const identityOf = ({ scenes }: Mosaic, overlap: string) => ({
  ...Object.fromEntries(
    scenes.map(({ files, place: { row, col } }, s) => [`scene ${s + 1}`, [...files, `row ${row}, column ${col}`]]),
  ),
  overlap,
});

/** The masks of a scene that is opened for them. */
const masksOfScene =
  (rules: readonly MaskRule[], options: InferSceneOptions, access: SceneAccess) => async (one: MosaicScene) => {
    const scene = await openScene(one.path, openOptions(options), { ...access, held: true });
    try {
      const masks = await openMasks(scene, rules, access);
      return { masks, close: async () => void (await Promise.all([scene, ...masks].map((open) => open.close()))) };
    } catch (error) {
      await scene.close();
      throw error;
    }
  };

/** The masks of a mosaic, in the order of the rules: words mean a quality layer of each scene, all else is a raster on the mosaic's grid. */
function openAllMasks({ grid }: Mosaic, own: SceneMasks, access: SceneAccess) {
  const words = own.masks.values();
  return async (rules: readonly MaskRule[]) => {
    const rasters = await openMasks(
      grid,
      rules.filter(({ source }) => !isLayerWord(source)),
      access,
    );
    const others = rasters.values();
    return rules.map(({ source }) => (isLayerWord(source) ? words : others).next().value!);
  };
}

/** The scenes in a window. */
const partsIn =
  ({ scenes }: Mosaic, own: SceneMasks) =>
  ({ window, around }: SeenWindow): Promise<ScenePart[]> =>
    Promise.all(
      [...scenes.entries()]
        .filter(([, { place }]) => sharedWindow(window, place))
        .map(async ([s, { path, files, place, plan }]) => {
          const masked = own.masks.length > 0 ? await own.masked(around, s) : undefined;
          return { name: publicPath(path), scene: { path, files }, place, plan, ...(masked && { masked }) };
        }),
    );

/** Unmixes several scenes, or those of a virtual mosaic, into one map. As `inferScene`. */
export async function inferMosaic<T>(
  sources: readonly SceneSource[],
  options: InferSceneOptions,
  { format, finish, open }: Finish<T>,
): Promise<T> {
  const { signal, resample, tile, overlap = 'last', masks = [] } = options;
  const { sampleType = 'float32', spread = true, quality = false } = options;
  if (options.batch !== undefined) assertBatch(options.batch);
  const access = { ...options.access, ...(signal && { signal }) };
  const engine = await open(options);
  const { card } = engine;
  const rules = masks.filter(({ source }) => isLayerWord(source));
  let mosaic: Mosaic | undefined;
  let chosen: PixelChoice | undefined;
  let workers: Workers | undefined;
  try {
    mosaic = await openMosaic(sources, { card, resample, open: openOptions(options), access, masks: rules });
    const { grid, scenes } = mosaic;
    const own = maskScenes(scenes, rules, masksOfScene(rules, options, access));
    chosen = await choosePixels(grid, options, { access, openMasks: openAllMasks(mosaic, own, access) });
    const windowsIn = (part: Window) => planMosaic(scenes, { grid, window: part, tile });
    const windows = windowsIn(chosen.window);
    workers = beginWorkers(options, { windows: windows.length, several: true });
    const batch = batchFor(options, card, chosen.window.rows * chosen.window.cols);
    return await finish({
      ...{ options, format, engine, chosen, windows, windowsIn, overlap, batch, sampleType, spread, quality, workers },
      source: {
        name: grid.name,
        scenes: scenes.length,
        georeference: grid.georeference,
        metadata: { EGUNET_SCENE: namesOf(scenes), EGUNET_SCENES: String(scenes.length), EGUNET_OVERLAP: overlap },
      },
      grid,
      identity: identityOf(mosaic, overlap),
      dataShare: async (part) => coveredShare(scenes, part),
      parts: partsIn(mosaic, own),
    });
  } finally {
    await workers?.stop();
    await chosen?.close();
    await mosaic?.close();
    await engine.release();
  }
}
