// What is known of a scene of a pool before its pixels are drawn. Legend: B bands.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { NoPixelsError, type PixelCounts, pixelIdentity, sceneIdentity } from '@egunet/infer-node';
import { OutsideError } from '@egunet/raster';
import { readSensor } from '@egunet/raster/node';
import { publicPath } from '@egunet/raster/url';
import { type DropReason, NoDataError, usableBands } from '@egunet/train';
import { type Control, sceneAccess } from '../../support/control.js';
import { CommandError } from '../../support/errors.js';
import { pixelSize } from '../../support/ground.js';
import { stages } from '../../support/progress.js';
import { openChosenScene, pixelOptionsOf } from '../chosen-scene.js';
import type { ScenesRequest } from '../data-request.js';
import type { SceneCache } from './cache.js';

/** What a scene says of itself, and which of its bands can be used. */
export interface SceneFacts {
  readonly rows: number;
  readonly cols: number;
  readonly sensor?: string;
  /** Side of a pixel in metres, where known. */
  readonly pixelSize: number | null;
  readonly bands: readonly { readonly name: string; readonly wavelength?: number; readonly fwhm?: number }[];
  readonly usable: readonly number[];
  readonly dropped: readonly { readonly band: number; readonly reason: DropReason }[];
  readonly left?: PixelCounts;
}

/** A scene that was looked at. */
export interface LookedScene extends SceneFacts {
  readonly path: string;
  /** As it is shown, and as its draws are named. */
  readonly name: string;
  readonly files: readonly string[];
  /** What decides about these facts: part of what decides about its sample. */
  readonly key: object;
}

/** A scene of which no pixel is wanted, and why. */
export interface EmptyScene {
  readonly name: string;
  readonly reason: string;
}

/** Looks at one scene, which is closed again. */
async function lookAt(path: string, request: ScenesRequest, control: Control): Promise<SceneFacts | { empty: string }> {
  try {
    const { scene, left } = await openChosenScene(path, request, sceneAccess(control));
    try {
      const { rows, cols, sensor, georeference } = scene;
      if (scene.bands.length === 1) return { empty: `${scene.name}: one band, a mask or a label, no scene` };
      const { bands: usable, dropped } = await usableBands(scene, { exclude: request.exclude, signal: control.signal });
      const bands = scene.bands.map(({ name, wavelength, fwhm }) => ({
        name,
        ...(wavelength !== undefined && { wavelength }),
        ...(fwhm !== undefined && { fwhm }),
      }));
      return {
        ...{ rows, cols, pixelSize: pixelSize(georeference) ?? null, bands, usable, dropped },
        ...(sensor !== undefined && { sensor }),
        ...(left && { left }),
      };
    } finally {
      await scene.close();
    }
  } catch (error) {
    if (error instanceof NoPixelsError || error instanceof OutsideError) return { empty: error.message };
    if (error instanceof NoDataError) return { empty: `${basename(publicPath(path))}: no pixel has data in any band` };
    throw error;
  }
}

/** Looks at all scenes, with a progress line; those that are known already are not opened. Throws CommandError that names all that cannot be read. */
export async function lookAtScenes(
  request: ScenesRequest,
  { cache, control }: { cache: SceneCache; control: Control },
): Promise<{ scenes: LookedScene[]; empty: EmptyScene[] }> {
  const { open, exclude, pixels } = request;
  const access = sceneAccess(control);
  const chosen = pixels && { ...pixels, identity: await pixelIdentity(pixelOptionsOf(pixels), access) };
  const sensor = open.sensor && (await readSensor(open.sensor)); // a definition may change
  const keyOf = pathKeys(request.scenes);
  const scenes: LookedScene[] = [];
  const empty: EmptyScene[] = [];
  const failures = collectFailures(control.signal);
  const { show, stop } = stages(control.startProgress);
  try {
    for (const [s, path] of request.scenes.entries()) {
      control.signal.throwIfAborted();
      show('looking at the scenes', s, request.scenes.length);
      const name = basename(publicPath(path));
      const files = await failures.of(name, () => sceneIdentity(path, access));
      if (!files) continue;
      const key = { path: keyOf(path), files, open, sensor, exclude, ...(chosen && { pixels: chosen }) };
      const facts = await cache.facts(key, () => failures.of(name, () => lookAt(path, request, control)));
      if (!facts) continue;
      if ('empty' in facts) empty.push({ name, reason: facts.empty });
      else scenes.push({ ...facts, path, name, files, key });
    }
    show('looking at the scenes', request.scenes.length, request.scenes.length);
  } finally {
    stop();
  }
  failures.assertNone(request.scenes.length);
  return { scenes, empty };
}

/** What tells scenes apart in a cache: their path without what is secret in it, or a digest where that leaves two alike. */
function pathKeys(paths: readonly string[]): (path: string) => string {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(publicPath(path), (counts.get(publicPath(path)) ?? 0) + 1);
  return (path) => {
    const known = publicPath(path);
    return counts.get(known) === 1 ? known : createHash('sha256').update(path).digest('hex');
  };
}

/** Scenes named in an error at most. */
const NAMED_FAILURES = 10;

/** Goes on after a scene that cannot be read, so that all of them are known at once. */
function collectFailures(signal: AbortSignal) {
  const failed: { name: string; error: unknown }[] = [];
  return {
    /** What `work` gives; undefined where it fails. */
    async of<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
      try {
        return await work();
      } catch (error) {
        signal.throwIfAborted();
        failed.push({ name, error });
        return undefined;
      }
    },
    assertNone(all: number): void {
      const [first, ...more] = failed;
      if (!first) return;
      const { message } = first.error as Error;
      if (more.length === 0)
        throw message.includes(first.name)
          ? first.error
          : new CommandError(`${first.name}: ${message}`, { cause: first.error });
      const names = failed.slice(0, NAMED_FAILURES).map(({ name }) => name);
      const others = failed.length > names.length ? ` and ${failed.length - names.length} more` : '';
      throw new CommandError(
        `${failed.length} of ${all} scenes cannot be read: ${names.join(', ')}${others}; leave them out, or mend them, the first one: ${message}`,
      );
    },
  };
}
