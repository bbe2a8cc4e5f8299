import { type InferSceneOptions, type InferSummary, inferScene } from '@egunet/infer-node';
import type { OpenOptions } from '@egunet/raster';
import { openScene } from '@egunet/raster/node';
import type { Control } from '../support/control.js';

/** What an unmixing came to. */
export interface UnmixResult extends Omit<InferSummary, 'means'> {
  /** Pixels with data, in millions a second. */
  readonly megapixelsPerSecond: number;
  /** Over the pixels with data. */
  readonly endmembers: readonly { readonly name: string; readonly mean: number }[];
}

/** Unmixes a scene into a map with a progress line. */
export async function unmixScene(
  path: string,
  { open, ...options }: Omit<InferSceneOptions, 'scene' | 'onProgress' | 'signal'> & { open: OpenOptions },
  { signal, startProgress }: Control,
): Promise<UnmixResult> {
  const scene = await openScene(path, open);
  try {
    const line = startProgress('unmixing', scene.rows * scene.cols);
    try {
      const { means, ...summary } = await inferScene({
        ...options,
        scene,
        signal,
        onProgress: ({ pixels, validPixels, seconds }) =>
          line.update(pixels, `${(validPixels / seconds / 1e6).toPrecision(3)} Mpixel/s`),
      });
      const megapixelsPerSecond = summary.validPixels / summary.seconds / 1e6;
      return { ...summary, megapixelsPerSecond, endmembers: means };
    } finally {
      line.stop();
    }
  } finally {
    await scene.close();
  }
}
