import { existsSync } from 'node:fs';
import type { Shard } from '@egunet/infer';
import {
  type InferSceneOptions,
  type InferSummary,
  inferScene,
  inferShard,
  mergeShards,
  type ShardSummary,
  tidyMerged,
} from '@egunet/infer-node';
import { findShards, partFolder, shardFolder } from '@egunet/raster/node';
import { type Control, sceneAccess } from '../support/control.js';
import { CommandError, InterruptedError } from '../support/errors.js';
import type { Progress } from '../support/progress.js';
import { optionsOf, requestOf } from './shard-request.js';

/** What an unmixing came to. */
export interface UnmixResult extends Omit<InferSummary, 'means'> {
  /** Pixels unmixed in this go, with and without data, in millions a second. */
  readonly megapixelsPerSecond: number;
  /** Over the pixels with data. */
  readonly endmembers: readonly { readonly name: string; readonly mean: number }[];
}

/** What unmixing a shard of a map came to. */
export interface ShardResult extends ShardSummary {
  /** Pixels unmixed in this go, with and without data, in millions a second. */
  readonly megapixelsPerSecond: number;
}

/** What a map is asked for, without how its making is watched. */
export type UnmixOptions = Omit<InferSceneOptions, 'onStart' | 'onProgress' | 'signal' | 'access'>;

/** Pixels of a go in millions a second. */
const speedOf = ({ pixels, keptPixels, seconds }: { pixels: number; keptPixels: number; seconds: number }): number =>
  (pixels - keptPixels) / seconds / 1e6;

const resultOf = ({ means, ...summary }: InferSummary): UnmixResult => ({
  ...summary,
  megapixelsPerSecond: speedOf(summary),
  endmembers: means,
});

/** Unmixes scenes into a map with a progress line. */
export const unmixScene = async (options: UnmixOptions, control: Control): Promise<UnmixResult> =>
  resultOf(await watched(options, control, { doing: 'unmixing', kept: partFolder(options.output) }, inferScene));

/** Unmixes a shard of a map, likewise. What it was asked for is kept with it, for `mergeMap`. */
export async function unmixShard(options: UnmixOptions, shard: Shard, control: Control): Promise<ShardResult> {
  const { number, of } = shard;
  const watch = { doing: `unmixing ${number}/${of}`, kept: shardFolder(options.output, shard) };
  const summary = await watched(options, control, watch, (all) => inferShard(all, shard, requestOf(options)));
  return { ...summary, megapixelsPerSecond: speedOf(summary) };
}

/** Makes a map of its shards, as they were asked for; undefined where it was complete and only its shards were left. */
export async function mergeMap(
  output: string,
  overwrite: boolean,
  control: Control,
): Promise<(UnmixResult & { readonly model: string }) | undefined> {
  const found = await findShards(output);
  if (await tidyMerged(output, found)) return undefined;
  const [first] = found;
  if (!first)
    throw new CommandError(
      `${output}: has no parts beside it (${shardFolder(output, { number: 1, of: 16 })} and so on); unmix them first, with egunet infer --shard`,
    );
  const options = { ...optionsOf(first.request, shardFolder(output, first)), output, overwrite };
  const watch = { doing: 'merging', kept: partFolder(output) };
  const summary = await watched(options, control, watch, (all) => mergeShards(all, found));
  return { ...resultOf(summary), model: options.model };
}

/** Does work with a progress line; what is interrupted says what is kept. */
async function watched<T>(
  options: UnmixOptions,
  control: Control,
  { doing, kept }: { readonly doing: string; readonly kept: string },
  work: (options: InferSceneOptions) => Promise<T>,
): Promise<T> {
  const { signal, startProgress } = control;
  const { signal: _, ...access } = sceneAccess(control);
  let line: Progress | undefined;
  try {
    return await work({
      ...options,
      access,
      signal,
      onStart: ({ totalPixels, keptPixels }) => {
        line = startProgress(doing, totalPixels, keptPixels);
      },
      onProgress: (now) => line?.update(now.pixels, `${speedOf(now).toPrecision(3)} Mpixel/s`),
    });
  } catch (error) {
    throw signal.aborted ? interruption(kept) : error;
  } finally {
    line?.stop();
  }
}

function interruption(kept: string): InterruptedError {
  return new InterruptedError(
    existsSync(kept)
      ? `interrupted: finished tiles are kept in ${kept}; the same command goes on from them`
      : 'interrupted: no tile was finished; nothing is left behind',
  );
}
