// A worker: takes jobs until it is told to stop.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { mapTiles } from '@egunet/infer';
import { inferScene, inferShard, mergeShards, tidyMerged } from '@egunet/infer-node';
import { findShards, openScene } from '@egunet/raster/node';
import { DelayedError, type Job, Queue, UnrecoverableError, WaitingChildrenError, Worker } from 'bullmq';
import { optionsOf } from '../pipeline/shard-request.js';
import { note } from '../support/output.js';
import { softwareVersion } from '../version.js';
import { PREFIX, type QueuePlace } from './connection.js';
import { idOf, MAP, type MapJob, newJob, PART, readJob } from './jobs.js';

/** Tiles of a map that are one part: some minutes' work, so that a slow worker holds nobody back. */
const PART_TILES = 16;

/** A job may lose so many workers. */
const MOST_LOST = 20;

export interface WorkOptions {
  readonly place: QueuePlace;
  /** Jobs at a time. */
  readonly jobs: number;
  /** Threads of each. */
  readonly threads?: number | undefined;
  /** A worker that gives no sign of life for so long (ms) is taken for dead, and its jobs go to others; it drops them by itself where it can give none. */
  readonly silence: number;
  /** Ends when nothing is left to do. */
  readonly untilEmpty: boolean;
  /** Aborted to stop: jobs in work go back to the queue, with what they finished. */
  readonly signal: AbortSignal;
}

export interface Worked {
  readonly maps: number;
  readonly parts: number;
  readonly failed: number;
}

/** In how many parts a scene's map is made. */
async function partsOf(options: ReturnType<typeof optionsOf>, signal: AbortSignal): Promise<number> {
  if (typeof options.scene !== 'string') return 1;
  const scene = await openScene(options.scene, options.open, { signal });
  await scene.close();
  const { rows, cols } = scene;
  return Math.ceil(mapTiles({ row: 0, col: 0, rows, cols }).length / PART_TILES);
}

/** Throws unless the model is the one that was meant. */
function modelCheck() {
  const known = new Map<string, string>();
  return async (path: string, digest: string): Promise<void> => {
    const { size, mtimeMs } = await stat(path);
    const key = `${path} ${size} ${mtimeMs}`;
    if (!known.has(key))
      known.set(
        key,
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
    if (known.get(key) !== digest)
      throw new UnrecoverableError(
        `${path}: is not the model that the map was asked for with (its SHA-256 differs); bring it back, or submit again`,
      );
  };
}

/** Works until the signal, or until nothing is left. */
export async function work({ place, jobs, threads, silence, untilEmpty, signal }: WorkOptions): Promise<Worked> {
  const software = softwareVersion();
  const connection = place.options;
  const queue = new Queue(place.name, { connection, prefix: PREFIX });
  const checkModel = modelCheck();
  const sums = { maps: 0, parts: 0, failed: 0 };
  /** Jobs in work: when the queue last knew that this worker has them, and what ends them. */
  const held = new Map<string, { since: number; readonly gone: AbortController }>();

  async function doJob(job: Job<MapJob>, token: string | undefined): Promise<object> {
    let data: MapJob;
    try {
      data = readJob(job.data, software);
    } catch (error) {
      throw new UnrecoverableError((error as Error).message);
    }
    const gone = new AbortController();
    held.set(job.id!, { since: Date.now(), gone });
    const stop = AbortSignal.any([signal, gone.signal]);
    try {
      const options = {
        ...optionsOf(data.request, `job ${job.id}`),
        output: data.output,
        signal: stop,
        ...(threads && { workers: threads }),
      };
      // Who finished it could not say so any more: a map that was there before was never asked for.
      if (existsSync(data.output)) {
        await tidyMerged(data.output, await findShards(data.output));
        return {};
      }
      await checkModel(options.model, data.model);
      if (job.name === PART) {
        const { seconds, pixels } = await inferShard(options, { number: data.number!, of: data.of! }, data.request);
        return { seconds, pixels };
      }
      const of = data.of ?? data.parts ?? (await partsOf(options, stop));
      if (of === 1) {
        const { seconds, pixels } = await inferScene(options);
        return { seconds, pixels };
      }
      if (data.of === undefined) {
        await queue.addBulk(
          Array.from({ length: of }, (_, i) => {
            const part = { ...newJob(data), of, number: i + 1 };
            const parent = { id: job.id!, queue: job.queueQualifiedName };
            const { attempts, backoff, priority } = job.opts;
            return { name: PART, data: part, opts: { jobId: idOf(part), parent, attempts, backoff, priority } };
          }),
        );
        await job.updateData({ ...data, of });
      }
      if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError();
      const { seconds, pixels } = await mergeShards(options, await findShards(data.output));
      return { seconds, pixels };
    } catch (error) {
      // Told to stop: the next worker goes on from what is finished.
      if (signal.aborted && !(error instanceof WaitingChildrenError)) {
        await job.moveToDelayed(Date.now(), token);
        throw new DelayedError();
      }
      // What is wrong with a scene or a model is wrong again; what a disk or a network did may pass.
      const { _tag: tag, message } = error as { _tag?: string; message: string };
      throw tag === 'InferError' || tag === 'ModelCardError' || tag === 'CommandError'
        ? new UnrecoverableError(message)
        : error;
    } finally {
      held.delete(job.id!);
    }
  }

  const worker = new Worker<MapJob>(place.name, doJob, {
    ...{ connection, prefix: PREFIX, concurrency: jobs, lockDuration: silence, stalledInterval: silence / 2 },
    maxStalledCount: MOST_LOST,
  });
  worker.on('error', (error) => note(`egunet: ${error.message}`));
  const drop = (id: string) =>
    held.get(id)?.gone.abort(new Error('the queue could not be told that this worker lives'));
  worker.on('lockRenewalFailed', (ids: string[]) => ids.forEach(drop));
  worker.on('locksRenewed', ({ jobIds }: { jobIds: string[] }) => {
    for (const id of jobIds) {
      const one = held.get(id);
      if (one) one.since = Date.now();
    }
  });
  // Where no answer comes at all, the others take it for dead by now.
  const watching = setInterval(() => {
    for (const [id, { since }] of held) if (Date.now() - since > silence) drop(id);
  }, silence / 4);
  worker.on('completed', (job) => {
    sums[job.name === MAP ? 'maps' : 'parts']++;
    const { output, number, of } = job.data;
    note(`finished: ${output}${job.name === PART ? `, part ${number}/${of}` : ''}`);
  });
  worker.on('failed', (job, error) => {
    const left = (job?.opts.attempts ?? 1) - (job?.attemptsMade ?? 1);
    const last = left <= 0 || error instanceof UnrecoverableError;
    if (last) sums.failed++;
    note(
      `${last ? 'failed' : `failed, will be tried again ${left} times`}: ${job?.data.output ?? 'a job'}: ${error.message}`,
    );
  });
  try {
    await worker.waitUntilReady();
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (untilEmpty) void emptied(queue).then(resolve);
    });
  } finally {
    clearInterval(watching);
    await worker.close();
    await queue.close();
  }
  return sums;
}

/** How often it is looked whether the queue is empty, ms. */
const LOOK_EVERY = 500;

/** Resolves when nothing waits and nothing is in work, of any worker. */
async function emptied(queue: Queue): Promise<void> {
  for (;;) {
    const { active, waiting, delayed, prioritized } = await queue.getJobCounts(
      'active',
      'waiting',
      'delayed',
      'prioritized',
    );
    if (!active && !waiting && !delayed && !prioritized) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  }
}
