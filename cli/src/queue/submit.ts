// Maps that are asked for, put into the queue.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { isUrl, publicPath } from '@egunet/raster/url';
import { Queue } from 'bullmq';
import { requestOf } from '../pipeline/shard-request.js';
import type { UnmixOptions } from '../pipeline/unmix-scene.js';
import { CommandError } from '../support/errors.js';
import { softwareVersion } from '../version.js';
import { PREFIX, type QueuePlace } from './connection.js';
import { idOf, MAP, type MapJob, newJob } from './jobs.js';

/** How often a job is tried, with pauses that grow from this (ms). */
const TRIES = { attempts: 4, backoff: { type: 'exponential', delay: 5000 } } as const;

export interface Submission {
  /** Maps that are in the queue now and were not before. */
  readonly queued: readonly string[];
  /** Maps that are there already. */
  readonly done: readonly string[];
  /** Maps that the queue has already. */
  readonly known: readonly string[];
  /** Those of them that failed for good. */
  readonly failed: readonly string[];
}

const EXTENSIONS = { cog: '.tif', zarr: '.zarr', envi: '.img' } as const;

/** The name of a scene's map in `folder`. */
function mapOf(scene: string, folder: string, format: keyof typeof EXTENSIONS): string {
  const name = basename(isUrl(scene) ? new URL(scene).pathname : scene).replace(/\.(tar\.gz|tgz|zip|tar)$/i, '');
  const own = /\.(tiff?|hdr|img|dat|bsq|bil|bip|mat|nc|he5|h5)$/i.test(name)
    ? name.slice(0, -extname(name).length)
    : name;
  return join(resolve(folder), `${own}${EXTENSIONS[format]}`);
}

/** The map of each scene. Throws CommandError where two scenes would have one. */
function mapsOf(scenes: readonly string[], folder: string, format: keyof typeof EXTENSIONS): Map<string, string> {
  const sceneOf = new Map<string, string>();
  for (const scene of new Set(scenes)) {
    const output = mapOf(scene, folder, format);
    const other = sceneOf.get(output);
    if (other !== undefined)
      throw new CommandError(
        `${publicPath(other)} and ${publicPath(scene)}: the maps of both would have the name ${output}; submit them into folders of their own`,
      );
    sceneOf.set(output, scene);
  }
  return sceneOf;
}

export interface SubmitOptions {
  readonly place: QueuePlace;
  readonly folder: string;
  readonly format: keyof typeof EXTENSIONS;
  /** 0: before all that have one. */
  readonly priority: number;
  /** Of each map; by its size when absent. */
  readonly parts?: number | undefined;
  /** The command line that makes the same map here, for its metadata. */
  readonly commandOf: (scene: string, output: string) => string;
}

/** Asks for a map of each scene. */
export async function submit(
  scenes: readonly string[],
  options: Omit<UnmixOptions, 'scene' | 'output'>,
  { place, folder, format, priority, parts, commandOf }: SubmitOptions,
): Promise<Submission> {
  const maps = mapsOf(scenes, folder, format);
  const software = softwareVersion();
  const model = createHash('sha256')
    .update(await readFile(options.model))
    .digest('hex');
  const queue = new Queue(place.name, { connection: place.options, prefix: PREFIX });
  const found = { queued: [] as string[], done: [] as string[], known: [] as string[], failed: [] as string[] };
  const askFor = async (scene: string, output: string): Promise<keyof typeof found> => {
    if (existsSync(output)) return 'done';
    const jobId = idOf({ output });
    const request = requestOf({ ...options, scene, output, format, command: commandOf(scene, output) });
    const job = newJob({ software, request, output, model, ...(parts !== undefined && { parts }) });
    const before = await queue.getJob(jobId);
    const state = await before?.getState();
    // One that is done, and whose map is gone again, is asked for anew.
    if (state === 'completed') await before!.remove();
    else if (before) {
      assertSame(job, before.data as MapJob);
      return state === 'failed' ? 'failed' : 'known';
    }
    await queue.add(MAP, job, { ...TRIES, jobId, ...(priority > 0 && { priority }) });
    return 'queued';
  };
  try {
    for (const [output, scene] of maps) found[await askFor(scene, output)].push(output);
    return found;
  } finally {
    await queue.close();
  }
}

/** Throws CommandError where a map was asked for before, and otherwise. */
function assertSame(job: MapJob, before: MapJob): void {
  const said = ({ request, model }: MapJob) => JSON.stringify([request, model]);
  if (said(job) !== said(before))
    throw new CommandError(
      `${job.output}: the queue has it already, with another scene, model or other options; egunet cancel takes it out, or choose another folder`,
    );
}
