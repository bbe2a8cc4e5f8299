// A map made by processes that share nothing but its folder: shards, and the map that is gathered from them.
import {
  assertShard,
  InferError,
  type Shard,
  shareTiles,
  sumSeen,
  type Window,
  windowFrom,
  windowsOfRun,
} from '@egunet/infer';
import {
  createMapFile,
  createMapShard,
  type FoundShard,
  gatherShards,
  isMerged,
  markGathered,
  removeShards,
  shardFolder,
} from '@egunet/raster/node';
import { type DamageSummary, sumDamage } from './damage.js';
import { openCard } from './engine.js';
import { type InferSceneOptions, type InferSummary, prepare } from './infer-scene.js';
import { sumNotedSeen } from './seen.js';
import { tileWeights } from './shard-weights.js';
import { completeMap, fileOptions, unmixMissing, type Work } from './unmix-into.js';

/** What a shard came to. */
export interface ShardSummary {
  readonly output: string;
  readonly shard: Shard;
  /** Where its tiles are, until the map is gathered. */
  readonly folder: string;
  /** Of the shard, with and without data; 0 where there are more shards than tiles. */
  readonly pixels: number;
  readonly validPixels: number;
  /** Pixels that an earlier, interrupted go had finished. */
  readonly keptPixels: number;
  readonly workers: number;
  /** Where damaged blocks may become NoData. */
  readonly damage?: DamageSummary;
  readonly seconds: number;
}

/** The windows of each shard. */
async function windowsOfShards(work: Work, shards: number): Promise<Window[][]> {
  const { chosen, dataShare, windowsIn, options } = work;
  const weights = await tileWeights(chosen, dataShare, options.signal);
  return shareTiles(weights, shards).map((run) =>
    windowsOfRun(chosen.window, run).flatMap((part) => [...windowsIn(part)]),
  );
}

async function unmixShard(work: Work, shard: Shard, request: unknown): Promise<ShardSummary> {
  const start = performance.now();
  const { options, workers } = work;
  const how = await fileOptions(work);
  const windows = (await windowsOfShards(work, shard.of))[shard.number - 1]!;
  if (windows.length > 0) await workers.ready();
  const map = await createMapShard(options.output, shard, { ...how, request });
  try {
    const keptPixels = await unmixMissing(map, work, windows);
    await map.flush();
    // Whether it can be reflectance is seen of the whole map.
    const validPixels = sumSeen(sumNotedSeen(map).values()).validPixels;
    return {
      ...{ output: options.output, shard, folder: shardFolder(options.output, shard) },
      ...{ pixels: windows.reduce((sum, { rows, cols }) => sum + rows * cols, 0), validPixels, keptPixels },
      workers: Math.min(workers.count, windows.length),
      ...(options.onError === 'nodata' && { damage: sumDamage(map) }),
      seconds: (performance.now() - start) / 1000,
    };
  } finally {
    await map.stop();
  }
}

/**
 * Unmixes a shard of a map: about as many pixels with data as each other shard has, the same whenever it is asked for. Its tiles are kept beside the map's name, with `request`, until
 * `mergeShards`. Stopped, killed or asked for again it goes on from what is there. Rejects as `inferScene`.
 */
export async function inferShard(
  options: InferSceneOptions,
  shard: Shard,
  request: unknown = null,
): Promise<ShardSummary> {
  assertShard(shard);
  return prepare(options, (work) => unmixShard(work, shard, request));
}

/** Names of shards that an error lists. */
const MOST_LISTED = 20;

/** Throws InferError where shards are missing, or belong to another number of them. */
function assertComplete(output: string, found: readonly Shard[]): number {
  const numbers = [...new Set(found.map(({ of }) => of))];
  if (numbers.length === 0) throw new InferError(`${output}: has no shards beside it; unmix them first`);
  if (numbers.length > 1)
    throw new InferError(
      `${output}: has shards of ${numbers.join(' and of ')}; delete the folders of those that are not meant`,
    );
  return numbers[0]!;
}

/** Throws InferError where some shards are not finished. */
function assertFinished(output: string, unfinished: readonly number[], of: number): void {
  if (unfinished.length === 0) return;
  const shown = unfinished.slice(0, MOST_LISTED).map((number) => `${number}/${of}`);
  const more = unfinished.length > shown.length ? ` and ${unfinished.length - shown.length} more` : '';
  throw new InferError(
    `${output}: of ${of} shards ${unfinished.length} ${unfinished.length === 1 ? 'is' : 'are'} not finished: ${shown.join(', ')}${more}; unmix ${unfinished.length === 1 ? 'it' : 'them'} (again), then merge`,
  );
}

async function gather(work: Work, found: readonly FoundShard[], of: number): Promise<InferSummary> {
  const start = performance.now();
  const { options, chosen } = work;
  const how = await fileOptions(work);
  const windows = await windowsOfShards(work, of);
  await gatherShards(options.output, found, { ...how, signal: options.signal });
  const map = await createMapFile(options.output, how);
  const lacks = (one: Window) => !map.holds(windowFrom(chosen.window, one));
  const unfinished = windows.flatMap((own, s) => (own.some(lacks) ? [s + 1] : []));
  if (unfinished.length > 0) await map.stop();
  assertFinished(options.output, unfinished, of);
  await markGathered(options.output, found);
  const summary = await completeMap(map, work, start);
  await removeShards(options.output, found);
  return summary;
}

/** Removes shards whose map is complete, as the merging that made it was killed; returns whether there were any. */
export async function tidyMerged(output: string, found: readonly FoundShard[]): Promise<boolean> {
  if (!(await isMerged(output, found))) return false;
  await removeShards(output, found);
  return true;
}

/**
 * Makes the map of its shards (`findShards`), all of which must be finished, and removes them: of a pixel-wise model the bytes are those of `inferScene`. `options` are those that the
 * shards were unmixed with. Stopped or killed, it goes on from what is gathered. Rejects as `inferScene`, and where shards are missing, unfinished, or of other work.
 */
export async function mergeShards(options: InferSceneOptions, found: readonly FoundShard[]): Promise<InferSummary> {
  const of = assertComplete(options.output, found);
  const { deviceIds: _ofParts, ...same } = options;
  return prepare({ ...same, workers: 1 }, (work) => gather(work, found, of), openCard);
}
