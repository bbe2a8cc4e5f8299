import { existsSync } from 'node:fs';
import { type InferSceneOptions, type InferSummary, inferScene } from '@egunet/infer-node';
import { partFolder } from '@egunet/raster/node';
import { type Control, sceneAccess } from '../support/control.js';
import { InterruptedError } from '../support/errors.js';
import type { Progress } from '../support/progress.js';

/** What an unmixing came to. */
export interface UnmixResult extends Omit<InferSummary, 'means'> {
  /** Pixels unmixed in this go, with and without data, in millions a second. */
  readonly megapixelsPerSecond: number;
  /** Over the pixels with data. */
  readonly endmembers: readonly { readonly name: string; readonly mean: number }[];
}

/** Unmixes a scene into a map with a progress line. */
export async function unmixScene(
  options: Omit<InferSceneOptions, 'onStart' | 'onProgress' | 'signal'>,
  control: Control,
): Promise<UnmixResult> {
  const { signal, startProgress } = control;
  const { signal: _, ...access } = sceneAccess(control);
  let line: Progress | undefined;
  try {
    const { means, ...summary } = await inferScene({
      ...options,
      access,
      signal,
      onStart: ({ totalPixels, keptPixels }) => {
        line = startProgress('unmixing', totalPixels, keptPixels);
      },
      onProgress: ({ pixels, keptPixels, seconds }) =>
        line?.update(pixels, `${((pixels - keptPixels) / seconds / 1e6).toPrecision(3)} Mpixel/s`),
    });
    const megapixelsPerSecond = (summary.pixels - summary.keptPixels) / summary.seconds / 1e6;
    return { ...summary, megapixelsPerSecond, endmembers: means };
  } catch (error) {
    throw signal.aborted ? interruption(options.output) : error;
  } finally {
    line?.stop();
  }
}

function interruption(output: string): InterruptedError {
  const kept = partFolder(output);
  return new InterruptedError(
    existsSync(kept)
      ? `interrupted: finished tiles are kept in ${kept}; the same command goes on from them`
      : 'interrupted: no tile was finished; nothing is left behind',
  );
}
