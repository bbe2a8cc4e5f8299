// From scenes on disk to one sample of all, whatever they add up to: one scene's sample is in memory at a time. Legend: B bands.
import { type PooledSample, poolSamples, type SceneSample, sampleScene, shareOf } from '@egunet/train';
import { type Control, sceneAccess } from '../../support/control.js';
import { CommandError } from '../../support/errors.js';
import { note } from '../../support/output.js';
import { stages } from '../../support/progress.js';
import { openChosenScene } from '../chosen-scene.js';
import type { DataNeeds, ScenesRequest } from '../data-request.js';
import type { SceneCache } from './cache.js';
import { type CommonBands, commonBands } from './common-bands.js';
import { type EmptyScene, type LookedScene, lookAtScenes } from './look.js';

/** Pixels and blocks of a pool where the request does not say. */
const DEFAULT = { maxPixels: 65_536, maxBlocks: 1600 } as const;

/** What is read of the scenes. */
export interface Pool {
  readonly scenes: readonly LookedScene[];
  /** The bands used, by index in the first scene. */
  readonly bands: readonly number[];
  readonly sample: PooledSample;
}

interface Work extends DataNeeds {
  readonly request: ScenesRequest;
  readonly control: Control;
  readonly cache: SceneCache;
}

/** Reads the scenes, or what is kept of them, telling on standard error what is left out. */
export async function readPool(work: Work): Promise<Pool> {
  const { request, control, cache } = work;
  const { scenes, empty } = await lookAtScenes(request, work);
  noteEmpty(empty, request.scenes.length);
  const common = commonBands(scenes);
  const keys = await sampleScenes(scenes, common, work);
  await cache.tidy();
  const { maxPixels = DEFAULT.maxPixels, maxBlocks = DEFAULT.maxBlocks, seed } = request;
  const { show, stop } = stages(control.startProgress);
  const means: number[] = [];
  try {
    const sample = await poolSamples(
      scenes.map(({ rows, cols, name }, s) => ({
        ...{ rows, cols },
        read: async () => {
          const kept = await cache.sample(keys[s]!);
          if (!kept) throw new CommandError(`${name}: what was read of it is gone again, or damaged; train again`);
          means[s] = meanOf(kept);
          return kept;
        },
      })),
      {
        ...{ bands: common.bands.length, maxPixels, maxBlocks, seed, signal: control.signal },
        onProgress: ({ done, total }) => show('pooling the scenes', done, total),
      },
    );
    noteScales(scenes, means);
    return { scenes, bands: common.bands, sample };
  } finally {
    stop();
  }
}

/** Draws each scene's sample and keeps it, unless that was done before. Returns by what key [S]. */
async function sampleScenes(scenes: readonly LookedScene[], common: CommonBands, work: Work): Promise<object[]> {
  const { request, control, cache, patches = false } = work;
  const { seed, maxPixels = DEFAULT.maxPixels, maxBlocks = DEFAULT.maxBlocks } = request;
  const shares = { maxPixels: shareOf(maxPixels, scenes.length), maxBlocks: shareOf(maxBlocks, scenes.length) };
  const keys = scenes.map(({ key }, s) => ({ ...key, bands: common.ofScene[s]!, seed, ...shares, patches }));
  const kept: boolean[] = [];
  for (const key of keys) kept.push(await cache.has(key)); // one after the other: each is read
  const left = scenes.reduce((sum, { rows, cols }, s) => sum + (kept[s] ? 0 : rows * cols), 0);
  if (left === 0) return keys;
  const line = control.startProgress('reading the scenes', left);
  let before = 0;
  try {
    for (const [s, looked] of scenes.entries()) {
      if (kept[s]) continue;
      const { scene } = await openChosenScene(looked.path, request, sceneAccess(control));
      try {
        const sample = await sampleScene(scene, {
          ...{ bands: common.ofScene[s]!, seed, ...shares, patches, pooledAs: looked.name, signal: control.signal },
          onProgress: ({ done }) => line.update(before + done, looked.name),
        });
        await cache.keep(keys[s]!, sample);
      } finally {
        await scene.close();
      }
      before += looked.rows * looked.cols;
    }
  } finally {
    line.stop();
  }
  return keys;
}

/** Says which scenes have nothing to give. Throws CommandError where none has. */
function noteEmpty(empty: readonly EmptyScene[], all: number): void {
  if (empty.length === all)
    throw new CommandError(`none of ${all} scenes has a pixel that is asked for: ${empty[0]!.reason}`);
  for (const { reason } of empty.slice(0, NAMED)) note(`left out: ${reason}`);
  if (empty.length > NAMED) note(`left out likewise: ${empty.length - NAMED} other scenes`);
}

/** Scenes whose reason to be left out is told. */
const NAMED = 5;

/** Mean reflectance over pixels and bands. */
const meanOf = ({ bandStatistics: { mean }, bands, validPixels }: SceneSample): number =>
  validPixels === 0 ? Number.NaN : mean.reduce((sum, value) => sum + value, 0) / bands;

/** A scene so many times as bright as the usual one, or as dark, is hardly in its unit. */
const MOST_RATIO = 20;

/** Warns of scenes that are likely in other units than the rest. */
function noteScales(scenes: readonly LookedScene[], means: readonly number[]): void {
  const known = means.filter((mean) => mean > 0).sort((a, b) => a - b);
  const usual = known[known.length >> 1];
  if (usual === undefined) return; // the pool has no pixel, and says so
  for (const [s, mean] of means.entries())
    if (Number.isNaN(mean)) note(`left out: ${scenes[s]!.name}: none of its pixels has data in every band used`);
    else if (mean > MOST_RATIO * usual || (mean > 0 && mean * MOST_RATIO < usual))
      note(
        `warning: ${scenes[s]!.name}: its mean of ${mean.toPrecision(3)} is far from that of the others, about ${usual.toPrecision(3)}; are all of them reflectance of one scale? (--reflectance-scale)`,
      );
}
