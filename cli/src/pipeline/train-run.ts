// A run folder is trained into, or gone on with.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSecrets } from '@egunet/raster/url';
import {
  type Checkpoint,
  type FitSettings,
  isComplete,
  isLock,
  isPart,
  loadRun,
  lockRun,
  type RunLock,
  readManifest,
} from '@egunet/train';
import { CommandError } from '../support/errors.js';
import { assertReplaceable, makeFolder } from '../support/files.js';
import { roundsOf } from '../support/loss-words.js';
import { note } from '../support/output.js';
import { assertDataRequest } from './data-request.js';
import { assertLibraryRequest } from './library/request.js';
import type { TrainOptions, TrainRequest, TrainResult } from './run-and-save.js';
import { CACHE_FOLDER, dropEmptyCache } from './scenes/cache.js';
import { train } from './train-on.js';

const RUN = {
  marker: { file: 'manifest.json', contains: 'egunet-run', what: 'a run of egunet train' },
  hint: 'go on with it (--resume), replace it (--overwrite) or choose another folder',
  ignore: (name: string) => isLock(name) || isPart(name) || name === CACHE_FOLDER,
} as const;

/**
 * Trains on a scene, on several, or on a library, into the folder `run`, an empty one or with `overwrite` that of a run, which stays until the first saving; an interrupted training
 * is saved as far as it came. Throws TrainError where another training is in the folder, CommandError where it holds something else.
 */
export async function trainRun(
  run: string,
  request: TrainRequest,
  { settings, overwrite, ...options }: TrainOptions & { settings: Partial<FitSettings>; overwrite: boolean },
): Promise<TrainResult> {
  const scenes = 'scenes' in request ? request.scenes : [request.scene ?? ''];
  if (scenes.some(hasSecrets))
    note(`note: ${join(run, 'manifest.json')} keeps the whole URL, with what is secret in it, for --resume`);
  const folder = await makeFolder(run);
  try {
    return await whileLocked(run, async (lock) => {
      await assertReplaceable(run, { ...RUN, replace: overwrite });
      return train({ run, lock, request, settings }, options);
    });
  } catch (error) {
    await dropEmptyCache(join(run, CACHE_FOLDER));
    await folder.removeIfEmpty();
    throw error;
  }
}

/** Goes on with a saved run. Throws TrainError or CommandError where it is none, and where another training is in the folder. */
export async function resumeRun(run: string, options: TrainOptions): Promise<TrainResult> {
  await assertBegun(run);
  const manifest = await readManifest(run);
  if (isComplete(manifest)) {
    const { checkpoint } = await loadRun(run);
    note(`${run}: all ${manifest.epoch} ${roundsOf(manifest.settings)} are done already; nothing to resume`);
    return { run, finished: true, checkpoint, seconds: 0, pixelsPerSecond: 0 };
  }
  return whileLocked(run, async (lock) => {
    const { checkpoint, request } = await loadRun(run);
    return train(
      {
        run,
        lock,
        request: checkRequest(request, checkpoint, join(run, 'manifest.json')),
        settings: checkpoint.settings,
        resume: checkpoint,
      },
      options,
    );
  });
}

/** Throws CommandError where a run was stopped while its scenes were read: there is nothing to resume, but what was read is kept. */
async function assertBegun(run: string): Promise<void> {
  const names: string[] = await readdir(run).catch(() => []);
  if (names.includes(CACHE_FOLDER) && !names.includes('manifest.json'))
    throw new CommandError(
      `${run}: was stopped before its training began; give the command that began it again, the scenes that were read are kept`,
    );
}

/** A request read from the manifest at `path`, as the run's network wants it. */
export function checkRequest(request: unknown, { settings }: Checkpoint, path: string): TrainRequest {
  if (settings.model === 'library') assertLibraryRequest(request, path);
  else assertDataRequest(request, path);
  return request;
}

async function whileLocked<T>(run: string, work: (lock: RunLock) => Promise<T>): Promise<T> {
  const lock = await lockRun(run);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}
