// A scene as training sees it: cut to an area, without the pixels that masks leave out, as `infer` would unmix it.
import { choosePixels, openMasks, type PixelChoice, type PixelCounts, type PixelOptions } from '@egunet/infer-node';
import { parseMaskRule, type Scene, type SceneAccess, type Window } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import type { DataRequest, PixelRequest } from './data-request.js';

/** What training needs of a scene. */
export type TrainingScene = Pick<
  Scene,
  'name' | 'sensor' | 'rows' | 'cols' | 'bands' | 'georeference' | 'block' | 'readWindow' | 'readSpectra' | 'close'
>;

/** A scene and how many of its pixels are not taken. Closing it closes the masks, too. */
export interface ChosenScene {
  readonly scene: TrainingScene;
  readonly left?: PixelCounts;
}

/** What `infer` takes for the same request. */
export const pixelOptionsOf = ({ bbox, aoi, masks }: PixelRequest): PixelOptions => ({
  ...(bbox && { bbox }),
  ...(aoi !== undefined && { aoi }),
  ...(masks && { masks: masks.map(parseMaskRule) }),
});

/** Opens a scene and the choice of its pixels. Rejects with RasterError or InferError, of which NoPixelsError and OutsideError say that nothing is left. */
export async function openChosenScene(
  path: string,
  { open, pixels }: Pick<DataRequest, 'open' | 'pixels'>,
  access: SceneAccess,
): Promise<ChosenScene> {
  const scene = await openScene(path, open, access);
  if (pixels === undefined) return { scene };
  try {
    const choice = await choosePixels(scene, pixelOptionsOf(pixels), {
      access,
      openMasks: (rules) => openMasks(scene, rules, access),
    });
    return { scene: chosenPart(scene, choice), left: choice.counts };
  } catch (error) {
    await scene.close();
    throw error;
  }
}

/** The part of a scene that is chosen, as a scene of its own. */
function chosenPart(scene: Scene, choice: PixelChoice): TrainingScene {
  const { row, col, rows, cols } = choice.window;
  const inScene = (window: Window): Window => ({ ...window, row: window.row + row, col: window.col + col });
  const { name, sensor, bands, georeference, block } = scene;
  return {
    ...{ name, rows, cols, bands, block },
    ...(sensor !== undefined && { sensor }),
    ...(georeference && { georeference }),
    readWindow: (window, wanted, options) => scene.readWindow(inScene(window), wanted, options),
    async readSpectra(window, wanted, into) {
      const at = inScene(window);
      const read = await scene.readSpectra(at, wanted, into);
      for (const marks of [choice.outside(at), await choice.masked(at)])
        marks?.forEach((out, n) => {
          if (out) read.valid[n] = 0;
        });
      return read;
    },
    close: () => choice.close().finally(() => scene.close()),
  };
}
